/* store_fixture: see store_fixture.h. */
#include "store_fixture.h"

#include "core/log.h"
#include "core/mem.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

int fixture_open(void **state)
{
	static bool initialized;
	struct fixture *f = mem_zalloc(sizeof *f);
	const char *tmp = getenv("TMPDIR");
	bool unclean = true;

	assert_non_null(f);
	if (!initialized) {
		log_init(getenv("V") ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
		assert_ok(db_global_init());
		initialized = true;
	}
	f->top = mem_printf("%s/trawl-store-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->top));
	f->state = mem_printf("%s/state", f->top);
	assert_ok(db_open_writer(f->state, &f->db, &unclean));
	assert_false(unclean);
	assert_ok(db_begin(f->db));
	assert_ok(tree_root_put(f->db, "/r", "r", &f->root));
	assert_ok(documents_converter(f->db, "text", "v1", 2, &f->converter));
	assert_ok(db_commit(f->db));
	*state = f;
	return 0;
}

int fixture_close(void **state)
{
	struct fixture *f = *state;

	db_close(f->db);
	nftw(f->top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	mem_free(f->state);
	mem_free(f->top);
	mem_free(f);
	return 0;
}

void fixture_reopen(struct fixture *f, bool expect_unclean)
{
	bool unclean = !expect_unclean;

	assert_ok(db_open_writer(f->state, &f->db, &unclean));
	assert_int_equal(unclean, expect_unclean);
}

void fixture_dir(struct fixture *f, int64_t id, int64_t parent, const char *name)
{
	struct dir_row row = {.id = id,
		.root = f->root,
		.parent = parent,
		.name = name,
		.ident = {.ino = (uint64_t)id + 1000, .mode = 040755}};

	assert_ok(tree_dir_put(f->db, &row));
}

int64_t fixture_document(struct fixture *f, const char *title, const char *text, unsigned salt)
{
	size_t len = strlen(text), room = ZSTD_compressBound(len);
	AUTO_FREE char *packed = mem_alloc(room);
	int64_t id = 0;
	struct document d = {.converter = f->converter,
		.type = "text/plain",
		.title = title,
		.author = "",
		.text = text,
		.text_len = len,
		.packed = packed,
		.packed_len = ZSTD_compress(packed, room, text, len, 1)};
	uint32_t h = 2166136261u;

	for (const char *c = text; *c; c++)
		h = (h ^ (unsigned char)*c) * 16777619u;
	memcpy(d.hash, &h, sizeof h);
	memcpy(d.hash + sizeof h, &salt, sizeof salt);
	assert_ok(documents_put(f->db, &d, &id));
	return id;
}

void fixture_file(struct fixture *f, int64_t dir, const char *name, int64_t document, uint64_t ino)
{
	struct ident ident = {.ino = ino, .size = 10, .nlink = 1, .mode = 0100644};
	struct file_change c = {.dir = dir,
		.name = name,
		.ident = &ident,
		.stamp_ns = 7,
		.state = document ? FILE_INDEXED : FILE_PENDING,
		.rule = f->converter,
		.document = document};

	assert_ok(tree_file_put(f->db, &c));
}

void fixture_commit(struct fixture *f)
{
	assert_ok(db_commit(f->db));
	assert_ok(db_begin(f->db));
}

void fixture_sound(struct fixture *f)
{
	AUTO_BUF report = BUF_INIT;

	assert_ok(db_check(f->db, &report));
	assert_string_equal(report.data ? report.data : "", "");
}

int64_t fixture_int(struct fixture *f, const char *sql)
{
	sqlite3_stmt *s = NULL;

	assert_int_equal(sqlite3_prepare_v2(db_raw(f->db), sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

void fixture_exec(struct fixture *f, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(db_raw(f->db), sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

char *fixture_path(struct fixture *f, int64_t dir)
{
	AUTO_BUF path = BUF_INIT;

	return tree_dir_path(f->db, dir, &path) == ST_OK ? buf_take(&path) : NULL;
}

uint32_t fixture_random(uint64_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 33) % below;
}
