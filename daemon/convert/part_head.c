/* part_head: paths and types of parts, made safe; see part_head.h. */
#include "convert/part_head.h"

#include "core/path.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { TYPE_MAX = 255 };
static const char NAMELESS[] = "unnamed";

bool part_type_is_valid(const char *type, size_t n)
{
	const char *slash = n ? memchr(type, '/', n) : NULL;

	if (!slash || slash == type || slash == type + n - 1 || n > TYPE_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (type[i] <= ' ' || type[i] > '~')
			return false;
	return true;
}

/* --- the path --- */

static bool is_step(const char *s, size_t n)
{
	return n > 0 && !(n == 1 && s[0] == '.') && !(n == 2 && s[0] == '.' && s[1] == '.');
}

/* Appends the components of `text`; what leads nowhere, or out of the container, is left out. */
static void add_steps(struct buf *path, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "/");

		if (is_step(text, n)) {
			if (path->len)
				buf_addc(path, '/');
			buf_add(path, text, n);
		}
		text += n + (text[n] == '/');
	}
}

/* Where the end of the path begins that is short enough: at a component if it can be, else at a
 * character. */
static const char *find_kept(const char *path, size_t n)
{
	const char *from = n > PART_PATH_MAX ? path + n - PART_PATH_MAX : path;
	size_t steps = 1;

	for (const char *at = path + n; at > from; at--) {
		if (at[-1] == '/' && steps++ == PART_STEPS_MAX)
			return at;
	}
	if (from == path)
		return from;
	const char *slash = strchr(from, '/');
	if (slash)
		return slash + 1;
	while (((unsigned char)*from & 0xc0) == 0x80)
		from++;
	return from;
}

static void cut_path(struct buf *path)
{
	if (path->failed || !path->len)
		return;
	const char *kept = find_kept(path->data, path->len);
	size_t dropped = (size_t)(kept - path->data);

	path->len -= dropped;
	memmove(path->data, kept, path->len + 1);
}

/* A string, or an array of strings: a step each, or more. */
static bool take_path(struct part_head *h, const cJSON *part)
{
	const cJSON *step;

	if (cJSON_IsString(part)) {
		add_steps(&h->path, part->valuestring);
	} else if (cJSON_IsArray(part)) {
		cJSON_ArrayForEach(step, part)
		{
			if (!cJSON_IsString(step))
				return false;
			add_steps(&h->path, step->valuestring);
		}
	} else {
		return false;
	}
	if (!h->path.len)
		buf_adds(&h->path, NAMELESS);
	cut_path(&h->path);
	return true;
}

/* --- the rest --- */

/* A whole number that any clock or disk may have; `otherwise` if it is none. */
static int64_t get_number(const cJSON *json, const char *key, int64_t otherwise)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

	if (!cJSON_IsNumber(item) || item->valuedouble <= -1e15 || item->valuedouble >= 1e15)
		return otherwise;
	return (int64_t)item->valuedouble;
}

static enum status take(struct part_head *h, const cJSON *json, const char **fault)
{
	const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "type"));

	*fault = "a part without a path";
	if (!cJSON_IsObject(json))
		*fault = "a part's head is not a JSON object";
	if (!cJSON_IsObject(json) || !take_path(h, cJSON_GetObjectItemCaseSensitive(json, "part")))
		return ST_INVALID;
	*fault = NULL;
	if (type && part_type_is_valid(type, strlen(type)))
		buf_adds(&h->type, type);
	h->size = get_number(json, "size", -1);
	if (h->size < 0)
		h->size = -1;
	h->created = get_number(json, "created", 0);
	return h->path.failed || h->type.failed ? ST_NOMEM : ST_OK;
}

enum status part_head_parse(struct part_head *h, const char *json, size_t n, const char **fault)
{
	part_head_clear(h);
	if (!utf8_valid(json, n)) {
		*fault = "a part's head is not UTF-8";
		return ST_INVALID;
	}
	cJSON *parsed = cJSON_ParseWithLength(json, n);
	enum status st = take(h, parsed, fault);
	cJSON_Delete(parsed);
	return st;
}

void part_head_clear(struct part_head *h)
{
	buf_clear(&h->path);
	buf_clear(&h->type);
	h->size = -1;
	h->created = 0;
}

void part_head_finish(struct part_head *h)
{
	buf_finish(&h->path);
	buf_finish(&h->type);
}
