/*
 * fuzz_query: any bytes as a query: a positioned error, or a search that ends well on a small
 * store; never a complaint of FTS5 or SQLite.  What is understood has a key and words, both the same
 * when it stands in brackets; and no text takes long to be read, however often it is repeated.
 */
#include "core/log.h"
#include "core/now.h"
#include "core/path.h"
#include "search/parse.h"
#include "search/search.h"
#include "store/documents.h"
#include "store/parts.h"
#include "store/tree.h"

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zstd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct db *db;
static char state_dir[] = "/dev/shm/trawl-fuzz-query-XXXXXX";

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_store(void)
{
	db_close(db);
	nftw(state_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#define MUST(call) BUG_UNLESS((call) == ST_OK)

static void put_document(int64_t converter, int number, const char *text, int64_t parts, int64_t *id)
{
	static const char *const langs[] = {NULL, "de-AT", "en"};
	static const char *const metas[] = {
		NULL, "{\"from\":\"Anna <a@b>\",\"to\":\"c@d\",\"subject\":\"Re: x\"}", "{\"cc\":[1]}"};
	char packed[1024];
	struct document d = {.converter = converter,
		.type = number % 2 ? "text/plain" : "message/rfc822",
		.title = "a title",
		.author = "Jane",
		.lang = langs[number % 3],
		.meta = metas[number % 3],
		.text = text,
		.text_len = strlen(text),
		.packed = packed,
		.parts = parts};

	d.packed_len = ZSTD_compress(packed, sizeof packed, text, strlen(text), 1);
	memcpy(d.hash, &number, sizeof number);
	MUST(documents_put(db, &d, id));
}

static void add_file(int64_t converter, int number, const char *name, const char *text)
{
	struct ident ident = {.ino = (uint64_t)number + 2, .size = number, .mode = 0100640,
		.mtime_ns = number * 1000000000000000, .uid = (uint32_t)number % 2, .nlink = 1};
	struct file_change change = {.dir = 1 + number % 2, .name = name, .ident = &ident, .stamp_ns = 1,
		.state = FILE_BINARY, .rule = converter};

	if (*text) {
		put_document(converter, number, text, 0, &change.document);
		change.state = FILE_INDEXED;
	}
	MUST(tree_file_put(db, &change));
}

/* A file with a part that has text and one that has none. */
static void add_box(int64_t converter)
{
	enum { NUMBER = 100 };
	struct ident ident = {.ino = NUMBER, .size = NUMBER, .mode = 0100644, .nlink = 1};
	struct file_change change = {.dir = 2, .name = "box.zip", .ident = &ident, .stamp_ns = 1,
		.state = FILE_INDEXED, .rule = converter};
	struct part text = {.path = "b/a.txt", .type = "text/plain", .size = 5, .state = FILE_INDEXED, .rule = converter};
	struct part none = {.path = "c.bin", .type = "", .size = 9, .state = FILE_BINARY, .rule = converter};
	unsigned char hash[DOCUMENT_HASH_BYTES] = {NUMBER};
	int64_t container;

	put_document(converter, NUMBER + 1, "a part", 0, &text.document);
	MUST(parts_begin(db, hash, converter, "application/zip", &container));
	MUST(parts_add(db, container, 0, &text));
	MUST(parts_add(db, container, 1, &none));
	put_document(converter, NUMBER, "box", 2, &change.document);
	BUG_UNLESS(change.document == container);
	MUST(tree_file_put(db, &change));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const files[][2] = {{"a.txt", "a b c NEAR AND or"},
		{"b c.pdf", "c++ foo.bar a"}, {"foo.c", "foo foo foo b 1.2.3"}, {"\xff.bin", ""},
		{"x", "\xc3\xa4 x y z a b"},
		{"\xe6\x97\xa5.txt", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e c++ c#"}};
	struct dir_row below = {.id = 2, .parent = 1, .name = "b dir", .ident = {.ino = 99, .mode = 040755}};
	struct dir_row dir = {.id = 1, .name = "", .ident = {.ino = 1, .mode = 040755}};
	int64_t converter;
	bool unclean;

	(void)argc;
	(void)argv;
	log_init(LOG_LEVEL_ERROR);
	MUST(db_global_init());
	db_on_open(search_register);
	BUG_UNLESS(mkdtemp(state_dir));
	MUST(db_open_writer(state_dir, &db, &unclean));
	atexit(remove_store);
	MUST(db_begin(db));
	MUST(tree_root_put(db, "/r", "r", &dir.root));
	MUST(documents_converter(db, "text", "v", 1, &converter));
	MUST(tree_dir_put(db, &dir));
	below.root = dir.root;
	MUST(tree_dir_put(db, &below));
	for (int i = 0; i < 6; i++)
		add_file(converter, i, files[i][0], files[i][1]);
	add_box(converter);
	MUST(documents_settle(db));
	MUST(db_commit(db));
	return 0;
}

/* One byte chooses the options. */
static cJSON *params_of(uint8_t options, const char *query)
{
	static const char *const sorts[] = {"relevance", "time", "size", "name", "path"};
	cJSON *p = cJSON_CreateObject();

	BUG_UNLESS(cJSON_AddStringToObject(p, "query", query));
	BUG_UNLESS(cJSON_AddStringToObject(p, "sort", sorts[options % 5]));
	if (options & 64)
		BUG_UNLESS(cJSON_AddNumberToObject(p, "limit", 1));
	if (options & 32)
		BUG_UNLESS(cJSON_AddFalseToObject(p, "snippet"));
	else
		BUG_UNLESS(cJSON_AddTrueToObject(p, "explain"));
	return p;
}

static void run(const struct search_request *r, bool all)
{
	const struct caller caller = {.all = all, .uid = 1, .gid = 1};
	const struct search_stop stop = {now_mono_ms() + 60000, NULL};
	struct search_outcome outcome;
	AUTO_BUF json = BUF_INIT;
	AUTO_BUF key = BUF_INIT;

	MUST(search_request_key(r, &caller, 1, &key));
	buf_addc(&json, '{');
	MUST(search_run(db, r, &caller, &stop, &json, &outcome));
	buf_addc(&json, '}');
	BUG_UNLESS(!outcome.partial && utf8_valid(json.data, json.len));
	cJSON *result = cJSON_ParseWithLength(json.data, json.len);
	BUG_UNLESS(result);
	cJSON_Delete(result);
}

/* Its key, as typed, and its words. */
static enum status describe(const char *text, size_t len, struct buf *key, struct buf *words)
{
	struct search_error e = {0};
	struct query *q;
	enum status st = parse_query(text, len, &q, &e);

	BUG_UNLESS(st == ST_OK || (st == ST_INVALID && e.bad_query && e.message[0] && e.position <= len));
	if (st != ST_OK)
		return st;
	query_key(q->root, -1, key);
	query_print(q, words);
	BUG_UNLESS(key->len && words->len && utf8_valid(words->data, words->len));
	query_destroy(q);
	return ST_OK;
}

/* A line's end cannot be escaped, so that the bracket behind it closes. */
static void check_brackets(const char *text, const struct buf *key, const struct buf *words)
{
	AUTO_BUF bracketed = BUF_INIT;
	AUTO_BUF key2 = BUF_INIT;
	AUTO_BUF words2 = BUF_INIT;

	buf_addf(&bracketed, "(%s\n)", text);
	if (describe(bracketed.data, bracketed.len, &key2, &words2) != ST_OK)
		return; /* one bracket too many inside one another */
	BUG_UNLESS(strcmp(key->data, key2.data) == 0 && strcmp(words->data, words2.data) == 0);
}

static void check_length(const char *text)
{
	enum { LONG = 1 << 16, MOST_MS = 1000 };
	AUTO_BUF many = BUF_INIT;
	AUTO_BUF key = BUF_INIT;
	AUTO_BUF words = BUF_INIT;
	struct timespec begin, end;

	buf_adds(&many, text);
	while (many.len && many.len < LONG && buf_reserve(&many, many.len))
		buf_add(&many, many.data, many.len);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	(void)describe(many.data ? many.data : "", many.len, &key, &words);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	BUG_UNLESS((end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000 < MOST_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct search_request *r;
	struct search_error e;
	AUTO_BUF key = BUF_INIT;
	AUTO_BUF words = BUF_INIT;
	char query[512];

	if (size < 1 || size > sizeof query)
		return 0;
	memcpy(query, data + 1, size - 1);
	query[size - 1] = '\0';
	if (describe(query, strlen(query), &key, &words) == ST_OK)
		check_brackets(query, &key, &words);
	if (data[0] % 32 == 1)
		check_length(query);
	cJSON *params = params_of(data[0], query);
	enum status st = search_request_parse(params, &r, &e);
	if (st == ST_OK)
		run(r, data[0] & 128);
	else
		BUG_UNLESS(st == ST_INVALID && e.bad_query && e.message[0] &&
			   e.position <= strlen(query));
	BUG_UNLESS((st == ST_OK) == (key.len > 0));
	search_request_destroy(st == ST_OK ? r : NULL);
	cJSON_Delete(params);
	return 0;
}
