/* request: JSON parameters to a checked struct, and to a memo key; see search.h. */
#include "search/request.h"

#include "core/mem.h"
#include "search/cursor.h"
#include "search/parse.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LIMIT_DEFAULT = 10,
	SNIPPET_DEFAULT = 16,
	TIMEOUT_DEFAULT_MS = 2000,
	TIMEOUT_MAX_MS = 600000,
	AGE_MAX_MS = 86400000,
	DAY_S = 86400,
};

static const char *const sort_names[] = {
#define X(id, name) [SORT_##id] = name,
	SORT_TABLE(X)
#undef X
};

__attribute__((format(printf, 2, 3))) static enum status refuse(
	struct search_error *error, const char *fmt, ...)
{
	va_list ap;

	error->bad_query = false;
	error->position = 0;
	va_start(ap, fmt);
	vsnprintf(error->message, sizeof error->message, fmt, ap);
	va_end(ap);
	return ST_INVALID;
}

/* --- one reader per field --- */

static enum status read_int(const cJSON *item, int64_t min, int64_t max, int64_t *out,
	struct search_error *error)
{
	double n = item->valuedouble;

	if (!cJSON_IsNumber(item) || n != floor(n) || n < (double)min || n > (double)max)
		return refuse(error, "%s: expected an integer from %lld to %lld", item->string,
			(long long)min, (long long)max);
	*out = (int64_t)n;
	return ST_OK;
}

static enum status read_query(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	if (!cJSON_IsString(item))
		return refuse(error, "query: expected a string");
	r->text = mem_strdup(item->valuestring);
	if (!r->text)
		return ST_NOMEM;
	return parse_query(r->text, strlen(r->text), &r->query, error);
}

static enum status read_limit(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	return read_int(item, 0, REQUEST_LIMIT_MAX, &r->limit, error);
}

static enum status read_offset(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	return read_int(item, 0, REQUEST_OFFSET_MAX, &r->offset, error);
}

/* The cursor is read last (finish): it is checked against the query and the order. */
static enum status read_cursor(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	(void)r;
	return cJSON_IsString(item) ? ST_OK : refuse(error, "cursor: expected a string");
}

static enum status read_sort(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	for (size_t i = 0; cJSON_IsString(item) && i < sizeof sort_names / sizeof *sort_names;
		i++) {
		if (strcmp(item->valuestring, sort_names[i]) == 0) {
			r->sort = (enum sort)i;
			return ST_OK;
		}
	}
	return refuse(error, "sort: expected relevance, time, size, name or path");
}

static enum status read_order(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	(void)r;
	if (cJSON_IsString(item) &&
		(!strcmp(item->valuestring, "asc") || !strcmp(item->valuestring, "desc")))
		return ST_OK;
	return refuse(error, "order: expected asc or desc");
}

static enum status read_snippet(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	if (cJSON_IsBool(item)) {
		r->snippet = cJSON_IsTrue(item) ? SNIPPET_DEFAULT : 0;
		return ST_OK;
	}
	if (!cJSON_IsObject(item))
		return refuse(error, "snippet: expected {\"tokens\": n, \"count\": n} or false");
	for (const cJSON *i = item->child; i; i = i->next) {
		enum status st;

		if (strcmp(i->string, "tokens") == 0)
			st = read_int(i, 1, REQUEST_SNIPPET_MAX, &r->snippet, error);
		else if (strcmp(i->string, "count") == 0)
			st = read_int(i, 1, REQUEST_SNIPPETS_MAX, &r->snippets, error);
		else
			return refuse(error, "snippet: unknown field '%.100s'", i->string);
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

static enum status read_facets(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	if (!cJSON_IsArray(item))
		return refuse(error, "facets: expected a list");
	for (const cJSON *i = item->child; i; i = i->next) {
		enum facet facet = cJSON_IsString(i) ? facet_find(i->valuestring) : FACET_COUNT;

		if (facet == FACET_COUNT)
			return refuse(error,
				"facets: expected type, ext, year, root, author or folder");
		r->facets |= 1u << facet;
	}
	return ST_OK;
}

static enum status read_bool(const cJSON *item, bool *out, struct search_error *error)
{
	if (!cJSON_IsBool(item))
		return refuse(error, "%s: expected true or false", item->string);
	*out = cJSON_IsTrue(item);
	return ST_OK;
}

static enum status read_group(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	return read_bool(item, &r->group, error);
}

static enum status read_explain(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	return read_bool(item, &r->explain, error);
}

static enum status read_recency(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	return read_int(item, 0, REQUEST_RECENCY_MAX, &r->recency, error);
}

static enum status read_max_age_ms(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	return read_int(item, 0, AGE_MAX_MS, &r->max_age_ms, error);
}

static enum status read_sync_ms(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	return read_int(item, 0, TIMEOUT_MAX_MS, &r->sync_ms, error);
}

static enum status read_timeout_ms(
	struct search_request *r, const cJSON *item, struct search_error *error)
{
	return read_int(item, 1, TIMEOUT_MAX_MS, &r->timeout_ms, error);
}

static const struct param {
	const char *name;
	enum status (*read)(struct search_request *, const cJSON *, struct search_error *);
} params_known[] = {
	{"query", read_query},
	{"limit", read_limit},
	{"offset", read_offset},
	{"cursor", read_cursor},
	{"sort", read_sort},
	{"order", read_order},
	{"facets", read_facets},
	{"snippet", read_snippet},
	{"group", read_group},
	{"recency", read_recency},
	{"explain", read_explain},
	{"max_age_ms", read_max_age_ms},
	{"sync_ms", read_sync_ms},
	{"timeout_ms", read_timeout_ms},
};
enum { PARAM_COUNT = sizeof params_known / sizeof *params_known };

static enum status read_param(struct search_request *r, const cJSON *item, unsigned *seen,
	struct search_error *error)
{
	for (unsigned i = 0; i < PARAM_COUNT; i++) {
		if (strcmp(item->string, params_known[i].name) != 0)
			continue;
		if (*seen & 1u << i)
			return refuse(error, "%s: given twice", item->string);
		*seen |= 1u << i;
		return params_known[i].read(r, item, error);
	}
	return refuse(error, "unknown field '%.100s'", item->string);
}

bool request_ranks(const struct query_node *n)
{
	if (n->kind == QUERY_TEXT)
		return true;
	if (n->kind == QUERY_NOT)
		return false;
	for (size_t i = 0; i < n->child_count; i++)
		if (request_ranks(n->children[i]))
			return true;
	return false;
}

/* What depends on more than one field. */
static enum status finish(
	struct search_request *r, const cJSON *params, struct search_error *error)
{
	const cJSON *order = cJSON_GetObjectItemCaseSensitive(params, "order");
	const cJSON *cursor = cJSON_GetObjectItemCaseSensitive(params, "cursor");
	AUTO_BUF canonical = BUF_INIT;
	enum status st;

	if (!r->query)
		return refuse(error, "query: required");
	if (r->sort == SORT_RELEVANCE && !request_ranks(r->query->root))
		r->sort = SORT_TIME;
	r->descending = r->sort != SORT_NAME && r->sort != SORT_PATH;
	if (order)
		r->descending = strcmp(order->valuestring, "desc") == 0;
	query_key(r->query->root, -1, &canonical);
	buf_addf(&canonical, " %s %d %lld%s", sort_names[r->sort], r->descending,
		(long long)r->recency, r->group ? " group" : "");
	if (buf_status(&canonical) != ST_OK)
		return ST_NOMEM;
	r->check = cursor_check(canonical.data, canonical.len);
	if (!cursor)
		return ST_OK;
	if (r->offset)
		return refuse(error, "cursor: not together with offset");
	st = cursor_parse(cursor->valuestring, r->check, r->sort,
		r->sort == SORT_RELEVANCE ? r->query->phrase_count : 0, &r->after);
	r->after_cursor = st == ST_OK;
	if (st == ST_INVALID)
		return refuse(error, "cursor: not one of this query in this order");
	return st;
}

enum status search_request_parse(
	const cJSON *params, struct search_request **out, struct search_error *error)
{
	struct search_request *r;
	unsigned seen = 0;
	enum status st = ST_OK;

	*out = NULL;
	*error = (struct search_error){0};
	if (!cJSON_IsObject(params))
		return refuse(error, "params: expected an object");
	r = mem_zalloc(sizeof *r);
	if (!r)
		return ST_NOMEM;
	r->limit = LIMIT_DEFAULT;
	r->snippet = SNIPPET_DEFAULT;
	r->snippets = 1;
	r->max_age_ms = -1;
	r->timeout_ms = TIMEOUT_DEFAULT_MS;
	for (const cJSON *i = params->child; i && st == ST_OK; i = i->next)
		st = read_param(r, i, &seen, error);
	if (st == ST_OK)
		st = finish(r, params, error);
	if (st != ST_OK) {
		search_request_destroy(r);
		return st;
	}
	*out = r;
	return ST_OK;
}

void search_request_destroy(struct search_request *r)
{
	if (!r)
		return;
	query_destroy(r->query);
	mem_free(r->text);
	cursor_finish(&r->after);
	mem_free(r);
}

static int compare_groups(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The same rights in another order are the same rights. */
static void add_caller(const struct caller *c, struct buf *out)
{
	uint32_t *groups;

	if (c->all || c->uid == 0) {
		buf_adds(out, " all");
		return;
	}
	groups = mem_resize(NULL, c->group_count + 1, sizeof *groups);
	if (!groups) {
		out->failed = true;
		return;
	}
	groups[0] = c->gid;
	if (c->group_count)
		memcpy(groups + 1, c->groups, c->group_count * sizeof *groups);
	qsort(groups, c->group_count + 1, sizeof *groups, compare_groups);
	buf_addf(out, " %u", c->uid);
	for (size_t i = 0; i <= c->group_count; i++)
		if (i == 0 || groups[i] != groups[i - 1])
			buf_addf(out, ":%u", groups[i]);
	mem_free(groups);
}

enum status search_request_key(const struct search_request *r, const struct caller *caller,
	int64_t now_s, struct buf *out)
{
	query_key(r->query->root, now_s, out);
	buf_addf(out, " %s %d %lld %lld %lld %lld %d %d %x ", sort_names[r->sort], r->descending,
		(long long)r->limit, (long long)r->offset, (long long)r->snippet,
		(long long)r->snippets, r->group, r->explain, r->facets);
	/* What is new today is not tomorrow. */
	if (r->recency)
		buf_addf(out, "%lld@%lld ", (long long)r->recency, (long long)(now_s / DAY_S));
	if (r->after_cursor)
		cursor_add(out, r->check, r->sort, &r->after);
	add_caller(caller, out);
	return buf_status(out);
}

int64_t search_request_max_age_ms(const struct search_request *r)
{
	return r->max_age_ms;
}

int64_t search_request_sync_ms(const struct search_request *r)
{
	return r->sync_ms;
}

int64_t search_request_timeout_ms(const struct search_request *r)
{
	return r->timeout_ms;
}
