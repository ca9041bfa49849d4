/*
 * store_fixture: a store in a directory of its own, and short words for what the store's tests do with it.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "store/documents.h"
#include "store/tree.h"

#include <stdbool.h>

/* clang-format off: cmocka wants these before it, in this order */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

struct fixture {
	char *top;   /* made by mkdtemp, removed with all in it */
	char *state; /* top/state */
	struct db *db;
	int64_t root;	   /* "/r" */
	int64_t converter; /* "text" */
};

#define assert_ok(call) assert_int_equal((call), ST_OK)

/* cmocka set-up and tear-down; the state is a struct fixture with an open, empty writer. */
int fixture_open(void **state);
int fixture_close(void **state);

void fixture_reopen(struct fixture *f, bool expect_unclean);
/* A directory row below `parent`, 0: the root's own. */
void fixture_dir(struct fixture *f, int64_t id, int64_t parent, const char *name);
/* Stores `text` as a document; its hash is made of `text` and `salt`. */
int64_t fixture_document(struct fixture *f, const char *title, const char *text, unsigned salt);
/* A file row with this document (0: pending) and inode. */
void fixture_file(struct fixture *f, int64_t dir, const char *name, int64_t document, uint64_t ino);
void fixture_commit(struct fixture *f); /* and begins the next transaction */
/* db_check finds nothing wrong; outside a transaction. */
void fixture_sound(struct fixture *f);
/* The one integer that this SQL yields. */
int64_t fixture_int(struct fixture *f, const char *sql);
void fixture_exec(struct fixture *f, const char *sql);
char *fixture_path(struct fixture *f, int64_t dir); /* NULL: not found; mem_free */

/* A small generator, so that a failing run can be repeated. */
uint32_t fixture_random(uint64_t *seed, uint32_t below);

#endif
