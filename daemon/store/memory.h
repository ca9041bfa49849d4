/* memory: SQLite's own allocations, through core/mem.h, so that tests can make those fail too. */
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include <sqlite3.h>

extern const sqlite3_mem_methods memory_methods;

#endif
