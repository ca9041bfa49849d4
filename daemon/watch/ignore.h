/*
 * ignore: rules in gitignore syntax, from the configuration or a .trawlignore file.
 *
 * A set is immutable and shared by reference count between the loop and the scan
 * threads.  Within a set the last match decides; a set nearer to the file decides
 * before one above it (scope.h puts sets together).
 */
#ifndef WATCH_IGNORE_H
#define WATCH_IGNORE_H

#include "core/config.h"
#include "core/ident.h"

struct ignore;

enum ignore_answer { IGNORE_SILENT, IGNORE_YES, IGNORE_NO };

/* One pattern a line; `source` names the file in verdicts.  A line that cannot be a pattern matches nothing. */
MUST_USE enum status ignore_parse(
	const char *text, size_t len, const char *source, const struct ident *file, struct ignore **out);
MUST_USE enum status ignore_from_list(
	const struct config_list *patterns, const char *source, struct ignore **out);
struct ignore *ignore_ref(struct ignore *s);
void ignore_unref(struct ignore *s); /* NULL is fine */
bool ignore_is_empty(const struct ignore *s);
const char *ignore_source(const struct ignore *s);
/* Of the file it was parsed from. */
const struct ident *ignore_file(const struct ignore *s);

/* `path` is relative to the directory that the set belongs to; *line counts from 1. */
enum ignore_answer ignore_match(const struct ignore *s, const char *path, bool is_dir, int *line);
/* The pattern of that line, for people. */
const char *ignore_pattern(const struct ignore *s, int line);

/* One pattern against one path: * ? [a-z] within a component, "**" across.  Gives up (no match) on hostile patterns. */
bool ignore_glob(const char *pattern, const char *path);

#endif
