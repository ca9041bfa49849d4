/* test_mem: the fault countdown does what the other tests rely on. */
#include "core/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_nth_fails_once(void **state)
{
	(void)state;
	for (unsigned long nth = 1; nth <= 5; nth++) {
		mem_fail_at(nth, 0);
		for (unsigned long i = 1; i <= 8; i++) {
			AUTO_FREE char *p = mem_alloc(1);

			if (i == nth)
				assert_null(p);
			else
				assert_non_null(p);
		}
	}
	mem_fail_at(0, 0);
}

static void test_nth_and_all_later_fail(void **state)
{
	(void)state;
	mem_fail_at(3, 1);
	for (int i = 1; i <= 8; i++) {
		AUTO_FREE char *p = mem_alloc(1);

		assert_int_equal(p != NULL, i < 3);
	}
	mem_fail_at(0, 0);
	AUTO_FREE char *p = mem_alloc(1);
	assert_non_null(p);
}

static void test_every_door_counts(void **state)
{
	AUTO_FREE char *old = mem_strdup("kept");

	(void)state;
	mem_fail_at(1, 1);
	assert_null(mem_alloc(1));
	assert_null(mem_zalloc(1));
	assert_null(mem_strdup("x"));
	assert_null(mem_dup("x", 1));
	assert_null(mem_printf("%d", 1));
	assert_null(mem_resize(old, 100, 1));
	mem_fail_at(0, 0);
	assert_string_equal(old, "kept");
}

static void test_copies(void **state)
{
	AUTO_FREE char *a = mem_dup("a\0b", 3);
	AUTO_FREE char *b = mem_printf("%s-%d", "x", 7);
	AUTO_FREE char *c = mem_dup(NULL, 0);
	AUTO_FREE char *d = mem_zalloc(64);
	static const char zeros[64];

	(void)state;
	assert_memory_equal(a, "a\0b", 4);
	assert_string_equal(b, "x-7");
	assert_string_equal(c, "");
	assert_memory_equal(d, zeros, 64);
}

static void test_overflow_is_refused(void **state)
{
	volatile size_t huge = SIZE_MAX / 2;

	(void)state;
	assert_null(mem_resize(NULL, huge, 3));
}

/* --- what is free goes back to the system ------------------------------------------------------------ */

enum { BLOCKS = 2500, BLOCK_BYTES = 4000 };

static long resident_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long all = 0, resident = 0;

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", &all, &resident), 2);
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* In a thread, for that has an arena of its own; 10 MB are free there at the end. */
static void *work_and_rest(void *arg)
{
	static void *blocks[BLOCKS];
	long *kb = arg;

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = mem_alloc(BLOCK_BYTES);
		assert_non_null(blocks[i]);
		memset(blocks[i], 1, BLOCK_BYTES);
	}
	for (int i = 0; i < BLOCKS; i++)
		mem_free(blocks[i]);
	kb[0] = resident_kb();
	mem_trim();
	kb[1] = resident_kb();
	return NULL;
}

static void test_a_thread_gives_back_its_own(void **state)
{
	pthread_t thread;
	long kb[2];

	(void)state;
	if (TRAWL_SANITIZED) /* their allocators are not the system's */
		skip();
	mem_start();
	assert_int_equal(pthread_create(&thread, NULL, work_and_rest, kb), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(kb[0] - kb[1] > 8 << 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nth_fails_once),
		cmocka_unit_test(test_nth_and_all_later_fail),
		cmocka_unit_test(test_every_door_counts),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_overflow_is_refused),
		cmocka_unit_test(test_a_thread_gives_back_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
