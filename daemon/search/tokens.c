/* tokens: see tokens.h. */
#include "search/tokens.h"

#include "core/mem.h"
#include "store/tokenizer.h"

struct tokens {
	char nothing;
};

fts5_api *tokens_fts5(sqlite3 *raw)
{
	fts5_api *api;

	return tokenizer_fts5(raw, &api) == SQLITE_OK ? api : NULL;
}

enum status tokens_create(struct tokens **out)
{
	*out = mem_zalloc(sizeof **out);
	return *out ? ST_OK : ST_NOMEM;
}

void tokens_destroy(struct tokens *t)
{
	mem_free(t);
}

enum status tokens_count(
	struct tokens *t, const char *text, size_t len, size_t most, size_t *count)
{
	(void)t;
	*count = tokenizer_count(text, len, true, most);
	return ST_OK;
}
