/* test_twins: of many that bring one content, one converts it. */
#include "pipeline/twins.h"

#include "core/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 4, ROUNDS = 20000, CONTENTS = 3 };

static void make_hash(unsigned char hash[DOCUMENT_HASH_BYTES], unsigned n)
{
	memset(hash, 0, DOCUMENT_HASH_BYTES);
	hash[DOCUMENT_HASH_BYTES - 1] =
		(unsigned char)n; /* the last byte counts as well as the first */
}

static void test_one_enters(void **state)
{
	struct twins *t;
	unsigned char a[DOCUMENT_HASH_BYTES], b[DOCUMENT_HASH_BYTES];

	(void)state;
	make_hash(a, 1);
	make_hash(b, 2);
	assert_int_equal(twins_create(&t), ST_OK);
	assert_true(twins_enter(t, a, 7));
	assert_false(twins_enter(t, a, 7));
	assert_true(twins_enter(t, a, 8)); /* another converter makes another text of it */
	assert_true(twins_enter(t, b, 7));
	twins_leave(t, a, 7);
	assert_false(twins_enter(t, a, 8));
	assert_false(twins_enter(t, b, 7));
	assert_true(twins_enter(t, a, 7));
	twins_leave(t, a, 99); /* is not in */
	assert_false(twins_enter(t, a, 7));
	twins_destroy(t);
}

static void test_no_memory(void **state)
{
	struct twins *t = NULL;
	unsigned char a[DOCUMENT_HASH_BYTES];

	(void)state;
	make_hash(a, 1);
	for (unsigned long nth = 1;; nth++) {
		mem_fail_at(nth, 0);
		enum status st = twins_create(&t);
		mem_fail_at(0, 0);
		if (st == ST_OK)
			break;
		assert_int_equal(st, ST_NOMEM);
	}
	mem_fail_at(1, 1);
	assert_true(twins_enter(t, a, 7)); /* counts as new */
	mem_fail_at(0, 0);
	twins_leave(t, a, 7);
	twins_destroy(t);
	twins_destroy(NULL);
}

static struct {
	struct twins *twins;
	atomic_int inside[CONTENTS], entered;
	atomic_bool two;
} shared;

static void *come_and_go(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		unsigned char hash[DOCUMENT_HASH_BYTES];
		int which = i % CONTENTS;

		make_hash(hash, (unsigned)which);
		if (!twins_enter(shared.twins, hash, 7))
			continue;
		if (atomic_fetch_add(&shared.inside[which], 1))
			atomic_store(&shared.two, true);
		atomic_fetch_add(&shared.entered, 1);
		atomic_fetch_sub(&shared.inside[which], 1);
		twins_leave(shared.twins, hash, 7);
	}
	return arg;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	assert_int_equal(twins_create(&shared.twins), ST_OK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_false(atomic_load(&shared.two));
	assert_true(atomic_load(&shared.entered) > 0);
	twins_destroy(shared.twins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_enters),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
