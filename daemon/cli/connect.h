/*
 * connect: the line to the daemon: its socket found, one request sent, its reply awaited.
 *
 * Blocking; one request at a time.  What the daemon tells unasked is kept until connect_next takes it.
 */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include "core/buf.h"
#include "core/status.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct connection;

/*
 * Looks for the socket in `socket` (the option, NULL if not given), TRAWL_SOCKET, the user's place, the system's.
 * ST_UNAVAILABLE with the places tried in *why; ST_NOMEM.
 */
MUST_USE enum status connect_open(const char *socket, struct connection **out, struct buf *why);
void connect_close(struct connection *c); /* NULL is fine */

struct reply {
	cJSON *message; /* the whole reply */
	const cJSON *result, *error; /* into message; exactly one is not NULL */
	struct buf raw;		     /* the result as received */
};
#define REPLY_INIT {NULL, NULL, NULL, BUF_INIT}
#define AUTO_REPLY __attribute__((cleanup(reply_finish))) struct reply
void reply_finish(struct reply *r);

/*
 * One request and its reply, an error reply included; timeout_ms 0 waits for ever.  ST_UNAVAILABLE: the daemon went
 * away; ST_TIMEOUT: it did not answer in time; ST_PROTOCOL: what came is no reply; each with *why.  ST_NOMEM.
 */
MUST_USE enum status connect_call(struct connection *c, const char *method, const cJSON *params,
	int64_t timeout_ms, struct reply *out, struct buf *why);

/*
 * The next notification, NUL-ended in *line, whole and valid JSON; waits for it without end.  ST_UNAVAILABLE: the daemon
 * went away; ST_PROTOCOL; ST_NOMEM; each with *why.
 */
MUST_USE enum status connect_next(struct connection *c, struct buf *line, struct buf *why);

#endif
