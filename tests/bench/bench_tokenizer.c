/*
 * bench_tokenizer: what cutting text into words costs, beside unicode61 over the same text in the
 * same run.
 *
 *   bench_tokenizer DIR STATE [WORD...]
 *
 * Reads every file below DIR into memory.  Times, in seconds of CPU, the two tokenizers alone, and
 * inserting the text into an FTS5 table like the store's (detail full, columnsize 0, no content) in
 * STATE; says how large that is, and how long one query for each WORD takes and how many documents
 * it finds.  ROUNDS in the environment: repetitions (3).
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "store/tokenizer.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct buf *texts;
static size_t count, room, total_bytes;

#define MUST_SQL(call) \
	do { \
		int must = (call); \
		if (must != SQLITE_OK && must != SQLITE_DONE) { \
			fprintf(stderr, "%s: %s\n", #call, sqlite3_errstr(must)); \
			exit(1); \
		} \
	} while (0)

static int load(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	AUTO_BUF raw = BUF_INIT;

	(void)ftw;
	if (type != FTW_F || !S_ISREG(sb->st_mode))
		return 0;
	if (count == room) {
		room = room ? 2 * room : 1024;
		texts = mem_resize(texts, room, sizeof *texts);
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!texts || fd < 0 || !buf_reserve(&raw, (size_t)sb->st_size))
		exit(1);
	ssize_t n = read(fd, raw.data, (size_t)sb->st_size);
	close(fd);
	texts[count] = (struct buf)BUF_INIT;
	utf8_add_lossy(&texts[count], raw.data, n > 0 ? (size_t)n : 0);
	buf_add(&texts[count], "", 0);
	total_bytes += texts[count++].len;
	return 0;
}

static double cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static size_t tokens;

static int count_token(void *arg, int flags, const char *token, int len, int start, int end)
{
	(void)arg;
	(void)flags;
	(void)token;
	(void)len;
	(void)start;
	(void)end;
	tokens++;
	return SQLITE_OK;
}

static void report(const char *what, double seconds)
{
	double mb = (double)total_bytes / 1e6;

	printf("  %-10s %7.3f s CPU %7.1f MB/s", what, seconds, mb / seconds);
}

static void bench_alone(sqlite3 *raw, const char *name, const char **args, int arg_count)
{
	fts5_tokenizer methods;
	Fts5Tokenizer *t;
	fts5_api *api;
	void *context;

	MUST_SQL(tokenizer_fts5(raw, &api));
	MUST_SQL(api->xFindTokenizer(api, name, &context, &methods));
	MUST_SQL(methods.xCreate(context, args, arg_count, &t));
	tokens = 0;
	double began = cpu_s();
	for (size_t i = 0; i < count; i++)
		MUST_SQL(methods.xTokenize(t, NULL, FTS5_TOKENIZE_DOCUMENT, texts[i].data,
			(int)texts[i].len, count_token));
	report("cutting", cpu_s() - began);
	printf("  %zu tokens\n", tokens);
	methods.xDelete(t);
}

static void bench_insert(sqlite3 *raw, const char *tokenize)
{
	AUTO_FREE char *create = mem_printf(
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN;"
		"CREATE VIRTUAL TABLE f USING fts5(t, content='', columnsize=0, tokenize='%s')",
		tokenize);
	sqlite3_stmt *insert = NULL;

	MUST_SQL(sqlite3_exec(raw, create, NULL, NULL, NULL));
	MUST_SQL(sqlite3_prepare_v2(
		raw, "INSERT INTO f(rowid, t) VALUES (?1, ?2)", -1, &insert, NULL));
	double began = cpu_s();
	for (size_t i = 0; i < count; i++) {
		MUST_SQL(sqlite3_bind_int64(insert, 1, (int64_t)i + 1));
		MUST_SQL(sqlite3_bind_text64(
			insert, 2, texts[i].data, texts[i].len, SQLITE_STATIC, SQLITE_UTF8));
		MUST_SQL(sqlite3_step(insert));
		MUST_SQL(sqlite3_reset(insert));
	}
	MUST_SQL(sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL));
	report("inserting", cpu_s() - began);
	sqlite3_finalize(insert);
}

static void bench_size(sqlite3 *raw)
{
	sqlite3_stmt *size = NULL;

	MUST_SQL(sqlite3_prepare_v2(raw, "SELECT sum(length(block)) FROM f_data", -1, &size, NULL));
	sqlite3_step(size);
	printf("  index %.3f of the text\n", sqlite3_column_double(size, 0) / (double)total_bytes);
	sqlite3_finalize(size);
}

/* As a phrase, or as a prefix where that is what finds it. */
static void bench_query(sqlite3 *raw, const char *word)
{
	AUTO_FREE char *match = mem_printf(
		"\"%s\"%s", word, tokenizer_ending(word, strlen(word)) == TOKEN_LONE ? " *" : "");
	sqlite3_stmt *query = NULL;
	int found = 0;

	MUST_SQL(sqlite3_prepare_v2(raw, "SELECT rowid FROM f WHERE f MATCH ?1", -1, &query, NULL));
	for (int warm = 0; warm < 2; warm++) {
		double began = cpu_s();

		found = 0;
		sqlite3_bind_text(query, 1, match, -1, SQLITE_STATIC);
		while (sqlite3_step(query) == SQLITE_ROW)
			found++;
		MUST_SQL(sqlite3_reset(query));
		if (warm)
			printf("  %s: %d documents in %.2f ms\n", match, found,
				(cpu_s() - began) * 1e3);
	}
	sqlite3_finalize(query);
}

static void bench(const char *state, const char *name, char **words)
{
	const char *args[] = {"remove_diacritics", "2"};
	bool own = strcmp(name, "trawl") == 0;
	AUTO_FREE char *file = mem_printf("%s/%s.db", state, name);
	AUTO_FREE char *log = mem_printf("%s-wal", file);
	sqlite3 *raw = NULL;

	unlink(file);
	unlink(log);
	printf("%s\n", name);
	MUST_SQL(sqlite3_open(file, &raw));
	MUST_SQL(tokenizer_register(raw));
	bench_alone(raw, name, args, own ? 0 : 2);
	bench_insert(raw, own ? "trawl" : "unicode61 remove_diacritics 2");
	bench_size(raw);
	for (; *words; words++)
		bench_query(raw, *words);
	sqlite3_close(raw);
}

int main(int argc, char **argv)
{
	const char *rounds = getenv("ROUNDS");

	if (argc < 3) {
		fprintf(stderr, "usage: bench_tokenizer DIR STATE [WORD...]\n");
		return 2;
	}
	if (nftw(argv[1], load, 32, FTW_PHYS) || !total_bytes) {
		perror("bench_tokenizer");
		return 1;
	}
	printf("%zu texts, %.1f MB\n", count, (double)total_bytes / 1e6);
	for (int i = rounds ? atoi(rounds) : 3; i > 0; i--) {
		bench(argv[2], "unicode61", argv + 3);
		bench(argv[2], "trawl", argv + 3);
	}
	return 0;
}
