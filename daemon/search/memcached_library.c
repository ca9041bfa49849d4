/* memcached_library: dlopen of one library; see memcached_library.h. */
#if HAVE_MEMCACHED
#include "search/memcached_library.h"

#include "core/log.h"

#include <dlfcn.h>
#include <string.h>

static struct memcached_library library;
static void *handle;

static const struct {
	const char *name;
	size_t at;
} calls[] = {
#define X(name) {"memcached_" #name, offsetof(struct memcached_library, name)},
	MEMCACHED_CALLS(X)
#undef X
};

/* By its bytes: C has no cast from an object's address to a function's. */
static bool find(size_t i)
{
	void *symbol = dlsym(handle, calls[i].name);

	memcpy((char *)&library + calls[i].at, &symbol, sizeof symbol);
	return symbol;
}

enum status memcached_library_open(const struct memcached_library **out)
{
	bool whole = true;

	if (!handle)
		handle = dlopen("libmemcached.so.11", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; handle && i < sizeof calls / sizeof *calls; i++)
		whole &= find(i);
	if (!handle || !whole) {
		log_error("memo: libmemcached: %s", dlerror());
		return ST_SYSTEM;
	}
	*out = &library;
	return ST_OK;
}
#else
typedef int nothing_to_load;
#endif
