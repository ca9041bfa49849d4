/* test_slab: items of many sizes, by thousands of random steps: each keeps what was written into it, and chunks go when empty. */
#include "watch/slab.h"

#include "core/mem.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 8000, STEPS = 60000, LEAST = 24, COMMON = 504, LONGEST = 5000 };

struct held {
	struct slab_item *item; /* NULL: none */
	size_t size;
	unsigned char mark;
	uint32_t place;
};
static struct held held[ITEMS];

static unsigned char *bytes_of(const struct held *h)
{
	return (unsigned char *)h->item + sizeof *h->item;
}

static void take(struct slab *s, struct held *h, struct dice *dice)
{
	h->size = LEAST + dice_below(dice, (dice_below(dice, 50) ? COMMON : LONGEST) - LEAST + 1);
	h->mark = (unsigned char)dice_below(dice, 256);
	h->item = slab_take(s, h->size);
	assert_non_null(h->item);
	h->place = slab_place(h->item);
	assert_int_not_equal(h->place, 0);
	for (size_t i = 0; i < h->size - sizeof *h->item; i++)
		assert_int_equal(bytes_of(h)[i], 0);
	memset(bytes_of(h), h->mark, h->size - sizeof *h->item);
}

static void give(struct slab *s, struct held *h)
{
	for (size_t i = 0; i < h->size - sizeof *h->item; i++)
		assert_int_equal(bytes_of(h)[i], h->mark);
	assert_int_equal(slab_place(h->item), h->place);
	assert_ptr_equal(slab_at(s, h->place), h->item);
	assert_ptr_equal(slab_near(held[0].item ? held[0].item : h->item, h->place), h->item);
	slab_give(s, h->item);
	h->item = NULL;
}

static void test_steps(void **state)
{
	struct slab s = {0};
	size_t chunks = 0;
	struct dice dice = {.state = 20261123};

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		struct held *h = &held[dice_below(&dice, ITEMS)];

		if (h->item)
			give(&s, h);
		else
			take(&s, h, &dice);
		chunks = s.chunk_count > chunks ? s.chunk_count : chunks;
	}
	assert_true(chunks > 4);
	for (int i = 0; i < ITEMS; i++)
		if (held[i].item)
			give(&s, &held[i]);
	assert_null(s.newest);
	for (size_t i = 0; i < sizeof s.spare / sizeof *s.spare; i++)
		assert_null(s.spare[i]);
	assert_int_equal(slab_place(NULL), 0);
	assert_null(slab_at(&s, 0));
	slab_finish(&s);
}

/* One item that comes and goes does so in the same place of the same chunk. */
static void test_lone(void **state)
{
	struct slab s = {0};
	struct dice dice = {.state = 7};

	(void)state;
	take(&s, &held[0], &dice);
	give(&s, &held[0]);
	assert_non_null(s.newest);
	void *item = slab_take(&s, held[0].size);
	assert_int_equal(slab_place(item), held[0].place);
	slab_give(&s, item);
	slab_finish(&s);
}

static void test_no_memory(void **state)
{
	struct slab s = {0};

	(void)state;
	mem_fail_at(1, 0);
	assert_null(slab_take(&s, 100));
	mem_fail_at(0, 0);
	assert_non_null(slab_take(&s, 100));
	slab_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_lone),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
