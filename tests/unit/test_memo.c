/* memo: every rule of memo.h, with clock and time given by hand. */
#include "store_fixture.h"

#include "core/mem.h"
#include "search/memo.h"

#include <stdio.h>
#include <string.h>

static struct config config_of(int64_t ttl_ms, int64_t entries, int64_t bytes)
{
	struct config c = {.memo = {.ttl_ms = ttl_ms, .entries = entries, .bytes = bytes}};

	return c;
}

static struct memo *make(int64_t ttl_ms, int64_t entries, int64_t bytes)
{
	struct config c = config_of(ttl_ms, entries, bytes);
	struct memo *m;

	assert_ok(memo_create(&c, &m));
	return m;
}

static struct buf key_of(const char *s)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, s);
	return b;
}

/* What a waiter heard. */
struct heard {
	int calls;
	enum status st;
	char json[32];
	int64_t clock;
};

static void hear(void *arg, enum status st, const struct memo_answer *answer)
{
	struct heard *h = arg;

	h->calls++;
	h->st = st;
	h->clock = answer ? answer->clock : 0;
	snprintf(h->json, sizeof h->json, "%.*s", answer ? (int)answer->len : 0, answer ? answer->json : "");
}

static struct heard nobody;

static enum memo_verdict ask(struct memo *m, const char *key, int64_t now, int64_t clock,
	int64_t max_age, struct heard *h, struct memo_answer *a)
{
	AUTO_BUF k = key_of(key);
	struct memo_answer unused;

	return memo_lookup(m, &k, now, clock, max_age, hear, h ? h : &nobody, a ? a : &unused);
}

static void store(struct memo *m, const char *key, const char *json, int64_t now, int64_t clock,
	bool keep)
{
	AUTO_BUF k = key_of(key);
	struct memo_made made = {.kept = {.json = key_of(json), .clock = clock}, .keep = keep};

	memo_store(m, &k, &made, now);
	assert_null(made.kept.json.data);
}

static void fail_run(struct memo *m, const char *key, enum status st)
{
	AUTO_BUF k = key_of(key);

	memo_fail(m, &k, st);
}

/* A miss and its answer at once. */
static void fill(struct memo *m, const char *key, const char *json, int64_t now, int64_t clock)
{
	assert_int_equal(ask(m, key, now, clock, 0, NULL, NULL), MEMO_MISS);
	store(m, key, json, now, clock, true);
}

static int64_t count(const struct memo *m, const char *field)
{
	cJSON *j = memo_json(m);
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(j, field);

	assert_non_null(item);
	int64_t n = (int64_t)item->valuedouble;
	cJSON_Delete(j);
	return n;
}

static void test_exact(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct memo_answer a;

	(void)state;
	fill(m, "k", "[1]", 100, 7);
	/* long past its time, the index stands still */
	assert_int_equal(ask(m, "k", 900100, 7, 0, NULL, &a), MEMO_HIT);
	assert_true(a.cached);
	assert_int_equal(a.len, 3);
	assert_memory_equal(a.json, "[1]", 4);
	assert_int_equal(a.clock, 7);
	assert_int_equal(a.age_ms, 900000);
	/* the reader may have seen a commit that the loop has not heard of */
	assert_int_equal(ask(m, "k", 900100, 6, 0, NULL, &a), MEMO_HIT);
	assert_int_equal(a.clock, 7);
	assert_int_equal(count(m, "hits_exact"), 2);
	assert_int_equal(count(m, "misses"), 1);
	memo_destroy(m);
}

static void test_ttl(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct memo_answer a;

	(void)state;
	fill(m, "k", "[1]", 100, 7);
	assert_int_equal(ask(m, "k", 1099, 8, -1, NULL, &a), MEMO_HIT);
	assert_int_equal(a.clock, 7);
	assert_int_equal(a.age_ms, 999);
	assert_int_equal(ask(m, "k", 300, 8, 200, NULL, &a), MEMO_MISS);
	fail_run(m, "k", ST_IO);
	assert_int_equal(ask(m, "k", 299, 8, 200, NULL, &a), MEMO_HIT);
	assert_int_equal(ask(m, "k", 101, 8, 0, NULL, &a), MEMO_MISS);
	fail_run(m, "k", ST_IO);
	/* whoever allows more than the time to live gets no more */
	assert_int_equal(ask(m, "k", 1100, 8, 99999, NULL, &a), MEMO_MISS);
	assert_int_equal(count(m, "hits_ttl"), 2);
	memo_destroy(m);
}

/* Age runs from when the computation began, not from when it was done. */
static void test_age(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct memo_answer a;

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, -1, NULL, NULL), MEMO_MISS);
	store(m, "k", "[1]", 900, 7, true);
	assert_int_equal(ask(m, "k", 1000, 8, -1, NULL, &a), MEMO_HIT);
	assert_int_equal(a.age_ms, 900);
	assert_int_equal(ask(m, "k", 1100, 8, -1, NULL, &a), MEMO_MISS);
	memo_destroy(m);
}

static void test_floor(void **state)
{
	struct memo *m = make(1000, 10, 10000);

	(void)state;
	fill(m, "k", "[1]", 100, 7);
	memo_raise_floor(m, 8);
	memo_raise_floor(m, 5); /* never lower */
	assert_int_equal(ask(m, "k", 101, 8, -1, NULL, NULL), MEMO_MISS);
	/* an answer from below the floor is given, not kept */
	store(m, "k", "[2]", 102, 7, true);
	assert_int_equal(ask(m, "k", 103, 8, -1, NULL, NULL), MEMO_MISS);
	store(m, "k", "[3]", 104, 8, true);
	assert_int_equal(ask(m, "k", 105, 9, -1, NULL, NULL), MEMO_HIT);
	memo_destroy(m);
}

static void test_partial_is_not_kept(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct heard h = {0};

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, -1, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 100, 7, -1, &h, NULL), MEMO_JOINED);
	store(m, "k", "[1]", 110, 7, false);
	assert_int_equal(h.calls, 1);
	assert_string_equal(h.json, "[1]");
	assert_int_equal(count(m, "entries"), 0);
	assert_int_equal(ask(m, "k", 111, 7, -1, NULL, NULL), MEMO_MISS);
	memo_destroy(m);
}

static void test_single_flight(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct heard h[3] = {{0}};

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 100, 7, 0, &h[0], NULL), MEMO_JOINED);
	assert_int_equal(ask(m, "k", 101, 7, -1, &h[1], NULL), MEMO_JOINED);
	assert_int_equal(ask(m, "other", 101, 7, -1, NULL, NULL), MEMO_MISS);
	/* this one must see clock 8: the flight began before it */
	assert_int_equal(ask(m, "k", 102, 8, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 102, 8, 0, &h[2], NULL), MEMO_JOINED);
	store(m, "k", "[7]", 110, 7, true);
	assert_int_equal(h[0].calls, 1);
	assert_int_equal(h[1].calls, 1);
	assert_string_equal(h[1].json, "[7]");
	assert_int_equal(h[2].calls, 0);
	store(m, "k", "[8]", 111, 8, true);
	assert_int_equal(h[2].calls, 1);
	assert_string_equal(h[2].json, "[8]");
	assert_int_equal(h[2].clock, 8);
	assert_int_equal(h[0].calls, 1);
	assert_int_equal(count(m, "joined"), 3);
	memo_destroy(m);
}

/* A flight that began too long ago, or below the floor, is not joined. */
static void test_old_flight(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct heard h = {0};

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, -1, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 1099, 8, -1, &h, NULL), MEMO_JOINED);
	assert_int_equal(ask(m, "k", 1100, 8, -1, NULL, NULL), MEMO_MISS);
	memo_raise_floor(m, 9);
	assert_int_equal(ask(m, "k", 1101, 9, -1, NULL, NULL), MEMO_MISS);
	store(m, "k", "[1]", 1102, 9, true); /* the newest was first: it serves all */
	assert_int_equal(h.calls, 1);
	store(m, "k", "[0]", 1103, 8, true); /* and is not replaced by an older one */
	store(m, "k", "[0]", 1104, 7, true);
	struct memo_answer a;
	assert_int_equal(ask(m, "k", 1105, 9, 0, NULL, &a), MEMO_HIT);
	assert_memory_equal(a.json, "[1]", 4);
	memo_destroy(m);
}

static void test_failure(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct heard h = {0}, g = {0};

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 100, 7, 0, &h, NULL), MEMO_JOINED);
	assert_int_equal(ask(m, "k", 100, 8, 0, NULL, NULL), MEMO_MISS);
	fail_run(m, "k", ST_IO); /* one of two: the other may still bring it */
	assert_int_equal(h.calls, 0);
	fail_run(m, "k", ST_CORRUPT);
	assert_int_equal(h.calls, 1);
	assert_int_equal(h.st, ST_CORRUPT);
	/* the flight is over */
	assert_int_equal(ask(m, "k", 101, 8, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 101, 8, 0, &g, NULL), MEMO_JOINED);
	fail_run(m, "unknown", ST_IO);
	memo_destroy(m);
	assert_int_equal(g.calls, 1);
	assert_int_equal(g.st, ST_CLOSED);
}

/* The run that should have brought it saw an older index: ask again. */
static void test_answer_too_old(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct heard h = {0};

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 100, 7, 0, &h, NULL), MEMO_JOINED);
	store(m, "k", "[6]", 101, 6, true);
	assert_int_equal(h.calls, 1);
	assert_int_equal(h.st, ST_AGAIN);
	assert_string_equal(h.json, "");
	memo_destroy(m);
}

static void test_leave(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct heard a = {0}, b = {0}, c = {0};

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 100, 7, 0, &a, NULL), MEMO_JOINED);
	assert_int_equal(ask(m, "k", 100, 7, 0, &b, NULL), MEMO_JOINED);
	memo_leave(m, &b);
	assert_int_equal(ask(m, "k", 100, 7, 0, &c, NULL), MEMO_JOINED);
	store(m, "k", "[]", 101, 7, true);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 0);
	assert_int_equal(c.calls, 1);
	memo_destroy(m);
}

/* A waiter that, when called, makes another leave and asks the memo itself. */
struct meddler {
	struct memo *m;
	struct heard victim;
	int calls;
};

static void meddle(void *arg, enum status st, const struct memo_answer *answer)
{
	struct meddler *x = arg;

	assert_int_equal(st, ST_OK);
	assert_non_null(answer);
	x->calls++;
	memo_leave(x->m, &x->victim);
	assert_int_equal(ask(x->m, "k", 101, 9, 0, NULL, NULL), MEMO_MISS);
	fail_run(x->m, "k", ST_IO);
	memo_clear(x->m);
}

static void test_reentry(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct meddler x = {.m = m};
	struct memo_answer unused;
	AUTO_BUF k = key_of("k");

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(memo_lookup(m, &k, 100, 7, 0, meddle, &x, &unused), MEMO_JOINED);
	assert_int_equal(ask(m, "k", 100, 7, 0, &x.victim, NULL), MEMO_JOINED);
	store(m, "k", "[]", 101, 7, true);
	assert_int_equal(x.calls, 1);
	assert_int_equal(x.victim.calls, 0);
	memo_destroy(m);
}

static void test_entry_bound(void **state)
{
	struct memo *m = make(1000, 3, 100000);
	char key[8];

	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(key, sizeof key, "k%d", i);
		fill(m, key, "[]", 100, 7);
	}
	assert_int_equal(ask(m, "k0", 101, 7, 0, NULL, NULL), MEMO_HIT); /* now k1 is the oldest */
	fill(m, "k3", "[]", 102, 7);
	assert_int_equal(count(m, "entries"), 3);
	assert_int_equal(count(m, "evictions"), 1);
	assert_int_equal(ask(m, "k0", 103, 7, 0, NULL, NULL), MEMO_HIT);
	assert_int_equal(ask(m, "k2", 103, 7, 0, NULL, NULL), MEMO_HIT);
	assert_int_equal(ask(m, "k1", 103, 7, 0, NULL, NULL), MEMO_MISS);
	memo_destroy(m);
}

static void test_byte_bound(void **state)
{
	struct memo *m = make(1000, 1000, 2000);
	char big[1501];

	(void)state;
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	fill(m, "a", "[]", 100, 7);
	fill(m, "b", big, 100, 7);
	assert_true(count(m, "bytes") <= 2000);
	assert_int_equal(ask(m, "b", 100, 7, 0, NULL, NULL), MEMO_HIT);
	fill(m, "c", big, 100, 7);
	assert_true(count(m, "bytes") <= 2000);
	assert_int_equal(count(m, "entries"), 1);
	memo_clear(m);
	assert_int_equal(count(m, "bytes"), 0);
	memo_destroy(m);
}

static void test_disabled(void **state)
{
	struct memo *m = make(1000, 0, 0);

	(void)state;
	fill(m, "k", "[]", 100, 7);
	assert_int_equal(ask(m, "k", 100, 7, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(count(m, "entries"), 0);
	memo_destroy(m);
}

static void test_sweep(void **state)
{
	struct memo *m = make(1000, 10, 10000);

	(void)state;
	assert_int_equal(memo_sweep(m, 50), 0);
	fill(m, "a", "[]", 100, 7);
	fill(m, "b", "[]", 400, 7);
	fill(m, "c", "[]", 500, 8);
	assert_int_equal(memo_sweep(m, 600), 1100);
	assert_int_equal(count(m, "entries"), 3);
	assert_int_equal(memo_sweep(m, 1100), 1400);
	assert_int_equal(count(m, "entries"), 2);
	assert_int_equal(memo_sweep(m, 1499), 1500);
	assert_int_equal(count(m, "entries"), 1);
	/* c still serves whoever asks at its clock: it stays, and there is nothing to wait for */
	assert_int_equal(memo_sweep(m, 1500), 0);
	assert_int_equal(count(m, "entries"), 1);
	assert_int_equal(ask(m, "c", 5000, 8, 0, NULL, NULL), MEMO_HIT);
	/* the index moved on */
	assert_int_equal(ask(m, "c", 5000, 9, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(memo_sweep(m, 5000), 0);
	assert_int_equal(count(m, "entries"), 0);
	assert_int_equal(count(m, "expired"), 3);
	memo_destroy(m);
}

static void test_sweep_below_floor(void **state)
{
	struct memo *m = make(1000, 10, 10000);

	(void)state;
	fill(m, "a", "[]", 100, 7);
	memo_raise_floor(m, 8);
	assert_int_equal(memo_sweep(m, 200), 0);
	assert_int_equal(count(m, "entries"), 0);
	memo_destroy(m);
}

/* A reload, or a new store whose clock begins anew. */
static void test_configure(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct config c = config_of(50, 5, 5000);
	struct heard h = {0};

	(void)state;
	fill(m, "k", "[]", 100, 7);
	assert_int_equal(ask(m, "slow", 100, 700, 0, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "slow", 100, 700, 0, &h, NULL), MEMO_JOINED);
	memo_raise_floor(m, 600);
	memo_configure(m, &c);
	assert_int_equal(count(m, "ttl_ms"), 50);
	assert_int_equal(count(m, "entries"), 0);
	/* what flew then is not joined, and its answer, from another clock, is not kept */
	assert_int_equal(ask(m, "slow", 101, 2, -1, NULL, NULL), MEMO_MISS);
	store(m, "slow", "[old]", 102, 700, true);
	assert_int_equal(h.calls, 1);
	assert_int_equal(ask(m, "slow", 103, 2, -1, NULL, NULL), MEMO_MISS);
	fail_run(m, "slow", ST_IO);
	fail_run(m, "slow", ST_IO);
	/* the floor has gone */
	fill(m, "k", "[]", 110, 3);
	assert_int_equal(ask(m, "k", 150, 4, -1, NULL, NULL), MEMO_HIT);
	assert_int_equal(ask(m, "k", 160, 4, -1, NULL, NULL), MEMO_MISS);
	memo_destroy(m);
}

/* Asked again ahead: only what is neither exact nor on its way; who asks meanwhile joins. */
static void test_refresh(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct memo_made made = {.kept = {.json = key_of("[8]"), .clock = 8, .ahead = true}, .keep = true};
	struct memo_answer a;
	struct heard h = {0};
	AUTO_BUF k = key_of("k");

	(void)state;
	fill(m, "k", "[7]", 100, 7);
	assert_false(memo_refresh(m, &k, 110, 7));
	assert_true(memo_refresh(m, &k, 110, 8));
	assert_false(memo_refresh(m, &k, 111, 8));
	assert_int_equal(ask(m, "k", 112, 8, 0, &h, NULL), MEMO_JOINED);
	assert_int_equal(ask(m, "k", 112, 8, -1, NULL, &a), MEMO_HIT); /* the old one, which will do */
	assert_int_equal(a.clock, 7);
	memo_store(m, &k, &made, 120);
	assert_int_equal(h.calls, 1);
	assert_int_equal(ask(m, "k", 130, 8, 0, NULL, &a), MEMO_HIT);
	assert_int_equal(a.age_ms, 20); /* since it was begun */
	assert_int_equal(count(m, "refreshed"), 1);
	assert_int_equal(count(m, "hits_ahead"), 1);
	assert_int_equal(count(m, "misses"), 1);
	memo_destroy(m);
}

/* An answer from before serves whom its age is right for, the others ask again. */
static void test_joined_by_many(void **state)
{
	struct memo *m = make(1000, 10, 10000);
	struct memo_made made = {
		.kept = {.json = key_of("[6]"), .clock = 6, .age_ms = 500}, .cached = true, .keep = true};
	struct heard patient = {0}, exact = {0};
	AUTO_BUF k = key_of("k");

	(void)state;
	assert_int_equal(ask(m, "k", 100, 7, -1, NULL, NULL), MEMO_MISS);
	assert_int_equal(ask(m, "k", 100, 7, 600, &patient, NULL), MEMO_JOINED);
	assert_int_equal(ask(m, "k", 100, 7, 0, &exact, NULL), MEMO_JOINED);
	memo_store(m, &k, &made, 110);
	assert_int_equal(patient.st, ST_OK);
	assert_string_equal(patient.json, "[6]");
	assert_int_equal(exact.st, ST_AGAIN);
	memo_destroy(m);
}

/* Every allocation fails in turn: no answer is kept, or it is, and nothing leaks. */
static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1; n < 60; n++) {
		struct config c = config_of(1000, 10, 10000);
		struct heard h = {0};
		struct memo *m;
		AUTO_BUF k = key_of("k");
		struct memo_made made = {.kept = {.json = key_of("[]"), .clock = 1}, .keep = true};
		struct memo_answer a;

		mem_fail_at(n, 0);
		enum status st = memo_create(&c, &m);
		if (st == ST_OK) {
			assert_int_equal(memo_lookup(m, &k, 1, 1, 0, hear, &h, &a), MEMO_MISS);
			if (memo_lookup(m, &k, 1, 1, 0, hear, &h, &a) == MEMO_MISS)
				memo_fail(m, &k, ST_NOMEM);
			memo_store(m, &k, &made, 1);
			(void)memo_lookup(m, &k, 1, 1, 0, hear, &h, &a);
		}
		mem_fail_at(0, 0);
		if (st == ST_OK)
			memo_destroy(m);
		buf_finish(&made.kept.json);
		assert_true(h.calls <= 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_floor),
		cmocka_unit_test(test_partial_is_not_kept),
		cmocka_unit_test(test_single_flight),
		cmocka_unit_test(test_old_flight),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_answer_too_old),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_reentry),
		cmocka_unit_test(test_entry_bound),
		cmocka_unit_test(test_byte_bound),
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_sweep_below_floor),
		cmocka_unit_test(test_configure),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_joined_by_many),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
