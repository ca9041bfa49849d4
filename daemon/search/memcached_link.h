/*
 * memcached_link: a connection to memcached, and two requests of its binary protocol (memcached's doc/protocol-binary.txt).
 *
 * What the server sends is believed in nothing: a reply that is not that of the request, or longer than it may be, is trouble.
 * Each request takes a bounded time, however the server drips; so does dialing an address or a socket, but finding a name
 * by the network takes what it takes.  Reader threads.
 */
#ifndef SEARCH_MEMCACHED_LINK_H
#define SEARCH_MEMCACHED_LINK_H

#include "core/buf.h"

#include <stdint.h>

enum memcached_answer {
	MEMCACHED_DONE,
	MEMCACHED_ABSENT,  /* get: there is none of that name */
	MEMCACHED_REFUSED, /* set: too large, or the server lacks memory */
	MEMCACHED_TROUBLE  /* the connection is of no more use */
};

/* `place`: HOST:PORT, [ADDRESS]:PORT or the path of a socket.  A descriptor, or -1 with errno. */
int memcached_dial(const char *place);
/* Appends the value, of at most `most` bytes.  TROUBLE: *why says in a word or two what; ENOMEM too. */
enum memcached_answer memcached_get(int fd, const char *name, size_t most, struct buf *value, const char **why);
/* Kept for so many seconds, at most 30 days. */
enum memcached_answer memcached_set(
	int fd, const char *name, const void *value, size_t len, uint32_t keep_s, const char **why);

#endif
