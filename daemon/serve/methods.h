/*
 * methods: the table of what may be asked: methods.tbl as data, and requests checked against it.  Pure; any thread.
 */
#ifndef SERVE_METHODS_H
#define SERVE_METHODS_H

#include "core/status.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request;

enum method_access { ACCESS_EVERYONE, ACCESS_ADMIN };
enum method_where { WHERE_LOOP, WHERE_READER, WHERE_LATER };

/* Second: what a wrong value is told it should have been, and what `version` says. */
#define PARAM_TYPE_TABLE(X)                                                                        \
	X(TEXT, "a string")                                                                        \
	X(TEXT_OR_NULL, "a string or null")                                                        \
	X(TEXTS, "an array of strings")                                                            \
	X(INTEGER, "an integer")                                                                   \
	X(BOOLEAN, "true or false")                                                                \
	X(OBJECT_OR_BOOLEAN, "an object, true or false")                                           \
	X(ID, "a string or a number")
enum param_type {
#define X(name, text) PARAM_##name,
	PARAM_TYPE_TABLE(X)
#undef X
};
const char *param_type_text(enum param_type t);

struct param {
	const char *name; /* NULL ends the list */
	enum param_type type;
	bool required;
	int64_t least, most;
	const char *help;
};

struct method {
	const char *name;
	enum method_access access;
	enum method_where where;
	const char *help;
	const struct param *params;
	/* Loop thread; takes the request. */
	void (*handle)(struct request *r);
};

extern const struct method methods[];
extern const size_t method_count;
const struct method *method_find(const char *name); /* NULL if there is none */

enum { METHOD_ERROR_BYTES = 256 };
/* Checks `params` (an object, or NULL: none); ST_INVALID with what is wrong, which names the field. */
MUST_USE enum status method_check_params(
	const struct method *m, const cJSON *params, char error[METHOD_ERROR_BYTES]);

/* Values of checked parameters. */
int64_t param_integer(const cJSON *params, const char *name, int64_t fallback);
const char *param_text(const cJSON *params, const char *name); /* NULL if absent or null */

#endif
