/*
 * json: members of a result, read so that a missing one is empty, not a crash.
 *
 * A daemon of another version may leave members out; what is shown of them is then nothing.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "core/buf.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

const cJSON *json_member(const cJSON *object, const char *key); /* NULL if absent */
const char *json_text(const cJSON *object, const char *key);	/* "" if absent or no string */
int64_t json_integer(const cJSON *item);			/* 0 if NULL or no number */
int64_t json_number(const cJSON *object, const char *key);	/* 0 if absent or no number */
bool json_true(const cJSON *object, const char *key);
bool json_false(const cJSON *object, const char *key); /* there, and false */
/* `result` itself if it is an array, else its member `key`. */
const cJSON *json_list(const cJSON *result, const char *key);
/* The bytes of a path: `key`_b64 where it is given, else `key`. */
void json_add_path(struct buf *out, const cJSON *object, const char *key);

/* The path of a place: with a part in it, "/a/x.zip//inner/report.docx". */
void json_add_place(struct buf *out, const cJSON *object);

/* Where the value of a member stands in the text of an object that parses. */
bool json_find_raw(const char *text, size_t n, const char *key, const char **value, size_t *len);

/*
 * Building parameters.  Each takes part in a chain: after one has failed, `params` is NULL and the others do nothing.
 */
void json_put_text(cJSON **params, const char *key, const char *text, size_t n); /* ill-formed bytes become U+FFFD */
void json_put_number(cJSON **params, const char *key, int64_t number);
void json_put(cJSON **params, const char *key, cJSON *item); /* takes the item; NULL fails */

#endif
