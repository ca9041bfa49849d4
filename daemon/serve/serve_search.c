/*
 * serve_search: a search: from the memo, from one in flight already, or by a reader of its own.
 *
 *   parsed ──(sync_ms)──► catching up ──► looked up ──hit──► answered
 *      └───────────────────────────────────►│   │ miss: a new errand ──► answered
 *                                           │   └ joined: waits for another's errand ──► answered
 *                                           └──── again, where that one's deadline was shorter than ours
 */
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"
#include "serve/catchup.h"
#include "serve/errand.h"
#include "serve/handlers.h"
#include "serve/request.h"
#include "serve/warm.h"

#include <string.h>

struct asking {
	struct letter letter; /* for another look-up, outside the memo's call */
	struct request *request; /* NULL: abandoned while the letter is on its way */
	struct asked *asked;
	struct buf key;
	struct errand *errand; /* ours */
	struct party *party;   /* joined */
	bool sync_asked, synced;
};

static void look_up(struct asking *a);

static void destroy(struct asking *a)
{
	asked_unref(a->asked);
	buf_finish(&a->key);
	mem_free(a);
}

/* --- answering ---------------------------------------------------------------------------------- */

/* The answer's bytes are copied as they are, never parsed again. */
static void answer(struct asking *a, const struct memo_answer *found, bool from_memo)
{
	struct request *r = a->request;
	int64_t took_us = now_mono_us() - r->started_us;
	AUTO_BUF line = BUF_INIT;

	if (from_memo && !a->sync_asked)
		stats_time(memo_hit, took_us);
	buf_reserve(&line, found->len + 256);
	frame_add_head(&line, r->id);
	buf_adds(&line, ",\"result\":{");
	buf_add(&line, found->json, found->len);
	buf_addf(&line, ",\"cached\":%s,\"age_ms\":%lld,\"took_ms\":%lld", found->cached ? "true" : "false",
		(long long)found->age_ms, (long long)took_us / 1000);
	if (a->sync_asked)
		buf_addf(&line, ",\"synced\":%s", a->synced ? "true" : "false");
	buf_adds(&line, "}}\n");
	destroy(a);
	request_line(r, &line);
}

static void refuse(struct asking *a, enum status st)
{
	struct request *r = a->request;

	destroy(a);
	request_status_error(r, st);
}

/* --- by a reader -------------------------------------------------------------------------------- */

static void on_returned(void *arg, enum status st, const struct memo_answer *found)
{
	struct asking *a = arg;

	a->request->abandon = NULL;
	if (found)
		answer(a, found, false);
	else
		refuse(a, st);
}

static void abandon_errand(struct request *r)
{
	struct asking *a = r->work;

	errand_disown(a->errand);
	destroy(a);
}

static void send_errand(struct asking *a)
{
	struct request *r = a->request;
	const struct errand_options options = {
		.context = r->context,
		.asked = a->asked,
		.lane = client_lane(r->client),
		.key = &a->key,
		.deadline_ms = r->deadline_ms,
		.max_age_ms = search_request_max_age_ms(a->asked->search),
		.ended = on_returned,
		.arg = a,
	};

	enum status st = errand_start(&options, &a->errand);
	if (st != ST_OK) {
		refuse(a, st);
		return;
	}
	request_wait(r, abandon_errand, a);
	request_expire_late(r);
}

/* --- by another's errand ------------------------------------------------------------------------ */

static void on_again(struct letter *l)
{
	struct asking *a = (struct asking *)l;

	if (a->request)
		look_up(a);
	else
		destroy(a);
}

static void abandon_again(struct request *r)
{
	struct asking *a = r->work;

	a->request = NULL;
}

/* The errand was stopped for a reason of its sender, which is none of ours; or it was too old for us. */
static bool deserves_another(const struct asking *a, enum status st)
{
	bool cut = st == ST_OK ? party_is_served_partly(a->party)
			       : st == ST_TIMEOUT || st == ST_CANCELED || st == ST_AGAIN;

	return cut && now_mono_ms() < a->request->deadline_ms;
}

static void on_joined_ended(void *arg, enum status st, const struct memo_answer *found)
{
	struct asking *a = arg;
	struct request *r = a->request;
	bool again = deserves_another(a, st);

	party_leave(a->party);
	r->abandon = NULL;
	r->expires_ms = 0;
	if (again) {
		a->letter.open = on_again;
		request_wait(r, abandon_again, a);
		mailbox_send(r->context->mailbox, &a->letter);
	} else if (found) {
		answer(a, found, false);
	} else {
		refuse(a, st);
	}
}

static void abandon_joined(struct request *r)
{
	struct asking *a = r->work;

	memo_leave(r->context->memo, a);
	party_leave(a->party);
	destroy(a);
}

/* --- the way of a search ------------------------------------------------------------------------ */

static void look_up(struct asking *a)
{
	struct request *r = a->request;
	struct context *ctx = r->context;
	struct memo_answer found;

	switch (memo_lookup(ctx->memo, &a->key, now_mono_ms(), ctx->clock,
		search_request_max_age_ms(a->asked->search), on_joined_ended, a, &found)) {
	case MEMO_HIT:
		r->abandon = NULL;
		answer(a, &found, true);
		break;
	case MEMO_JOINED:
		a->party = party_join(ctx, &a->key, client_lane(r->client));
		request_wait(r, abandon_joined, a);
		request_expire_at_deadline(r);
		break;
	case MEMO_MISS:
		send_errand(a);
		break;
	}
}

static void on_caught_up(struct request *r, enum status st, const char *beyond, void *arg)
{
	struct asking *a = arg;

	(void)beyond;
	if (!r) {
		destroy(a);
	} else if (st == ST_OK || st == ST_TIMEOUT) {
		a->synced = st == ST_OK;
		/* the time-out is the search's: waiting for the index does not use it up */
		r->deadline_ms = now_mono_ms() + search_request_timeout_ms(a->asked->search);
		look_up(a);
	} else {
		destroy(a);
		catchup_refuse(r, st);
	}
}

static void refuse_request(struct request *r, enum status st, const struct search_error *error)
{
	if (st != ST_INVALID)
		request_status_error(r, st);
	else if (error->bad_query)
		request_trawl_error(r, RPC_CODE_BAD_QUERY, error->message, (long)error->position);
	else
		request_error(r, RPC_INVALID_PARAMS, error->message);
}

void serve_search(struct request *r)
{
	struct search_error error = {.bad_query = false};
	struct search_request *search = NULL;
	struct asking *a = mem_zalloc(sizeof *a);
	enum status st = ST_NOMEM;

	if (!a)
		goto err_after_nothing;
	a->request = r;
	st = search_request_parse(r->params, &search, &error);
	if (st == ST_OK)
		st = search_request_key(search, peer_caller(r->peer), now_real_s(), &a->key);
	if (st != ST_OK)
		goto err_after_asking;
	int64_t sync_ms = search_request_sync_ms(search);
	a->asked = asked_create(&search, r->peer);
	st = a->asked ? ST_OK : ST_NOMEM;
	if (st != ST_OK)
		goto err_after_asking;
	warm_asked(r->context->warm, &a->key, a->asked);
	a->sync_asked = sync_ms > 0;
	if (a->sync_asked)
		catchup_start(r, sync_ms, on_caught_up, a);
	else
		look_up(a);
	return;

err_after_asking:
	search_request_destroy(search);
	destroy(a);
err_after_nothing:
	refuse_request(r, st, &error);
}

void serve_cancel(struct request *r)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(r->params, "id");
	bool found = client_cancel(r->client, id, r) > 0;
	const char *text = found ? "{\"canceled\":true}" : "{\"canceled\":false}";

	request_result(r, text, strlen(text));
}
