/*
 * memcached_library: libmemcached, loaded when the configuration asks for it: it brings OpenSSL and the C++ library along,
 * 2.6 MB that a daemon which keeps its answers in memory need not have.
 */
#ifndef SEARCH_MEMCACHED_LIBRARY_H
#define SEARCH_MEMCACHED_LIBRARY_H

#include "core/status.h"

#include <libmemcached/memcached.h>

#define MEMCACHED_CALLS(X)         \
	X(create)                  \
	X(free)                    \
	X(set_memory_allocators)   \
	X(behavior_set)            \
	X(server_add)              \
	X(server_add_unix_socket)  \
	X(get)                     \
	X(set)                     \
	X(strerror)

struct memcached_library {
#define X(name) __typeof__(memcached_##name) *name;
	MEMCACHED_CALLS(X)
#undef X
};

/* Loads it, or finds it loaded; it stays.  ST_SYSTEM: it is not installed, or another version (logged).  Loop thread. */
MUST_USE enum status memcached_library_open(const struct memcached_library **out);

#endif
