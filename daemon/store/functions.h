/*
 * functions: the SQL functions that the schema names.
 *
 * trawl_inflate(piece) -> text, an aggregate of the pieces of a zstd frame, in their order; trawl_fold(name) -> folded
 * text; trawl_leaf(path of a part) -> its last component.  All give NULL for NULL, or no rows; a damaged frame is an
 * SQLITE_CORRUPT error.
 */
#ifndef STORE_FUNCTIONS_H
#define STORE_FUNCTIONS_H

#include <sqlite3.h>

/* SQLite result; every connection, before anything touches the schema. */
int functions_register(sqlite3 *raw);

#endif
