/*
 * watch: the loop's view of the trees: what may have changed, what is being compared, what is settled.
 *
 * Everything here runs on the loop thread; comparisons run on libuv's pool.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include "core/caller.h"
#include "core/config.h"
#include "pipeline/pipeline.h"

#include <cjson/cJSON.h>
#include <uv.h>

struct watch;

struct watch_options {
	uv_loop_t *loop;
	struct config *config;
	struct rules *rules;
	const char *state_dir;
	/* Called whenever the state below may have become another (for the service manager's status line, --once). */
	void (*changed)(void *arg);
	void *arg;
};
/* Loads the tree from the store; watches and scans begin with watch_start. */
MUST_USE enum status watch_create(const struct watch_options *o, struct watch **out);
/* The callbacks that the pipeline is created with. */
struct pipeline_callbacks watch_pipeline_callbacks(void);
MUST_USE enum status watch_start(struct watch *w, struct pipeline *p);
/*
 * Stops scanning and watching; pending syncs are answered with ST_CLOSED; `stopped` when no scan runs any more: at once,
 * if watch_start was not called, or failed.
 */
void watch_stop(struct watch *w, void (*stopped)(void *arg), void *arg);
void watch_destroy(struct watch *w);

/* Reload: roots added, removed, ignore rules and converters changed: everything is compared again. */
MUST_USE enum status watch_reconfigure(struct watch *w, struct config *config, struct rules *rules);

enum watch_state { WATCH_SCANNING, WATCH_IDLE, WATCH_PAUSED, WATCH_DEGRADED, WATCH_FULL };
const char *watch_state_word(enum watch_state s); /* "scanning" … as in `status` */
enum watch_state watch_state(const struct watch *w);
/* Nothing dirty, queued, converting or uncommitted, and nothing settling. */
bool watch_is_quiet(const struct watch *w);
struct watch_progress {
	int64_t done, total; /* documents of the running scan; total grows while directories are found */
	int64_t eta_s;	     /* -1: unknown */
};
void watch_progress(const struct watch *w, struct watch_progress *out);
int64_t watch_pending_files(const struct watch *w);
/*
 * [{"name","path","state","coverage":{"live":n,"polled":n,"stale":n},"offline",…}]; for a caller who does not see all
 * only the roots that the caller can reach, without coverage.
 */
cJSON *watch_roots_json(const struct watch *w, const struct caller *caller);

/*
 * Read-your-writes: `done` is called when every change made before this call is committed or has its first recorded
 * failure.  ST_OK; ST_TIMEOUT; ST_CANCELED (paused) or ST_FULL at once; ST_CLOSED at shutdown.  `beyond` is a JSON
 * array of paths that events do not cover (polled, offline); lives for the call.
 */
typedef void watch_sync_done(void *arg, enum status st, const cJSON *beyond);
struct watch_sync;
MUST_USE enum status watch_sync(
	struct watch *w, int64_t timeout_ms, watch_sync_done *done, void *arg, struct watch_sync **out);
void watch_sync_cancel(struct watch_sync *s); /* `done` is not called */

MUST_USE enum status watch_pause(struct watch *w, bool paused);
/* Reads again: `path` (absolute) and everything below it, or all if NULL; `force` though nothing changed.  ST_NOT_FOUND. */
MUST_USE enum status watch_reindex(struct watch *w, const char *path);

/*
 * The verdict on one absolute path, for `explain`, as a JSON object with at least "verdict" and "sentence".  What the
 * loop knows (queued, converting, outside, ignored by which rule of which file and line) is told here; what the store
 * knows (indexed, failed, too large) is looked up on the pool: the caller sees to it that these are few at once.  `done`
 * on the loop; takes the object.
 *
 * For one who does not see all there is a judge, who says on the pool whether a row may be told of: the file, or with
 * `file` 0 the directory.  Whatever is not there, not indexed, ignored, outside, or not to be told of is the same then,
 * byte for byte: nothing is said that is not in a row which the caller may see.
 */
struct watch_explain_ask {
	const char *path;
	const char *part; /* of that part of the file ("a.zip/b.txt"); NULL: the file itself */
	enum status (*judge)(void *arg, struct db *db, int64_t dir, int64_t file, bool *visible); /* NULL: all */
	void (*done)(void *arg, enum status st, cJSON *verdict);
	void *arg; /* of both; lives until `done` */
};
MUST_USE enum status watch_explain(struct watch *w, const struct watch_explain_ask *ask);

#endif
