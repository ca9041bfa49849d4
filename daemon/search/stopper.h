/*
 * stopper: ends a search's statements at its deadline, or when it is canceled.
 *
 * A late search is no failure: loops end as if there were no more rows, `late`
 * tells, and the answer is partial.
 */
#ifndef SEARCH_STOPPER_H
#define SEARCH_STOPPER_H

#include "search/search.h"

struct stopper {
	struct db *db;
	const struct search_stop *stop;
	int64_t deadline_ms; /* of the present stage, monotonic */
	bool late;	     /* the stage's deadline came */
	enum status st;	     /* ST_OK, or what ended it */
};

/* Watches every statement of the connection until removed. */
void stopper_install(struct stopper *s, struct db *db, const struct search_stop *stop);
void stopper_remove(struct stopper *s);
/* The next stage, with a deadline of its own. */
void stopper_stage(struct stopper *s, int64_t deadline_ms);
/* Whether to go on; in loops that run no statement. */
bool stopper_go(struct stopper *s);
/* Steps: true on a row; false at the end, when late (see `late`), or on failure (see `st`). */
bool stopper_row(struct stopper *s, sqlite3_stmt *stmt);
/* Takes an SQLite result into `late` and `st`; whether it was good. */
bool stopper_ok(struct stopper *s, int rc);

#endif
