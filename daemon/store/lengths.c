/*
 * lengths: a two-level array of atomics; see lengths.h.
 *
 * Chunks are made by the writer and never freed, so a reader needs no lock.  Document ids are dense: SQLite gives
 * the next one.
 */
#include "store/lengths.h"

#include "core/mem.h"
#include "store/connection.h"
#include "store/lengths_staged.h"

#include <stdatomic.h>

enum { CHUNK_BITS = 14, CHUNK = 1 << CHUNK_BITS, CHUNKS = 1 << 17 };

typedef _Atomic(uint32_t) length;

static _Atomic(length *) chunks[CHUNKS]; /* 1 MiB of zero pages, untouched until used */
static atomic_llong sum, count;

/* NULL: no such chunk. */
static length *find(int64_t document)
{
	if (document < 0 || document >= (int64_t)CHUNKS * CHUNK)
		return NULL;
	length *chunk = atomic_load_explicit(&chunks[document >> CHUNK_BITS], memory_order_acquire);
	return chunk ? &chunk[document & (CHUNK - 1)] : NULL;
}

/* Makes the chunk; only the writer does. */
static enum status make_room(int64_t document)
{
	if (find(document))
		return ST_OK;
	if (document < 0 || document >= (int64_t)CHUNKS * CHUNK)
		return ST_TOO_LARGE;
	length *chunk = mem_zalloc(CHUNK * sizeof *chunk);
	if (!chunk)
		return ST_NOMEM;
	atomic_store_explicit(&chunks[document >> CHUNK_BITS], chunk, memory_order_release);
	return ST_OK;
}

static void replace(length *at, uint32_t bytes)
{
	uint32_t old = atomic_exchange_explicit(at, bytes, memory_order_relaxed);

	atomic_fetch_add_explicit(&sum, (long long)bytes - old, memory_order_relaxed);
	atomic_fetch_add_explicit(&count, (bytes != 0) - (old != 0), memory_order_relaxed);
}

enum status lengths_set(int64_t document, uint32_t bytes)
{
	enum status st = make_room(document);

	if (st == ST_OK)
		replace(find(document), bytes);
	return st;
}

uint32_t lengths_get(int64_t document)
{
	length *at = find(document);

	return at ? atomic_load_explicit(at, memory_order_relaxed) : 0;
}

int64_t lengths_count(void)
{
	return atomic_load_explicit(&count, memory_order_relaxed);
}

int64_t lengths_sum(void)
{
	return atomic_load_explicit(&sum, memory_order_relaxed);
}

double lengths_average(void)
{
	int64_t n = lengths_count();
	double average = n > 0 ? (double)lengths_sum() / (double)n : 1;

	return average > 1 ? average : 1;
}

uint32_t lengths_of_size(int64_t bytes)
{
	if (bytes < 1)
		return 1;
	return bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes;
}

static void forget_all(void)
{
	for (int i = 0; i < CHUNKS; i++) {
		length *chunk = atomic_load_explicit(&chunks[i], memory_order_acquire);

		for (int j = 0; chunk && j < CHUNK; j++)
			replace(&chunk[j], 0);
	}
}

enum status lengths_load(struct db *db)
{
	AUTO_STATEMENT s = statement_start(db, STMT_LENGTHS);

	forget_all();
	while (statement_row(&s)) {
		enum status st = lengths_set(
			statement_get_int(&s, 0), lengths_of_size(statement_get_int(&s, 1)));
		if (st != ST_OK)
			return st;
	}
	return statement_status(&s);
}

enum status lengths_stage(struct db *db, int64_t document, uint32_t bytes)
{
	struct staged_lengths *l = &db->lengths;
	enum status st = make_room(document);

	if (st != ST_OK)
		return db_trouble(db, st);
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct staged_length *items = mem_resize(l->items, room, sizeof *items);

		if (!items)
			return db_trouble(db, ST_NOMEM);
		l->items = items;
		l->room = room;
	}
	l->items[l->count++] = (struct staged_length){document, bytes};
	return ST_OK;
}

void lengths_publish(struct db *db)
{
	struct staged_lengths *l = &db->lengths;

	for (size_t i = 0; i < l->count; i++) {
		length *at = find(l->items[i].document);

		if (at) /* always: lengths_stage made it */
			replace(at, l->items[i].bytes);
	}
	l->count = 0;
}
