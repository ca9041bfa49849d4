/*
 * status: the one result type of every function that can fail.
 *
 * A status says what kind of trouble it was; the text for people is logged
 * once, where the trouble is handled.  ST_OK is zero.
 */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#define STATUS_TABLE(X)                                                                            \
	X(OK, "ok")                                                                                \
	X(NOMEM, "out of memory")                                                                  \
	X(IO, "input/output error")                                                                \
	X(SYSTEM, "system call failed")                                                            \
	X(NOT_FOUND, "not found")                                                                  \
	X(EXISTS, "exists already")                                                                \
	X(INVALID, "not valid")                                                                    \
	X(CONFIG, "configuration error")                                                           \
	X(FULL, "no space left")                                                                   \
	X(CORRUPT, "store is damaged")                                                             \
	X(NEWER, "made by a newer version")                                                        \
	X(LOCKED, "held by another process")                                                       \
	X(CLOSED, "closed")                                                                        \
	X(AGAIN, "try again")                                                                      \
	X(TIMEOUT, "timed out")                                                                    \
	X(CANCELED, "canceled")                                                                    \
	X(TOO_LARGE, "too large")                                                                  \
	X(FORBIDDEN, "not permitted")                                                              \
	X(UNAVAILABLE, "not available")                                                            \
	X(PROTOCOL, "protocol violated")

enum status {
#define X(name, text) ST_##name,
	STATUS_TABLE(X)
#undef X
};

#define MUST_USE __attribute__((warn_unused_result))

/* The text of the table above; static storage. */
const char *status_text(enum status st);

#endif
