/* warm: searches ahead of their askers; see warm.h. */
#include "serve/warm.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "search/hot.h"
#include "serve/context.h"
#include "serve/errand.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	HALF_LIFE_MS = 30 * 60 * 1000,
	REST_MS = 100,	    /* without a commit: the index came to rest */
	ROUND_LEAST_MS = 250, /* between two rounds, however short the time to live */
	SEARCH_MS = 2000,   /* for one search */
	KNOWN_TO_WARM = 4,  /* keys that are counted, for each that is kept warm */
	KEY_MOST = 4096,    /* longer queries are nobody's habit */
	AGAIN_MS = 60 * 1000 /* a time of day comes once, even if the clock is set back over it */
};
#define WORTH_IT 0.25 /* askings left of it: one, an hour ago */

struct warm {
	struct context *context;
	struct hot *hot; /* of struct asked; NULL: off */
	uv_timer_t timer;
	uv_poll_t alarm;
	int alarm_fd; /* a timerfd on the wall clock, which tells when that is set */
	bool started, has_alarm, closing;

	int64_t first_ms, last_ms; /* commits since the last round; 0: none */
	int64_t round_ms;	   /* when that began */
	int64_t alarm_ms;

	/* the round under way */
	void **round; /* of struct asked */
	size_t at, count;
	bool running; /* one of it is with the readers */
};

/* --- a round ------------------------------------------------------------------------------------ */

static void arm(struct warm *w);

static void end_round(struct warm *w)
{
	while (w->at < w->count)
		asked_unref(w->round[w->at++]);
	mem_free(w->round);
	w->round = NULL;
	w->at = w->count = 0;
	arm(w);
}

static void go_on(struct warm *w);

static void on_ended(void *arg, enum status st, const struct memo_answer *answer)
{
	struct warm *w = arg;

	(void)st;
	(void)answer; /* the memo has it */
	w->running = false;
	go_on(w);
}

/* ST_OK: it is under way; ST_EXISTS: there is no need; else the readers have enough to do. */
static enum status ask_again(struct warm *w, struct asked *a)
{
	struct context *ctx = w->context;
	struct errand *errand;
	AUTO_BUF key = BUF_INIT;

	enum status st = search_request_key(a->search, peer_caller(a->peer), now_real_s(), &key);
	if (st != ST_OK)
		return st;
	if (!memo_refresh(ctx->memo, &key, now_mono_ms(), ctx->clock))
		return ST_EXISTS;
	const struct errand_options options = {
		.context = ctx,
		.asked = a,
		.key = &key,
		.deadline_ms = now_mono_ms() + SEARCH_MS,
		.ended = on_ended,
		.arg = w,
	};
	return errand_start(&options, &errand);
}

static void go_on(struct warm *w)
{
	enum status st = ST_EXISTS;

	while (!w->closing && st == ST_EXISTS && w->at < w->count) {
		struct asked *a = w->round[w->at++];

		st = ask_again(w, a);
		asked_unref(a);
	}
	w->running = st == ST_OK;
	if (!w->running)
		end_round(w);
}

static void begin_round(struct warm *w, double least)
{
	size_t most = (size_t)w->context->config->memo.warm;

	if (w->round)
		return;
	w->first_ms = 0;
	w->round_ms = now_mono_ms();
	w->round = mem_resize(NULL, most + 1, sizeof *w->round);
	if (!w->round)
		return;
	w->count = hot_list(w->hot, w->round_ms, least, w->round, most);
	for (size_t i = 0; i < w->count; i++)
		(void)asked_ref(w->round[i]);
	go_on(w);
}

/* --- after commits ------------------------------------------------------------------------------ */

static int64_t due_ms(const struct warm *w)
{
	int64_t ttl_ms = w->context->config->memo.ttl_ms;
	int64_t apart_ms = ttl_ms > ROUND_LEAST_MS ? ttl_ms : ROUND_LEAST_MS;
	int64_t rest_ms = w->last_ms + REST_MS, late_ms = w->first_ms + apart_ms;
	int64_t due = rest_ms < late_ms ? rest_ms : late_ms;

	return due > w->round_ms + apart_ms || w->round_ms == 0 ? due : w->round_ms + apart_ms;
}

static void on_timer(uv_timer_t *timer)
{
	struct warm *w = timer->data;

	if (!w->hot || w->first_ms == 0)
		return;
	if (now_mono_ms() < due_ms(w))
		arm(w);
	else
		begin_round(w, WORTH_IT);
}

/* Commits while it runs do not move it: it looks when it fires. */
static void arm(struct warm *w)
{
	if (!w->started || w->closing || !w->hot || w->first_ms == 0 || w->round ||
		uv_is_active((const uv_handle_t *)&w->timer))
		return;
	int64_t in_ms = due_ms(w) - now_mono_ms();
	(void)uv_timer_start(&w->timer, on_timer, in_ms > 0 ? (uint64_t)in_ms : 1, 0);
}

void warm_committed(struct warm *w)
{
	if (!w->hot || hot_count(w->hot) == 0)
		return;
	w->last_ms = now_mono_ms();
	if (w->first_ms == 0)
		w->first_ms = w->last_ms;
	arm(w);
}

void warm_asked(struct warm *w, const struct buf *key, struct asked *a)
{
	if (w->hot && key->len <= KEY_MOST && hot_touch(w->hot, key, now_mono_ms(), a))
		(void)asked_ref(a);
}

/* --- times of day ------------------------------------------------------------------------------- */

/* HH:MM of the day of `day`, or of the days after it; mktime knows the day's length. */
static int64_t moment_of(const char *time, const struct tm *day, int days)
{
	struct tm tm = *day;

	tm.tm_hour = (time[0] - '0') * 10 + time[1] - '0';
	tm.tm_min = (time[3] - '0') * 10 + time[4] - '0';
	tm.tm_sec = 0;
	tm.tm_mday += days;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

int64_t warm_next_time(const struct config_list *times, int64_t now_s)
{
	time_t now = now_s;
	struct tm today;
	int64_t next = 0;

	if (!localtime_r(&now, &today))
		return 0;
	for (size_t i = 0; i < times->count; i++) {
		int64_t at = moment_of(times->items[i], &today, 0);

		if (at <= now_s)
			at = moment_of(times->items[i], &today, 1);
		if (at > now_s && (next == 0 || at < next))
			next = at;
	}
	return next;
}

static void set_alarm(struct warm *w)
{
	const struct config *config = w->context->config;
	struct itimerspec spec = {{0, 0}, {0, 0}};

	if (!w->has_alarm)
		return;
	tzset();
	if (w->hot)
		spec.it_value.tv_sec = warm_next_time(&config->memo.warm_at, now_real_s());
	if (timerfd_settime(w->alarm_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL) < 0)
		log_error("memo: warm_at: %s", strerrordesc_np(errno));
}

static void on_alarm(uv_poll_t *poll, int rc, int events)
{
	struct warm *w = poll->data;
	uint64_t times;

	(void)rc;
	(void)events;
	/* ECANCELED: the clock was set, and it is another time of day. */
	bool came = read(w->alarm_fd, &times, sizeof times) == sizeof times;
	int64_t now = now_mono_ms();
	if (came && w->hot && (w->alarm_ms == 0 || now - w->alarm_ms >= AGAIN_MS)) {
		w->alarm_ms = now;
		begin_round(w, 0);
	}
	set_alarm(w);
}

/* --- its life ----------------------------------------------------------------------------------- */

static void drop(void *value)
{
	asked_unref(value);
}

/* Without memory for it nothing is warmed, and all is answered. */
static void open_hot(struct warm *w)
{
	const struct config *config = w->context->config;

	if (config->memo.warm > 0 &&
		hot_create((size_t)config->memo.warm * KNOWN_TO_WARM, HALF_LIFE_MS, drop, &w->hot) != ST_OK)
		log_error("memo: warm: out of memory");
}

enum status warm_create(struct context *ctx, struct warm **out)
{
	struct warm *w = mem_zalloc(sizeof *w);

	if (!w)
		return ST_NOMEM;
	w->context = ctx;
	w->alarm_fd = -1;
	open_hot(w);
	*out = w;
	return ST_OK;
}

void warm_destroy(struct warm *w)
{
	if (!w)
		return;
	BUG_UNLESS(!w->started || w->closing);
	end_round(w);
	hot_destroy(w->hot);
	if (w->alarm_fd >= 0)
		(void)close(w->alarm_fd);
	mem_free(w);
}

int warm_start(struct warm *w)
{
	BUG_UNLESS(uv_timer_init(w->context->loop, &w->timer) == 0); /* cannot fail */
	w->timer.data = w;
	w->started = true;
	w->alarm_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	int rc = w->alarm_fd < 0 ? uv_translate_sys_error(errno)
				 : uv_poll_init(w->context->loop, &w->alarm, w->alarm_fd);
	w->has_alarm = rc == 0;
	w->alarm.data = w;
	if (rc == 0)
		rc = uv_poll_start(&w->alarm, UV_READABLE, on_alarm);
	if (rc)
		log_error("memo: warm_at: %s", uv_strerror(rc));
	set_alarm(w);
	return w->has_alarm ? 2 : 1;
}

void warm_close(struct warm *w, uv_close_cb closed, void *data)
{
	w->closing = true;
	w->timer.data = data;
	uv_close((uv_handle_t *)&w->timer, closed);
	if (!w->has_alarm)
		return;
	w->alarm.data = data;
	uv_close((uv_handle_t *)&w->alarm, closed);
}

void warm_configure(struct warm *w)
{
	if (w->round && !w->running)
		end_round(w);
	w->first_ms = 0;
	while (w->at < w->count)
		asked_unref(w->round[w->at++]);
	hot_destroy(w->hot);
	w->hot = NULL;
	open_hot(w);
	if (w->started)
		set_alarm(w);
}
