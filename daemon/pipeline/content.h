/*
 * content: documents and parts of one result, written to the store.  Writer thread, inside a
 * transaction.
 *
 * Whatever a container lost on the way (a part that was swept, another worker that
 * gave it up) is seen here, at the latest when it is complete: then it is not
 * stored, and read again.
 */
#ifndef PIPELINE_CONTENT_H
#define PIPELINE_CONTENT_H

#include "pipeline/results.h"

/*
 * The document of the result, 0 if it has none; a container is complete then, and one that failed
 * is given up. ST_NOT_FOUND: it is not there, or not with all of its parts, and was given up.
 */
MUST_USE enum status content_put(struct db *db, const struct result *r, int64_t *document);
/* The same of a part, and its row in each container; trouble with what is gone becomes the job's
 * note. */
MUST_USE enum status content_put_part(struct db *db, const struct result *r);

#endif
