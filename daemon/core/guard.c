/* guard: see guard.h.  A chain is, for each guard: mode, uid, gid, length of the list (4 bytes each), the list. */
#include "core/guard.h"

#include <string.h>

enum { FIELDS = 4, HEAD_BYTES = FIELDS * sizeof(uint32_t), GROUP_BITS = 070 };

const struct guard guard_closed = {
	.uid = UINT32_MAX, .gid = UINT32_MAX, .acl = ACL_UNKNOWN, .acl_len = ACL_UNKNOWN_LEN};

bool guard_permits(const struct guard *g, const struct caller *c, unsigned want)
{
	if (caller_sees_all(c))
		return true;
	if (c->uid == g->uid)
		return (g->mode >> 6 & want) == want;
	/* Where the mask gives nothing at all, the kernel does not look at the list. */
	if (g->acl_len && (g->mode & GROUP_BITS || !acl_is_valid(g->acl, g->acl_len)))
		return acl_permits(g->acl, g->acl_len, c, g->gid, want);
	if (caller_is_in(c, g->gid))
		return (g->mode >> 3 & want) == want;
	return (g->mode & want) == want;
}

void chain_add(struct buf *chain, const struct guard *g)
{
	const uint32_t head[FIELDS] = {g->mode, g->uid, g->gid, (uint32_t)g->acl_len};

	buf_add(chain, head, sizeof head);
	if (g->acl_len)
		buf_add(chain, g->acl, g->acl_len);
}

void chain_add_above(struct buf *chain, const struct guard *g)
{
	struct buf longer = BUF_INIT;

	chain_add(&longer, g);
	buf_add(&longer, chain->data ? chain->data : "", chain->len);
	longer.failed |= chain->failed;
	buf_finish(chain);
	*chain = longer;
}

/* Takes the first guard off the chain; false: it is malformed. */
static bool take(const char **chain, size_t *len, struct guard *g)
{
	uint32_t head[FIELDS];

	if (*len < HEAD_BYTES)
		return false;
	memcpy(head, *chain, sizeof head);
	if (*len - HEAD_BYTES < head[3])
		return false;
	*g = (struct guard){head[0], head[1], head[2], *chain + HEAD_BYTES, head[3]};
	*chain += HEAD_BYTES + head[3];
	*len -= HEAD_BYTES + head[3];
	return true;
}

static bool gives_any(const struct guard *g, const struct caller *c, unsigned bits)
{
	for (unsigned bit = 1; bit <= bits; bit <<= 1)
		if ((bits & bit) && guard_permits(g, c, bit))
			return true;
	return false;
}

bool chain_is_open(const void *chain, size_t len, const struct caller *c)
{
	const char *at = chain;
	struct guard g;

	if (caller_sees_all(c))
		return true;
	while (len)
		if (!take(&at, &len, &g) || !guard_permits(&g, c, MAY_SEARCH))
			return false;
	return true;
}

bool chain_permits(const void *chain, size_t len, const struct caller *c, unsigned last)
{
	const char *at = chain;
	struct guard g;

	if (caller_sees_all(c))
		return true;
	do {
		if (!take(&at, &len, &g) || (len && !guard_permits(&g, c, MAY_SEARCH)))
			return false;
	} while (len);
	return gives_any(&g, c, last);
}
