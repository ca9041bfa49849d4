/*
 * bench_query: how long searches take in a store of any size, without a daemon around them.
 *
 *   bench_query make STATE COUNT          a store of COUNT short documents in the directory STATE
 *   bench_query queries                   the queries that suit it, as lines "class TAB query"
 *   bench_query run STATE ROUNDS [PARAM]  asks such lines of standard input, ROUNDS times each, and prints
 *                                         "class TAB query TAB median TAB worst TAB median of CPU time (all in
 *                                         microseconds) TAB total TAB how"
 *
 * The documents are those of made.h, with names of two words, four of ten files with a title.  PARAM is JSON, merged
 * into each request.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "search/search.h"
#include "store/documents.h"
#include "store/lengths.h"
#include "store/tree.h"
#include "store/vocabulary_round.h"

#include "made.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <zstd.h>

enum {
	BATCH = 1000,
	ROUNDS_MAX = 1000,
};

#define MUST(call)                                                                                 \
	do {                                                                                       \
		enum status must = (call);                                                         \
		if (must != ST_OK) {                                                               \
			fprintf(stderr, "%s: %s\n", #call, status_text(must));                     \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* --- making a store --- */

static void put_file(struct db *db, int64_t converter, int64_t n)
{
	static const char *const extensions[] = {"txt", "txt", "txt", "txt", "md", "html", "c", "c", "h", "pdf"};
	static char text[MADE_WORDS_MAX * MADE_WORD_BYTES + 1], packed[MADE_WORDS_MAX * 10];
	char name[64], title[32] = "";
	size_t len = made_words(made_length(), ' ', text);
	size_t used = made_words(2, '-', name);

	snprintf(name + used, sizeof name - used, "-%lld.%s", (long long)n,
		extensions[(int)(made_share() * 10)]);
	if (made_share() < 0.4)
		made_words(3, ' ', title);
	struct document d = {.converter = converter,
		.type = "text/plain",
		.title = title,
		.author = "",
		.text = text,
		.text_len = len,
		.packed = packed,
		.packed_len = ZSTD_compress(packed, sizeof packed, text, len, 1)};
	int64_t document;

	memcpy(d.hash, &n, sizeof n);
	MUST(documents_put(db, &d, &document));
	int64_t mtime_s = 1400000000 + (int64_t)(made_share() * 380000000);
	struct ident ident = {.ino = (uint64_t)n,
		.size = (int64_t)len,
		.mtime_ns = mtime_s * 1000000000,
		.ctime_ns = 1,
		.mode = 0100644,
		.uid = 1000,
		.gid = 1000,
		.nlink = 1};
	struct file_change c = {.dir = made_dir_of(n),
		.name = name,
		.ident = &ident,
		.stamp_ns = 1,
		.state = FILE_INDEXED,
		.rule = converter,
		.document = document};
	MUST(tree_file_put(db, &c));
}

static void put_dir(struct db *db, int64_t root, int64_t id)
{
	char name[32];

	made_dir_name(id, name);
	struct dir_row row = {.id = id,
		.root = root,
		.parent = made_parent(id),
		.name = name,
		.ident = {.ino = (uint64_t)id, .mode = 040755, .uid = 1000, .gid = 1000}};
	MUST(tree_dir_put(db, &row));
}

/* As the daemon does when it has nothing else to do: prefixes are bounded by what is known of words. */
static void count_words(struct db *db)
{
	int64_t due_ms;

	do {
		MUST(vocabulary_step(db, 100000));
		MUST(vocabulary_due(db, &due_ms));
	} while (due_ms <= now_mono_ms());
}

static void make(const char *state, int64_t count)
{
	struct db *db;
	bool unclean;
	int64_t root, converter, begin = now_mono_ms();

	if (mkdir(state, 0700) && errno != EEXIST) {
		perror(state);
		exit(1);
	}
	MUST(db_open_writer(state, &db, &unclean));
	MUST(db_begin(db));
	MUST(tree_root_put(db, "/r", "r", &root));
	MUST(documents_converter(db, "text", "v1", 2, &converter));
	for (int64_t id = 1; id <= made_dir_of(count); id++)
		put_dir(db, root, id);
	for (int64_t i = 1; i <= count; i++) {
		put_file(db, converter, i);
		if (i % BATCH && i < count)
			continue;
		MUST(db_commit(db));
		db_checkpoint(db, DB_LOG_BUSY);
		MUST(db_begin(db));
	}
	MUST(db_commit(db));
	count_words(db);
	printf("%lld documents, %.0f bytes each, %.1f s\n", (long long)count, lengths_average(),
		(double)(now_mono_ms() - begin) / 1e3);
	db_close(db);
}

/* --- its queries --- */

static void print_queries(void)
{
	char a[8], b[8];

	for (int i = 0; i < 10; i++) {
		made_spell(i, a);
		printf("common\t%s\n", a);
	}
	for (int i = 0; i < 10; i++) {
		made_spell(100000 + 9973 * i, a);
		printf("rare\t%s\n", a);
	}
	/* From two that nearly all have to two that hardly meet. */
	for (int i = 0; i < 10; i++) {
		made_spell(i * i * i, a);
		made_spell(1 + i * i * 7, b);
		printf("and\t%s %s\n", a, b);
	}
	for (int i = 0; i < 10; i++) {
		made_spell(i * i, a);
		made_spell(3 + i * 2, b);
		printf("phrase\t\"%s %s\"\n", a, b);
	}
	for (int i = 0; i < 10; i++) {
		made_spell(7 * i + 3, a);
		printf("prefix\t%.*s*\n", i % 2 ? 3 : 4, a);
	}
}

/* --- asking --- */

static int compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Where the machine is busy with other things, this says more than the clock. */
static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct search_request *parse(const char *query, const char *more)
{
	AUTO_FREE char *empty = mem_strdup("{}");
	cJSON *params = cJSON_Parse(more ? more : empty);
	struct search_request *r;
	struct search_error error;

	if (!params || !cJSON_AddStringToObject(params, "query", query)) {
		fprintf(stderr, "bench_query: %s: no JSON object\n", more);
		exit(2);
	}
	if (search_request_parse(params, &r, &error) != ST_OK) {
		fprintf(stderr, "bench_query: %s: %s\n", query, error.message);
		exit(2);
	}
	cJSON_Delete(params);
	return r;
}

/* What the answer says behind its hits. */
static void print_how(const char *json)
{
	const char *total = strstr(json, "\"total\":");

	printf("\t%lld", total ? strtoll(total + 8, NULL, 10) : -1);
	printf("\t%s%s%s\n", strstr(json, "\"total_exact\":false") ? " at least" : "",
		strstr(json, "\"rank_bounded\":true") ? " bounded" : "",
		strstr(json, "\"partial\":true") ? " partial" : "");
}

static void ask(struct db *db, const char *class, const char *query, int rounds, const char *more)
{
	const struct caller caller = {.all = true};
	struct search_request *r = parse(query, more);
	AUTO_BUF json = BUF_INIT;
	int64_t times[ROUNDS_MAX], cpu[ROUNDS_MAX];

	for (int i = 0; i < rounds; i++) {
		int64_t begin = now_mono_us(), used = cpu_us();
		struct search_stop stop = {.deadline_ms = now_mono_ms() + 60000};
		struct search_outcome outcome;

		buf_clear(&json);
		MUST(search_run(db, r, &caller, &stop, &json, &outcome));
		times[i] = now_mono_us() - begin;
		cpu[i] = cpu_us() - used;
	}
	qsort(times, (size_t)rounds, sizeof *times, compare_times);
	qsort(cpu, (size_t)rounds, sizeof *cpu, compare_times);
	printf("%s\t%s\t%lld\t%lld\t%lld", class, query, (long long)times[rounds / 2],
		(long long)times[rounds - 1], (long long)cpu[rounds / 2]);
	print_how(json.data);
	fflush(stdout);
	search_request_destroy(r);
}

static void run(const char *state, int rounds, const char *more)
{
	struct db *writer, *db;
	bool unclean;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	MUST(db_open_writer(state, &writer, &unclean)); /* loads the lengths */
	MUST(db_open_reader(state, &db));
	while ((n = getline(&line, &room, stdin)) > 0) {
		char *tab = strchr(line, '\t');

		line[strcspn(line, "\n")] = '\0';
		if (!tab)
			continue;
		*tab = '\0';
		ask(db, line, tab + 1, rounds, more);
	}
	free(line);
	db_close(db);
	db_close(writer);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	log_init(LOG_LEVEL_ERROR);
	db_on_open(search_register);
	MUST(db_global_init());
	made_init();
	if (argc == 4 && strcmp(what, "make") == 0) {
		make(argv[2], strtoll(argv[3], NULL, 10));
	} else if (argc == 2 && strcmp(what, "queries") == 0) {
		print_queries();
	} else if (argc >= 4 && strcmp(what, "run") == 0) {
		int rounds = atoi(argv[3]);

		run(argv[2], rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds, argv[4]);
	} else {
		fprintf(stderr, "usage: bench_query make STATE COUNT | queries | run STATE ROUNDS [PARAM]\n");
		return 2;
	}
	return 0;
}
