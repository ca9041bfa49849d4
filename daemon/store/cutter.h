/*
 * cutter: one text while it is cut into tokens; see tokenizer.h, whose two faces share it.
 */
#ifndef STORE_CUTTER_H
#define STORE_CUTTER_H

#include "store/character.h"
#include "store/tokenizer.h"

struct cutter {
	const char *text;
	size_t len, at;
	bool query;
	/* Who takes the tokens: FTS5, or else one of us. */
	int (*fts5)(void *arg, int flags, const char *token, int len, int start, int end);
	bool (*each)(void *arg, const struct token *token);
	void *arg;
	int rc; /* anything but SQLITE_OK ends it */
	/* In a query: a run's last character, until it is known whether anything follows; len 0: none. */
	struct member {
		char term[CHARACTER_BYTES];
		size_t len, start, end;
		bool mark; /* it stands on the one before */
	} lone;
};

/* From `at` to the end, or until somebody has enough.  An SQLite result. */
int cutter_run(struct cutter *c);

#endif
