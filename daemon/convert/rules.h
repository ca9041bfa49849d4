/*
 * rules: which converter takes a document, by its name or by its MIME type.
 *
 * Built from the configuration, immutable, shared by reference count.  A
 * converter's version is a fingerprint: BLAKE2b over its command line and over
 * the bytes of every file that the command line names (of a program with a
 * build id, that and its size), so a changed program means a new version and
 * its documents are converted again.
 */
#ifndef CONVERT_RULES_H
#define CONVERT_RULES_H

#include "core/config.h"

enum { CONVERTER_VERSION_BYTES = 16 };

struct converter {
	const char *name;
	enum config_transport transport;
	char *const *argv; /* NULL-terminated; argv[0] absolute */
	int64_t time_ms, memory_bytes, processes;
	unsigned char version[CONVERTER_VERSION_BYTES];
	const char *package; /* what brings its program; NULL: not said */
	bool slow;	/* makes its documents later, in a lane of its own; no name or type chooses it */
	bool missing;	/* its program is not installed */
	int64_t row_id; /* converter(id) in the store, set once by the daemon before the rules are published */
	int index;	/* position in the rules, for tables by converter */
};

struct rules;

/* Reads the programs to fingerprint them: not on the loop once the daemon serves. */
MUST_USE enum status rules_create(struct config *config, struct rules **out);
struct rules *rules_ref(struct rules *r);
void rules_unref(struct rules *r); /* NULL is fine */
size_t rules_count(const struct rules *r);
struct converter *rules_at(const struct rules *r, size_t i);
/*
 * By extension, else the one that claims "*"; NULL if none.  Of several that claim it the last one named has it, but one
 * that is missing never has what one that is there claims.
 */
const struct converter *rules_by_name(const struct rules *r, const char *file_name);
/*
 * The same for a document that is said to be of *type (NULL: nothing is said), which counts where the extension says
 * nothing; *type becomes the type to be taken.
 */
const struct converter *rules_by_name_or_type(
	const struct rules *r, const char *file_name, const char **type);
/* By MIME type ("text/plain; charset=x" matches text/plain, then "text/" + "*"); NULL if none. */
const struct converter *rules_by_type(const struct rules *r, const char *type);
/* The MIME type a name's extension stands for, "application/octet-stream" if unknown; static storage. */
const char *rules_type_of_name(const struct rules *r, const char *file_name);
/* The slow converter that makes another document later; NULL: none, or it is missing. */
const struct converter *rules_slow_by_name(const struct rules *r, const char *file_name);
/* Every extension that a normal, or a slow, converter claims, but "*". */
MUST_USE enum status rules_each_extension(const struct rules *r, bool slow,
	enum status (*each)(void *arg, const char *extension, const struct converter *c), void *arg);
/* The path of every program named; without a slash: one that was found nowhere (where_executable). */
MUST_USE enum status rules_each_program(
	const struct rules *r, enum status (*each)(void *arg, const char *path), void *arg);
/* Whether any program named has appeared, gone or changed (by stat) since rules_create.  Blocks on the file system. */
bool rules_stale(const struct rules *r);

#endif
