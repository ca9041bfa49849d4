/*
 * meta: the few words the store keeps about itself: instance, clock, boot, clean.
 *
 * A clock means something only together with its instance.  The instance survives restarts and kills, for what the
 * kernel has, it keeps; it does not survive an unclean boot or a failed fsync, after which commits may be missing.
 */
#ifndef STORE_META_H
#define STORE_META_H

#include "store/db.h"

/* Writer, at open: notes that it is open, settles the instance, reads the clock; *unclean as in db_open_writer. */
MUST_USE enum status meta_open(struct db *db, bool *unclean);
/* Writer, at close. */
MUST_USE enum status meta_mark_clean(struct db *db);
/* Any connection: the clock of its snapshot. */
MUST_USE enum status meta_clock(struct db *db, int64_t *clock);
/* Reader, at open. */
MUST_USE enum status meta_instance(struct db *db);
/* `fallback` where there is no such key. */
MUST_USE enum status meta_get_int(
	struct db *db, const char *key, int64_t fallback, int64_t *out);
MUST_USE enum status meta_put_int(struct db *db, const char *key, int64_t value);
/* Commits since the last fsync may be lost: the next writer begins a new instance unless this store closed cleanly. */
void meta_doubt(void);

#endif
