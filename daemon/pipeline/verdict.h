/*
 * verdict: from what a converter said to a result for the writer.  Worker threads.
 */
#ifndef PIPELINE_VERDICT_H
#define PIPELINE_VERDICT_H

#include "convert/convert.h"
#include "pipeline/results.h"

#include <zstd.h>

/* Fills kind, state, text and failure; what it takes of `c` is moved.  False: trouble of ours, nothing can be stored. */
bool verdict_take(struct result *r, struct convert_result *c, ZSTD_CCtx *compressor);
/* No text: this outcome, by a converter (NULL: by nobody). */
void verdict_fail(struct result *r, enum convert_outcome o, const struct converter *who, const char *detail);

#endif
