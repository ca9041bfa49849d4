/*
 * hit_view: one hit as people read it: its place, its facts, and where the words stand.
 *
 * Appends to a buf; nothing here writes.
 */
#ifndef CLI_HIT_VIEW_H
#define CLI_HIT_VIEW_H

#include "cli/term.h"
#include "core/buf.h"

#include <cjson/cJSON.h>

/* Some lines; a directory's path ends with a slash. */
void hit_view_add(struct buf *out, const struct term *t, const cJSON *hit);
/* The path alone, as programs want it: `grouped`, that of the file. */
void hit_view_add_bare(
	struct buf *out, const struct term *t, const cJSON *hit, bool grouped, bool nul);

#endif
