/*
 * test_writer: the writer's thread against a real store: what can never be stored, what is of a store that is gone,
 * damage that only the disk knows of.
 */
#include "pipeline/writer.h"
#include "store_fixture.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/stats.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum { TOP = 1, JOBS_MAX = 8, BYTES_MAX = 1 << 20 };

/* A writer with all that it needs, on a loop that the test runs. */
struct stage {
	struct fixture *f;
	uv_loop_t loop;
	struct mailbox *mailbox;
	struct results *results;
	struct queue *queue;
	struct twins *twins;
	struct slots *slots;
	struct writer *writer;
	atomic_uint generation;
	int64_t converter;
	atomic_size_t renewals; /* counted by the writer, after the rebuild was told */

	/* what came back, in order; owned by the loop */
	struct job *back[JOBS_MAX];
	size_t jobs, changes, rebuilds, tasks;
	bool ended;
};

static struct stage *stage;

static void on_job(struct letter *l)
{
	assert_true(stage->jobs < JOBS_MAX);
	stage->back[stage->jobs++] = (struct job *)((char *)l - offsetof(struct job, letter));
}

static void on_tree(struct letter *l)
{
	tree_change_destroy((struct tree_change *)((char *)l - offsetof(struct tree_change, letter)));
	stage->changes++;
}

static void on_committed(void *arg, int64_t clock, bool permissions)
{
	(void)permissions;
	assert_ptr_equal(arg, stage);
	assert_true(clock > 0);
}

static void on_link(void *arg, int64_t dir, const char *name)
{
	(void)arg;
	(void)dir;
	(void)name;
}

static void on_rebuilt(void *arg)
{
	((struct stage *)arg)->rebuilds++;
}

static void on_deadline(void *arg)
{
	(void)arg;
}

static struct letter end_letter;

static void open_end(struct letter *l)
{
	(void)l;
	stage->ended = true;
}

static void on_ended(void *arg)
{
	end_letter.open = open_end;
	mailbox_send(((struct stage *)arg)->mailbox, &end_letter);
}

static enum status renew(void *arg, struct db *db)
{
	struct stage *s = arg;

	atomic_fetch_add(&s->renewals, 1);
	assert_ok(db_begin(db));
	assert_ok(documents_renew_converter(db, s->converter, "late", "v1", 2));
	return db_commit(db);
}

static void wait_until_back(const size_t *counter, size_t want)
{
	int64_t end = now_mono_ms() + 30000;

	while (*counter < want && now_mono_ms() < end) {
		uv_run(&stage->loop, UV_RUN_NOWAIT);
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	}
	assert_true(*counter >= want);
}

static int set_up(void **state)
{
	if (fixture_open(state))
		return -1;
	stage = mem_zalloc(sizeof *stage);
	struct stage *s = stage;
	s->f = *state;
	s->converter = 7; /* not what a new store would give it */
	assert_ok(db_begin(s->f->db));
	assert_ok(documents_renew_converter(s->f->db, s->converter, "late", "v1", 2));
	fixture_dir(s->f, TOP, 0, "");
	assert_ok(db_commit(s->f->db));
	assert_int_equal(uv_loop_init(&s->loop), 0);
	assert_ok(mailbox_create(&s->loop, &s->mailbox));
	assert_ok(results_create(BYTES_MAX, &s->results));
	assert_ok(queue_create(8, 2, &s->queue));
	assert_ok(twins_create(&s->twins));
	assert_ok(slots_open(s->f->state, 1, &s->slots));
	struct writer_options o = {
		.db = s->f->db,
		.results = s->results,
		.queue = s->queue,
		.twins = s->twins,
		.slots = s->slots,
		.mailbox = s->mailbox,
		.generation = &s->generation,
		.job_back = on_job,
		.tree_back = on_tree,
		.committed = on_committed,
		.link = on_link,
		.rebuilt = on_rebuilt,
		.renew = renew,
		.deadline = on_deadline,
		.ended = on_ended,
		.arg = s,
	};
	s->f->db = NULL; /* the writer's */
	assert_ok(writer_start(&o, &s->writer));
	return 0;
}

static int tear_down(void **state)
{
	struct stage *s = stage;
	int64_t end = now_mono_ms() + 30000;

	results_close(s->results);
	writer_stop(s->writer, now_mono_ms() + 5000);
	while (!s->ended && now_mono_ms() < end)
		uv_run(&s->loop, UV_RUN_NOWAIT);
	assert_true(s->ended);
	writer_join(s->writer);
	mailbox_close(s->mailbox);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	mailbox_destroy(s->mailbox);
	assert_int_equal(uv_loop_close(&s->loop), 0);
	for (size_t i = 0; i < s->jobs; i++)
		job_destroy(s->back[i]);
	slots_close(s->slots);
	twins_destroy(s->twins);
	queue_destroy(s->queue);
	results_destroy(s->results);
	bool unclean;
	assert_ok(db_open_writer(s->f->state, &s->f->db, &unclean));
	fixture_sound(s->f);
	mem_free(s);
	return fixture_close(state);
}

/* A text whose converter is `converter`; it waits for company in the writer's transaction. */
static void push_text(const char *name, const char *text, int64_t converter)
{
	struct job *j = mem_zalloc(sizeof *j);
	size_t room = ZSTD_compressBound(strlen(text));

	assert_non_null(j);
	j->dir = TOP;
	j->root_path = mem_strdup("/r");
	j->path = mem_strdup(name);
	j->name = j->path;
	j->lane = LANE_BULK;
	j->read = (struct ident){.ino = 77, .size = 5, .mode = 0100644, .nlink = 1};
	struct result *r = result_create(&j);
	assert_non_null(r);
	r->kind = RESULT_TEXT;
	r->state = FILE_INDEXED;
	r->rule = r->converter = converter;
	memset(r->hash, name[0], sizeof r->hash);
	r->hashed = true;
	buf_adds(&r->text, text);
	buf_adds(&r->type, "text/plain");
	r->packed = mem_alloc(room);
	r->packed_len = ZSTD_compress(r->packed, room, text, strlen(text), 1);
	r->bytes = 100;
	twins_enter(stage->twins, r->hash, r->rule);
	assert_ok(results_push(stage->results, &r));
}

static void push_dir(int64_t id, int64_t parent, const char *name)
{
	struct tree_change *c = mem_zalloc(sizeof *c);

	assert_non_null(c);
	c->kind = TREE_DIR_PUT;
	c->dir = id;
	c->root = stage->f->root;
	c->parent = parent;
	c->name = mem_strdup(name);
	c->ident = (struct ident){.ino = (uint64_t)id, .mode = 040755};
	c->urgent = true;
	assert_ok(results_push_tree(stage->results, &c));
}

static enum job_verdict verdict_of(const char *name)
{
	for (size_t i = 0; i < stage->jobs; i++)
		if (!strcmp(stage->back[i]->name, name))
			return stage->back[i]->verdict;
	fail();
	return JOB_DROPPED;
}

/* One that breaks a rule of the store is left out alone; what came with it is committed. */
static void test_refused(void **state)
{
	int64_t began = now_mono_ms();

	(void)state;
	push_text("a.txt", "herring", stage->converter);
	push_text("b.txt", "mackerel", 99); /* no such converter */
	push_dir(2, TOP, "d");
	push_dir(3, TOP, "d"); /* two of one name */
	push_text("c.txt", "sprat", stage->converter);
	wait_until_back(&stage->jobs, 3);
	wait_until_back(&stage->changes, 2);
	assert_true(now_mono_ms() < began + 20000);
	assert_int_equal(verdict_of("a.txt"), JOB_COMMITTED);
	assert_int_equal(verdict_of("b.txt"), JOB_REFUSED);
	assert_int_equal(verdict_of("c.txt"), JOB_COMMITTED);
	push_text("e.txt", "eel", stage->converter); /* and it goes on */
	wait_until_back(&stage->jobs, 4);
	assert_int_equal(verdict_of("e.txt"), JOB_COMMITTED);
}

/* What was read against another store is read again. */
static void test_another_store(void **state)
{
	(void)state;
	atomic_fetch_add(&stage->generation, 1);
	push_text("a.txt", "herring", stage->converter);
	wait_until_back(&stage->jobs, 1);
	assert_int_equal(verdict_of("a.txt"), JOB_REPEAT);
}

static void spoil(const char *name)
{
	AUTO_FREE char *path = mem_printf("%s/%s", stage->f->state, name);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char noise[4096];

	assert_true(fd >= 0);
	memset(noise, 0xa5, sizeof noise);
	off_t size = lseek(fd, 0, SEEK_END);
	for (off_t at = 8192; at < size; at += (off_t)sizeof noise)
		assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
	close(fd);
}

/* The writer's cache is warm and good: the disk is asked.  The new store takes what jobs with the old ids bring. */
static void test_damage_under_a_warm_cache(void **state)
{
	struct db *reader = NULL;

	(void)state;
	assert_ok(db_open_reader(stage->f->state, &reader)); /* keeps the log and its index in use */
	push_text("a.txt", "herring", stage->converter);
	wait_until_back(&stage->jobs, 1);
	spoil("index.db-wal");
	spoil("index.db");
	writer_suspect_damage(stage->writer);
	wait_until_back(&stage->rebuilds, 1);
	for (int i = 0; i < 30000 && !atomic_load(&stage->renewals); i++)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
	assert_int_equal(atomic_load(&stage->renewals), 1);
	assert_int_equal(atomic_load(&stage->generation), 1);
	db_close(reader);
}

static int asked;

static bool count_and_stop(void *arg)
{
	asked++;
	return *(const bool *)arg;
}

/* A long step tells of itself, on a connection that took the first one's place too, and ends when it is told to. */
static void test_progress(void **state)
{
	struct db *db = NULL;
	bool stop = false, unclean;
	AUTO_FREE char *dir = mem_printf("%s/other", stage->f->top);

	(void)state;
	assert_ok(db_open_writer(dir, &db, &unclean));
	db_on_progress(db, count_and_stop, &stop);
	assert_ok(db_reopen_writer(&db));
	asked = 0;
	const char *count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)"
			    " SELECT count(*) FROM n";
	assert_int_equal(sqlite3_exec(db_raw(db), count, NULL, NULL, NULL), SQLITE_OK);
	assert_true(asked > 10);
	stop = true;
	assert_int_equal(sqlite3_exec(db_raw(db), count, NULL, NULL, NULL), SQLITE_INTERRUPT);
	assert_ok(db_begin(db));
	documents_touch(db, 1);
	assert_int_equal(db_commit(db), ST_CANCELED); /* between documents */
	stop = false;
	assert_ok(db_begin(db));
	assert_ok(db_commit(db));
	db_close(db);
}

/* A complaint soon after a check waits; a sound store stays. */
static void test_complaints(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		writer_suspect_damage(stage->writer);
		push_text(i ? i > 1 ? "c.txt" : "b.txt" : "a.txt", "herring", stage->converter);
		wait_until_back(&stage->jobs, (size_t)i + 1);
	}
	assert_int_equal(stage->rebuilds, 0);
	assert_true(writer_is_alive(stage->writer, 10000));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refused),
		TEST(test_another_store),
		TEST(test_damage_under_a_warm_cache),
		TEST(test_progress),
		TEST(test_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
