/*
 * lengths_staged: lengths that a transaction sets; they become visible when it commits, or never.
 */
#ifndef STORE_LENGTHS_STAGED_H
#define STORE_LENGTHS_STAGED_H

#include "core/status.h"

#include <stdint.h>

struct db;

/* What lengths keeps for so many bytes of text: at least 1, for 0 says that the document is not searchable. */
uint32_t lengths_of_size(int64_t bytes);
MUST_USE enum status lengths_stage(struct db *db, int64_t document, uint32_t bytes);
void lengths_publish(struct db *db);
/* Sum of all lengths. */
int64_t lengths_sum(void);

#endif
