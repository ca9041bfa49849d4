/* methods: the table, and parameters checked against it; see methods.h. */
#include "serve/methods.h"

#include "serve/frame.h"
#include "serve/handlers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PARAM(name, type, required, least, most, help)                                             \
	{#name, PARAM_##type, required, least, most, help},
#define METHOD(name, access, where, help, ...)                                                     \
	static const struct param name##_params[] = {__VA_ARGS__{NULL, PARAM_TEXT, false, 0, 0, NULL}};
#include "serve/methods.tbl"

const struct method methods[] = {
#define METHOD_NAMED(name, wire, access, where, help, ...)                                         \
	{wire, ACCESS_##access, WHERE_##where, help, name##_params, serve_##name},
#define METHOD(name, ...) METHOD_NAMED(name, #name, __VA_ARGS__)
#include "serve/methods.tbl"
};
const size_t method_count = sizeof methods / sizeof methods[0];

static const char *const type_texts[] = {
#define X(name, text) [PARAM_##name] = text,
	PARAM_TYPE_TABLE(X)
#undef X
};

const char *param_type_text(enum param_type t)
{
	return type_texts[t];
}

const struct method *method_find(const char *name)
{
	for (size_t i = 0; i < method_count; i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static bool is_texts(const cJSON *value)
{
	const cJSON *item;

	if (!cJSON_IsArray(value))
		return false;
	cJSON_ArrayForEach(item, value)
		if (!cJSON_IsString(item))
			return false;
	return true;
}

static bool has_type(const cJSON *value, enum param_type type)
{
	switch (type) {
	case PARAM_TEXT:
		return cJSON_IsString(value);
	case PARAM_TEXT_OR_NULL:
		return cJSON_IsString(value) || cJSON_IsNull(value);
	case PARAM_TEXTS:
		return is_texts(value);
	case PARAM_INTEGER:
		return cJSON_IsNumber(value) && value->valuedouble == floor(value->valuedouble);
	case PARAM_BOOLEAN:
		return cJSON_IsBool(value);
	case PARAM_OBJECT_OR_BOOLEAN:
		return cJSON_IsObject(value) || cJSON_IsBool(value);
	case PARAM_ID:
		return cJSON_IsString(value) || cJSON_IsNumber(value);
	}
	return false;
}

static enum status check_value(
	const struct param *p, const cJSON *value, char error[METHOD_ERROR_BYTES])
{
	if (!has_type(value, p->type)) {
		snprintf(error, METHOD_ERROR_BYTES, "%s: expected %s", p->name, param_type_text(p->type));
		return ST_INVALID;
	}
	if (p->type == PARAM_INTEGER &&
		(value->valuedouble < (double)p->least || value->valuedouble > (double)p->most)) {
		snprintf(error, METHOD_ERROR_BYTES, "%s: expected an integer from %lld to %lld", p->name,
			(long long)p->least, (long long)p->most);
		return ST_INVALID;
	}
	if (p->type == PARAM_TEXTS && cJSON_GetArraySize(value) > p->most) {
		snprintf(error, METHOD_ERROR_BYTES, "%s: expected at most %lld strings", p->name,
			(long long)p->most);
		return ST_INVALID;
	}
	if (!cJSON_IsString(value) || p->type == PARAM_ID)
		return ST_OK;
	size_t len = strlen(value->valuestring);
	if (len < (size_t)p->least || len > (size_t)p->most) {
		snprintf(error, METHOD_ERROR_BYTES, "%s: expected %lld to %lld bytes", p->name,
			(long long)p->least, (long long)p->most);
		return ST_INVALID;
	}
	return ST_OK;
}

static const struct param *find_param(const struct method *m, const char *name)
{
	for (const struct param *p = m->params; p->name; p++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

/* As many members as there are parameters, at most, are looked at: an unknown or repeated one ends it. */
enum status method_check_params(
	const struct method *m, const cJSON *params, char error[METHOD_ERROR_BYTES])
{
	const cJSON *item;

	cJSON_ArrayForEach(item, params) {
		const struct param *p = find_param(m, item->string);

		if (!p) {
			snprintf(error, METHOD_ERROR_BYTES, "%.64s: %s has no such parameter", item->string,
				m->name);
			return ST_INVALID;
		}
		if (cJSON_GetObjectItemCaseSensitive(params, item->string) != item) {
			snprintf(error, METHOD_ERROR_BYTES, "%s: given twice", p->name);
			return ST_INVALID;
		}
		enum status st = check_value(p, item, error);
		if (st != ST_OK)
			return st;
	}
	for (const struct param *p = m->params; p->name; p++)
		if (p->required && !cJSON_GetObjectItemCaseSensitive(params, p->name)) {
			snprintf(error, METHOD_ERROR_BYTES, "%s: is required (%s)", p->name,
				param_type_text(p->type));
			return ST_INVALID;
		}
	return ST_OK;
}

int64_t param_integer(const cJSON *params, const char *name, int64_t fallback)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(params, name);

	return cJSON_IsNumber(value) ? (int64_t)value->valuedouble : fallback;
}

const char *param_text(const cJSON *params, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, name));
}
