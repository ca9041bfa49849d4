/*
 * caller: who asks, as the kernel told when the connection was accepted; what visibility is judged by.
 */
#ifndef CORE_CALLER_H
#define CORE_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In user mode `all` is true.  Compared by what it may see, not by connection: uid, gid and the set of groups. */
struct caller {
	bool all; /* sees every file */
	uint32_t uid, gid;
	const uint32_t *groups; /* in no order */
	size_t group_count;
};

bool caller_sees_all(const struct caller *c); /* root does in every mode */
bool caller_is_in(const struct caller *c, uint32_t gid);

#endif
