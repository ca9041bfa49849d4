/* rules: converters by extension and MIME type, and their fingerprints; see rules.h. */
#include "convert/rules.h"

#include "convert/build_id.h"
#include "convert/mime.h"
#include "core/ident.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/strmap.h"
#include "core/where.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TYPE_MAX = 256, READ_SIZE = 64 << 10 };

static const char UNKNOWN_TYPE[] = "application/octet-stream";

/* A file that a command line names, as it was when it was read. */
struct program {
	const char *path; /* the configuration's; without a slash: not found anywhere */
	bool there;
	struct ident ident;
};

struct rules {
	atomic_int refs;
	struct config *config; /* referenced: names and words are its own */
	struct converter *converters;
	char ***argvs; /* one NULL-terminated vector per converter */
	size_t count;
	struct strmap *by_extension; /* "*" too */
	struct strmap *by_type;      /* lower case; "text/" + "*" too */
	struct strmap *slow;	     /* by extension, of slow converters, which are in neither of the others */
	struct program *programs;
	size_t program_count;
};

/* --- fingerprints --- */

/* Of a program with a build id that and its size stand for its bytes: some are tens of megabytes. */
static bool hash_build_id(crypto_generichash_state *hash, const unsigned char *head, size_t len, int64_t size)
{
	size_t id_len;
	const unsigned char *id = build_id_find(head, len, (size_t)size, &id_len);

	if (!id)
		return false;
	crypto_generichash_update(hash, id, id_len);
	crypto_generichash_update(hash, (const unsigned char *)&size, sizeof size);
	return true;
}

/* As much as there is, up to `most`; -1: it cannot be read. */
static ssize_t read_some(int fd, unsigned char *bytes, size_t most)
{
	size_t got = 0;

	while (got < most) {
		ssize_t n = read(fd, bytes + got, most - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static enum status hash_file(crypto_generichash_state *hash, int fd, int64_t size)
{
	AUTO_FREE unsigned char *bytes = mem_alloc(READ_SIZE);

	if (!bytes)
		return ST_NOMEM;
	ssize_t n = read_some(fd, bytes, READ_SIZE);
	if (n > 0 && hash_build_id(hash, bytes, (size_t)n, size))
		return ST_OK;
	for (; n > 0; n = read_some(fd, bytes, READ_SIZE))
		crypto_generichash_update(hash, bytes, (unsigned long long)n);
	return n < 0 ? ST_IO : ST_OK;
}

/* Absent files are part of the fingerprint as such. */
static enum status hash_program(struct rules *r, const struct converter *c, const char *word,
	crypto_generichash_state *hash)
{
	struct program *p = &r->programs[r->program_count++];
	struct ident id;
	enum status st = ST_OK;

	p->path = word;
	int fd = open(word, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return ST_OK;
	if (ident_fd(fd, &id) == 0 && S_ISREG(id.mode)) {
		p->there = true;
		p->ident = id;
		st = hash_file(hash, fd, id.size);
	}
	close(fd);
	if (st == ST_IO) {
		log_warning("converter %s: cannot read %s", c->name, word);
		st = ST_OK;
	}
	return st;
}

static void hash_word(crypto_generichash_state *hash, const char *word)
{
	/* With its NUL, so that no two command lines look alike. */
	crypto_generichash_update(hash, (const unsigned char *)word, strlen(word) + 1);
}

static enum status fingerprint(struct rules *r, struct converter *c)
{
	crypto_generichash_state hash;
	enum status st = ST_OK;

	BUG_UNLESS(c->argv[0]); /* an empty command is a configuration error */
	crypto_generichash_init(&hash, NULL, 0, sizeof c->version);
	hash_word(&hash, c->transport == TRANSPORT_RUN ? "run" : "serve");
	for (size_t i = 0; c->argv[i] && st == ST_OK; i++) {
		hash_word(&hash, c->argv[i]);
		if (c->argv[i][0] == '/')
			st = hash_program(r, c, c->argv[i], &hash);
	}
	/* Where it was searched for in vain, it may appear. */
	if (c->missing && c->argv[0][0] != '/')
		r->programs[r->program_count++].path = c->argv[0];
	crypto_generichash_final(&hash, c->version, sizeof c->version);
	return st;
}

static bool program_changed(const struct program *p)
{
	struct stat st;
	struct ident id;

	if (!strchr(p->path, '/')) {
		AUTO_BUF found = BUF_INIT;
		return where_executable(p->path, &found) == ST_OK;
	}
	/* A path may be a link: to the program, as exec follows it. */
	int fd = open(p->path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return p->there;
	bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && ident_fd(fd, &id) == 0;
	close(fd);
	if (!regular)
		return p->there;
	return !p->there || id.dev != p->ident.dev || !ident_same_content(&id, &p->ident);
}

enum status rules_each_program(
	const struct rules *r, enum status (*each)(void *arg, const char *path), void *arg)
{
	enum status st = ST_OK;

	for (size_t i = 0; st == ST_OK && i < r->program_count; i++)
		st = each(arg, r->programs[i].path);
	return st;
}

bool rules_stale(const struct rules *r)
{
	for (size_t i = 0; i < r->program_count; i++)
		if (program_changed(&r->programs[i]))
			return true;
	return false;
}

/* --- building --- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Later converters take over the names of earlier ones, but one that is missing leaves them to one that is there. */
static bool takes_over(const struct converter *c, const struct converter *from)
{
	return !from || !c->missing || from->missing;
}

static enum status claim(struct strmap *map, const struct config_list *keys, struct converter *c)
{
	for (size_t i = 0; i < keys->count; i++) {
		char key[TYPE_MAX];
		size_t n = strlen(keys->items[i]);

		if (n >= sizeof key)
			continue;
		for (size_t k = 0; k < n; k++)
			key[k] = lower(keys->items[i][k]);
		if (!takes_over(c, strmap_get(map, key, n)))
			continue;
		enum status st = strmap_put(map, key, n, c, NULL);
		if (st != ST_OK)
			return st;
	}
	return ST_OK;
}

static enum status add(struct rules *r, const struct config_converter *from)
{
	size_t i = r->count++;
	struct converter *c = &r->converters[i];

	/* One more word than it has: the NULL behind it. */
	r->argvs[i] = mem_resize(NULL, from->argv.count + 1, sizeof *r->argvs[i]);
	if (!r->argvs[i])
		return ST_NOMEM;
	for (size_t w = 0; w < from->argv.count; w++)
		r->argvs[i][w] = from->argv.items[w];
	r->argvs[i][from->argv.count] = NULL;
	*c = (struct converter){
		.name = from->name,
		.transport = from->transport,
		.argv = r->argvs[i],
		.time_ms = from->time_ms,
		.memory_bytes = from->memory_bytes,
		.processes = from->processes,
		.package = from->package,
		.slow = from->lane == CONVERTER_SLOW,
		.missing = from->missing,
		.index = (int)i,
	};
	enum status st = fingerprint(r, c);
	if (st == ST_OK && c->slow)
		return claim(r->slow, &from->extensions, c);
	if (st == ST_OK)
		st = claim(r->by_extension, &from->extensions, c);
	if (st == ST_OK)
		st = claim(r->by_type, &from->mime, c);
	return st;
}

/* Every word may name a file, and the first one may be searched for besides. */
static size_t count_words(const struct config *config)
{
	size_t words = 0;

	for (size_t i = 0; i < config->converter_count; i++)
		words += config->converters[i].argv.count + 1;
	return words;
}

enum status rules_create(struct config *config, struct rules **out)
{
	struct rules *r = mem_zalloc(sizeof *r);
	size_t n = config->converter_count;
	enum status st = ST_NOMEM;

	if (!r)
		return ST_NOMEM;
	atomic_init(&r->refs, 1);
	r->config = config_ref(config);
	if (sodium_init() < 0) {
		st = ST_SYSTEM;
		goto err_after_ref;
	}
	r->converters = mem_zalloc(n * sizeof *r->converters);
	r->argvs = mem_zalloc(n * sizeof *r->argvs);
	r->programs = mem_zalloc(count_words(config) * sizeof *r->programs);
	if (!r->converters || !r->argvs || !r->programs)
		goto err_after_ref;
	st = strmap_create(&r->by_extension);
	if (st == ST_OK)
		st = strmap_create(&r->by_type);
	if (st == ST_OK)
		st = strmap_create(&r->slow);
	for (size_t i = 0; i < n && st == ST_OK; i++)
		st = add(r, &config->converters[i]);
	if (st != ST_OK)
		goto err_after_ref;
	*out = r;
	return ST_OK;

err_after_ref:
	rules_unref(r);
	return st;
}

struct rules *rules_ref(struct rules *r)
{
	atomic_fetch_add(&r->refs, 1);
	return r;
}

void rules_unref(struct rules *r)
{
	if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
		return;
	for (size_t i = 0; i < r->count; i++)
		mem_free(r->argvs[i]);
	mem_free(r->argvs);
	mem_free(r->converters);
	mem_free(r->programs);
	strmap_destroy(r->by_extension);
	strmap_destroy(r->by_type);
	strmap_destroy(r->slow);
	config_unref(r->config);
	mem_free(r);
}

/* --- looking up --- */

size_t rules_count(const struct rules *r)
{
	return r->count;
}

struct converter *rules_at(const struct rules *r, size_t i)
{
	BUG_UNLESS(i < r->count);
	return &r->converters[i];
}

static const struct converter *find_extension(const struct strmap *map, const char *file_name)
{
	char extension[17];

	path_extension(file_name, extension);
	return extension[0] ? strmap_get(map, extension, strlen(extension)) : NULL;
}

static const struct converter *by_extension(const struct rules *r, const char *file_name)
{
	return find_extension(r->by_extension, file_name);
}

const struct converter *rules_slow_by_name(const struct rules *r, const char *file_name)
{
	const struct converter *c = find_extension(r->slow, file_name);

	return c && !c->missing ? c : NULL;
}

const struct converter *rules_by_name(const struct rules *r, const char *file_name)
{
	const struct converter *c = by_extension(r, file_name);

	return c ? c : strmap_get(r->by_extension, "*", 1);
}

const struct converter *rules_by_name_or_type(
	const struct rules *r, const char *file_name, const char **type)
{
	const struct converter *c = by_extension(r, file_name);
	const char *said = *type;

	if (!said || !strcmp(said, UNKNOWN_TYPE) || c) {
		*type = rules_type_of_name(r, file_name);
		said = NULL;
	}
	if (!c && said)
		c = rules_by_type(r, said);
	return c ? c : strmap_get(r->by_extension, "*", 1);
}

enum status rules_each_extension(const struct rules *r, bool slow,
	enum status (*each)(void *arg, const char *extension, const struct converter *c), void *arg)
{
	enum status st = ST_OK;
	const char *key;
	size_t at = 0, n;
	void *c;

	while (st == ST_OK && strmap_next(slow ? r->slow : r->by_extension, &at, &key, &n, &c)) {
		char extension[TYPE_MAX];

		if (n == 1 && *key == '*')
			continue;
		memcpy(extension, key, n);
		extension[n] = '\0';
		st = each(arg, extension, c);
	}
	return st;
}

const struct converter *rules_by_type(const struct rules *r, const char *type)
{
	char key[TYPE_MAX] = "";
	size_t n = 0;

	for (; type[n] && type[n] != ';' && type[n] != ' ' && type[n] != '\t'; n++) {
		if (n >= sizeof key - 1)
			return NULL;
		key[n] = lower(type[n]);
	}
	const struct converter *c = strmap_get(r->by_type, key, n);
	const char *slash = memchr(key, '/', n);
	if (c || !slash)
		return c;
	size_t family = (size_t)(slash - key) + 1;
	key[family] = '*';
	return strmap_get(r->by_type, key, family + 1);
}

const char *rules_type_of_name(const struct rules *r, const char *file_name)
{
	char extension[17];

	(void)r;
	path_extension(file_name, extension);
	const char *type = mime_of_extension(extension);
	return type ? type : UNKNOWN_TYPE;
}
