/*
 * bench_store: how fast the writer stores text, beside a plain FTS5 insert loop over the same text in the same run.
 *
 *   bench_store DIR STATE [ROUNDS]
 *
 * Reads every file below DIR into memory, compresses it as a worker would, and then times plain FTS5 with default
 * settings, and documents with their file rows as a cold index has them.  1,000 documents a transaction.  In the
 * environment: TUNE is SQL that is run on the new store first, LOG_MB how much log is let grow, STORE_ONLY.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "store/documents.h"
#include "store/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

enum { BATCH = 1000, LEVEL = 3 };

struct sample {
	char *name; /* of the file */
	char *text;
	size_t len;
	void *packed;
	size_t packed_len;
	int64_t dir;
};
static struct sample *samples;
static size_t count, room;
static size_t total_bytes;
static int64_t dirs;

#define MUST(call)                                                                                 \
	do {                                                                                       \
		enum status must = (call);                                                         \
		if (must != ST_OK) {                                                               \
			fprintf(stderr, "%s: %s\n", #call, status_text(must));                     \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)
#define MUST_SQL(call)                                                                             \
	do {                                                                                       \
		int must = (call);                                                                 \
		if (must != SQLITE_OK && must != SQLITE_DONE) {                                    \
			fprintf(stderr, "%s: %s\n", #call, sqlite3_errstr(must));                  \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

static int load(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	AUTO_BUF raw = BUF_INIT;
	AUTO_BUF text = BUF_INIT;

	if (type == FTW_D)
		dirs++;
	if (type != FTW_F || !S_ISREG(sb->st_mode))
		return 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !buf_reserve(&raw, (size_t)sb->st_size))
		exit(1);
	ssize_t n = read(fd, raw.data, (size_t)sb->st_size);
	close(fd);
	utf8_add_lossy(&text, raw.data, n > 0 ? (size_t)n : 0);
	if (count == room) {
		room = room ? 2 * room : 1024;
		samples = mem_resize(samples, room, sizeof *samples);
		if (!samples)
			exit(1);
	}
	struct sample *s = &samples[count++];
	s->len = text.len;
	s->text = buf_take(&text);
	s->name = mem_strdup(path + ftw->base);
	s->dir = dirs;
	s->packed = mem_alloc(ZSTD_compressBound(s->len));
	s->packed_len = ZSTD_compress(s->packed, ZSTD_compressBound(s->len), s->text, s->len, LEVEL);
	s->packed = mem_resize(s->packed, s->packed_len, 1);
	total_bytes += s->len;
	return 0;
}

static long resident_kb(const char *what)
{
	char line[128];
	long kb = 0;
	FILE *in = fopen("/proc/self/status", "re");

	while (in && fgets(line, sizeof line, in))
		if (strncmp(line, what, strlen(what)) == 0)
			kb = strtol(line + strlen(what) + 1, NULL, 10);
	if (in)
		fclose(in);
	return kb;
}

static void reset_peak(void)
{
	FILE *out = fopen("/proc/self/clear_refs", "we");

	malloc_trim(0);
	if (out) {
		fputs("5", out);
		fclose(out);
	}
}

static int64_t file_bytes(const char *path)
{
	struct stat sb;

	return stat(path, &sb) ? 0 : sb.st_size;
}

struct lap {
	int64_t began_us, cpu_us;
	long resident_kb;
};

static int64_t cpu_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static struct lap lap_begin(void)
{
	reset_peak();
	return (struct lap){now_mono_us(), cpu_us(), resident_kb("VmRSS:")};
}

/* Where the machine is busy with other things, the CPU's seconds say more than the clock's. */
static void lap_report(const struct lap *l, const char *what, const char *file)
{
	double wall = (double)(now_mono_us() - l->began_us) / 1e6;
	double cpu = (double)(cpu_us() - l->cpu_us) / 1e6, mb = (double)total_bytes / 1e6;

	printf("%-12s %6.2f s %6.1f MB/s   CPU %6.2f s %6.1f MB/s   peak +%ld MB   file %.2f of the text\n",
		what, wall, mb / wall, cpu, mb / cpu,
		(resident_kb("VmHWM:") - l->resident_kb) / 1024,
		(double)file_bytes(file) / (double)total_bytes);
	fflush(stdout);
}

static void bench_plain(const char *dir)
{
	AUTO_FREE char *file = mem_printf("%s/plain.db", dir);
	sqlite3 *raw = NULL;
	sqlite3_stmt *insert = NULL;

	unlink(file);
	struct lap lap = lap_begin();
	MUST_SQL(sqlite3_open(file, &raw));
	MUST_SQL(sqlite3_exec(raw,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		"CREATE VIRTUAL TABLE f USING fts5(title, text)",
		NULL, NULL, NULL));
	MUST_SQL(sqlite3_prepare_v2(raw, "INSERT INTO f VALUES ('', ?1)", -1, &insert, NULL));
	for (size_t i = 0; i < count; i++) {
		if (i % BATCH == 0)
			MUST_SQL(sqlite3_exec(raw, i ? "COMMIT; BEGIN" : "BEGIN", NULL, NULL, NULL));
		MUST_SQL(sqlite3_bind_text64(
			insert, 1, samples[i].text, samples[i].len, SQLITE_STATIC, SQLITE_UTF8));
		MUST_SQL(sqlite3_step(insert));
		MUST_SQL(sqlite3_reset(insert));
	}
	MUST_SQL(sqlite3_exec(raw, "COMMIT", NULL, NULL, NULL));
	sqlite3_finalize(insert);
	sqlite3_close(raw);
	lap_report(&lap, "plain FTS5", file);
}

/* How much log is let grow: LOG_MB in the environment, or what the daemon does. */
static int64_t log_bytes(void)
{
	const char *mb = getenv("LOG_MB");

	return mb ? strtoll(mb, NULL, 10) << 20 : DB_LOG_BUSY;
}

static void put(struct db *db, int64_t converter, size_t i)
{
	const struct sample *s = &samples[i];
	struct document d = {.converter = converter,
		.type = "text/plain",
		.title = "",
		.author = "",
		.text = s->text,
		.text_len = s->len,
		.packed = s->packed,
		.packed_len = s->packed_len};
	int64_t document;

	memcpy(d.hash, &i, sizeof i);
	MUST(documents_put(db, &d, &document));
	struct ident ident = {.ino = i, .size = (int64_t)s->len, .mtime_ns = 1, .ctime_ns = 1, .nlink = 1};
	struct file_change c = {.dir = s->dir,
		.name = s->name,
		.ident = &ident,
		.stamp_ns = 1,
		.state = FILE_INDEXED,
		.rule = converter,
		.document = document};
	MUST(tree_file_put(db, &c));
}

static void bench_store(const char *dir)
{
	AUTO_FREE char *state = mem_printf("%s/state", dir);
	AUTO_FREE char *file = mem_printf("%s/index.db", state);
	const char *tune = getenv("TUNE");
	struct db *db;
	bool unclean;
	int64_t root, converter;

	unlink(file);
	struct lap lap = lap_begin();
	MUST(db_open_writer(state, &db, &unclean));
	if (tune)
		MUST_SQL(sqlite3_exec(db_raw(db), tune, NULL, NULL, NULL));
	MUST(db_begin(db));
	MUST(tree_root_put(db, "/r", "r", &root));
	MUST(documents_converter(db, "text", "v1", 2, &converter));
	for (int64_t i = 1; i <= dirs; i++) {
		char name[32];
		struct dir_row row = {.id = i, .root = root, .parent = i > 1, .name = i > 1 ? name : ""};

		snprintf(name, sizeof name, "d%lld", (long long)i);
		MUST(tree_dir_put(db, &row));
	}
	for (size_t i = 0; i < count; i++) {
		put(db, converter, i);
		if ((i + 1) % BATCH && i + 1 < count)
			continue;
		MUST(db_commit(db));
		db_checkpoint(db, log_bytes());
		MUST(db_begin(db));
	}
	MUST(db_commit(db));
	db_close(db);
	lap_report(&lap, "the store", file);
}

int main(int argc, char **argv)
{
	int rounds = argc > 3 ? atoi(argv[3]) : 1;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_store DIR STATE [ROUNDS]\n");
		return 2;
	}
	log_init(LOG_LEVEL_ERROR);
	MUST(db_global_init());
	if (nftw(argv[1], load, 32, FTW_PHYS) || (mkdir(argv[2], 0700) && errno != EEXIST)) {
		perror("bench_store");
		return 1;
	}
	printf("%zu documents, %.1f MB of text\n", count, (double)total_bytes / 1e6);
	for (int i = 0; i < rounds; i++) {
		if (!getenv("STORE_ONLY"))
			bench_plain(argv[2]);
		bench_store(argv[2]);
	}
	return 0;
}
