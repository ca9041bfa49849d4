/*
 * tree: rows of roots, directories and files, as the reconciler compares them and
 * the writer changes them.  Files hang off directory rows; paths are composed.
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "store/db.h"

/* What became of a file.  Stored as numbers: never renumber. */
#define FILE_STATE_TABLE(X)                                                                        \
	X(0, PENDING, "pending")	 /* known, not read yet, or to be read again */          \
	X(1, INDEXED, "indexed")	 /* has a document */                                     \
	X(2, FAILED, "failed")		 /* has a failure row, may be tried again */              \
	X(3, QUARANTINED, "quarantined") /* three crashes: left alone until it changes */         \
	X(4, UNAVAILABLE, "unavailable") /* its converter is not installed */                     \
	X(5, BINARY, "binary")		 /* no text in it */                                      \
	X(6, TOO_LARGE, "too large")	 /* over limits.file_size */                              \
	X(7, NOT_REGULAR, "not a regular file")                                                    \
	X(8, UNREADABLE, "unreadable")	 /* EACCES; also a failure row */                         \
	X(9, NO_CONVERTER, "no converter") /* its type is claimed by none; findable by name */
enum file_state {
#define X(n, name, text) FILE_##name = (n),
	FILE_STATE_TABLE(X)
#undef X
};
const char *file_state_text(enum file_state s);

struct root_row {
	int64_t id;
	int64_t dir; /* id of its own directory row, 0 if never scanned */
	char *path, *name;
	unsigned char fsid[32];
	int fsid_len; /* 0: never scanned */
	bool offline;
};

struct dir_row {
	int64_t id, root, parent; /* parent 0: a root's own directory */
	const char *name;	  /* "" for a root's own directory */
	struct ident ident;	  /* dev is not stored */
	const void *acl, *fsid;
	int acl_len, fsid_len; /* 0: none */
	bool offline;
};

struct file_row {
	int64_t id, dir;
	const char *name;
	struct ident ident; /* dev 0 */
	int64_t stamp_ns;
	enum file_state state;
	int64_t rule;	  /* converter id its name chose, 0: none */
	int64_t document; /* 0: none */
	int64_t next_try; /* of its failure, seconds UTC; 0: none */
	int64_t clock;	  /* of its last change */
};

/* --- reading: any connection, inside db_begin/db_rollback for one snapshot --- */

/* Calls `each` for every row; a false return stops.  Strings live for the call. */
MUST_USE enum status tree_each_root(struct db *db, bool (*each)(void *arg, const struct root_row *), void *arg);
/* Parents before children. */
MUST_USE enum status tree_each_dir(struct db *db, bool (*each)(void *arg, const struct dir_row *), void *arg);
/* The files of one directory in byte order of their names. */
MUST_USE enum status tree_each_file(
	struct db *db, int64_t dir, bool (*each)(void *arg, const struct file_row *), void *arg);
/* One file; ST_NOT_FOUND.  row->name is the caller's `name`. */
MUST_USE enum status tree_find_file(struct db *db, int64_t dir, const char *name, struct file_row *row);
MUST_USE enum status tree_find_file_id(struct db *db, int64_t id, struct file_row *row, struct buf *name);
/* Absolute path of a directory / of a file in it; ST_NOT_FOUND if it or a parent is gone or detached. */
MUST_USE enum status tree_dir_path(struct db *db, int64_t dir, struct buf *out);
/* Files that have waited until `now_s` for another try (failures with next_try), and, with `unavailable`, all that
 * lack their converter; at most `limit`. */
MUST_USE enum status tree_each_due(struct db *db, int64_t now_s, bool unavailable, int limit,
	bool (*each)(void *arg, int64_t dir, const char *name), void *arg);
/*
 * Names of the inode whose rows say another content than `now`: every write stamps the inode, so the other names of a
 * file that was written are among them, and a name that was just stored is not.  Where `now` has one link only, just
 * those that were stored with several.
 */
MUST_USE enum status tree_each_link(struct db *db, const struct ident *now,
	bool (*each)(void *arg, int64_t dir, const char *name), void *arg);

/* --- writing: writer thread, inside a transaction; each takes clock numbers of its own --- */

/* Finds or adds the root by path; *id. */
MUST_USE enum status tree_root_put(struct db *db, const char *path, const char *name, int64_t *id);
MUST_USE enum status tree_root_state(struct db *db, int64_t root, const void *fsid, int fsid_len, bool offline);
/* The chain (core/guard.h) of the directories above the root's own, from / down; `len` 0: there are none. */
MUST_USE enum status tree_root_above(struct db *db, int64_t root, const void *chain, size_t len);
/* Removes a root that the configuration no longer names, with all below it. */
MUST_USE enum status tree_root_delete(struct db *db, int64_t root);
/*
 * Inserts the directory, or updates identity, mode, owner, acl, fsid, offline of an existing row; no clock if nothing
 * differs but mtime.  Another row in that place is detached first.  Nothing is done where the parent is gone (deleted
 * meanwhile): files below are refused with ST_NOT_FOUND then.
 */
MUST_USE enum status tree_dir_put(struct db *db, const struct dir_row *row);
/* Takes the row out of its parent; found again by tree_dir_move, or deleted.  ST_OK too where there is none. */
MUST_USE enum status tree_dir_detach(struct db *db, int64_t id);
/*
 * New parent and name; another row in that place is detached first.  One clock number; remembers the old path.  ST_OK
 * too where the row or the parent is gone.  Below itself it cannot go: then it is detached, with a warning.
 */
MUST_USE enum status tree_dir_move(struct db *db, int64_t id, int64_t root, int64_t parent, const char *name);
/* The directory and everything below it, with a tombstone each.  ST_OK too where there is none. */
MUST_USE enum status tree_dir_delete(struct db *db, int64_t id);
/* The same in steps: at most *most rows of it, lessened by what went; *gone: that was all. */
MUST_USE enum status tree_dir_fell(struct db *db, int64_t id, int64_t *most, bool *gone);
/* Deletes what was left detached by a crash; at start. */
MUST_USE enum status tree_sweep_detached(struct db *db);

/*
 * Inserts or updates one file row by (dir, name): identity, state, document, failure.  The document that the file
 * leaves behind loses its fts row when the transaction ends with it having no file (documents_settle).
 */
struct file_failure {
	const char *converter, *reason, *detail, *output; /* "" where there is none */
	int attempts;					  /* in total, with this one */
	const void *hash;				  /* 32 bytes or NULL */
	int64_t next_try;				  /* seconds UTC, 0: none */
};
struct file_change {
	int64_t dir;
	const char *name;
	const struct ident *ident;
	const void *acl;
	int acl_len;
	int64_t stamp_ns;
	enum file_state state;
	int64_t rule;
	int64_t document;		    /* 0: none */
	const struct file_failure *failure; /* NULL: none; an old failure row goes */
};
/* ST_NOT_FOUND: the directory row or the document is gone (deleted meanwhile), or its content is to be read again. */
MUST_USE enum status tree_file_put(struct db *db, const struct file_change *c);
/* Only identity, access list and stamp change (touch, chmod); ST_NOT_FOUND. */
MUST_USE enum status tree_file_touch(struct db *db, const struct file_change *c);
/* Moves the row, replacing one that is there; ST_NOT_FOUND if the source is gone. */
MUST_USE enum status tree_file_move(
	struct db *db, int64_t from_dir, const char *from, int64_t to_dir, const char *to);
/* ST_OK too where there is none. */
MUST_USE enum status tree_file_delete(struct db *db, int64_t dir, const char *name);
/* Deletes tombstones older than `before_s`. */
MUST_USE enum status tree_sweep_tombstones(struct db *db, int64_t before_s);

#endif
