/*
 * twins: contents that are being converted or wait for their commit, so that a
 * second copy arriving meanwhile is not converted beside the first.
 */
#ifndef PIPELINE_TWINS_H
#define PIPELINE_TWINS_H

#include "store/documents.h"

struct twins;
MUST_USE enum status twins_create(struct twins **out);
void twins_destroy(struct twins *t);
/* Any thread.  enter: true if this content and rule is new here, and stays until twins_leave.  ST_NOMEM counts as new. */
bool twins_enter(struct twins *t, const unsigned char *hash, int64_t rule);
void twins_leave(struct twins *t, const unsigned char *hash, int64_t rule);

#endif
