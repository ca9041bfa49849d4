/*
 * queue: jobs waiting for a worker: bounded, first in first out in each of two lanes.
 *
 * The loop pushes and never waits; workers pop and wait.  Live jobs go first.
 * Three gates hold a waiting job back although a worker is free: a pause; a
 * suspect, which runs while nothing else does; and a device of which half the
 * workers are reading already, so that one dead device cannot take them all.
 */
#ifndef PIPELINE_QUEUE_H
#define PIPELINE_QUEUE_H

#include "pipeline/pipeline.h"

struct queue;

/* `capacity` jobs in each lane; `readers` workers at most read one device at a time. */
MUST_USE enum status queue_create(size_t capacity, int readers, struct queue **out);
void queue_destroy(struct queue *q); /* must be empty */

/* Takes the job on ST_OK.  ST_FULL: the pop that leaves half of the lane free calls `room` on its own thread, once.  ST_CLOSED. */
MUST_USE enum status queue_push(struct queue *q, struct job **job);
void queue_on_room(struct queue *q, void (*room)(void *arg), void *arg);
/*
 * Waits for a job until `until_ms` (monotonic; -1: for ever).  NULL: closed and to be left, or timed out.
 * The popper reads the job's device until queue_read_done, and is busy until queue_done.
 */
struct job *queue_pop(struct queue *q, bool live_only, int64_t until_ms, bool *closed);
/* A live job that may start at once, NULL if there is none: for a worker that is in the middle of another one. */
struct job *queue_take_live(struct queue *q);
void queue_read_done(struct queue *q, const struct job *j);
void queue_done(struct queue *q, const struct job *j);
void queue_pause(struct queue *q, bool paused);
/* Wakes every waiter; what still waits is handed back, linked by `next`. */
struct job *queue_close(struct queue *q);
/* Jobs ahead of it in its lane, -1 if it does not wait. */
int64_t queue_position(struct queue *q, const struct job *j);
/* Jobs waiting or with a worker. */
int64_t queue_outstanding(struct queue *q);

#endif
