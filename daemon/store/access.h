/*
 * access: who could see a place, kept beyond the place itself: chains (core/guard.h), each once.
 *
 * `changes` needs them for what is gone, moved, or not everybody's any more.  System mode only: where one user sees all,
 * no chain is made and every id is 0.  Writer thread, inside a transaction.
 */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "core/guard.h"
#include "core/ident.h"

struct db;

/* Of the directory itself, as its row says; of a detached one, as of the place that it was taken out of. */
MUST_USE enum status access_of_dir(struct db *db, int64_t dir, int64_t *id);
/* Of a file in it. */
MUST_USE enum status access_of_file(struct db *db, int64_t dir, const struct ident *ident,
	const void *acl, size_t acl_len, int64_t *id);
/* Others may reach the directory from now on: takes a clock number.  Nothing is noted where nothing changed. */
MUST_USE enum status access_note_regrant(struct db *db, int64_t was, int64_t now);
/* Forgets the chain that was composed last: a directory's row changed. */
void access_forget_last(struct db *db);
/* Deletes what was noted before `before_s`, and what was not made use of for twice as long. */
MUST_USE enum status access_sweep(struct db *db, int64_t before_s, int64_t now_s);

#endif
