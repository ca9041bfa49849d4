/*
 * container: the documents inside of one file, at every depth, as its converter
 * brings them.
 *
 * Each part is spooled, hashed and typed; what the store knows is not converted
 * again, anything else goes through the same session while its container waits,
 * and may be a container itself.  Results are streamed to the writer part by part.
 * Here are the limits that keep a bomb small.  Belongs to a worker, for one job.
 *
 *   file ─► convert_run ─► P, B… ─► spool ─► known? ──────────────► result
 *                                     └─► convert_run (one deeper) ──┘
 */
#ifndef PIPELINE_CONTAINER_H
#define PIPELINE_CONTAINER_H

#include "convert/convert.h"
#include "pipeline/known.h"
#include "pipeline/results.h"

#include <zstd.h>

/* What the worker lends; outlives the container. */
struct container_host {
	struct convert_session *session;
	ZSTD_CCtx *compressor;
	struct known *known;
	struct results *results;
	const char *state_dir; /* of spools */
	/* At this part now (NULL: between parts), or waiting for the writer. */
	void (*at)(void *arg, const char *path, bool waiting);
	/* A part is through: the worker may do something else on the same session. */
	void (*between)(void *arg);
	void *arg;
};

struct container;

/* For the file that `j` names, as it was read; `j` and `config` outlive it. */
MUST_USE enum status container_create(const struct container_host *host, struct job *j,
	const struct config *config, const unsigned char *hash, const struct ident *ident,
	struct container **out);
void container_destroy(struct container *c); /* NULL is fine */
/* Who takes the parts of the file, for convert_run. */
struct convert_parts *container_parts(struct container *c);
/* Row id of the converter that brought parts of the file, 0: none came; *count of them, at every
 * depth. */
int64_t container_builder(const struct container *c, int64_t *count);

#endif
