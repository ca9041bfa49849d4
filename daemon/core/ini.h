/*
 * ini: one INI file, read through libini_config, as a sequence of sections and keys with their
 * lines.
 *
 * What that library forgives or hides is caught before it sees the text: bytes that are not UTF-8,
 * control bytes, names with characters that it refuses without a line, keys outside any section.
 * Continuation lines are not known; a key may stand more than once.  Section and key names are
 * compared without regard to case, and sections of one name are one.  Pure but for reading the
 * file; any thread.
 */
#ifndef CORE_INI_H
#define CORE_INI_H

#include "core/status.h"

#include <stdbool.h>

/* Strings live for the call.  `key` NULL: a section begins.  Line 0: the file as a whole. */
struct ini_item {
	const char *section; /* trimmed */
	const char *key;
	const char *value; /* trimmed; may be empty */
	unsigned line;
};

struct ini_reader {
	void (*item)(void *arg, const struct ini_item *item);
	void (*fault)(void *arg, unsigned line, const char *what);
	void *arg;
};

/*
 * Reports every section with its keys, in the order of the file, and every fault.  With `drop_in`,
 * anything but a regular file is a fault.  ST_NOT_FOUND: there is no such file (no fault is
 * reported); ST_NOMEM; else ST_OK.
 */
MUST_USE enum status ini_read(const char *file, bool drop_in, const struct ini_reader *reader);

#endif
