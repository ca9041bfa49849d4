/* apply: one item of a transaction, written to the store.  Writer thread, inside a transaction. */
#ifndef PIPELINE_APPLY_H
#define PIPELINE_APPLY_H

#include "pipeline/results.h"

/* What the transaction must tell the loop beyond its items. */
struct apply_notes {
	void (*link)(void *arg, int64_t dir, const char *name); /* another name of an inode that changed */
	void *arg;
};

MUST_USE enum status apply_tree(struct db *db, struct tree_change *c, struct apply_notes *notes);
/*
 * Of a file: fills the job's verdict, state and next_try; of a part: the job's note on its parts.  ST_OK too where the
 * directory is gone (the verdict says so), and where a twin or a part was not found (JOB_REPEAT); other statuses are the
 * store's trouble.
 */
MUST_USE enum status apply_result(struct db *db, struct result *r, struct apply_notes *notes);

#endif
