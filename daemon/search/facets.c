/* facets: values and how many hits have them; see facets.h. */
#include "search/facets.h"

#include "core/mem.h"
#include "core/strmap.h"
#include "search/facet_walk.h"
#include "search/json.h"
#include "search/top.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NS_PER_S = 1000000000 };

struct value {
	int64_t hits;
	uint64_t last; /* the hit that was counted last */
	size_t len;
	char bytes[]; /* and a NUL */
};

/* What is the same for all files of a directory. */
struct place_of {
	struct value *root, *folder; /* NULL: not wanted */
};

struct facets {
	unsigned wanted;
	bool grouped, cut; /* cut: there were more hits, or values, than are counted */
	struct noted *noted;
	size_t count, room;
	bool sorted;
	struct strmap *values[FACET_COUNT]; /* bytes -> struct value; NULL: not wanted */
	struct strmap *seen; /* grouped: (group, value) that were counted */
	struct strmap *dirs; /* directory id -> struct place_of */
	uint64_t hit;	     /* the one whose places are counted */
	int64_t year_from, year_until; /* seconds that have the year last met */
	struct value *year;
};

static const char *const names[] = {
#define X(id, name) [FACET_##id] = name,
	FACET_TABLE(X)
#undef X
};

enum facet facet_find(const char *name)
{
	for (int i = 0; i < FACET_COUNT; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum facet)i;
	return FACET_COUNT;
}

enum status facets_create(unsigned wanted, bool grouped, struct facets **out)
{
	struct facets *f = mem_zalloc(sizeof *f);
	enum status st = ST_OK;

	*out = NULL;
	if (!f)
		return ST_NOMEM;
	f->wanted = wanted;
	f->grouped = grouped;
	for (int i = 0; st == ST_OK && i < FACET_COUNT; i++)
		if (wanted & 1u << i)
			st = strmap_create(&f->values[i]);
	if (st == ST_OK)
		st = strmap_create(&f->dirs);
	if (st == ST_OK && grouped)
		st = strmap_create(&f->seen);
	if (st != ST_OK) {
		facets_destroy(f);
		return st;
	}
	*out = f;
	return ST_OK;
}

static void free_values(struct strmap *m)
{
	size_t at = 0, len;
	const char *key;
	void *value;

	while (m && strmap_next(m, &at, &key, &len, &value))
		mem_free(value);
	strmap_destroy(m);
}

void facets_destroy(struct facets *f)
{
	if (!f)
		return;
	for (int i = 0; i < FACET_COUNT; i++)
		free_values(f->values[i]);
	free_values(f->dirs);
	strmap_destroy(f->seen);
	mem_free(f->noted);
	mem_free(f);
}

/* --- hits --- */

static int compare_noted(const void *a, const void *b)
{
	int64_t x = ((const struct noted *)a)->id, y = ((const struct noted *)b)->id;

	return (x > y) - (x < y);
}

static void sort_noted(struct facets *f)
{
	if (!f->sorted && f->count)
		qsort(f->noted, f->count, sizeof *f->noted, compare_noted);
	f->sorted = true;
}

/* Keeps the newest: those of the highest numbers. */
static void cut_noted(struct facets *f)
{
	if (f->count <= FACET_HITS_MAX)
		return;
	sort_noted(f);
	size_t gone = f->count - FACET_HITS_MAX;
	memmove(f->noted, f->noted + gone, FACET_HITS_MAX * sizeof *f->noted);
	f->count = FACET_HITS_MAX;
	f->cut = true;
}

static bool make_room(struct facets *f)
{
	size_t room = f->room ? 2 * f->room : 256;

	if (f->count == 2 * FACET_HITS_MAX)
		cut_noted(f);
	if (f->count < f->room)
		return true;
	if (room > 2 * FACET_HITS_MAX)
		room = 2 * FACET_HITS_MAX;
	struct noted *grown = mem_resize(f->noted, room, sizeof *grown);
	if (!grown)
		return false;
	f->noted = grown;
	f->room = room;
	return true;
}

enum status facets_offer(struct facets *f, const struct hit *h)
{
	if (!make_room(f))
		return ST_NOMEM;
	f->sorted = f->count == 0 || (f->sorted && f->noted[f->count - 1].id < h->id);
	f->noted[f->count++] = (struct noted){h->id, h->by_text};
	return ST_OK;
}

void facets_bound(struct facets *f)
{
	f->cut = true;
}

const struct noted *facets_noted(struct facets *f, size_t *count)
{
	cut_noted(f);
	sort_noted(f);
	*count = f->count;
	return f->noted;
}

/* --- values --- */

/* NULL with ST_OK: there are too many already, or there is none. */
static enum status intern(
	struct facets *f, enum facet facet, const char *bytes, size_t len, struct value **out)
{
	struct value *v;

	*out = NULL;
	if (!f->values[facet] || len == 0)
		return ST_OK;
	*out = strmap_get(f->values[facet], bytes, len);
	if (*out)
		return ST_OK;
	if (strmap_count(f->values[facet]) == FACET_VALUES_MAX) {
		f->cut = true;
		return ST_OK;
	}
	v = mem_zalloc(sizeof *v + len + 1);
	if (!v)
		return ST_NOMEM;
	v->len = len;
	memcpy(v->bytes, bytes, len);
	if (strmap_put(f->values[facet], bytes, len, v, NULL) != ST_OK) {
		mem_free(v);
		return ST_NOMEM;
	}
	*out = v;
	return ST_OK;
}

void facets_next(struct facets *f)
{
	f->hit++;
}

/* Once for each hit. */
static enum status count_value(struct facets *f, struct value *v, int64_t group)
{
	struct {
		int64_t group;
		struct value *value;
	} key = {group, v};

	if (!v)
		return ST_OK;
	if (!f->grouped) {
		v->hits += v->last != f->hit;
		v->last = f->hit;
		return ST_OK;
	}
	if (strmap_get(f->seen, (const char *)&key, sizeof key))
		return ST_OK;
	if (strmap_count(f->seen) == FACET_PAIRS_MAX) {
		f->cut = true;
		return ST_OK;
	}
	v->hits++;
	return strmap_put(f->seen, (const char *)&key, sizeof key, v, NULL);
}

static enum status count_text(
	struct facets *f, enum facet facet, const char *text, int64_t group)
{
	struct value *v;
	enum status st = intern(f, facet, text, strlen(text), &v);

	return st == ST_OK ? count_value(f, v, group) : st;
}

/* Runs of files have the same year. */
static enum status find_year(struct facets *f, int64_t mtime_ns, struct value **out)
{
	int64_t s = mtime_ns / NS_PER_S - (mtime_ns % NS_PER_S < 0);
	time_t t = (time_t)s;
	char text[16];
	struct tm tm;
	enum status st;

	*out = NULL;
	if (!f->values[FACET_YEAR])
		return ST_OK;
	if (!f->year || s < f->year_from || s >= f->year_until) {
		/* 64 bits of nanoseconds reach from 1677 to 2262. */
		gmtime_r(&t, &tm);
		size_t len = strftime(text, sizeof text, "%Y", &tm);
		st = intern(f, FACET_YEAR, text, len, &f->year);
		if (st != ST_OK)
			return st;
		tm = (struct tm){.tm_year = tm.tm_year, .tm_mday = 1};
		f->year_from = timegm(&tm);
		tm = (struct tm){.tm_year = tm.tm_year + 1, .tm_mday = 1};
		f->year_until = timegm(&tm);
	}
	*out = f->year;
	return ST_OK;
}

/* The first directory below `root` on the way to `path`, or the root. */
static size_t folder_len(const char *path, const char *root)
{
	size_t len = strlen(root);

	if (path[len] == '\0')
		return len;
	/* The root "/" ends with the slash that others lack. */
	len += path[len] == '/';
	return len + strcspn(path + len, "/");
}

static enum status find_place(
	struct facets *f, const struct facet_place *p, struct place_of **out)
{
	struct place_of *of = strmap_get(f->dirs, (const char *)&p->dir, sizeof p->dir);
	enum status st;

	*out = of;
	if (of)
		return ST_OK;
	of = mem_zalloc(sizeof *of);
	if (!of)
		return ST_NOMEM;
	st = intern(f, FACET_ROOT, p->root, strlen(p->root), &of->root);
	if (st == ST_OK)
		st = intern(f, FACET_FOLDER, p->path, folder_len(p->path, p->root_path),
			&of->folder);
	if (st == ST_OK)
		st = strmap_put(f->dirs, (const char *)&p->dir, sizeof p->dir, of, NULL);
	if (st != ST_OK)
		mem_free(of);
	else
		*out = of;
	return st;
}

enum status facets_count(struct facets *f, const struct facet_place *p)
{
	struct place_of *of;
	struct value *year;
	enum status st = find_place(f, p, &of);

	if (st == ST_OK)
		st = find_year(f, p->mtime_ns, &year);
	if (st == ST_OK)
		st = count_value(f, year, p->group);
	if (st == ST_OK)
		st = count_value(f, of->root, p->group);
	if (st == ST_OK)
		st = count_value(f, of->folder, p->group);
	if (st == ST_OK)
		st = count_text(f, FACET_EXT, p->ext, p->group);
	if (st == ST_OK)
		st = count_text(f, FACET_TYPE, p->type, p->group);
	return st == ST_OK ? count_text(f, FACET_AUTHOR, p->author, p->group) : st;
}

/* --- the answer --- */

static int compare_values(const void *a, const void *b)
{
	const struct value *x = *(struct value *const *)a, *y = *(struct value *const *)b;

	if (x->hits != y->hits)
		return x->hits > y->hits ? -1 : 1;
	return strcmp(x->bytes, y->bytes);
}

static void add_value(const struct value *v, struct buf *out)
{
	buf_addc(out, '{');
	json_add_bytes(out, "value", v->bytes, v->len);
	buf_addf(out, ",\"count\":%lld}", (long long)v->hits);
}

static enum status add_values(struct facets *f, enum facet facet, struct buf *out)
{
	size_t total = strmap_count(f->values[facet]), count = 0, at = 0, len;
	struct value **list = mem_resize(NULL, total + 1, sizeof(struct value *));
	const char *key;
	void *v;

	if (!list)
		return ST_NOMEM;
	while (strmap_next(f->values[facet], &at, &key, &len, &v)) {
		list[count] = v;
		count += list[count]->hits > 0;
	}
	qsort(list, count, sizeof *list, compare_values);
	f->cut |= count > FACET_VALUES_SHOWN;
	buf_addf(out, "\"%s\":[", names[facet]);
	for (size_t i = 0; i < count && i < FACET_VALUES_SHOWN; i++) {
		if (i)
			buf_addc(out, ',');
		add_value(list[i], out);
	}
	buf_addc(out, ']');
	mem_free(list);
	return ST_OK;
}

enum status facets_add(struct facets *f, bool all, struct buf *out)
{
	const char *comma = "";

	buf_adds(out, ",\"facets\":{");
	for (int i = 0; i < FACET_COUNT; i++) {
		if (!f->values[i])
			continue;
		buf_adds(out, comma);
		if (add_values(f, (enum facet)i, out) != ST_OK)
			return ST_NOMEM;
		comma = ",";
	}
	buf_addf(out, "},\"facets_exact\":%s", all && !f->cut ? "true" : "false");
	return buf_status(out);
}
