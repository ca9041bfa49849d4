/* converters: what is told of the configured converters: which are there, and what brings those that are not. */
#ifndef SERVE_CONVERTERS_H
#define SERVE_CONVERTERS_H

#include "core/buf.h"
#include "core/config.h"

/* The package to install for a failure with that reason; NULL: it is not for want of a program, or nobody knows. */
const char *converter_package(
	const struct config *config, const char *converter, const char *reason);
/* Appends [{"name","available","package","unavailable_files","unavailable_parts"}]. */
void converters_add(struct buf *out, const struct config *config);

#endif
