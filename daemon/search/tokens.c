/*
 * tokens: the tokenizer of the full-text tables, outside of any of them; see tokens.h.
 *
 * FTS5 hands out its tokenizers through a connection; one empty connection in
 * memory, opened on first use and kept, serves the whole process.
 */
#include "search/tokens.h"

#include "core/mem.h"

#include <limits.h>
#include <pthread.h>

/* As the schema's "tokenize=" says it. */
static const char tokenizer_name[] = "unicode61";
static const char *tokenizer_args[] = {"remove_diacritics", "2"};

struct tokens {
	Fts5Tokenizer *instance;
};

static pthread_mutex_t source_lock = PTHREAD_MUTEX_INITIALIZER;
static sqlite3 *source;		  /* protected by source_lock; never closed */
static fts5_tokenizer tokenizer;  /* written once under source_lock, before `source` is set */
static void *tokenizer_context;

fts5_api *tokens_fts5(sqlite3 *raw)
{
	sqlite3_stmt *stmt;
	fts5_api *api = NULL;

	if (sqlite3_prepare_v2(raw, "SELECT fts5(?1)", -1, &stmt, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_pointer(stmt, 1, (void *)&api, "fts5_api_ptr", NULL);
	sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	return api;
}

static enum status find_tokenizer(void)
{
	enum status st = ST_OK;

	pthread_mutex_lock(&source_lock);
	if (!source) {
		sqlite3 *raw = NULL;
		fts5_api *api = NULL;

		if (sqlite3_open(":memory:", &raw) == SQLITE_OK)
			api = tokens_fts5(raw);
		if (api && api->xFindTokenizer(api, tokenizer_name, &tokenizer_context,
				   &tokenizer) == SQLITE_OK) {
			source = raw;
		} else {
			sqlite3_close(raw);
			st = ST_NOMEM;
		}
	}
	pthread_mutex_unlock(&source_lock);
	return st;
}

enum status tokens_create(struct tokens **out)
{
	struct tokens *t;

	*out = NULL;
	if (find_tokenizer() != ST_OK)
		return ST_NOMEM;
	t = mem_zalloc(sizeof *t);
	if (!t)
		return ST_NOMEM;
	if (tokenizer.xCreate(tokenizer_context, tokenizer_args, 2, &t->instance) != SQLITE_OK) {
		mem_free(t);
		return ST_NOMEM;
	}
	*out = t;
	return ST_OK;
}

void tokens_destroy(struct tokens *t)
{
	if (!t)
		return;
	tokenizer.xDelete(t->instance);
	mem_free(t);
}

struct relay {
	bool (*each)(void *arg, size_t start, size_t end);
	void *arg;
};

static int relay_token(void *arg, int flags, const char *token, int len, int start, int end)
{
	struct relay *r = arg;

	(void)flags;
	(void)token;
	(void)len;
	return r->each(r->arg, (size_t)start, (size_t)end) ? SQLITE_OK : SQLITE_DONE;
}

enum status tokens_each(struct tokens *t, const char *text, size_t len,
	bool (*each)(void *arg, size_t start, size_t end), void *arg)
{
	struct relay r = {each, arg};
	int n = len > INT_MAX ? INT_MAX : (int)len;
	int rc = tokenizer.xTokenize(
		t->instance, &r, FTS5_TOKENIZE_AUX, text, n, relay_token);

	return rc == SQLITE_OK || rc == SQLITE_DONE ? ST_OK : ST_NOMEM;
}

struct word_relay {
	bool (*each)(void *arg, const char *word, size_t len, bool same);
	void *arg;
};

static int relay_word(void *arg, int flags, const char *token, int len, int start, int end)
{
	struct word_relay *r = arg;

	(void)start;
	(void)end;
	return r->each(r->arg, token, (size_t)len, flags & FTS5_TOKEN_COLOCATED) ? SQLITE_OK : SQLITE_DONE;
}

enum status tokens_words(struct tokens *t, const char *text, size_t len, bool query,
	bool (*each)(void *arg, const char *word, size_t len, bool same), void *arg)
{
	struct word_relay r = {each, arg};
	int n = len > INT_MAX ? INT_MAX : (int)len;
	int rc = tokenizer.xTokenize(t->instance, &r,
		query ? FTS5_TOKENIZE_QUERY : FTS5_TOKENIZE_DOCUMENT, text, n, relay_word);

	return rc == SQLITE_OK || rc == SQLITE_DONE ? ST_OK : ST_NOMEM;
}

struct counter {
	size_t count, most;
};

static bool count_one(void *arg, size_t start, size_t end)
{
	struct counter *c = arg;

	(void)start;
	(void)end;
	return ++c->count < c->most;
}

enum status tokens_count(
	struct tokens *t, const char *text, size_t len, size_t most, size_t *count)
{
	struct counter c = {0, most};
	enum status st = tokens_each(t, text, len, count_one, &c);

	*count = c.count;
	return st;
}
