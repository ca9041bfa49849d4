/* subscription: what a subscriber is told, line by line; see subscription.h. */
#include "serve/subscription.h"

#include "core/mem.h"
#include "search/seen.h"

#include <stdio.h>

enum status subscription_create(const cJSON *query, const cJSON *snippet, const char *pattern,
	struct peer *peer, struct subscription **out, struct search_error *error)
{
	struct subscription *s = mem_zalloc(sizeof *s);
	enum status st;

	*error = (struct search_error){.message = "path: expected an absolute pattern of at most 4096 bytes"};
	if (!s)
		return ST_NOMEM;
	if (query)
		st = percolate_query_create(query, snippet, &s->query, error);
	else
		st = glob_create(pattern, &s->glob);
	if (st != ST_OK) {
		mem_free(s);
		return st;
	}
	s->member.query = s->query;
	s->peer = peer_ref(peer);
	if (!caller_sees_all(peer_caller(peer)))
		snprintf(s->rights, sizeof s->rights, "@%016llx",
			(unsigned long long)seen_number(peer_caller(peer)));
	*out = s;
	return ST_OK;
}

void subscription_destroy(struct subscription *s)
{
	if (!s)
		return;
	percolate_query_destroy(s->query);
	glob_destroy(s->glob);
	peer_unref(s->peer);
	buf_finish(&s->lines);
	mem_free(s);
}

static void begin(const struct subscription *s, struct buf *out)
{
	buf_addf(out,
		"{\"jsonrpc\":\"2.0\",\"method\":\"match\",\"params\":{\"subscription\":%lld,\"matches\":[",
		(long long)s->id);
}

void subscription_add_clock(
	const struct subscription *s, const char *instance, int64_t clock, struct buf *out)
{
	clock_add(out, instance, clock);
	buf_adds(out, s->rights);
}

static void end(const struct subscription *s, struct buf *out, const char *instance, int64_t clock,
	bool fresh)
{
	buf_adds(out, "],\"clock\":\"");
	subscription_add_clock(s, instance, clock, out);
	buf_addf(out, "\",\"fresh_instance\":%s}}\n", fresh ? "true" : "false");
}

void subscription_close(struct subscription *s, const char *instance)
{
	if (s->open)
		end(s, &s->lines, instance, s->open_clock, false);
	s->open = 0;
}

bool subscription_tell(struct subscription *s, const char *instance, int64_t clock,
	const char *kind, const char *json, size_t len)
{
	bool same = s->open && clock == s->open_clock;

	if (!same && s->lines.len >= SUBSCRIPTION_LINES_MAX)
		return false;
	if (!same && s->open >= s->limit)
		subscription_close(s, instance);
	if (s->open++)
		buf_addc(&s->lines, ',');
	else
		begin(s, &s->lines);
	buf_add(&s->lines, json, len);
	buf_addf(&s->lines, ",\"kind\":\"%s\",\"clock\":\"", kind);
	clock_add(&s->lines, instance, clock);
	buf_adds(&s->lines, "\"}");
	s->open_clock = clock;
	return true;
}

void subscription_add_empty(const struct subscription *s, const char *instance, int64_t clock,
	bool fresh, struct buf *out)
{
	begin(s, out);
	end(s, out, instance, clock, fresh);
}
