/* search_corpus: see search_corpus.h. */
#include "search_corpus.h"

#include "core/mem.h"
#include "store/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Prefixes of one another on purpose. */
const char *const corpus_words[] = {"alpha", "alp", "beta", "bet", "gamma", "gam", "delta",
	"epsilon", "zeta", "eta", "theta", "\xc3\xa4ther"};
const int corpus_word_count = sizeof corpus_words / sizeof *corpus_words;

static const char *const extensions[] = {"txt", "pdf", "md", "c"};
static const char *const types[] = {"text/plain", "application/pdf", "text/markdown"};
static const char *const authors[] = {"", "Jane Doe", "John Roe"};

static int pick(uint64_t *seed, int below)
{
	return (int)fixture_random(seed, (uint32_t)below);
}

/* --- filling --- */

static void add_words(struct buf *out, const int *words, int count, const char *between)
{
	for (int i = 0; i < count; i++)
		buf_addf(out, "%s%s", i ? between : "", corpus_words[words[i]]);
}

static void fill_document(
	struct corpus *c, struct corpus_document *d, unsigned number, uint64_t *seed)
{
	AUTO_BUF text = BUF_INIT, title = BUF_INIT;
	char packed[4096];

	d->text_len = pick(seed, TEXT_WORDS + 1);
	d->title_len = pick(seed, TITLE_WORDS + 1);
	for (int i = 0; i < d->text_len; i++)
		d->text[i] = pick(seed, corpus_word_count);
	for (int i = 0; i < d->title_len; i++)
		d->title[i] = pick(seed, corpus_word_count);
	d->type = types[pick(seed, 3)];
	d->author = authors[pick(seed, 3)];
	buf_adds(&text, "");
	buf_adds(&title, "");
	add_words(&text, d->text, d->text_len, pick(seed, 2) ? " " : ",\n  ");
	add_words(&title, d->title, d->title_len, " ");
	struct document row = {.converter = c->f->converter,
		.type = d->type,
		.title = title.data,
		.author = d->author,
		.text = text.data,
		.text_len = text.len,
		.packed = packed,
		.packed_len = ZSTD_compress(packed, sizeof packed, text.data, text.len, 1)};
	memcpy(row.hash, &number, sizeof number);
	assert_ok(documents_put(c->f->db, &row, &d->id));
}

static void fill_dir(struct corpus *c, int i, uint64_t *seed)
{
	static const uint32_t modes[] = {040755, 040755, 040755, 040700, 040710, 040701};
	static const char *const names[] = {"", "src", "doc", "Mail", "alpha", "x1", "x2", "x3"};
	struct corpus_dir *d = &c->dirs[i];

	d->parent = i ? pick(seed, i) : -1;
	d->mode = i ? modes[pick(seed, 6)] : 040755;
	d->uid = 1000 + (uint32_t)pick(seed, 2);
	d->gid = 100 + (uint32_t)pick(seed, 2);
	if (i)
		snprintf(d->path, sizeof d->path, "%.100s/%s", c->dirs[d->parent].path, names[i]);
	else
		snprintf(d->path, sizeof d->path, "/r");
	struct dir_row row = {.id = i + 1,
		.root = c->f->root,
		.parent = d->parent + 1,
		.name = names[i],
		.ident = {.ino = (uint64_t)i + 1000,
			.mtime_ns = (1700000000 + (int64_t)i * 86400) * 1000000000,
			.mode = d->mode,
			.uid = d->uid,
			.gid = d->gid}};
	assert_ok(tree_dir_put(c->f->db, &row));
}

/* The directory as a place, but for the root's own. */
static void add_dir(struct corpus *c, int i)
{
	const struct corpus_dir *d = &c->dirs[i];
	struct corpus_file *p = &c->files[c->place_count++];

	assert_true(c->place_count <= CORPUS_PLACES);
	*p = (struct corpus_file){.is_dir = true,
		.dir = d->parent,
		.document = -1,
		.file = CORPUS_FILES + i,
		.number = -1,
		.container = -1,
		.type = "inode/directory",
		.ext = "",
		.mtime_s = 1700000000 + (int64_t)i * 86400,
		.mode = d->mode,
		.uid = d->uid,
		.gid = d->gid};
	p->shown_s = p->mtime_s;
	snprintf(p->path, sizeof p->path, "%s", d->path);
	snprintf(p->name, sizeof p->name, "%s", strrchr(d->path, '/') + 1);
	for (int k = 0; k < corpus_word_count; k++)
		if (strcmp(p->name, corpus_words[k]) == 0)
			p->words[p->word_count++] = k;
}

static void fill_file(struct corpus *c, int i, uint64_t *seed)
{
	static const uint32_t modes[] = {0100644, 0100644, 0100600, 0100640, 0100604, 0100044};
	struct corpus_file *f = &c->files[i];
	AUTO_BUF name = BUF_INIT;

	f->dir = pick(seed, CORPUS_DIRS);
	f->document = pick(seed, 4) ? pick(seed, CORPUS_DOCUMENTS) : -1;
	f->word_count = pick(seed, 3);
	for (int k = 0; k < f->word_count; k++)
		f->words[k] = pick(seed, corpus_word_count);
	f->ext = extensions[pick(seed, 4)];
	f->size = pick(seed, 5) * 1000;
	f->mtime_s = 1700000000 + pick(seed, 20) * 86400;
	f->mode = modes[pick(seed, 6)];
	f->uid = 1000 + (uint32_t)pick(seed, 2);
	f->gid = 100 + (uint32_t)pick(seed, 2);
	f->acl = pick(seed, 10) == 0;
	add_words(&name, f->words, f->word_count, "-");
	buf_addf(&name, "%sn%d.%s", f->word_count ? "_" : "", i, f->ext);
	snprintf(f->name, sizeof f->name, "%s", name.data);
	if (pick(seed, 4) == 0 && f->name[0] >= 'a' && f->name[0] <= 'z')
		f->name[0] = (char)(f->name[0] - 'a' + 'A');
	snprintf(f->path, sizeof f->path, "%.150s/%s", c->dirs[f->dir].path, f->name);

	struct ident ident = {.ino = (uint64_t)i + 1,
		.size = f->size,
		.mtime_ns = f->mtime_s * 1000000000,
		.nlink = 1,
		.mode = f->mode,
		.uid = f->uid,
		.gid = f->gid};
	struct file_change change = {.dir = f->dir + 1,
		.name = f->name,
		.ident = &ident,
		.acl = f->acl ? "acl" : NULL,
		.acl_len = f->acl ? 3 : 0,
		.stamp_ns = 7,
		.state = f->document < 0 ? FILE_BINARY : FILE_INDEXED,
		.rule = c->f->converter,
		.document = f->document < 0 ? 0 : c->documents[f->document].id};
	assert_ok(tree_file_put(c->f->db, &change));
	f->file = i;
	f->number = f->container = -1;
	f->type = "";
	f->shown_s = f->mtime_s;
}

/* A part and its places: one in each file that has the container. */
static void fill_part(struct corpus *c, int container, int n, uint64_t *seed)
{
	struct corpus_file p = {.container = container,
		.number = container * CORPUS_PARTS + n,
		.document = pick(seed, 4) ? pick(seed, CORPUS_DOCUMENTS) : -1,
		.word_count = pick(seed, 3),
		.ext = extensions[pick(seed, 4)],
		.size = pick(seed, 5) * 1000};
	int64_t own_s = pick(seed, 2) ? 1700000000 + pick(seed, 20) * 86400 : 0;
	AUTO_BUF name = BUF_INIT;

	for (int k = 0; k < p.word_count; k++)
		p.words[k] = pick(seed, corpus_word_count);
	p.type = p.document < 0 ? types[pick(seed, 3)] : "";
	add_words(&name, p.words, p.word_count, "-");
	buf_addf(&name, "%sn%d.%s", p.word_count ? "_" : "", p.number, p.ext);
	snprintf(p.name, sizeof p.name, "%s", name.data);
	snprintf(p.part, sizeof p.part, "%.20s%.40s", pick(seed, 2) ? "alpha/beta/" : "", p.name);
	struct part row = {.path = p.part,
		.type = p.type,
		.size = p.size,
		.mtime = own_s,
		.state = p.document < 0 ? FILE_BINARY : FILE_INDEXED,
		.rule = c->f->converter,
		.document = p.document < 0 ? 0 : c->documents[p.document].id};
	assert_ok(parts_add(c->f->db, c->documents[container].id, n, &row));
	for (int i = 0; i < CORPUS_FILES; i++) {
		const struct corpus_file *f = &c->files[i];

		if (f->document != container)
			continue;
		assert_true(c->place_count < CORPUS_PLACES);
		struct corpus_file *at = &c->files[c->place_count++];
		*at = p;
		at->file = i;
		at->dir = f->dir;
		at->mtime_s = f->mtime_s;
		at->shown_s = own_s ? own_s : f->mtime_s;
		at->mode = f->mode;
		at->uid = f->uid;
		at->gid = f->gid;
		at->acl = f->acl;
		memcpy(at->path, f->path, sizeof at->path);
	}
}

static void fill_container(struct corpus *c, int i, uint64_t *seed)
{
	AUTO_FREE char *sql = mem_printf("UPDATE document SET parts = %d WHERE id = %lld",
		CORPUS_PARTS, (long long)c->documents[i].id);

	for (int n = 0; n < CORPUS_PARTS; n++)
		fill_part(c, i, n, seed);
	fixture_exec(c->f, sql);
}

void corpus_fill(struct corpus *c, struct fixture *f, uint64_t *seed)
{
	memset(c, 0, sizeof *c);
	c->f = f;
	assert_ok(db_begin(f->db));
	assert_ok(tree_root_above(f->db, f->root, "", 0));
	for (int i = 0; i < CORPUS_DIRS; i++)
		fill_dir(c, i, seed);
	for (int i = 0; i < CORPUS_DOCUMENTS; i++)
		fill_document(c, &c->documents[i], (unsigned)i, seed);
	for (int i = 0; i < CORPUS_FILES; i++)
		fill_file(c, i, seed);
	c->place_count = CORPUS_FILES;
	for (int i = 0; i < CORPUS_CONTAINERS; i++)
		fill_container(c, i, seed);
	for (int i = 1; i < CORPUS_DIRS; i++)
		add_dir(c, i);
	assert_ok(documents_settle(f->db));
	assert_ok(db_commit(f->db));
}

/* --- who may see what --- */

static bool may(
	const struct caller *who, uint32_t mode, uint32_t uid, uint32_t gid, bool acl, uint32_t bit)
{
	bool member = who->gid == gid;

	for (size_t i = 0; i < who->group_count; i++)
		member = member || who->groups[i] == gid;
	if (who->uid == uid)
		return mode & bit << 6;
	if (acl)
		return false;
	return member ? mode & bit << 3 : mode & bit;
}

bool corpus_visible(
	const struct corpus *c, const struct corpus_file *file, const struct caller *who)
{
	if (who->all || who->uid == 0)
		return true;
	if (!may(who, file->mode, file->uid, file->gid, file->acl, 4))
		return false;
	for (int d = file->dir; d >= 0; d = c->dirs[d].parent)
		if (!may(who, c->dirs[d].mode, c->dirs[d].uid, c->dirs[d].gid, false, 1))
			return false;
	return true;
}

/* --- wishes --- */

enum wish_kind {
	AND,
	OR,
	NOT,
	WORD,
	PREFIX,
	PHRASE,
	NEAR,
	TITLE,
	NAME,
	PATH,
	EXT,
	TYPE,
	AUTHOR,
	SIZE,
	AFTER
};

struct wish {
	enum wish_kind kind;
	struct wish *left, *right;
	int a, b; /* words, numbers */
	int n;
	const char *text;
};

struct wish *wish_make(struct corpus *c, uint64_t *seed, int depth)
{
	static const char *const names[] = {
		"alp", "TA", "n1", "*.pdf", "a*_n?.*", "zeta-", "\xc3\x84the"};
	static const char *const paths[] = {"/src/", "mail", "/r/**/n*", "alpha", "/r/*/alpha*.txt", "/r/?oc/**/n1*"};
	struct wish *w = mem_zalloc(sizeof *w);

	assert_non_null(w);
	w->kind = depth && pick(seed, 3) ? (enum wish_kind)pick(seed, 3)
					 : (enum wish_kind)(WORD + pick(seed, AFTER - WORD + 1));
	/* most leaves are words */
	if (w->kind > PHRASE && pick(seed, 2))
		w->kind = WORD;
	w->a = pick(seed, corpus_word_count);
	w->b = pick(seed, corpus_word_count);
	w->n = pick(seed, 4);
	if (w->kind <= NOT)
		w->left = wish_make(c, seed, depth - 1);
	if (w->kind <= OR)
		w->right = wish_make(c, seed, depth - 1);
	if (w->kind == NAME)
		w->text = names[pick(seed, 7)];
	if (w->kind == PATH)
		w->text = paths[pick(seed, 6)];
	if (w->kind == EXT)
		w->text = extensions[w->n];
	if (w->kind == TYPE)
		w->text = (const char *[]){"text/*", "pdf", "text", "text/plain"}[w->n];
	if (w->kind == AUTHOR)
		w->text = (const char *[]){"doe", "JO", "roe", "nobody"}[w->n];
	return w;
}

void wish_destroy(struct wish *w)
{
	if (!w)
		return;
	wish_destroy(w->left);
	wish_destroy(w->right);
	mem_free(w);
}

static void write_pair(const struct wish *w, struct buf *out)
{
	wish_write(w->left, out);
	buf_adds(out, w->kind == OR ? " OR " : w->n & 1 ? " AND " : " ");
	wish_write(w->right, out);
}

void wish_write(const struct wish *w, struct buf *out)
{
	const char *a = corpus_words[w->a], *b = corpus_words[w->b];

	switch (w->kind) {
	case AND:
	case OR:
		buf_addc(out, '(');
		write_pair(w, out);
		buf_addc(out, ')');
		return;
	case NOT:
		/* two dashes begin a word */
		buf_adds(out, (w->n & 1) && w->left->kind != NOT ? "-" : "NOT ");
		wish_write(w->left, out);
		return;
	case WORD:
		buf_adds(out, a);
		return;
	case PREFIX:
		buf_addf(out, "%.3s*", a);
		return;
	case PHRASE:
		buf_addf(out, w->n ? "\"%s %s\"" : "%s.%s", a, b);
		return;
	case NEAR:
		buf_addf(out, "NEAR(%s %s, %d)", a, b, w->n);
		return;
	case TITLE:
		buf_addf(out, "title:%s", a);
		return;
	case NAME:
		buf_addf(out, "name:%s", w->text);
		return;
	case PATH:
		buf_addf(out, "path:%s", w->text);
		return;
	case EXT:
		buf_addf(out, "ext:%s", w->text);
		return;
	case TYPE:
		buf_addf(out, "type:%s", w->text);
		return;
	case AUTHOR:
		buf_addf(out, "author:%s", w->text);
		return;
	case SIZE:
		buf_addf(out, "size:>%d", w->n * 1000);
		return;
	case AFTER:
		buf_addf(out, "after:2023-11-%02d", 15 + 4 * w->n);
		return;
	}
}

/* --- the matcher --- */

static bool word_is(const struct wish *w, int word)
{
	if (w->kind == PREFIX)
		return strncmp(corpus_words[word], corpus_words[w->a], 3) == 0;
	return word == w->a;
}

/* Whether a run of words satisfies a leaf of text. */
static bool run_true(const struct wish *w, const int *words, int count)
{
	for (int i = 0; i < count; i++) {
		if (w->kind == WORD || w->kind == PREFIX || w->kind == TITLE) {
			if (word_is(w, words[i]))
				return true;
			continue;
		}
		if (words[i] != w->a)
			continue;
		if (w->kind == PHRASE && i + 1 < count && words[i + 1] == w->b)
			return true;
		for (int k = 0; w->kind == NEAR && k < count; k++)
			if (words[k] == w->b && abs(k - i) - 1 <= w->n && (k != i || w->a == w->b))
				return true;
	}
	return false;
}

static bool text_true(const struct corpus *c, const struct wish *w, const struct corpus_file *file)
{
	const struct corpus_document *d = file->document < 0 ? NULL : &c->documents[file->document];

	if (d && run_true(w, d->title, d->title_len))
		return true;
	if (w->kind == TITLE)
		return false;
	return (d && run_true(w, d->text, d->text_len)) ||
	       run_true(w, file->words, file->word_count);
}

static void fold(char *out, size_t room, const char *s)
{
	size_t n = 0;

	for (; *s && n + 1 < room; s++) {
		if (strncmp(s, "\xc3\x84", 2) == 0 || strncmp(s, "\xc3\xa4", 2) == 0) {
			out[n++] = 'a';
			s++;
		} else {
			out[n++] = (char)(*s >= 'A' && *s <= 'Z' ? *s + 32 : *s);
		}
	}
	out[n] = '\0';
}

/* All ways, recursively; of a path no star but two take a slash, and two take none too. */
static bool glob_true(const char *g, const char *s, bool path)
{
	if (!*g)
		return !*s;
	if (path && strncmp(g, "**/", 3) == 0) {
		const char *slash = strchr(s, '/');

		return glob_true(g + 3, s, path) || (slash && glob_true(g, slash + 1, path));
	}
	if (*g == '*')
		return glob_true(g + 1, s, path) ||
		       (*s && !(path && *s == '/') && glob_true(g, s + 1, path));
	return *s && ((*g == '?' && !(path && *s == '/')) || *g == *s) &&
	       glob_true(g + 1, s + 1, path);
}

static bool pattern_true(const char *pattern, const char *text, bool path)
{
	char p[64], t[256];

	fold(p, sizeof p, pattern);
	fold(t, sizeof t, text);
	return strpbrk(p, "*?") ? glob_true(p, t, path) : strstr(t, p) != NULL;
}

static bool type_true(const char *wanted, const char *type)
{
	size_t len = strlen(wanted);

	if (!strcmp(wanted, "text/*") || !strcmp(wanted, "text"))
		return strncmp(type, "text/", 5) == 0;
	if (strchr(wanted, '/'))
		return strcmp(type, wanted) == 0;
	return strlen(type) > len && !strcmp(type + strlen(type) - len, wanted);
}

static bool wish_true(
	const struct corpus *c, const struct wish *w, const struct corpus_file *file)
{
	const struct corpus_document *d = file->document < 0 ? NULL : &c->documents[file->document];

	switch (w->kind) {
	case AND:
		return wish_true(c, w->left, file) && wish_true(c, w->right, file);
	case OR:
		return wish_true(c, w->left, file) || wish_true(c, w->right, file);
	case NOT:
		return !wish_true(c, w->left, file);
	case WORD:
	case PREFIX:
	case PHRASE:
	case NEAR:
	case TITLE:
		return text_true(c, w, file);
	case NAME:
		return pattern_true(w->text, file->name, false);
	case PATH:
		return pattern_true(w->text, file->path, true);
	case EXT:
		return strcmp(w->text, file->ext) == 0;
	case TYPE:
		return type_true(w->text, d ? d->type : file->type);
	case AUTHOR:
		return d && pattern_true(w->text, d->author, false);
	case SIZE:
		return !file->is_dir && file->size > w->n * 1000;
	case AFTER:
		return file->mtime_s >= 1699142400 + (15 + 4 * w->n - 5) * 86400;
	}
	return false;
}

/* Whether a leaf that is not negated is true of the place's own name. */
static bool is_named(const struct corpus *c, const struct wish *w, const struct corpus_file *file,
	bool negative)
{
	if (w->kind <= NOT)
		return is_named(c, w->left, file, negative != (w->kind == NOT)) ||
		       (w->right && is_named(c, w->right, file, negative));
	return !negative && (w->kind == NAME || (w->kind >= WORD && w->kind <= NEAR)) &&
	       wish_true(c, w, file);
}

bool wish_finds(const struct corpus *c, const struct wish *w, const struct corpus_file *file)
{
	return wish_true(c, w, file) && (!file->is_dir || is_named(c, w, file, false));
}
