/*
 * unfiled: documents whose text is searchable while the containers that they are parts of are still being read: they
 * may be in no file yet.
 */
#ifndef SEARCH_UNFILED_H
#define SEARCH_UNFILED_H

#include "search/stopper.h"

struct unfiled {
	int64_t *documents; /* ascending */
	size_t count, room;
	bool many; /* more than are worth knowing: any document may be one */
};

enum { UNFILED_MAX = 10000 };

/* False: see the stopper. */
bool unfiled_load(struct unfiled *u, sqlite3 *raw, struct stopper *s);
void unfiled_finish(struct unfiled *u);
/* Whether it may be one. */
bool unfiled_has(const struct unfiled *u, int64_t document);

#endif
