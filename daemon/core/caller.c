/* caller: see caller.h. */
#include "core/caller.h"

bool caller_sees_all(const struct caller *c)
{
	return c->all || c->uid == 0;
}

bool caller_is_in(const struct caller *c, uint32_t gid)
{
	if (gid == c->gid)
		return true;
	for (size_t i = 0; i < c->group_count; i++)
		if (c->groups[i] == gid)
			return true;
	return false;
}
