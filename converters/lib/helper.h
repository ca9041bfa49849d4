/*
 * helper: another program, run on a document that it reads from its standard input.
 *
 * Needs `processes = 2` or more in the converter's file.  The worker's clock
 * bounds the helper too, and whatever ends the converter ends both.
 */
#ifndef CONVERT_HELPER_H
#define CONVERT_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	HELPER_MISSING = 127, /* there is no such program */
	HELPER_SIGNAL = 128,  /* plus the signal that ended it */
};

/* What it wrote; false: no more is wanted, and the helper is ended. */
typedef bool helper_sink(void *ctx, const char *bytes, size_t n);

/* argv[0] is looked for in PATH.  Its standard input is `fd` from `offset` on, its standard error
 * ours.  The exit status, 0 too if the sink wanted no more; -1 if it could not be run (errno). */
int helper_run(const char *const argv[], int fd, off_t offset, helper_sink *sink, void *ctx);

#endif
