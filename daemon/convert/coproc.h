/*
 * coproc: one running converter, started through trawl-jail, with the ends of
 * its pipes or socket.
 *
 * Knows processes, not documents: starts one, waits for what happens, keeps the
 * first of its diagnostics, ends its whole tree and says how it ended.  Lives on
 * one worker thread, which must outlive it (the launcher is told when it dies).
 */
#ifndef CONVERT_COPROC_H
#define CONVERT_COPROC_H

#include "convert/rules.h"
#include "core/buf.h"

#include <stdatomic.h>
#include <sys/types.h>

enum { COPROC_SAID_MAX = 4096 };

/* What is the same for all converters of a session. */
struct coproc_host {
	const char *jail;      /* path of trawl-jail */
	const char *sandbox;   /* word for its option -x */
	const char *work_base; /* where private directories are made */
	const atomic_bool *stop;
	int wake_fd; /* eventfd: look at `stop` */
};

/* Embedded on purpose: a worker has a table of them.  All zero (COPROC_NONE) is "not running". */
struct coproc {
	pid_t launcher; /* 0: not running */
	int pidfd;      /* of the launcher */
	int out;        /* standard output (one-shot), or our end of the socket; -1 once closed */
	int err;        /* standard error; -1 once closed */
	bool ending;    /* asked to end */

	/* what it said on standard error since coproc_listen */
	char said[COPROC_SAID_MAX];
	size_t said_len;
	int64_t said_total; /* bytes, the dropped ones too */
};

struct coproc_end {
	bool by_signal;
	int code; /* the signal, or the exit status */
};

/* For one document at a one-shot converter; a persistent one gets NULL. */
struct coproc_document {
	int fd; /* becomes its descriptor 0 */
	const char *name, *type;
	int64_t text_limit;
};

/* The launcher's word for the mode. */
const char *coproc_sandbox_word(enum config_sandbox mode);

/* ST_SYSTEM: could not be started, with errno. */
MUST_USE enum status coproc_start(struct coproc *p, const struct coproc_host *host,
	const struct converter *converter, const struct coproc_document *document);

/* What happened; several bits at once. */
enum coproc_event {
	COPROC_OUT = 1,   /* `out` can be read, or is at its end */
	COPROC_ERR = 2,   /* the same of `err` */
	COPROC_ENDED = 4, /* the process and all of its tree have ended */
	COPROC_STOP = 8,  /* the daemon shuts down */
	COPROC_LATE = 16  /* the deadline is over */
};
/* Waits until something happens, at the latest at `deadline_ms` (monotonic). */
unsigned coproc_wait(struct coproc *p, const struct coproc_host *host, int64_t deadline_ms);

/* At the end of what it writes: `out` is not waited for any more. */
void coproc_close_out(struct coproc *p);
/* Forgets what it said so far. */
void coproc_listen(struct coproc *p);
/* Reads from `err` what is there now, keeping the first COPROC_SAID_MAX bytes. */
void coproc_hear(struct coproc *p);

/* Whether it has ended by itself; it still is to be finished. */
bool coproc_has_ended(const struct coproc *p);
/* Asks the launcher to end the tree; returns at once. */
void coproc_end(struct coproc *p);
/* Ends it if it runs, waits for that, frees everything; the process is not running afterwards. */
struct coproc_end coproc_finish(struct coproc *p);
/* After COPROC_ENDED: the same without ending it. */
struct coproc_end coproc_reap(struct coproc *p);

static inline bool coproc_is_running(const struct coproc *p)
{
	return p->launcher != 0;
}

#endif
