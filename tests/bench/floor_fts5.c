/*
 * floor_fts5: what FTS5 itself needs: one thread inserts texts that are in
 * memory already into a table of its default settings.
 *
 *   floor_fts5 DATABASE < list of files, one a line
 *
 * Prints the seconds of the inserts with their commits, by the wall and of CPU,
 * and the bytes of text.  A transaction of 1,000 rows each, WAL,
 * synchronous=NORMAL: what trawl's own writer uses.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { ROWS_A_TRANSACTION = 1000 };

struct text {
	char *bytes;
	size_t len;
};

static double now_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(sqlite3 *db, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return;
	fprintf(stderr, "floor_fts5: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
	check(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static struct text load(const char *path)
{
	struct text text = {NULL, 0};
	struct stat st;
	FILE *f = fopen(path, "rb");

	if (!f || fstat(fileno(f), &st)) {
		perror(path);
		exit(1);
	}
	text.bytes = malloc((size_t)st.st_size + 1);
	if (!text.bytes)
		exit(1);
	text.len = fread(text.bytes, 1, (size_t)st.st_size, f);
	fclose(f);
	return text;
}

static struct text *load_all(size_t *count, size_t *bytes)
{
	struct text *texts = NULL;
	size_t room = 0;
	char *line = NULL;
	size_t line_room = 0;
	ssize_t n;

	while ((n = getline(&line, &line_room, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (*count == room) {
			room = room ? room * 2 : 1024;
			texts = realloc(texts, room * sizeof *texts);
			if (!texts)
				exit(1);
		}
		texts[*count] = load(line);
		*bytes += texts[(*count)++].len;
	}
	free(line);
	return texts;
}

int main(int argc, char **argv)
{
	size_t count = 0, bytes = 0;
	sqlite3_stmt *insert;
	sqlite3 *db;

	if (argc != 2) {
		fprintf(stderr, "usage: floor_fts5 DATABASE < LIST\n");
		return 2;
	}
	struct text *texts = load_all(&count, &bytes);

	check(NULL, sqlite3_open(argv[1], &db));
	run(db, "PRAGMA journal_mode=WAL");
	run(db, "PRAGMA synchronous=NORMAL");
	run(db, "CREATE VIRTUAL TABLE t USING fts5(text)");
	double begin = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
	run(db, "BEGIN");
	check(db, sqlite3_prepare_v2(db, "INSERT INTO t(text) VALUES(?)", -1, &insert, NULL));
	for (size_t i = 0; i < count; i++) {
		check(db, sqlite3_bind_text64(
				  insert, 1, texts[i].bytes, texts[i].len, SQLITE_STATIC, SQLITE_UTF8));
		check(db, sqlite3_step(insert));
		check(db, sqlite3_reset(insert));
		if (i % ROWS_A_TRANSACTION == ROWS_A_TRANSACTION - 1) {
			run(db, "COMMIT");
			run(db, "BEGIN");
		}
	}
	check(db, sqlite3_finalize(insert));
	run(db, "COMMIT");
	printf("%.3f %.3f %zu\n", now_s(CLOCK_MONOTONIC) - begin,
		now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu, bytes);
	check(db, sqlite3_close(db));
	return 0;
}
