/*
 * slow_lane: one thread for the converters that take their time, such as the reading of pictures.
 *
 * It takes no job of the queue and no place in it: what waits stands in the
 * store, where the writer puts every file that a slow converter may improve, after
 * its normal document was committed.  The thread takes a few at a time, converts
 * them at low priority, and hands the results to the writer behind all others.
 */
#ifndef PIPELINE_SLOW_LANE_H
#define PIPELINE_SLOW_LANE_H

#include "pipeline/worker.h"

struct slow_lane;
/* `shared` outlives it; `pipeline` becomes that of its jobs. */
MUST_USE enum status slow_lane_start(const struct worker_shared *shared, struct pipeline *pipeline,
	struct config *config, struct rules *rules, struct slow_lane **out);
/* Loop thread, all of these but the last act of a job, which may be the lane's own. */
void slow_lane_configure(struct slow_lane *l, struct config *config, struct rules *rules);
void slow_lane_poke(struct slow_lane *l); /* more waits */
void slow_lane_pause(struct slow_lane *l, bool paused);
void slow_lane_landed(struct slow_lane *l, struct job *j); /* takes the job */
void slow_lane_stop(struct slow_lane *l);                  /* at once: it goes on after a restart */
void slow_lane_join(struct slow_lane *l);                  /* after `ended`; frees it */
cJSON *slow_lane_json(struct slow_lane *l);                /* as worker_json */

#endif
