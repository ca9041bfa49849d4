/*
 * answer: what a converter says about one document, on its way to the worker.
 *
 * A handler calls answer_text as often as it likes and names metadata at any
 * moment; the answer counts the limit, gathers small pieces into few large
 * writes, and sends the metadata and the verdict at the end.  A container names
 * the documents inside it as parts, and hands on their bytes as they come.  By
 * hand (one-shot) the same calls write bare text to standard output, and parts
 * are only named.  A failed write ends the program: nobody is left to convert for.
 */
#ifndef CONVERT_ANSWER_H
#define CONVERT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer;

/* Verdicts are sysexits(3) numbers. */
enum {
	ANSWER_DONE = 0,         /* EX_OK */
	ANSWER_DAMAGED = 65,     /* EX_DATAERR */
	ANSWER_BINARY = 66,      /* EX_NOINPUT: nothing in it is text */
	ANSWER_UNAVAILABLE = 69, /* EX_UNAVAILABLE */
	ANSWER_LIMIT = 73,       /* EX_CANTCREAT: a limit of expansion was passed */
	ANSWER_TRY_LATER = 75,   /* EX_TEMPFAIL */
	ANSWER_ENCRYPTED = 77,   /* EX_NOPERM: needs a password */
};

/* Writes to `fd`, which stays the caller's: records if `framed`, bare text if not. */
struct answer *answer_create(int fd, bool framed);
void answer_destroy(struct answer *a); /* NULL is fine */

/* Serve loop only: opens the answer to the next document, of at most `limit` bytes of text. */
void answer_begin(struct answer *a, uint64_t limit);
/* Serve loop only: sends what is left and the verdict; returns the exit status that says the same.
 */
int answer_end(struct answer *a, int verdict);

/*
 * Whole UTF-8 characters, none of them NUL.  False: the limit cut this piece (at
 * a character), and nothing more is wanted; further calls are harmless.
 */
bool answer_text(struct answer *a, const char *utf8, size_t n);
/* The handler itself left text out. */
void answer_truncated(struct answer *a);
/* UTF-8; blanks are folded, ill-formed bytes replaced, and what is very long is cut.  An empty
 * value says nothing; the first value of a key stays. */
void answer_meta(struct answer *a, const char *key, const char *value, size_t n);
void answer_meta_int(struct answer *a, const char *key, int64_t value);

/*
 * Begins the next part; it lasts until the one after it, or the end.  `path` is
 * UTF-8 with `/` between steps (ill-formed bytes are replaced, a path beyond
 * bounds loses its first steps), `type` a MIME type or NULL, `size` in bytes or
 * -1.  Text and metadata, of the container itself, may still come at any moment.
 */
void answer_part(struct answer *a, const char *path, const char *type, int64_t size);
/* The same for a part that says when it was made, in seconds since the epoch. */
void answer_part_dated(
	struct answer *a, const char *path, const char *type, int64_t size, int64_t created);
/* Raw bytes of the part begun last; blocks while the worker is busy. */
void answer_part_bytes(struct answer *a, const void *bytes, size_t n);
/* The part begun last cannot be given: what was sent of it is dropped, and the verdict recorded. */
__attribute__((format(printf, 3, 4))) void answer_part_fail(
	struct answer *a, int verdict, const char *why, ...);
/* Parts begun so far. */
uint64_t answer_part_count(const struct answer *a);

/* For a handler's last line: `return answer_reroute(a, "text/html");`.  Before any text or part
 * only. */
int answer_reroute(struct answer *a, const char *mime);
/* `return answer_fail(a, ANSWER_DAMAGED, "no page tree");`: one sentence for people. */
__attribute__((format(printf, 3, 4))) int answer_fail(
	struct answer *a, int verdict, const char *why, ...);

#endif
