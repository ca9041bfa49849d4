/*
 * attempt: one document at one converter, by either transport.
 *
 * What convert.c hands to oneshot.c and persist.c, and what they share: the
 * limits, and how an end becomes an outcome with its sentence.
 */
#ifndef CONVERT_ATTEMPT_H
#define CONVERT_ATTEMPT_H

#include "convert/convert.h"
#include "convert/coproc.h"
#include "convert/record.h"

enum {
	ATTEMPT_SCRATCH = 64 << 10,
	ATTEMPT_CHARACTER_MAX = 4,  /* bytes of text read beyond its limit, to cut it well */
	ATTEMPT_SAID_MAX = 16 << 20 /* bytes of diagnostics per document, kept or not */
};

struct attempt {
	const struct coproc_host *host;
	const struct convert_request *request;
	const struct converter *converter;
	const char *type;
	size_t text_limit;
	int64_t deadline_ms; /* monotonic; moves on while the taker of parts works */
	int64_t taker_ms;    /* what that one used so far */
	struct convert_result *result;

	/* of the session, for this depth of documents in documents; reused from document to document */
	char *scratch; /* ATTEMPT_SCRATCH bytes */
	struct record_reader *reader;
	struct buf *line; /* the request as sent */
};

/* A persistent converter's place in the session's pool. */
struct persist {
	struct persist *next; /* the pool's, as are the next two */
	bool taken;
	uint32_t owner; /* whose documents it serves */

	struct coproc process;
	/* of the converter that it was started for */
	unsigned char version[CONVERTER_VERSION_BYTES];
	int64_t memory_bytes, processes;
	int64_t documents;     /* answered */
	int64_t idle_since_ms; /* monotonic */
	pid_t speaker;         /* the process that answers; 0 until the first answer */
};

/* Both fill result->outcome, text, meta, detail, output, truncated; ST_NOMEM only. */
MUST_USE enum status oneshot_run(struct attempt *a);
/* *rerouted: result->type is the type that the converter says it is. */
MUST_USE enum status persist_run(struct attempt *a, struct persist *p, bool *rerouted);
void persist_end(struct persist *p); /* if it runs */

/* Sets outcome and sentence, with the diagnostics that `p` gave. */
__attribute__((format(printf, 4, 5))) void attempt_fail(struct attempt *a, const struct coproc *p,
	enum convert_outcome outcome, const char *fmt, ...);
/* The same by how the process ended; exit status 0 is CONVERT_DONE. */
void attempt_end(struct attempt *a, const struct coproc *p, struct coproc_end end);
/* What the launcher could not start; errno is still its own. */
void attempt_not_launched(struct attempt *a);
/* If events hold a reason to give up: sets the outcome and says true. */
bool attempt_over(struct attempt *a, const struct coproc *p, unsigned events);
/* Makes the text what the result promises: UTF-8 without NUL, at most text_limit bytes. */
void attempt_finish_text(struct attempt *a);

#endif
