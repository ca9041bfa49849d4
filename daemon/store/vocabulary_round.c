/* vocabulary_round: the steps of a round; see vocabulary_round.h. */
#include "store/vocabulary_round.h"

#include "core/log.h"
#include "core/now.h"
#include "store/connection.h"
#include "store/lengths.h"
#include "store/meta.h"
#include "store/vocabulary_live.h"

#include <string.h>

enum {
	NEAR_MS = 10 * 1000,	   /* between two rounds, at least */
	FAR_MS = 10 * 60 * 1000,   /* where little has changed */
	SMALL_BLOCK = 32,	   /* words: smaller ones are not written for the time's sake */
	NEAR_SHARE = 100,	   /* a round may take one part in so many of the time */
	FAR_SHARE = 1000,
	CHANGED_SHARE = 20,	   /* one change in so many documents is much */
};

/* --- when --- */

/* What the last round left behind, of this process or another. */
static enum status recall(struct db *db)
{
	struct vocabulary_round *r = &db->round;
	enum status st = meta_get_int(db, "words_clock", -1, &r->counted_clock);

	if (st == ST_OK)
		st = meta_get_int(db, "words_us", 0, &r->took_us);
	r->ended_ms = now_mono_ms();
	r->known = st == ST_OK;
	return st;
}

enum status vocabulary_due(struct db *db, int64_t *due_ms)
{
	struct vocabulary_round *r = &db->round;

	*due_ms = INT64_MAX;
	if (!db->raw)
		return ST_OK;
	if (!r->known) {
		enum status st = recall(db);

		if (st != ST_OK)
			return st;
	}
	int64_t changes = db->clock - r->counted_clock;
	bool much = changes * CHANGED_SHARE >= lengths_count();
	int64_t pause = r->took_us * (much ? NEAR_SHARE : FAR_SHARE) / 1000;
	int64_t least = much ? NEAR_MS : FAR_MS;

	if (r->running || r->counted_clock < 0)
		*due_ms = 0;
	else if (changes)
		*due_ms = r->ended_ms + (pause > least ? pause : least);
	return ST_OK;
}

/* --- a step --- */

static enum status put_block(struct db *db, const struct block *b)
{
	AUTO_STATEMENT s = statement_start(db, STMT_VOCABULARY_PUT);

	if (b->packed.failed)
		return db_trouble(db, ST_NOMEM);
	statement_blob(&s, b->first, b->first_len);
	statement_int(&s, b->most);
	statement_int(&s, b->total);
	statement_blob(&s, b->packed.data, b->packed.len);
	return statement_run(&s);
}

/* Of the old block that goes on behind `last`, these words. */
static enum status keep_rest(struct db *db, const char *last, size_t len, struct block *rest)
{
	AUTO_STATEMENT s = statement_start(db, STMT_VOCABULARY_LAST_UP_TO);
	struct block_reader r;
	int packed_len;

	statement_blob(&s, last, len);
	if (!statement_row(&s))
		return statement_status(&s);
	const void *packed = statement_get_bytes(&s, 0, &packed_len);
	block_open(&r, packed, (size_t)packed_len);
	while (block_next(&r))
		if (word_compare(r.word.text, r.word.len, last, len) > 0)
			block_add(rest, r.word.text, r.word.len, r.word.documents);
	return r.damaged ? db_trouble(db, db_status(db, SQLITE_CORRUPT, "vocabulary"))
			 : statement_status(&s);
}

/* Old blocks that begin behind the round's place, up to `last`; `len` 0: all of them. */
static enum status drop_blocks(struct db *db, const char *last, size_t len)
{
	const struct vocabulary_round *r = &db->round;
	AUTO_STATEMENT s = statement_start(db, STMT_VOCABULARY_DROP);

	statement_blob(&s, r->at, r->at_len);
	statement_blob(&s, len ? last : "\xff", len ? len : 1);
	return statement_run(&s);
}

/* What the round has counted, up to the block's last word, instead of what was there. */
static enum status replace(struct db *db, const struct block *b)
{
	struct block rest = BLOCK_INIT;
	enum status st = keep_rest(db, b->last, b->last_len, &rest);

	if (st == ST_OK)
		st = drop_blocks(db, b->last, b->last_len);
	if (st == ST_OK)
		st = put_block(db, b);
	if (st == ST_OK && rest.words)
		st = put_block(db, &rest);
	block_finish(&rest);
	return st;
}

static enum status flush(struct db *db, struct block *b)
{
	struct vocabulary_round *r = &db->round;
	enum status st = replace(db, b);

	memcpy(r->at, b->last, b->last_len);
	r->at_len = b->last_len;
	block_clear(b);
	return st;
}

/* Nothing is left behind the last word. */
static enum status end_round(struct db *db, int64_t took_us)
{
	struct vocabulary_round *r = &db->round;
	enum status st = drop_blocks(db, NULL, 0);

	if (st == ST_OK)
		st = meta_put_int(db, "words_clock", r->start_clock);
	if (st == ST_OK)
		st = meta_put_int(db, "words_us", took_us);
	return st;
}

/* Whole blocks until then; *end: that were all. */
static enum status count(struct db *db, int64_t until_us, bool *end)
{
	struct vocabulary_round *r = &db->round;
	struct block b = BLOCK_INIT;
	struct live l;
	enum status st = ST_OK;
	char from[WORD_BYTES_MAX];
	size_t from_len = r->at_len;

	memcpy(from, r->at, from_len);
	*end = true;
	live_go_on(&l, db, from, from_len, "\xff", 1, &r->ahead);
	while (st == ST_OK && live_next(&l)) {
		block_add(&b, l.word.text, l.word.len, l.word.documents);
		bool late = b.words >= SMALL_BLOCK && now_mono_us() >= until_us;
		if (b.words < BLOCK_WORDS_MAX && !late)
			continue;
		st = flush(db, &b);
		if (late) {
			*end = false;
			break;
		}
	}
	live_stop(&l, &r->ahead);
	enum status walked = live_close(&l);
	if (st == ST_OK)
		st = walked;
	if (st == ST_OK && b.words)
		st = flush(db, &b);
	block_finish(&b);
	return st;
}

enum status vocabulary_step(struct db *db, int64_t us)
{
	struct vocabulary_round *r = &db->round;
	int64_t began_us = now_mono_us();
	bool end = false;
	enum status st = db_begin(db);

	if (st != ST_OK)
		return st;
	if (!r->running) {
		r->running = true;
		r->at_len = 0;
		r->ahead = (struct live_ahead){.known = {false}};
		r->spent_us = 0;
		r->start_clock = db->clock;
	}
	st = count(db, began_us + us, &end);
	r->spent_us += now_mono_us() - began_us;
	if (st == ST_OK && end)
		st = end_round(db, r->spent_us);
	if (st == ST_OK)
		st = db_commit(db);
	else
		db_rollback(db);
	if (st == ST_OK && !end)
		return ST_OK;
	r->running = false;
	r->ended_ms = now_mono_ms();
	if (st == ST_OK) {
		r->counted_clock = r->start_clock;
		r->took_us = r->spent_us;
	} else if (r->counted_clock < 0) {
		r->counted_clock = 0; /* it is tried again, but not at once */
	}
	return st;
}
