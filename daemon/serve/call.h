/*
 * call: one JSON-RPC request object, taken apart and checked against the methods.  Pure; any thread.
 */
#ifndef SERVE_CALL_H
#define SERVE_CALL_H

#include "serve/methods.h"

/* Points into the value it was made from. */
struct call {
	const cJSON *id; /* NULL: a notification, or an id that cannot be answered to */
	bool notification;
	const struct method *method;
	cJSON *params; /* an object, or NULL */
};

struct call_error {
	int code; /* enum of frame.h */
	char message[METHOD_ERROR_BYTES];
};

/* ST_INVALID with *error; call->id and call->notification are set even then. */
MUST_USE enum status call_parse(const cJSON *value, struct call *call, struct call_error *error);

#endif
