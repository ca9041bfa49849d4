/*
 * output: how results look to people: times, sizes, counts, snippets, rows of a table.
 *
 * All append to a buf; nothing here writes.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/term.h"
#include "core/buf.h"

#include <cjson/cJSON.h>
#include <stdint.h>

enum { OUTPUT_LABEL_COLUMNS = 10 };

/* 12,345,678 */
void output_add_count(struct buf *out, int64_t n);
/* Local time to the minute; nothing for 0. */
void output_add_time(struct buf *out, int64_t seconds);
/* A snippet's text on one line, what matched marked. */
void output_add_snippet(struct buf *out, const struct term *t, const cJSON *snippet);
/* The path of an object and of the part in it (json_add_place), styled. */
void output_add_path(struct buf *out, const struct term *t, enum term_style style, const cJSON *object);
/* Text of the daemon's as term_add does it. */
void output_add_text(struct buf *out, const struct term *t, const char *text);
/* The same on one line: spaces of all kinds become one. */
void output_add_line(struct buf *out, const struct term *t, const char *text);
/* The text of a document: on a terminal escaped, but for newlines and tabs. */
void output_add_document(struct buf *out, const struct term *t, const char *text, size_t n);
/*
 * The members of an object in one line: "pending 3, bytes 1.2 MiB, full no, layers rlimits"; numbers by their names'
 * endings, of an object inside what is true.
 */
void output_add_members(struct buf *out, const struct term *t, const cJSON *object);
/* A dim label, padded, at the head of a line. */
void output_add_label(struct buf *out, const struct term *t, const char *label);

#endif
