/*
 * name_index: the two full-text indexes over names of files, parts and directories, kept in step by hand.
 *
 * Both read names through the view name_source; what is put in and taken out is the same folded form, and it is
 * taken out before the row goes or gets another name.
 */
#ifndef STORE_NAME_INDEX_H
#define STORE_NAME_INDEX_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Row ids of parts begin behind PART_FIRST, so that they stand above those of files; a directory's is DIR_FIRST and
 * its own.
 */
#define PART_FIRST (INT64_C(1) << 40)
#define DIR_FIRST (INT64_C(1) << 41)

struct db;

MUST_USE enum status name_index_add(struct db *db, int64_t row, const char *name, size_t len);
MUST_USE enum status name_index_remove(struct db *db, int64_t row, const char *name, size_t len);

#endif
