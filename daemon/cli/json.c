/* json: members of a result; see json.h. */
#include "cli/json.h"

#include "core/path.h"

#include <string.h>

/* --- reading ------------------------------------------------------------------------------------ */

const cJSON *json_member(const cJSON *object, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(object, key);
}

const char *json_text(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(json_member(object, key));

	return text ? text : "";
}

int64_t json_integer(const cJSON *item)
{
	const double most = 9007199254740992.0; /* 2^53: what a JSON number holds exactly */

	if (!cJSON_IsNumber(item) || !(item->valuedouble >= -most && item->valuedouble <= most))
		return 0;
	return (int64_t)item->valuedouble;
}

int64_t json_number(const cJSON *object, const char *key)
{
	return json_integer(json_member(object, key));
}

bool json_true(const cJSON *object, const char *key)
{
	return cJSON_IsTrue(json_member(object, key));
}

bool json_false(const cJSON *object, const char *key)
{
	return cJSON_IsFalse(json_member(object, key));
}

const cJSON *json_list(const cJSON *result, const char *key)
{
	return cJSON_IsArray(result) ? result : json_member(result, key);
}

void json_add_path(struct buf *out, const cJSON *object, const char *key)
{
	AUTO_BUF b64_key = BUF_INIT, bytes = BUF_INIT;

	buf_addf(&b64_key, "%s_b64", key);
	const char *b64 = b64_key.failed ? "" : json_text(object, b64_key.data);
	if (*b64 && base64_decode(b64, &bytes) == ST_OK)
		buf_add(out, bytes.data, bytes.len);
	else
		buf_adds(out, json_text(object, key));
}

/* --- a member's own text ------------------------------------------------------------------------ */

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n'))
		at++;
	return at;
}

/* From the opening quote to behind the closing one. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++) {
		if (*at == '\\')
			at++;
	}
	return at < end ? at + 1 : end;
}

/* Behind the value: the comma or bracket that ends it. */
static const char *skip_value(const char *at, const char *end)
{
	int depth = 0;

	while (at < end) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
			break;
		if (*at == '{' || *at == '[')
			depth++;
		else if (*at == '}' || *at == ']')
			depth--;
		at++;
	}
	return at;
}

void json_add_place(struct buf *out, const cJSON *object)
{
	const char *slash = "//"; /* no path of a file has two */
	const cJSON *step;

	json_add_path(out, object, "path");
	cJSON_ArrayForEach(step, json_member(object, "part"))
	{
		const char *name = cJSON_GetStringValue(step);

		buf_adds(out, slash);
		buf_adds(out, name ? name : "");
		slash = "/";
	}
}

bool json_find_raw(const char *text, size_t n, const char *key, const char **value, size_t *len)
{
	const char *end = text + n, *at = skip_space(text, end);
	size_t key_len = strlen(key);

	if (at == end || *at++ != '{')
		return false;
	while ((at = skip_space(at, end)) < end && *at == '"') {
		const char *name = at + 1;

		at = skip_string(at, end);
		bool found = (size_t)(at - name) == key_len + 1 && !memcmp(name, key, key_len);
		at = skip_space(at, end);
		if (at == end || *at++ != ':')
			return false;
		at = skip_space(at, end);
		const char *after = skip_value(at, end);
		if (found) {
			while (after > at && skip_space(after - 1, after) == after)
				after--;
			*value = at;
			*len = (size_t)(after - at);
			return true;
		}
		at = after < end ? after + 1 : end;
	}
	return false;
}

/* --- building ----------------------------------------------------------------------------------- */

static void give_up(cJSON **params)
{
	cJSON_Delete(*params);
	*params = NULL;
}

void json_put(cJSON **params, const char *key, cJSON *item)
{
	if (*params && item && cJSON_AddItemToObject(*params, key, item))
		return;
	cJSON_Delete(item);
	give_up(params);
}

void json_put_text(cJSON **params, const char *key, const char *text, size_t n)
{
	AUTO_BUF lossy = BUF_INIT;

	utf8_add_lossy(&lossy, text, n);
	buf_add(&lossy, "", 0);
	json_put(params, key, lossy.failed ? NULL : cJSON_CreateString(lossy.data));
}

void json_put_number(cJSON **params, const char *key, int64_t number)
{
	json_put(params, key, cJSON_CreateNumber((double)number));
}
