/*
 * worker: N threads that turn jobs into results.
 *
 * Each owns its converter processes, its compressor and a read-only connection;
 * one more serves the live lane only, so that an edit never waits for a scan.
 */
#ifndef PIPELINE_WORKER_H
#define PIPELINE_WORKER_H

#include "pipeline/queue.h"
#include "pipeline/results.h"
#include "pipeline/slots.h"
#include "pipeline/twins.h"

/* What all workers share; outlives them. */
struct worker_shared {
	struct queue *queue;
	struct results *results;
	struct slots *slots;
	struct twins *twins;
	struct mailbox *mailbox;
	struct known *known;
	const char *jail, *state_dir;
	const atomic_bool *stop;	    /* end running conversions now */
	const atomic_uint *generation;	    /* of the store */
	void (*job_back)(struct letter *l); /* opens a job that needs no writer */
	void (*ended)(void *arg);	    /* on the worker's thread, as its last act */
	void *arg;
};

struct worker;
MUST_USE enum status worker_start(const struct worker_shared *shared, struct config *config,
	int index, bool live_only, struct worker **out);
void worker_wake(struct worker *w);	/* any thread: it looks at `stop` */
void worker_join(struct worker *w);	/* after `ended`; frees it */
void worker_configure(struct worker *w, struct config *config); /* any thread; from its next job on */
/* {"state":"idle|reading|converting|waiting","path":…,"part":[…],"since_ms":n}; loop thread. */
cJSON *worker_json(struct worker *w);
/* How long it has converted `j`, -1 if it does not have it. */
int64_t worker_converting_ms(struct worker *w, const struct job *j);
/* Whether it rests, or has moved within `ms`; a worker stuck in file I/O is reported, and counts as alive. */
bool worker_is_alive(struct worker *w, int64_t ms);

#endif
