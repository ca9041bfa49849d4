/*
 * config: the daemon's configuration, read from INI files through libini_config.
 *
 * A loaded config is immutable and shared by reference count: a reload loads a
 * second one, and keeps the first if the second has errors.  Every key with its
 * section, default, unit and meaning stands in one table (config_keys), from
 * which the parser works and the sample file and the man page are checked.
 * Durations are in milliseconds, sizes in bytes.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "core/buf.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_mode { MODE_USER, MODE_SYSTEM };
enum config_sandbox { SANDBOX_REQUIRED, SANDBOX_BEST_EFFORT, SANDBOX_OFF };
enum config_transport { TRANSPORT_RUN, TRANSPORT_SERVE };
enum config_lane { CONVERTER_NORMAL, CONVERTER_SLOW };

struct config_list {
	char **items; /* NUL-terminated strings */
	size_t count;
};

struct config_root {
	char *name;		   /* section [root NAME]; "root1" … for --root */
	char *path;		   /* absolute, resolved if it exists */
	struct config_list ignore; /* gitignore patterns, relative to the root */
	bool hidden;		   /* index names that begin with a dot; default no */
	bool one_filesystem;	   /* default no */
	int64_t poll_ms;	   /* 0: poll only where events are not to be had */
};

struct config_converter {
	char *name;			/* section [converter NAME] */
	struct config_list extensions;	/* lower case, without the dot; "*" = every name not claimed otherwise */
	struct config_list mime;	/* types this converter takes, for reroutes */
	enum config_transport transport;
	struct config_list argv;	/* the words of run= or serve= (no shell); argv[0] absolute once found in PATH */
	int64_t time_ms;		/* wall clock per document */
	int64_t memory_bytes;		/* RLIMIT_AS */
	int64_t processes;		/* 1: may not fork */
	char *package;			/* what brings the program, for people; NULL: not said */
	enum config_lane lane;
	bool missing;			/* argv[0] was not found: files become `unavailable` */
};

struct config {
	enum config_mode mode;
	char *state_dir;
	char *socket;
	int64_t workers; /* default: one per CPU of the affinity mask */
	int64_t queue_size;
	enum config_sandbox sandbox;
	int64_t rescan_ms;
	int64_t settle_ms;
	struct config_list converters_dir;
	struct {
		int64_t file_size, text_size; /* bytes */
		int64_t convert_time_ms;
		int64_t convert_memory; /* bytes */
		int64_t parts, part_depth, part_bytes, part_ratio; /* of all the parts of one file */
		int64_t part_time_ms;
	} limits;
	struct {
		char *storage; /* "memory", "memcached:HOST:PORT" or "memcached:/path" */
		int64_t ttl_ms;
		int64_t entries;
		int64_t bytes;
		int64_t warm;		   /* how many of the hottest entries to refresh */
		struct config_list warm_at; /* "HH:MM" local times */
	} memo;
	struct config_list languages; /* whose stems are told */
	struct config_root *roots;
	size_t root_count;
	struct config_converter *converters; /* later files override earlier ones by name */
	size_t converter_count;
};

/* Where to read from; every field may be NULL or empty. */
struct config_source {
	const char *file;	   /* --config; default by mode and environment, which may be absent */
	const char *const *roots;  /* --root DIR, replacing the file's roots */
	size_t root_count;
	const char *state_dir;	   /* --state, over the file's */
	const char *socket;	   /* --socket, over the file's */
	bool may_miss_roots;	   /* a missing root is not an error (it was indexed before) */
};

/*
 * Loads and checks everything; on ST_CONFIG `errors` holds one line per fault,
 * "FILE:LINE: what is wrong" (all of them, not the first).  ST_NOMEM otherwise.
 */
MUST_USE enum status config_load(
	const struct config_source *src, struct config **out, struct buf *errors);
struct config *config_ref(struct config *c);   /* any thread */
void config_unref(struct config *c);	       /* any thread; NULL is fine */

/* How a key's text becomes a value. */
enum config_kind {
	KEY_BOOL,	/* yes no true false on off 1 0 */
	KEY_INT,	/* int64_t within min and max */
	KEY_AUTO,	/* the same, or "auto", which is 0 */
	KEY_SIZE,	/* int64_t, bytes, within min and max */
	KEY_DURATION,	/* int64_t, milliseconds, within min and max */
	KEY_CHOICE,	/* an enum: the position among `choices` */
	KEY_WORD,	/* char *, one of `choices` */
	KEY_NAME,	/* char *, one word of letters, digits and . + - _ */
	KEY_PATH,	/* char *, absolute; "~/" is the home directory */
	KEY_SOCKET,	/* the same, no longer than a socket's path may be */
	KEY_STORAGE,	/* char *, memory or memcached:… */
	KEY_PATHS,	/* config_list of paths; lists may be given again, each adds */
	KEY_WORDS,	/* config_list */
	KEY_EXTENSIONS, /* config_list, lower case, without the dot */
	KEY_TYPES,	/* config_list of MIME types, lower case */
	KEY_TIMES,	/* config_list of "HH:MM" */
	KEY_LANGUAGES,	/* config_list of Snowball's names (languages.h) */
	KEY_RUN,	/* config_list: a command; transport run */
	KEY_SERVE	/* config_list: a command; transport serve */
};

/* One row per key: the parser works from it, sample and man page are checked against it. */
struct config_key {
	const char *section; /* "daemon", "root", "limits", "memo", "index", "converter" */
	const char *name;
	enum config_kind kind;
	size_t offset;	      /* of the field in config, config_root or config_converter */
	const char *fallback; /* default as it would be written in the file; "" = none */
	const char *meaning;
	int64_t min, max;
	const char *choices; /* words separated by a blank */
};
extern const struct config_key config_keys[];
extern const size_t config_key_count;

#endif
