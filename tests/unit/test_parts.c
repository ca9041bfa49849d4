/*
 * test_parts: rows of the documents inside of documents: how containers are built, what they hold, and how both end.
 */
#include "store_fixture.h"

#include "core/mem.h"
#include "core/now.h"
#include "store/counts.h"
#include "store/lengths.h"
#include "store/listing.h"
#include "store/missing.h"
#include "store/parts.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>

enum { ALL = 100 }; /* share of orphans that may stay */

static void hash_of(const char *name, unsigned char hash[DOCUMENT_HASH_BYTES])
{
	memset(hash, 0xc0, DOCUMENT_HASH_BYTES);
	memcpy(hash, name, strlen(name));
}

static int64_t begin(struct fixture *f, const char *name)
{
	unsigned char hash[DOCUMENT_HASH_BYTES];
	int64_t id = 0;

	hash_of(name, hash);
	assert_ok(parts_begin(f->db, hash, f->converter, "application/zip", &id));
	return id;
}

static enum status find(struct fixture *f, const char *name, int64_t *id)
{
	unsigned char hash[DOCUMENT_HASH_BYTES];

	hash_of(name, hash);
	return documents_find(f->db, hash, f->converter, id);
}

static void abandon(struct fixture *f, const char *name)
{
	unsigned char hash[DOCUMENT_HASH_BYTES];

	hash_of(name, hash);
	assert_ok(parts_abandon(f->db, hash, f->converter));
}

/* Its own text is its name. */
static int64_t complete(struct fixture *f, const char *name, int64_t parts)
{
	char packed[256];
	int64_t id = 0;
	struct document d = {.converter = f->converter,
		.type = "application/zip",
		.title = "",
		.author = "",
		.text = name,
		.text_len = strlen(name),
		.packed = packed,
		.packed_len = ZSTD_compress(packed, sizeof packed, name, strlen(name), 1),
		.parts = parts};

	hash_of(name, d.hash);
	assert_ok(documents_put(f->db, &d, &id));
	return id;
}

static enum status add(
	struct fixture *f, int64_t container, int64_t n, const char *path, int64_t document)
{
	struct part p = {.path = path,
		.type = "text/plain",
		.size = 7,
		.mtime = 5,
		.state = document ? FILE_INDEXED : FILE_FAILED,
		.rule = f->converter,
		.document = document};

	if (!document) {
		p.converter = "text";
		p.reason = "encrypted";
		p.detail = "a password is needed";
	}
	return parts_add(f->db, container, n, &p);
}

static int64_t text(struct fixture *f, const char *words)
{
	return fixture_document(f, "", words, 0);
}

static int64_t found(struct fixture *f, const char *table, const char *words)
{
	AUTO_FREE char *sql = mem_printf(
		"SELECT count(*) FROM %s WHERE %s MATCH '%s'", table, table, words);

	return fixture_int(f, sql);
}

static int64_t searchable(struct fixture *f, int64_t document)
{
	AUTO_FREE char *sql = mem_printf(
		"SELECT coalesce(max(searchable), -1) FROM document WHERE id = %lld", (long long)document);

	return fixture_int(f, sql);
}

static void setup(struct fixture *f)
{
	assert_ok(db_begin(f->db));
	fixture_dir(f, 1, 0, "");
}

static void delete(struct fixture *f, const char *name)
{
	assert_ok(tree_file_delete(f->db, 1, name));
}

static void end(struct fixture *f)
{
	assert_ok(db_commit(f->db));
	fixture_sound(f);
}

/* a.zip with one.txt, two.txt and a third that failed; a file of that name. */
static int64_t make_zip(struct fixture *f, int64_t *one, int64_t *two)
{
	int64_t id = begin(f, "a.zip");

	*one = text(f, "herring");
	*two = text(f, "mackerel");
	assert_ok(add(f, id, 0, "in/one.txt", *one));
	assert_ok(add(f, id, 1, "two.txt", *two));
	assert_ok(add(f, id, 2, "secret.txt", 0));
	assert_int_equal(complete(f, "a.zip", 3), id);
	fixture_file(f, 1, "a.zip", id, 1);
	return id;
}

/* --- building -------------------------------------------------------------------------------- */

static void test_building(void **state)
{
	struct fixture *f = *state;
	int64_t known;

	setup(f);
	int64_t id = begin(f, "a.zip"), one = text(f, "herring");
	assert_ok(add(f, id, 0, "one.txt", one));
	end(f);
	/* Nobody finds it, and it keeps its part alive. */
	assert_int_equal(find(f, "a.zip", &known), ST_NOT_FOUND);
	assert_int_equal(searchable(f, one), 1);
	assert_int_equal(searchable(f, id), 0);
	assert_int_equal(fixture_int(f, "SELECT orphaned IS NULL FROM document WHERE building = 1"), 1);

	assert_ok(db_begin(f->db));
	assert_int_equal(begin(f, "a.zip"), id);
	assert_int_equal(complete(f, "a.zip", 1), id);
	fixture_file(f, 1, "a.zip", id, 1);
	end(f);
	assert_ok(find(f, "a.zip", &known));
	assert_int_equal(known, id);
	assert_int_equal(searchable(f, id), 1);
	assert_int_equal(found(f, "fts", "herring"), 1);
	assert_int_equal(found(f, "name_word", "one"), 1);
	assert_int_equal(found(f, "name_part", "one"), 1);
	assert_int_equal(fixture_int(f, "SELECT id >= 1 << 40 FROM part"), 1);
}

/* Completed without a file, it is an orphan, and so are its parts. */
static void test_no_file(void **state)
{
	struct fixture *f = *state;

	setup(f);
	int64_t id = begin(f, "a.zip"), one = text(f, "herring");
	assert_ok(add(f, id, 0, "one.txt", one));
	fixture_commit(f);
	(void)complete(f, "a.zip", 1);
	end(f);
	assert_int_equal(searchable(f, id), 0);
	assert_int_equal(searchable(f, one), 0);
	assert_int_equal(found(f, "fts", "herring"), 0);
	/* Read again, it holds them meanwhile. */
	assert_ok(db_begin(f->db));
	assert_int_equal(begin(f, "a.zip"), id);
	end(f);
	assert_int_equal(searchable(f, one), 1);
	assert_int_equal(find(f, "a.zip", &one), ST_NOT_FOUND);
}

static void test_abandon(void **state)
{
	struct fixture *f = *state;
	int64_t one, two, three, known;

	setup(f);
	int64_t id = begin(f, "b.zip");
	three = text(f, "sprat");
	assert_ok(add(f, id, 0, "three.txt", three));
	fixture_commit(f);
	abandon(f, "b.zip");
	abandon(f, "never begun");
	end(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part"), 0);
	assert_int_equal(searchable(f, id), -1);
	assert_int_equal(searchable(f, three), 0);
	assert_int_equal(found(f, "name_word", "three"), 0);

	/* What a file has is not lost, whatever comes of another reading. */
	assert_ok(db_begin(f->db));
	id = make_zip(f, &one, &two);
	fixture_commit(f);
	assert_int_equal(begin(f, "a.zip"), id);
	fixture_commit(f);
	abandon(f, "a.zip");
	end(f);
	assert_ok(find(f, "a.zip", &known));
	assert_int_equal(searchable(f, one), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part"), 3);
}

static void test_reopen(void **state)
{
	struct fixture *f = *state;
	int64_t one, two;

	setup(f);
	int64_t whole = make_zip(f, &one, &two);
	int64_t id = begin(f, "b.zip"), three = text(f, "sprat");
	assert_ok(add(f, id, 0, "three.txt", three));
	assert_ok(add(f, id, 1, "one.txt", one));
	end(f);
	db_close(f->db);
	fixture_reopen(f, false);
	fixture_sound(f);
	assert_int_equal(searchable(f, id), -1);
	assert_int_equal(searchable(f, three), 0);
	assert_int_equal(searchable(f, one), 1);
	assert_int_equal(searchable(f, whole), 1);
	assert_int_equal(lengths_count(), 3);

	/* One that was complete before it was begun again is not known, but keeps its text. */
	assert_ok(db_begin(f->db));
	delete(f, "a.zip");
	fixture_commit(f);
	assert_int_equal(begin(f, "a.zip"), whole);
	end(f);
	db_close(f->db);
	fixture_reopen(f, false);
	fixture_sound(f);
	assert_int_equal(find(f, "a.zip", &id), ST_NOT_FOUND);
	assert_int_equal(searchable(f, whole), 0);
	assert_int_equal(searchable(f, one), 0);
}

/* A second reading replaces rows, and what is behind its end goes. */
static void test_replace(void **state)
{
	struct fixture *f = *state;
	int64_t one, two;

	setup(f);
	int64_t id = make_zip(f, &one, &two);
	fixture_commit(f);
	assert_ok(documents_expire_converters(f->db, &(int64_t){99}, 1));
	assert_int_equal(begin(f, "a.zip"), id);
	assert_ok(add(f, id, 0, "other.txt", two));
	assert_ok(add(f, id, 1, "two.txt", 0));
	fixture_commit(f);
	assert_int_equal(complete(f, "a.zip", 2), id);
	end(f);
	assert_int_equal(searchable(f, one), 0);
	assert_int_equal(searchable(f, two), 1);
	assert_int_equal(found(f, "name_word", "one"), 0);
	assert_int_equal(found(f, "name_word", "other"), 1);
	assert_int_equal(found(f, "name_word", "secret"), 0);
	assert_int_equal(found(f, "fts", "zip"), 1);
}

static void test_gone(void **state)
{
	struct fixture *f = *state;
	int64_t count;

	setup(f);
	int64_t id = begin(f, "a.zip");
	assert_int_equal(add(f, id + 7, 0, "x", 0), ST_NOT_FOUND);
	assert_int_equal(add(f, id, 0, "x", id + 7), ST_NOT_FOUND);
	assert_int_equal(parts_copy(f->db, id, 0, "x", id + 7, &count), ST_NOT_FOUND);
	assert_int_equal(parts_copy(f->db, id, 0, "x", id, &count), ST_NOT_FOUND);
	end(f);
}

/* --- files come and go --------------------------------------------------------------------- */

static void test_files(void **state)
{
	struct fixture *f = *state;
	int64_t one, two;

	setup(f);
	int64_t id = make_zip(f, &one, &two);
	fixture_file(f, 1, "copy.zip", id, 2);
	fixture_file(f, 1, "two.txt", two, 3);
	fixture_commit(f);
	delete(f, "a.zip");
	fixture_commit(f);
	assert_int_equal(searchable(f, one), 1);
	delete(f, "copy.zip");
	end(f);
	assert_int_equal(searchable(f, id), 0);
	assert_int_equal(searchable(f, one), 0);
	assert_int_equal(searchable(f, two), 1); /* a file of its own */
	assert_int_equal(found(f, "fts", "herring"), 0);

	assert_ok(db_begin(f->db));
	assert_ok(find(f, "a.zip", &id));
	fixture_file(f, 1, "again.zip", id, 4);
	delete(f, "two.txt");
	end(f);
	assert_int_equal(searchable(f, one), 1);
	assert_int_equal(searchable(f, two), 1);
	assert_int_equal(found(f, "fts", "herring"), 1);
}

/* Two containers with the same part: it lives as long as one of them. */
static void test_shared(void **state)
{
	struct fixture *f = *state;
	int64_t one, two;

	setup(f);
	(void)make_zip(f, &one, &two);
	int64_t other = begin(f, "b.zip");
	assert_ok(add(f, other, 0, "fish.txt", one));
	(void)complete(f, "b.zip", 1);
	fixture_file(f, 1, "b.zip", other, 2);
	fixture_commit(f);
	delete(f, "a.zip");
	end(f);
	assert_int_equal(searchable(f, one), 1);
	assert_int_equal(searchable(f, two), 0);
	assert_ok(db_begin(f->db));
	delete(f, "b.zip");
	end(f);
	assert_int_equal(searchable(f, one), 0);
}

static void test_counts(void **state)
{
	static const char states[] = "SELECT count(*) FROM part p JOIN document c ON c.id = p.container"
				     " WHERE c.holds = 2";
	struct fixture *f = *state;
	int64_t one, two;
	struct store_counts counts;

	setup(f);
	int64_t id = make_zip(f, &one, &two);
	fixture_file(f, 1, "copy.zip", id, 2);
	end(f);
	assert_ok(store_counts(f->db, &counts));
	assert_int_equal(counts.parts[FILE_INDEXED], 2);
	assert_int_equal(counts.parts[FILE_FAILED], 1);
	assert_int_equal(fixture_int(f, states), 3);
	assert_ok(db_begin(f->db));
	assert_ok(add(f, id, 2, "secret.txt", one));
	delete(f, "copy.zip");
	end(f);
	assert_ok(store_counts(f->db, &counts));
	assert_int_equal(counts.parts[FILE_INDEXED], 3);
	assert_ok(db_begin(f->db));
	delete(f, "a.zip");
	end(f);
	assert_ok(store_counts(f->db, &counts));
	assert_int_equal(counts.parts[FILE_INDEXED], 0);
}

/* --- containers within containers ---------------------------------------------------------- */

static void test_copy(void **state)
{
	struct fixture *f = *state;
	int64_t one, two, count, known;

	setup(f);
	int64_t inner = make_zip(f, &one, &two);
	int64_t outer = begin(f, "outer.zip");
	assert_ok(add(f, outer, 0, "a.zip", inner));
	/* Rows of an earlier reading make way. */
	assert_ok(add(f, outer, 2, "old.txt", two));
	assert_ok(parts_copy(f->db, outer, 1, "a.zip", inner, &count));
	assert_int_equal(count, 3);
	assert_ok(add(f, outer, 4, "last.txt", two));
	(void)complete(f, "outer.zip", 5);
	fixture_file(f, 1, "outer.zip", outer, 9);
	fixture_commit(f);
	delete(f, "a.zip");
	end(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part WHERE path = 'a.zip/in/one.txt' AND n = 1"), 1);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part WHERE path = 'a.zip/secret.txt' AND n = 3"
					" AND reason = 'encrypted' AND ext = 'txt'"), 1);
	assert_int_equal(searchable(f, inner), 1);
	assert_int_equal(searchable(f, one), 1);
	assert_int_equal(found(f, "name_word", "one"), 2);
	assert_int_equal(found(f, "name_word", "old"), 0);
	assert_ok(find(f, "a.zip", &known));
	assert_int_equal(known, inner);

	assert_ok(db_begin(f->db));
	delete(f, "outer.zip");
	end(f);
	assert_int_equal(searchable(f, one), 0);
	assert_int_equal(searchable(f, inner), 0);
}

/* --- the end of orphans -------------------------------------------------------------------- */

static void test_sweep(void **state)
{
	struct fixture *f = *state;
	int64_t one, two, known;

	setup(f);
	int64_t id = make_zip(f, &one, &two);
	fixture_file(f, 1, "two.txt", two, 2);
	fixture_commit(f);
	delete(f, "a.zip");
	fixture_commit(f);
	/* One of its parts is swept before it: the container is not known any more. */
	fixture_exec(f, "UPDATE document SET orphaned = 1 WHERE id = (SELECT document FROM part WHERE n = 0)");
	assert_ok(documents_sweep(f->db, 100, ALL));
	end(f);
	assert_int_equal(searchable(f, one), -1);
	assert_int_equal(find(f, "a.zip", &known), ST_NOT_FOUND);
	/* And nobody is given it. */
	assert_ok(db_begin(f->db));
	struct ident ident = {.ino = 3, .nlink = 1};
	struct file_change c = {.dir = 1,
		.name = "late.zip",
		.ident = &ident,
		.state = FILE_INDEXED,
		.document = id};
	assert_int_equal(tree_file_put(f->db, &c), ST_NOT_FOUND);
	end(f);
	/* Read again, it is whole. */
	assert_ok(db_begin(f->db));
	assert_int_equal(make_zip(f, &one, &two), id);
	end(f);
	assert_ok(find(f, "a.zip", &known));
	assert_int_equal(searchable(f, one), 1);

	assert_ok(db_begin(f->db));
	delete(f, "a.zip");
	fixture_commit(f);
	assert_ok(documents_sweep(f->db, now_real_s() + 10, ALL));
	end(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part"), 0);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM document"), 1);
	assert_int_equal(found(f, "name_word", "secret"), 0);
}

static int64_t stamp(struct fixture *f)
{
	return fixture_int(f, "SELECT stamp_ns FROM file WHERE name = x'612e7a6970'");
}

static void test_expire(void **state)
{
	struct fixture *f = *state;
	int64_t one, two, known, other;

	setup(f);
	assert_ok(documents_converter(f->db, "djvu", "v1", 2, &other));
	int64_t id = make_zip(f, &one, &two);
	fixture_commit(f);
	assert_ok(documents_expire_converters(f->db, (int64_t[]){f->converter, other}, 2));
	assert_ok(documents_expire_extension(f->db, "txt", f->converter));
	assert_ok(documents_expire_extension(f->db, "djvu", other));
	assert_int_equal(stamp(f), 7);
	assert_ok(find(f, "a.zip", &known));

	/* A part that waits for its converter. */
	struct part p = {.path = "map.djvu", .state = FILE_UNAVAILABLE, .rule = other};
	assert_ok(parts_add(f->db, id, 2, &p));
	assert_ok(documents_expire_converters(f->db, (int64_t[]){f->converter, other}, 2));
	assert_int_equal(stamp(f), 7);
	assert_ok(documents_expire_converters(f->db, (int64_t[]){f->converter, other + 1}, 2));
	assert_int_equal(stamp(f), 0);
	assert_int_equal(find(f, "a.zip", &known), ST_NOT_FOUND);
	end(f);
	assert_int_equal(searchable(f, one), 1);

	/* An extension that a new converter claims. */
	assert_ok(db_begin(f->db));
	(void)make_zip(f, &one, &two);
	fixture_commit(f);
	assert_ok(find(f, "a.zip", &known));
	assert_int_equal(stamp(f), 7);
	assert_ok(documents_expire_extension(f->db, "txt", other));
	assert_int_equal(stamp(f), 0);
	end(f);
}

/* Content of a part that a rerouted converter took is found by the rule of its name. */
static void test_by_rule(void **state)
{
	struct fixture *f = *state;
	unsigned char hash[DOCUMENT_HASH_BYTES];
	int64_t other, one, two, known;

	setup(f);
	assert_ok(documents_converter(f->db, "doc", "v1", 2, &other));
	int64_t id = make_zip(f, &one, &two);
	struct part p = {.path = "x.doc", .state = FILE_INDEXED, .rule = other, .document = one};
	assert_ok(parts_add(f->db, id, 2, &p));
	sqlite3_stmt *s;
	assert_int_equal(sqlite3_prepare_v2(db_raw(f->db), "SELECT hash FROM document WHERE id = ?1", -1, &s, NULL), SQLITE_OK);
	sqlite3_bind_int64(s, 1, one);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	memcpy(hash, sqlite3_column_blob(s, 0), sizeof hash);
	sqlite3_finalize(s);
	assert_ok(documents_find_by_rule(f->db, hash, other, &known));
	assert_int_equal(known, one);
	assert_int_equal(documents_find_by_rule(f->db, hash, other + 1, &known), ST_NOT_FOUND);
	end(f);
}

/* --- lists --------------------------------------------------------------------------------- */

struct seen {
	char text[512];
	int limit;
};

static bool note_part(void *arg, const struct part_row *p)
{
	struct seen *seen = arg;
	size_t n = strlen(seen->text);

	snprintf(seen->text + n, sizeof seen->text - n, "%lld:%s:%d:%s ", (long long)p->n, p->path,
		(int)p->state, p->reason ? p->reason : "-");
	return --seen->limit != 0;
}

static void note_found(void *arg, const struct part_row *p)
{
	(void)note_part(arg, p);
}

static bool note_failure(void *arg, const struct failure_row *r)
{
	struct seen *seen = arg;
	size_t n = strlen(seen->text);

	snprintf(seen->text + n, sizeof seen->text - n, "%s//%s:%s:%s ", r->path, r->part ? r->part : "",
		r->reason, r->detail);
	return --seen->limit != 0;
}

static void test_lists(void **state)
{
	struct fixture *f = *state;
	struct seen all = {0}, second = {0}, one = {0}, first = {.limit = 1}, failures = {0};
	int64_t a, b, parts, failed, count;

	setup(f);
	int64_t id = make_zip(f, &a, &b);
	fixture_file(f, 1, "copy.zip", id, 2);
	assert_ok(parts_list(f->db, id, 0, 10, note_part, &all));
	assert_string_equal(all.text, "0:in/one.txt:1:- 1:two.txt:1:- 2:secret.txt:2:encrypted ");
	assert_ok(parts_list(f->db, id, 1, 1, note_part, &second));
	assert_string_equal(second.text, "1:two.txt:1:- ");
	assert_ok(parts_list(f->db, id, 0, 10, note_part, &first));
	assert_string_equal(first.text, "0:in/one.txt:1:- ");
	assert_ok(part_find(f->db, id, "in/one.txt", note_found, &one));
	assert_string_equal(one.text, "0:in/one.txt:1:- ");
	assert_int_equal(part_find(f->db, id, "one.txt", note_found, &one), ST_NOT_FOUND);
	assert_int_equal(part_find(f->db, b, "in/one.txt", note_found, &one), ST_NOT_FOUND);
	/* Of two with the same path, the one that has a text. */
	assert_ok(add(f, id, 3, "in/one.txt", 0));
	one.text[0] = '\0';
	assert_ok(part_find(f->db, id, "in/one.txt", note_found, &one));
	assert_string_equal(one.text, "0:in/one.txt:1:- ");
	assert_ok(parts_summary(f->db, id, &parts, &failed));
	assert_int_equal(parts, 4);
	assert_int_equal(failed, 2);
	assert_ok(parts_summary(f->db, a, &parts, &failed));
	assert_int_equal(parts + failed, 0);
	(void)complete(f, "a.zip", 4);
	assert_ok(failures_list(f->db, 3, 1, note_failure, &failures));
	assert_string_equal(failures.text, "/r/a.zip//in/one.txt:encrypted:a password is needed "
					   "/r/copy.zip//secret.txt:encrypted:a password is needed "
					   "/r/copy.zip//in/one.txt:encrypted:a password is needed ");
	assert_ok(failures_count(f->db, &count));
	assert_int_equal(count, 4);
	end(f);
}

static void assert_missing(const char *converter, int64_t files, int64_t parts)
{
	int64_t f, p;

	missing_get(converter, &f, &p);
	assert_int_equal(f, files);
	assert_int_equal(p, parts);
}

static void put_lacking(struct fixture *f, const char *name, const char *converter)
{
	struct ident ident = {.ino = 77, .nlink = 1};
	struct file_failure failure = {
		.converter = converter, .reason = "unavailable", .detail = "", .output = ""};
	struct file_change c = {.dir = 1,
		.name = name,
		.ident = &ident,
		.state = FILE_UNAVAILABLE,
		.failure = &failure};

	assert_ok(tree_file_put(f->db, &c));
}

/* What lacks which converter is known with the commit, and not before. */
static void test_missing(void **state)
{
	struct fixture *f = *state;
	struct part p = {.path = "map.djvu",
		.state = FILE_UNAVAILABLE,
		.converter = "djvu",
		.reason = "unavailable"};
	int64_t one, two;

	setup(f);
	int64_t id = make_zip(f, &one, &two);
	assert_ok(parts_add(f->db, id, 2, &p));
	put_lacking(f, "x.djvu", "djvu");
	put_lacking(f, "y.ps", "ps");
	assert_missing("djvu", 0, 0);
	end(f);
	assert_missing("djvu", 1, 1);
	assert_missing("ps", 1, 0);
	assert_missing("text", 0, 0);

	assert_ok(db_begin(f->db));
	delete(f, "a.zip");
	db_rollback(f->db);
	assert_missing("djvu", 1, 1);

	assert_ok(db_begin(f->db));
	delete(f, "a.zip");
	put_lacking(f, "x.djvu", "ps");
	end(f);
	assert_missing("djvu", 0, 0);
	assert_missing("ps", 2, 0);

	assert_ok(db_begin(f->db));
	fixture_file(f, 1, "back.zip", id, 5);
	fixture_file(f, 1, "x.djvu", one, 77);
	end(f);
	assert_missing("djvu", 0, 1);
	assert_missing("ps", 1, 0);
	db_close(f->db);
	fixture_reopen(f, false);
	assert_missing("djvu", 0, 1);
	assert_missing("ps", 1, 0);

	assert_ok(db_begin(f->db));
	assert_ok(add(f, id, 2, "map.djvu", two));
	assert_ok(tree_dir_delete(f->db, 1));
	end(f);
	assert_missing("djvu", 0, 0);
	assert_missing("ps", 0, 0);
}

/* --- against a model ------------------------------------------------------------------------- */

enum { TEXTS = 7, ZIPS = 4, FILES = 6, MEMBERS = 5, STEPS = 4000 };

struct model {
	struct fixture *f;
	uint64_t seed;
	int64_t text[TEXTS];	    /* as last put; 0: never, or swept */
	int member[ZIPS][MEMBERS];  /* texts; -1: it fails */
	int count[ZIPS];
	bool row[ZIPS][MEMBERS];    /* is in the store */
	bool building[ZIPS], whole[ZIPS], had_text[ZIPS];
	int next[ZIPS];
	int64_t id[ZIPS];
	int file[FILES]; /* 0: none, 1 + t: a text, 100 + z: a zip */
};

static uint32_t dice(struct model *m, uint32_t below)
{
	return fixture_random(&m->seed, below);
}

static int64_t put_text(struct model *m, int t)
{
	AUTO_FREE char *words = mem_printf("fish%d", t);

	return m->text[t] = text(m->f, words);
}

static void zip_name(int z, char name[8])
{
	name[0] = (char)('a' + z);
	strcpy(name + 1, ".zip");
}

static void put_file(struct model *m, int i, int what, int64_t document)
{
	char name[] = {(char)('A' + i), '\0'};

	fixture_file(m->f, 1, name, document, (uint64_t)i + 1);
	m->file[i] = what;
}

static void step_zip(struct model *m, int z)
{
	char name[8], path[32];
	int n = m->next[z];

	zip_name(z, name);
	if (!m->building[z]) {
		m->id[z] = begin(m->f, name);
		m->building[z] = true;
		m->whole[z] = false;
		m->next[z] = 0;
	} else if (dice(m, 12) == 0) {
		abandon(m->f, name);
		m->building[z] = false;
		if (!m->had_text[z])
			memset(m->row[z], 0, sizeof m->row[z]);
	} else if (n < m->count[z]) {
		int t = m->member[z][n];

		snprintf(path, sizeof path, "in/%d-%d.txt", z, n);
		assert_ok(add(m->f, m->id[z], n, path, t < 0 ? 0 : put_text(m, t)));
		m->row[z][n] = true;
		m->next[z]++;
	} else {
		assert_int_equal(complete(m->f, name, n), m->id[z]);
		m->building[z] = false;
		m->whole[z] = m->had_text[z] = true;
		if (dice(m, 4))
			put_file(m, (int)dice(m, FILES), 100 + z, m->id[z]);
	}
}

static bool has_file(const struct model *m, int what)
{
	for (int i = 0; i < FILES; i++)
		if (m->file[i] == what)
			return true;
	return false;
}

/* Reading a content that a file has whole takes no notes: its parts are what they were. */
static bool may_build(const struct model *m, int z)
{
	return !(m->whole[z] && has_file(m, 100 + z));
}

static bool should_live(const struct model *m, int t)
{
	if (has_file(m, 1 + t))
		return true;
	for (int z = 0; z < ZIPS; z++) {
		for (int n = 0; n < m->count[z]; n++)
			if (m->row[z][n] && m->member[z][n] == t &&
				(m->building[z] || has_file(m, 100 + z)))
				return true;
	}
	return false;
}

static void sweep(struct model *m)
{
	assert_ok(documents_sweep(m->f->db, now_real_s() + 10, ALL));
	for (int t = 0; t < TEXTS; t++)
		if (!should_live(m, t))
			m->text[t] = 0; /* its row id may be another's soon */
	for (int z = 0; z < ZIPS; z++) {
		if (has_file(m, 100 + z) || m->building[z])
			continue;
		m->whole[z] = m->had_text[z] = false;
		memset(m->row[z], 0, sizeof m->row[z]);
	}
}

static void restart(struct model *m)
{
	assert_ok(db_commit(m->f->db));
	db_close(m->f->db);
	fixture_reopen(m->f, false);
	assert_ok(db_begin(m->f->db));
	for (int z = 0; z < ZIPS; z++) {
		if (m->building[z] && !m->had_text[z])
			memset(m->row[z], 0, sizeof m->row[z]);
		m->building[z] = false;
	}
}

static void compare(struct model *m)
{
	for (int t = 0; t < TEXTS; t++) {
		AUTO_FREE char *words = mem_printf("fish%d", t);

		assert_int_equal(found(m->f, "fts", words), should_live(m, t));
		if (m->text[t])
			assert_int_equal(lengths_get(m->text[t]) > 0, should_live(m, t));
	}
	for (int z = 0; z < ZIPS; z++) {
		char name[8];
		int64_t id;

		zip_name(z, name);
		assert_int_equal(find(m->f, name, &id) == ST_OK, m->whole[z] && !m->building[z]);
	}
}

static void step(struct model *m)
{
	int z = (int)dice(m, ZIPS), i = (int)dice(m, FILES), t = (int)dice(m, TEXTS);
	char name[] = {(char)('A' + i), '\0'};

	switch (dice(m, 10)) {
	case 0:
		delete(m->f, name);
		m->file[i] = 0;
		break;
	case 1:
		put_file(m, i, 1 + t, put_text(m, t));
		break;
	case 2:
		if (m->whole[z])
			put_file(m, i, 100 + z, m->id[z]);
		break;
	case 3:
		if (dice(m, 5) == 0)
			sweep(m);
		break;
	case 4:
		if (dice(m, 10) == 0)
			restart(m);
		break;
	default:
		if (m->building[z] || may_build(m, z))
			step_zip(m, z);
	}
}

static void test_random(void **state)
{
	struct model m = {.f = *state, .seed = 0x5eed5eed};

	setup(m.f);
	for (int z = 0; z < ZIPS; z++) {
		m.count[z] = (int)dice(&m, MEMBERS + 1);
		for (int n = 0; n < m.count[z]; n++)
			m.member[z][n] = (int)dice(&m, TEXTS + 1) - 1;
	}
	for (int i = 0; i < STEPS; i++) {
		step(&m);
		if (dice(&m, 4))
			continue;
		assert_ok(db_commit(m.f->db));
		compare(&m);
		if (i % 16 == 0)
			fixture_sound(m.f);
		assert_ok(db_begin(m.f->db));
	}
	end(m.f);
}

/* Many parts: no step is quadratic, and all of it comes back. */
static void test_many(void **state)
{
	enum { MANY = 20000 };
	struct fixture *f = *state;
	struct store_counts counts;

	setup(f);
	int64_t id = begin(f, "big.zip"), one = text(f, "plankton");
	for (int n = 0; n < MANY; n++) {
		char path[32];

		snprintf(path, sizeof path, "d%d/f%d.txt", n / 100, n);
		assert_ok(add(f, id, n, path, n % 2 ? one : 0));
		if (n % 1000 == 0)
			fixture_commit(f);
	}
	(void)complete(f, "big.zip", MANY);
	fixture_file(f, 1, "big.zip", id, 1);
	fixture_commit(f);
	delete(f, "big.zip");
	fixture_commit(f);
	assert_int_equal(searchable(f, one), 0);
	fixture_file(f, 1, "big2.zip", id, 1);
	end(f);
	assert_ok(store_counts(f->db, &counts));
	assert_int_equal(counts.parts[FILE_INDEXED], MANY / 2);
	assert_ok(db_begin(f->db));
	delete(f, "big2.zip");
	fixture_commit(f);
	assert_ok(documents_sweep(f->db, now_real_s() + 10, ALL));
	end(f);
	assert_int_equal(fixture_int(f, "SELECT count(*) FROM part"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_building),
		TEST(test_no_file),
		TEST(test_abandon),
		TEST(test_reopen),
		TEST(test_replace),
		TEST(test_gone),
		TEST(test_files),
		TEST(test_shared),
		TEST(test_counts),
		TEST(test_copy),
		TEST(test_sweep),
		TEST(test_expire),
		TEST(test_by_rule),
		TEST(test_lists),
		TEST(test_missing),
		TEST(test_random),
		TEST(test_many),
	};

	return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
