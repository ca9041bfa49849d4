/* trawl stats: counters and latencies as tables, or as the daemon writes them for Prometheus. */
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/output.h"
#include "core/units.h"

#include <string.h>

enum { NAME_COLUMNS = 26, TIME_COLUMNS = 11 };

static bool ends_with_bytes(const char *name)
{
	size_t n = strlen(name), m = strlen("bytes");

	return n >= m && !strcmp(name + n - m, "bytes");
}

static void add_name(struct buf *out, const struct term *t, const char *name)
{
	int pad = NAME_COLUMNS - term_width(name, strlen(name));

	output_add_text(out, t, name);
	buf_addf(out, "%*s", pad > 1 ? pad : 1, "");
}

static void add_numbers(struct buf *out, const struct term *t, const char *title, const cJSON *group)
{
	const cJSON *item;

	if (!group || !group->child)
		return;
	term_add_styled(out, t, STYLE_BOLD, title, strlen(title));
	buf_addc(out, '\n');
	cJSON_ArrayForEach(item, group)
	{
		add_name(out, t, item->string);
		if (ends_with_bytes(item->string))
			units_add_size(out, json_integer(item));
		else
			output_add_count(out, json_integer(item));
		buf_addc(out, '\n');
	}
	buf_addc(out, '\n');
}

/* "850 us" "1.5 ms" "2.1 s", right-aligned. */
static void add_us(struct buf *out, int64_t us)
{
	AUTO_BUF text = BUF_INIT;

	if (us < 1000)
		buf_addf(&text, "%lld us", (long long)us);
	else if (us < 1000 * 1000)
		buf_addf(&text, "%.1f ms", (double)us / 1e3);
	else
		buf_addf(&text, "%.1f s", (double)us / 1e6);
	buf_addf(out, "%*s", TIME_COLUMNS, text.failed ? "" : text.data);
}

static void add_latencies(struct buf *out, const struct term *t, const char *title, const cJSON *group)
{
	static const char *const columns[] = {"p50_us", "p90_us", "p99_us", "max_us"};
	const cJSON *item;
	AUTO_BUF head = BUF_INIT;

	if (!group || !group->child)
		return;
	buf_addf(&head, "%-*s%*s%*s%*s%*s%*s", NAME_COLUMNS, title, TIME_COLUMNS, "count",
		TIME_COLUMNS, "p50", TIME_COLUMNS, "p90", TIME_COLUMNS, "p99", TIME_COLUMNS, "max");
	if (!head.failed)
		term_add_styled(out, t, STYLE_BOLD, head.data, head.len);
	buf_addc(out, '\n');
	cJSON_ArrayForEach(item, group)
	{
		AUTO_BUF count = BUF_INIT;

		add_name(out, t, item->string);
		output_add_count(&count, json_number(item, "count"));
		buf_addf(out, "%*s", TIME_COLUMNS, count.failed ? "" : count.data);
		for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
			add_us(out, json_number(item, columns[i]));
		buf_addc(out, '\n');
	}
	buf_addc(out, '\n');
}

enum outcome cmd_stats(struct cli *cli)
{
	bool prometheus = cli->options.value[OPT_PROMETHEUS].given;
	AUTO_REPLY reply = REPLY_INIT;
	AUTO_BUF out = BUF_INIT;
	cJSON *params = cJSON_CreateObject();

	if (prometheus)
		json_put_text(&params, "format", "prometheus", strlen("prometheus"));
	enum outcome outcome = cli_call(cli, "stats", &params, cli_patience_ms(cli), &reply);
	if (outcome != OUTCOME_FOUND || cli_print_json(cli, &reply))
		return outcome;
	if (prometheus) {
		const char *text = json_text(reply.result, "text");

		output_add_document(&out, &cli->out, text, strlen(text));
	} else {
		add_numbers(&out, &cli->out, "counters", json_member(reply.result, "counters"));
		add_numbers(&out, &cli->out, "now", json_member(reply.result, "gauges"));
		add_latencies(&out, &cli->out, "latency", json_member(reply.result, "histograms"));
		add_latencies(&out, &cli->out, "converter", json_member(reply.result, "converters"));
	}
	cli_print(&out);
	return OUTCOME_FOUND;
}
