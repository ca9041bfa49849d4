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
	int64_t parts[FILE_STATES]; /* of containers that a file has */
	int64_t directories;
	int64_t documents;
};

/* Counts the rows; any connection, a scan of two indexes and of all parts. */
MUST_USE enum status store_counts(struct db *db, struct store_counts *out);
/* One part more or less in that state, as the store has it; `converter` of its failure, or NULL.  Writer. */
MUST_USE enum status counts_part(struct db *db, int64_t state, const char *converter, int by);
/* Sets the gauges. */
void counts_publish(const struct store_counts *c);

#endif
