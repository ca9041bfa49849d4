/*
 * kept: statements that a reading connection keeps by their text, for who builds the same text for each search.
 *
 * Parsing costs more than most searches: what was given back is taken again with new values.  A statement that is taken
 * is nobody else's; one connection's are used by one thread at a time, as the connection is.
 */
#ifndef STORE_KEPT_H
#define STORE_KEPT_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

enum { KEPT_MOST = 48 }; /* some 5 KB each */

struct kept {
	struct kept *next;
	sqlite3 *raw;
	struct kept_statement {
		sqlite3_stmt *statement; /* NULL: free */
		uint64_t hash, used;
	} items[KEPT_MOST];
	uint64_t now; /* counts uses */
};

/* From then on this connection keeps; until kept_close, which comes before the connection's end and ends all it has. */
void kept_open(struct kept *k, sqlite3 *raw);
void kept_close(struct kept *k); /* one that was not opened is fine */
void kept_drop(struct kept *k);	 /* all it has; it goes on */

/* Ready for its values.  An SQLite result code.  On a connection that does not keep: prepared, and finalized at the end. */
int kept_take(sqlite3 *raw, const char *text, sqlite3_stmt **out);
void kept_give(sqlite3_stmt *s); /* it forgets its values; NULL is fine */

#endif
