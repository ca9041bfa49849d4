/* status_view: a `status` result as lines for people; shared by status, its live view and roots. */
#ifndef CLI_STATUS_VIEW_H
#define CLI_STATUS_VIEW_H

#include "cli/term.h"
#include "core/buf.h"

#include <cjson/cJSON.h>

/* All of it, a line for each thing. */
void status_view_add(struct buf *out, const struct term *t, const cJSON *status);
/* One root: its path and how it is covered. */
void status_view_add_root(struct buf *out, const struct term *t, const cJSON *root);
/* "12 indexed, 3 pending": what is not zero, and `indexed` always. */
void status_view_add_files(struct buf *out, const cJSON *files);
/* A line for each busy worker, none longer than `columns` (0: as long as they are); returns how many. */
int status_view_add_workers(struct buf *out, const struct term *t, const cJSON *workers, int columns);
/* The state's word in the colour of how bad it is. */
void status_view_add_state(struct buf *out, const struct term *t, const cJSON *status);

#endif
