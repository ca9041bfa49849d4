/* result: SQLite's result codes as statuses, logged where they appear. */
#ifndef STORE_RESULT_H
#define STORE_RESULT_H

#include "core/status.h"

#include <sqlite3.h>

/*
 * Logs anything but success, `what` first; `raw` (may be NULL) has the details.  An interrupted query is ST_CANCELED
 * and not logged: somebody asked for it.
 */
MUST_USE enum status result_status(sqlite3 *raw, int rc, const char *what);

#endif
