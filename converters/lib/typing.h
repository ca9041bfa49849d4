/*
 * typing: what a document is by its content, for converters that were handed something else.
 *
 * Signatures of the types that are converted here come first, then what kind of
 * text it is if it is text, then libmagic.  Zip archives and OLE compound files
 * are looked into, since half the office formats hide in them.  Not for several
 * threads: libmagic's database stays open.
 */
#ifndef CONVERT_TYPING_H
#define CONVERT_TYPING_H

#include "charset.h"
#include "serve.h"

/* Content that is nothing known. */
#define TYPING_UNKNOWN "application/octet-stream"
/* An office document behind a password: which kind cannot be seen. */
#define TYPING_ENCRYPTED "application/encrypted"

/* The MIME type; "text/plain" for text of no special kind.  Static storage, until the next call. */
const char *typing_of(const struct document *doc);
/* Which special kind of text begins with these bytes; NULL if none.  Static storage. */
const char *typing_of_text(const uint8_t *bytes, size_t n, const struct charset *cs);

/*
 * For a handler's last line, when the first bytes say that this is not its kind of document: gives
 * it to the converter of what it is.  Where it is nothing else, the answer is ANSWER_DAMAGED if its
 * name promised a format, ANSWER_BINARY if it promised text or nothing.
 */
int convert_other(const struct document *doc, struct answer *out);

#endif
