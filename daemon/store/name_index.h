/*
 * name_index: the two full-text indexes over names of files, kept in step by hand.
 *
 * Both read names through the view name_source; what is put in and taken out is the same folded form, and it is
 * taken out before the row goes or gets another name.
 */
#ifndef STORE_NAME_INDEX_H
#define STORE_NAME_INDEX_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct db;

MUST_USE enum status name_index_add(struct db *db, int64_t file, const char *name, size_t len);
MUST_USE enum status name_index_remove(struct db *db, int64_t file, const char *name, size_t len);

#endif
