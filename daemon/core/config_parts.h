/*
 * config_parts: what the files config*.c share while one configuration is loaded.  Private to them.
 *
 * config.c owns the object and the order of loading, config_read.c takes one file's items,
 * config_value.c turns text into values, config_check.c has the last word.
 */
#ifndef CORE_CONFIG_PARTS_H
#define CORE_CONFIG_PARTS_H

#include "core/config.h"

#include <sys/un.h>

enum {
	CONFIG_KEYS_MAX = 64,
	SOCKET_PATH_MAX = sizeof((struct sockaddr_un *)NULL)->sun_path - 1 /* without its NUL */
};

/* Where something was said: a file, which lives as long as the loader, and a line; or an option. */
struct origin {
	const char *file;
	unsigned line;
};

struct loader {
	const struct config_source *source;
	struct config *config;
	struct buf *errors; /* a line per fault */
	size_t faults;
	bool nomem; /* sticky, looked at once, at the end */

	/* parallel to the config's arrays */
	struct origin *root_origins;	  /* of its path, or of its section while there is none */
	struct origin *converter_origins; /* of its section */
	struct origin storage_origin;	  /* of the memo's storage, if it is given */
	struct origin *dir_origins;	  /* of converters_dir; NULL if those are the default */
	struct config_list files;	  /* owns the names that origins point to */

	/* the section being read */
	bool in_drop_in;
	struct origin section;
	char *section_name;
	const char *kind; /* as in config_keys.section; NULL: unknown, its keys are passed over */
	void *object;	  /* the struct that its fields are in */
	unsigned seen[CONFIG_KEYS_MAX]; /* line of each key in it, 0: not seen */
};

/* --- config.c --- */

/* Appends "FILE:LINE: section [x], key y: what"; line 0 and NULL leave their part out. */
__attribute__((format(printf, 5, 6))) void loader_fault(struct loader *l, const struct origin *at,
	const char *section, const char *key, const char *fmt, ...);
/* Notes ST_NOMEM; returns whether it was ST_OK. */
bool loader_ok(struct loader *l, enum status st);
/* New elements with their defaults; NULL (noted) without memory. */
struct config_root *loader_add_root(struct loader *l, const char *name, struct origin at);
/* One of that name from an earlier file is replaced as a whole, in its place. */
struct config_converter *loader_add_converter(struct loader *l, const char *name, struct origin at);

/* --- config_read.c --- */

/* Reads one file into the config; ST_NOT_FOUND, ST_NOMEM, else ST_OK with faults noted. */
MUST_USE enum status config_read(struct loader *l, const char *file, bool drop_in);

/* --- config_value.c --- */

MUST_USE enum status config_list_add(struct config_list *list, const char *bytes, size_t n);
void config_list_finish(struct config_list *list);
/* Parses `text` into the key's field of `object`; on ST_INVALID `why` says what is wrong. */
MUST_USE enum status config_set(
	const struct config_key *key, void *object, const char *text, struct buf *why);
/* Sets every key of that section to its default. */
MUST_USE enum status config_set_defaults(const char *section, void *object);

/* --- config_check.c --- */

/* Fills in what was not said, and faults what does not fit together.  After all files are read. */
void config_complete(struct loader *l);

#endif
