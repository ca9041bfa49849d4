/*
 * counts: how many rows of each kind there are, for `status`.
 *
 * The writer counts once when it opens the store and then keeps the numbers with each change; they belong to the
 * transaction, and become gauges when it commits.
 */
#ifndef STORE_COUNTS_H
#define STORE_COUNTS_H

#include "core/status.h"
#include "store/tree.h"

#include <stdint.h>

enum { FILE_STATES = 10 };

struct store_counts {
	int64_t files[FILE_STATES]; /* by enum file_state */
	int64_t directories;
	int64_t documents;
};

/* Counts the rows; any connection, a scan of two indexes. */
MUST_USE enum status store_counts(struct db *db, struct store_counts *out);
/* Sets the gauges. */
void counts_publish(const struct store_counts *c);

#endif
