/*
 * result_view: what is said of a result as a whole: how the query was understood, counts by value, totals.
 *
 * Appends to a buf; nothing here writes.
 */
#ifndef CLI_RESULT_VIEW_H
#define CLI_RESULT_VIEW_H

#include "cli/term.h"
#include "core/buf.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* Lines before the hits; nothing where there is no explanation. */
void result_view_add_explanation(struct buf *out, const struct term *t, const cJSON *result);
/* A small table for each facet, the ten most frequent values of it; nothing where there are none. */
void result_view_add_facets(struct buf *out, const struct term *t, const cJSON *result);
/* One line: "10 of at least 1,234 in 3 ms; …" */
void result_view_add_total(struct buf *out, const cJSON *result, int64_t shown);

#endif
