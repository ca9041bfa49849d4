/*
 * fuzz_query: any bytes as a query: a positioned error, or a search that ends well on a small
 * store; never a complaint of FTS5 or SQLite.
 */
#include "core/log.h"
#include "core/now.h"
#include "core/path.h"
#include "search/search.h"
#include "store/documents.h"
#include "store/tree.h"

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static void add_file(int64_t converter, int number, const char *name, const char *text)
{
	char packed[1024];
	struct ident ident = {.ino = (uint64_t)number + 2, .size = number, .mode = 0100640,
		.mtime_ns = number * 1000000000000000, .uid = (uint32_t)number % 2, .nlink = 1};
	struct document d = {.converter = converter, .type = "text/plain", .title = "a title",
		.author = "Jane", .text = text, .text_len = strlen(text), .packed = packed};
	struct file_change change = {.dir = 1, .name = name, .ident = &ident, .stamp_ns = 1,
		.state = FILE_BINARY, .rule = converter};

	if (*text) {
		d.packed_len = ZSTD_compress(packed, sizeof packed, text, strlen(text), 1);
		memcpy(d.hash, &number, sizeof number);
		MUST(documents_put(db, &d, &change.document));
		change.state = FILE_INDEXED;
	}
	MUST(tree_file_put(db, &change));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const files[][2] = {{"a.txt", "a b c NEAR AND or"},
		{"b c.pdf", "c++ foo.bar a"}, {"foo.c", "foo foo foo b 1.2.3"}, {"\xff.bin", ""},
		{"x", "\xc3\xa4 x y z a b"}};
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
	for (int i = 0; i < 5; i++)
		add_file(converter, i, files[i][0], files[i][1]);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct search_request *r;
	struct search_error e;
	char query[512];

	if (size < 1 || size > sizeof query)
		return 0;
	memcpy(query, data + 1, size - 1);
	query[size - 1] = '\0';
	cJSON *params = params_of(data[0], query);
	enum status st = search_request_parse(params, &r, &e);
	if (st == ST_OK)
		run(r, data[0] & 128);
	else
		BUG_UNLESS(st == ST_INVALID && e.bad_query && e.message[0] &&
			   e.position <= strlen(query));
	search_request_destroy(st == ST_OK ? r : NULL);
	cJSON_Delete(params);
	return 0;
}
