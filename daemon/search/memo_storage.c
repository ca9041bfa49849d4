/* memo_storage: which kind, and its life; see memo_storage.h. */
#include "search/memo_storage.h"

#include "core/log.h"

#include <string.h>

enum status memo_storage_open(const struct config *config, struct memo_storage **out)
{
	if (config->memo.storage && strcmp(config->memo.storage, "memory") != 0)
		return memo_memcached_open(config, out);
	return memo_memory_open(config, out);
}

struct memo_storage *memo_storage_ref(struct memo_storage *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void memo_storage_unref(struct memo_storage *s)
{
	if (!s)
		return;
	int before = atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel);
	BUG_UNLESS(before > 0);
	if (before == 1)
		s->kind->destroy(s);
}
