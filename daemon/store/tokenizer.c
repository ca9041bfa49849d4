/* tokenizer: what FTS5 asks of it, and what we do; see tokenizer.h.  The cutting is in cutter.c. */
#include "store/tokenizer.h"

#include "store/cutter.h"

#include <limits.h>

void tokenizer_cut(const char *text, size_t len, bool query,
	bool (*each)(void *arg, const struct token *token), void *arg)
{
	struct cutter c = {.text = text,
		.len = len < INT_MAX ? len : INT_MAX,
		.query = query,
		.each = each,
		.arg = arg};

	(void)cutter_run(&c);
}

struct count {
	size_t count, most;
	bool query;
};

static bool count_one(void *arg, const struct token *token)
{
	struct count *c = arg;

	/* In a text the word before has the position already. */
	if (c->query || token->kind != TOKEN_SIGNED)
		c->count++;
	return c->count < c->most;
}

size_t tokenizer_count(const char *text, size_t len, bool query, size_t most)
{
	struct count c = {.most = most, .query = query};

	tokenizer_cut(text, len, query, count_one, &c);
	return c.count;
}

static bool keep_kind(void *arg, const struct token *token)
{
	*(enum token_kind *)arg = token->kind;
	return true;
}

enum token_kind tokenizer_ending(const char *phrase, size_t len)
{
	enum token_kind last = TOKEN_WORD;

	tokenizer_cut(phrase, len, true, keep_kind, &last);
	return last;
}

/* --- FTS5 --- */

/* It has no state: an instance is a pointer that is not NULL. */
static int create(void *context, const char **args, int count, Fts5Tokenizer **out)
{
	static char instance;

	(void)context;
	(void)args;
	*out = (Fts5Tokenizer *)&instance;
	return count == 0 ? SQLITE_OK : SQLITE_ERROR;
}

static void destroy(Fts5Tokenizer *t)
{
	(void)t;
}

static int tokenize(Fts5Tokenizer *t, void *arg, int flags, const char *text, int len,
	int (*each)(void *arg, int flags, const char *token, int len, int start, int end))
{
	struct cutter c = {.text = text,
		.len = (size_t)len,
		.query = flags & FTS5_TOKENIZE_QUERY,
		.fts5 = each,
		.arg = arg};

	(void)t;
	return cutter_run(&c);
}

int tokenizer_fts5(sqlite3 *raw, fts5_api **out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(raw, "SELECT fts5(?1)", -1, &stmt, NULL);

	*out = NULL;
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_pointer(stmt, 1, (void *)out, "fts5_api_ptr", NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_step(stmt);
		rc = sqlite3_reset(stmt);
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_OK && !*out ? SQLITE_ERROR : rc;
}

int tokenizer_register(sqlite3 *raw)
{
	static fts5_tokenizer methods = {create, destroy, tokenize};
	fts5_api *api;
	int rc = tokenizer_fts5(raw, &api);

	return rc == SQLITE_OK ? api->xCreateTokenizer(api, "trawl", NULL, &methods, NULL) : rc;
}
