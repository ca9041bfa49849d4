/*
 * diagnostics: what a library complains about a document, on standard error, a few lines of it.
 *
 * The worker keeps the first 4 KiB with a failure.  A damaged document makes
 * some libraries write without end; what is beyond the bound is dropped here.
 */
#ifndef CONVERT_DIAGNOSTICS_H
#define CONVERT_DIAGNOSTICS_H

/* A new document: the bound counts anew.  The first call replaces `stderr` by a stream that keeps
 * to it, for libraries that print through that. */
void diagnostics_begin(void);
/* One line, for libraries that call back. */
void diagnostics_line(const char *line);

#endif
