/*
 * search_corpus: a small random tree of files in a real store, some of them containers, and a matcher that
 * shares nothing with the search: it looks at every place with plain loops.
 */
#ifndef SEARCH_CORPUS_H
#define SEARCH_CORPUS_H

#include "store_fixture.h"

#include "core/buf.h"
#include "search/search.h"

enum {
	CORPUS_FILES = 160,
	CORPUS_DOCUMENTS = 60,
	CORPUS_DIRS = 8,
	CORPUS_CONTAINERS = 6, /* the first documents are */
	CORPUS_PARTS = 8,      /* of each */
	CORPUS_PLACES = 600,
	TEXT_WORDS = 24,
	TITLE_WORDS = 3
};

/* Words are numbers into corpus_words. */
struct corpus_document {
	int64_t id;
	int text[TEXT_WORDS], title[TITLE_WORDS];
	int text_len, title_len;
	const char *type, *author;
};

/* A place: a file, a part in one of the files that have its container, or a directory. */
struct corpus_file {
	int dir, document; /* -1: none */
	int file;	   /* itself, or the file that it is a part in; of a directory its number behind all files */
	bool is_dir;	   /* then `dir` is its parent */
	int number;	   /* of a part, among all; -1: a file */
	int container;	   /* of a part: its document; -1 */
	char part[64];	   /* its path; "" of a file */
	const char *type;  /* of a part without a document */
	int64_t shown_s;   /* mtime_s, or the part's own */
	char name[64], path[256]; /* the file's path, of a part too */
	int words[3], word_count; /* of the name, without its extension */
	const char *ext;
	int64_t size, mtime_s;
	uint32_t mode, uid, gid;
	bool acl;
};

struct corpus_dir {
	char path[128];
	int parent;
	uint32_t mode, uid, gid;
};

struct corpus {
	struct fixture *f;
	struct corpus_document documents[CORPUS_DOCUMENTS];
	struct corpus_file files[CORPUS_PLACES]; /* CORPUS_FILES files, then parts, then directories */
	int place_count;
	struct corpus_dir dirs[CORPUS_DIRS];
};

extern const char *const corpus_words[];
extern const int corpus_word_count;

void corpus_fill(struct corpus *c, struct fixture *f, uint64_t *seed);
bool corpus_visible(
	const struct corpus *c, const struct corpus_file *file, const struct caller *who);

/* A random query: as the user writes it, and as the matcher evaluates it. */
struct wish;
struct wish *wish_make(struct corpus *c, uint64_t *seed, int depth);
void wish_destroy(struct wish *w);
void wish_write(const struct wish *w, struct buf *out);
/* Whether the place is found: it is true of it, and of a directory something positive is true of its own name. */
bool wish_finds(const struct corpus *c, const struct wish *w, const struct corpus_file *file);

#endif
