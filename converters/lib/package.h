/*
 * package: a document that is a zip of members, each found by its name.
 *
 * By libzip, which reads members in any order (libarchive, as fast, only in
 * the order of the file: a workbook's strings lie behind its sheets).  Bytes are
 * counted as they unfold, over all members: past the larger of 64 MiB and 250
 * times the document's size nothing more is read, and the verdict is
 * ANSWER_LIMIT.  Opening a member counts as 4 KiB.  What fails says so in the answer.
 */
#ifndef CONVERT_PACKAGE_H
#define CONVERT_PACKAGE_H

#include "serve.h"
#include "xml.h"

struct package;

/* A verdict: ANSWER_DONE, and *out is to be closed; or ANSWER_DAMAGED, and *out is NULL. */
int package_open(const struct document *doc, struct answer *answer, struct package **out);
void package_close(struct package *p); /* NULL is fine */

/* Members are numbered from 0. */
int64_t package_count(const struct package *p);
/* NULL if it has no name; valid until the package is closed. */
const char *package_name(struct package *p, int64_t member);
/* The member of exactly this name, or else of one that differs in case; -1 if there is none. */
int64_t package_find(struct package *p, const char *name);

/* False: no more bytes of this member are wanted. */
typedef bool package_sink(void *ctx, const uint8_t *bytes, size_t n);
/* The unfolded bytes of a member; a verdict. */
int package_read(struct package *p, int64_t member, package_sink *sink, void *ctx);
/* The first bytes of a member, at most `most`; returns how many, 0 for a fault. */
size_t package_head(struct package *p, int64_t member, char *out, size_t most);
/* A member that is XML; a verdict.  One that is not there is ANSWER_DAMAGED. */
int package_parse(struct package *p, const char *name, const struct xml_ops *ops, void *ctx);

#endif
