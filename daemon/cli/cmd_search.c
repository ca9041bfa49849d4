/* trawl search QUERY: the documents found, best first, each with its place, its date and where the words stand. */
#include "cli/cli.h"
#include "cli/hit_view.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/result_view.h"
#include "core/mem.h"

#include <string.h>

enum {
	SEARCH_TIMEOUT_MS = 2000, /* the protocol's default */
	SYNC_MS = 5000,		  /* --sync without a duration */
	DAY_MS = 24 * 60 * 60 * 1000,
};

static bool is_bare(const struct cli *cli)
{
	return cli->options.value[OPT_PATHS_ONLY].given || cli->options.value[OPT_NULL].given;
}

/* --- asking ------------------------------------------------------------------------------------- */

static void join_words(struct buf *query, const struct cli *cli)
{
	for (size_t i = 0; i < cli->arg_count; i++) {
		if (i)
			buf_addc(query, ' ');
		buf_adds(query, cli->args[i]);
	}
}

static const char *const facets[] = {"type", "ext", "year", "root", "author", "folder"};
enum { FACET_COUNT = sizeof facets / sizeof *facets };

/* Whether the names of facets alone stand there, with commas between. */
static bool names_facets(const char *word)
{
	for (;;) {
		size_t len = strcspn(word, ","), i = 0;

		while (i < FACET_COUNT &&
			(strlen(facets[i]) != len || memcmp(facets[i], word, len) != 0))
			i++;
		if (i == FACET_COUNT)
			return false;
		if (!word[len])
			return true;
		word += len + 1;
	}
}

/* "--facets type,ext query" looks for the words type and ext: nobody means that. */
static bool misplaces_facets(const struct cli *cli)
{
	const struct option_value *given = &cli->options.value[OPT_FACETS];

	if (!given->given || given->text || given->at >= cli->options.arg_count)
		return false;
	const char *next = cli->options.args[given->at];
	if (!names_facets(next))
		return false;
	cli_error(cli, "--facets takes names behind a \"=\": --facets=%s", next);
	return true;
}

static void add_facet(cJSON **list, const char *name, size_t len)
{
	AUTO_FREE char *copy = mem_dup(name, len);
	cJSON *item = copy ? cJSON_CreateString(copy) : NULL;

	if (*list && item && cJSON_AddItemToArray(*list, item))
		return;
	cJSON_Delete(item);
	cJSON_Delete(*list);
	*list = NULL;
}

/* "type,year"; NULL: all there are. */
static void put_facets(cJSON **params, const char *names)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; !names && i < FACET_COUNT; i++)
		add_facet(&list, facets[i], strlen(facets[i]));
	while (names && *names) {
		size_t len = strcspn(names, ",");

		add_facet(&list, names, len);
		names += len + (names[len] == ',');
	}
	json_put(params, "facets", list);
}

static void put_snippet(cJSON **params, const struct cli *cli)
{
	const struct option_value *count = &cli->options.value[OPT_SNIPPETS];
	bool none = cli->options.value[OPT_NO_SNIPPET].given || is_bare(cli) ||
		    (count->given && count->number == 0);

	if (none) {
		json_put(params, "snippet", cJSON_CreateFalse());
	} else if (count->given) {
		cJSON *snippet = cJSON_CreateObject();

		json_put_number(&snippet, "count", count->number);
		json_put(params, "snippet", snippet);
	}
}

static cJSON *make_params(const struct cli *cli, const struct buf *query)
{
	static const struct {
		enum option_id id;
		const char *key;
	} texts[] = {{OPT_CURSOR, "cursor"}, {OPT_SORT, "sort"}, {OPT_ORDER, "order"}},
	  numbers[] = {{OPT_LIMIT, "limit"}, {OPT_OFFSET, "offset"}};
	const struct option_value *given = cli->options.value;
	cJSON *params = cJSON_CreateObject();

	json_put_text(&params, "query", query->data, query->len);
	json_put_number(&params, "max_age_ms", 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const struct option_value *v = &given[texts[i].id];
		if (v->given)
			json_put_text(&params, texts[i].key, v->text, strlen(v->text));
	}
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (given[numbers[i].id].given)
			json_put_number(&params, numbers[i].key, given[numbers[i].id].number);
	}
	if (given[OPT_GROUP].given)
		json_put(&params, "group", cJSON_CreateTrue());
	if (given[OPT_EXPLAIN].given)
		json_put(&params, "explain", cJSON_CreateTrue());
	if (given[OPT_RECENCY].given)
		json_put_number(&params, "recency", (given[OPT_RECENCY].number + DAY_MS - 1) / DAY_MS);
	if (given[OPT_FACETS].given)
		put_facets(&params, given[OPT_FACETS].text);
	put_snippet(&params, cli);
	return params;
}

/* The query with a caret under the byte at which it went wrong; escaped, so that the columns are known. */
static void show_position(const struct cli *cli, const struct buf *query, const cJSON *error)
{
	const cJSON *position = json_member(json_member(error, "data"), "position");
	AUTO_BUF before = BUF_INIT, text = BUF_INIT;
	int64_t at = json_integer(position);

	if (!cJSON_IsNumber(position) || at < 0 || (size_t)at > query->len)
		return;
	term_add_escaped(&before, query->data, (size_t)at);
	term_add_escaped(&text, query->data, query->len);
	if (before.failed || text.failed)
		return;
	cli_detail(cli, "%s", text.len ? text.data : "");
	cli_detail(cli, "%*s^", term_width(before.len ? before.data : "", before.len), "");
}

/* --- showing ------------------------------------------------------------------------------------ */

/* A word that occurs nowhere is likely mistyped. */
static void suggest(const struct cli *cli, const cJSON *result)
{
	const char *better = json_text(result, "did_you_mean");
	AUTO_BUF line = BUF_INIT;

	if (!*better)
		return;
	buf_adds(&line, "Did you mean: ");
	output_add_line(&line, &cli->err, better);
	cli_remark(cli, &line);
}

static void show_hits(const struct cli *cli, const cJSON *hits)
{
	const struct option_value *given = cli->options.value;
	AUTO_BUF out = BUF_INIT;
	const cJSON *hit;

	cJSON_ArrayForEach(hit, hits)
	{
		buf_clear(&out);
		if (is_bare(cli)) {
			hit_view_add_bare(&out, &cli->out, hit, given[OPT_GROUP].given,
				given[OPT_NULL].given);
		} else {
			hit_view_add(&out, &cli->out, hit);
			if (hit->next)
				buf_addc(&out, '\n');
		}
		cli_print(&out);
	}
}

/* A cursor is long, and for programs; but who came by one goes on with one. */
static void add_next(
	struct buf *line, const struct cli *cli, const cJSON *result, int64_t shown)
{
	const struct option_value *given = cli->options.value;
	const char *cursor = json_text(result, "cursor");

	if (!*cursor)
		return;
	if (given[OPT_CURSOR].given)
		buf_addf(line, "; go on with --cursor %s", cursor);
	else
		buf_addf(line, "; go on with --offset %lld",
			(long long)(options_number(&cli->options, OPT_OFFSET, 0) + shown));
}

static void show(const struct cli *cli, const cJSON *result, int64_t shown)
{
	AUTO_BUF before = BUF_INIT, behind = BUF_INIT, total = BUF_INIT;

	if (!is_bare(cli)) {
		result_view_add_explanation(&before, &cli->out, result);
		cli_print(&before);
	}
	show_hits(cli, json_member(result, "hits"));
	if (!is_bare(cli)) {
		result_view_add_facets(&behind, &cli->out, result);
		cli_print(&behind);
		result_view_add_total(&total, result, shown);
		add_next(&total, cli, result, shown);
		cli_remark(cli, &total);
	}
	suggest(cli, result);
}

enum outcome cmd_search(struct cli *cli)
{
	AUTO_BUF query = BUF_INIT;
	AUTO_REPLY reply = REPLY_INIT;

	if (misplaces_facets(cli))
		return OUTCOME_ERROR;

	join_words(&query, cli);
	cJSON *params = query.failed ? NULL : make_params(cli, &query);
	int64_t patience_ms = cli_put_timeout(cli, &params, SEARCH_TIMEOUT_MS);
	if (cli->options.value[OPT_SYNC].given) {
		int64_t sync_ms = options_number(&cli->options, OPT_SYNC, SYNC_MS);

		json_put_number(&params, "sync_ms", sync_ms);
		patience_ms += sync_ms;
	}
	enum outcome outcome = cli_call(cli, "search", &params, patience_ms, &reply);
	if (reply.error)
		show_position(cli, &query, reply.error);
	if (outcome != OUTCOME_FOUND)
		return outcome;

	int64_t shown = cJSON_GetArraySize(json_member(reply.result, "hits"));
	if (cli_print_json(cli, &reply))
		return shown ? OUTCOME_FOUND : OUTCOME_NOTHING;
	show(cli, reply.result, shown);
	return shown ? OUTCOME_FOUND : OUTCOME_NOTHING;
}
