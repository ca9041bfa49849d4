/*
 * epub: container, package document, spine; see epub.h.
 *
 * The container names the package document (OPF), which lists all members and
 * puts the chapters in order; each is a page of HTML (page.h).
 */
#include "epub.h"

#include "alloc.h"
#include "arena.h"
#include "dictionary.h"
#include "href.h"
#include "page.h"
#include "properties.h"

#include <stdlib.h>
#include <string.h>

enum { CHAPTER_MOST = 16 * 1024 * 1024 }; /* bytes of one that are read */

struct book {
	struct package *package;
	struct answer *out;
	char opf[HREF_ROOM]; /* the package document's name; "" until it is known */
	struct properties *properties;
	enum property open;
	struct dictionary *manifest; /* chapters by id: the member, and its type */
	struct arena spine;          /* ids, each with its NUL */
	bool begun;                  /* a chapter went before */
	bool locked;                 /* chapters are encrypted */
};

/* --- META-INF --------------------------------------------------------------------------------- */

static void on_container_open(void *ctx, const char *name, const char **atts)
{
	struct book *book = ctx;
	const char *path = xml_attribute_exact(atts, "full-path");

	if (!book->opf[0] && path && strcmp(xml_local(name), "rootfile") == 0 &&
		!href_resolve("", path, book->opf))
		book->opf[0] = '\0';
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), len = strlen(end);

	return n >= len && strcmp(s + n - len, end) == 0;
}

/* Fonts may be disguised without harm to the text; with a chapter, the book is locked. */
static void on_encryption_open(void *ctx, const char *name, const char **atts)
{
	struct book *book = ctx;
	const char *uri = xml_attribute_exact(atts, "URI");

	if (strcmp(xml_local(name), "CipherReference") == 0 && uri)
		book->locked |= ends_with(uri, "html") || ends_with(uri, ".htm") ||
				ends_with(uri, ".xml") || ends_with(uri, ".opf");
}

static int read_container(struct book *book)
{
	static const struct xml_ops container = {.open = on_container_open};
	static const struct xml_ops encryption = {.open = on_encryption_open};
	int verdict = package_parse(book->package, "META-INF/container.xml", &container, book);

	if (verdict != ANSWER_DONE)
		return verdict;
	if (!book->opf[0])
		return answer_fail(book->out, ANSWER_DAMAGED, "its container names no book");
	if (package_find(book->package, "META-INF/encryption.xml") >= 0)
		verdict =
			package_parse(book->package, "META-INF/encryption.xml", &encryption, book);
	if (book->locked)
		return answer_fail(book->out, ANSWER_ENCRYPTED, "the book is locked by a key");
	return verdict;
}

/* --- the package document --------------------------------------------------------------------- */

static const struct {
	const char *name;
	enum property property;
} names[] = {
	{"title", PROPERTY_TITLE},
	{"creator", PROPERTY_AUTHOR},
	{"language", PROPERTY_LANGUAGE},
	{"subject", PROPERTY_KEYWORDS},
	{"description", PROPERTY_DESCRIPTION},
	{"publisher", PROPERTY_PUBLISHER},
	{"date", PROPERTY_CREATED},
};

static bool is_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += n)
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static bool is_chapter(const char *type, const char *properties)
{
	if (properties && is_word(properties, "nav"))
		return false;
	return !type || ends_with(type, "html") || ends_with(type, "html+xml") ||
	       ends_with(type, "dtbook+xml") || ends_with(type, "oeb1-document") ||
	       ends_with(type, "svg+xml");
}

static void take_item(struct book *book, const char **atts)
{
	const char *id = xml_attribute_exact(atts, "id");
	const char *href = xml_attribute_exact(atts, "href");
	const char *type = xml_attribute_exact(atts, "media-type");
	char member[HREF_ROOM];

	if (!id || !href || !href_resolve(book->opf, href, member))
		return;
	if (is_chapter(type, xml_attribute_exact(atts, "properties")))
		dictionary_add(book->manifest,
			&(struct entry){.key = id, .value = member, .word = type ? type : ""});
}

/* An EPUB 3 says when it was changed in an element of another kind. */
static enum property property_of(const char *name, const char **atts)
{
	const char *of = xml_attribute_exact(atts, "property");

	if (strncmp(name, "dc:", 3) == 0)
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			if (strcmp(name + 3, names[i].name) == 0)
				return names[i].property;
	if (of && strcmp(of, "dcterms:modified") == 0)
		return PROPERTY_MODIFIED;
	return PROPERTY_NONE;
}

static void on_opf_open(void *ctx, const char *name, const char **atts)
{
	struct book *book = ctx;
	const char *local = xml_local(name), *idref;

	if (strcmp(local, "item") == 0)
		take_item(book, atts);
	idref = xml_attribute_exact(atts, "idref");
	if (strcmp(local, "itemref") == 0 && idref)
		arena_add_string(&book->spine, idref);
	book->open = property_of(name, atts);
	if (book->open != PROPERTY_NONE)
		properties_open(book->properties, book->open);
}

static void on_opf_close(void *ctx, const char *name)
{
	struct book *book = ctx;

	(void)name;
	if (book->open != PROPERTY_NONE)
		properties_close(book->properties, book->open);
	book->open = PROPERTY_NONE;
}

static void on_opf_text(void *ctx, const char *utf8, size_t n)
{
	struct book *book = ctx;

	if (book->open != PROPERTY_NONE)
		properties_text(book->properties, book->open, utf8, n);
}

static int read_opf(struct book *book)
{
	static const struct xml_ops ops = {.open = on_opf_open,
		.close = on_opf_close,
		.text = on_opf_text,
		.html_entities = true};
	int verdict = package_parse(book->package, book->opf, &ops, book);

	if (verdict == ANSWER_DONE)
		dictionary_sort(book->manifest);
	return verdict;
}

/* --- chapters --------------------------------------------------------------------------------- */

static bool gather(void *ctx, const uint8_t *bytes, size_t n)
{
	struct arena *chapter = ctx;
	size_t left = CHAPTER_MOST - arena_size(chapter);

	arena_add(chapter, (const char *)bytes, n < left ? n : left);
	return n < left;
}

static int give_chapter(struct book *book, const char *member)
{
	static struct page *page;
	struct arena chapter = {0};
	struct charset cs;
	int64_t at = member ? package_find(book->package, member) : -1;
	int verdict;

	/* Nothing is to be had, or nothing more is wanted. */
	if (at < 0 || !answer_text(book->out, "\n\n", book->begun ? 2 : 0))
		return ANSWER_DONE;
	book->begun = true;
	if (!page)
		page = page_create();
	verdict = package_read(book->package, at, gather, &chapter);
	const uint8_t *bytes = (const uint8_t *)chapter.bytes;
	bool cut = arena_size(&chapter) == CHAPTER_MOST;
	if (verdict == ANSWER_DONE && page_charset(bytes, arena_size(&chapter), cut, &cs) &&
		(!page_give(page, book->out, &cs, bytes, arena_size(&chapter)) || cut))
		answer_truncated(book->out);
	arena_finish(&chapter);
	return verdict;
}

static int give_spine(struct book *book)
{
	int verdict = ANSWER_DONE;

	for (size_t at = 0; at < arena_size(&book->spine) && verdict == ANSWER_DONE;) {
		const char *id = arena_at(&book->spine, at);

		verdict = give_chapter(book, dictionary_value(book->manifest, id, NULL));
		at += strlen(id) + 1;
	}
	return verdict;
}

/* A book without a spine is read as its chapters are listed. */
static int give_all(struct book *book)
{
	int verdict = ANSWER_DONE;

	for (size_t i = 0; i < dictionary_count(book->manifest) && verdict == ANSWER_DONE; i++)
		verdict = give_chapter(book, dictionary_at(book->manifest, i).value);
	return verdict;
}

static int give_book(struct book *book)
{
	static struct prose prose;
	int verdict;

	answer_meta(book->out, "type", "application/epub+zip", strlen("application/epub+zip"));
	/* Before the chapters: what they say of themselves is not the book's. */
	properties_tell(book->properties, book->out);
	verdict = arena_size(&book->spine) ? give_spine(book) : give_all(book);
	if (verdict != ANSWER_DONE || !properties_have_words(book->properties))
		return verdict;
	answer_text(book->out, "\n\n", book->begun ? 2 : 0);
	prose_begin(&prose, book->out);
	properties_add_words(book->properties, &prose);
	prose_finish(&prose);
	return ANSWER_DONE;
}

int epub_convert(struct package *package, struct answer *out)
{
	static struct properties properties;
	struct book book = {.package = package,
		.out = out,
		.properties = &properties,
		.open = PROPERTY_NONE,
		.manifest = dictionary_create()};
	int verdict;

	properties_begin(&properties);
	verdict = read_container(&book);
	if (verdict == ANSWER_DONE)
		verdict = read_opf(&book);
	if (verdict == ANSWER_DONE)
		verdict = give_book(&book);
	dictionary_destroy(book.manifest);
	arena_finish(&book.spine);
	return verdict;
}
