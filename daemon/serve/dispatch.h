/*
 * dispatch: from a line of a client to the handlers of its requests, or to the error that refuses it.  Loop thread.
 */
#ifndef SERVE_DISPATCH_H
#define SERVE_DISPATCH_H

#include "core/buf.h"

struct client;
struct request;

enum { BATCH_REQUESTS_MOST = 256, BATCH_BYTES_MOST = 32 << 20 };

/* One line, without its newline: a request, or a batch of them. */
void dispatch_line(struct client *c, const char *bytes, size_t n);
/* A line that was too long to be read. */
void dispatch_too_long(struct client *c);

/* Several requests of one line: their replies are gathered into one array. */
struct batch;
/* One more request is part of it; batch_done when that is answered: the last one sends and frees it. */
void batch_hold(struct batch *b);
void batch_done(struct client *c, struct batch *b);

/* A whole reply line: sent, or with a batch kept as a member of it. */
void dispatch_reply(struct client *c, struct batch *b, struct buf *line);

#endif
