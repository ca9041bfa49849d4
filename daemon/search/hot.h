/*
 * hot: what is asked most: keys with a count that halves with time, bounded in number.  Loop thread only.
 *
 * When it is full, the coldest key makes room for a new one.  Counts are kept as logarithms of their weight at one fixed
 * moment (forward decay; Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009), so that time changes no order among them and
 * nothing has to be touched as it passes.
 */
#ifndef SEARCH_HOT_H
#define SEARCH_HOT_H

#include "core/buf.h"

#include <stdint.h>

struct hot;

/* `drop` is told of each value that is forgotten. */
MUST_USE enum status hot_create(size_t most, int64_t half_life_ms, void (*drop)(void *value), struct hot **out);
void hot_destroy(struct hot *h); /* NULL is fine */
void hot_clear(struct hot *h);
size_t hot_count(const struct hot *h);
/* One more asking.  True: the key is new and `value` was taken; else it stays the caller's. */
bool hot_touch(struct hot *h, const struct buf *key, int64_t now_ms, void *value);
/* The values of at most `most` keys whose count is `least` now, hottest first; how many. */
size_t hot_list(const struct hot *h, int64_t now_ms, double least, void **out, size_t most);

#endif
