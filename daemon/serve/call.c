/* call: a request object, checked; see call.h. */
#include "serve/call.h"

#include "serve/frame.h"

#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static enum status refuse(
	struct call_error *error, int code, const char *fmt, ...)
{
	va_list ap;

	error->code = code;
	va_start(ap, fmt);
	vsnprintf(error->message, sizeof error->message, fmt, ap);
	va_end(ap);
	return ST_INVALID;
}

/* Only a well-formed request without an id is a notification: anything else is answered. */
static enum status check_envelope(
	const cJSON *value, struct call *call, const char **method, struct call_error *error)
{
	const cJSON *version, *id;

	if (!cJSON_IsObject(value))
		return refuse(error, RPC_INVALID_REQUEST, "a request is a JSON object");
	id = cJSON_GetObjectItemCaseSensitive(value, "id");
	if (id && !cJSON_IsString(id) && !cJSON_IsNumber(id) && !cJSON_IsNull(id))
		return refuse(error, RPC_INVALID_REQUEST, "id: expected a string, a number or null");
	call->id = id;
	version = cJSON_GetObjectItemCaseSensitive(value, "jsonrpc");
	if (!cJSON_IsString(version) || strcmp(version->valuestring, "2.0") != 0)
		return refuse(error, RPC_INVALID_REQUEST, "jsonrpc: expected \"2.0\"");
	*method = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(value, "method"));
	if (!*method)
		return refuse(error, RPC_INVALID_REQUEST, "method: expected a string");
	return ST_OK;
}

enum status call_parse(const cJSON *value, struct call *call, struct call_error *error)
{
	const char *method = NULL;

	*call = (struct call){0};
	enum status st = check_envelope(value, call, &method, error);
	if (st != ST_OK)
		return st;
	call->notification = !call->id;
	call->method = method_find(method);
	if (!call->method)
		return refuse(error, RPC_METHOD_NOT_FOUND, "no such method: %.64s", method);
	call->params = cJSON_GetObjectItemCaseSensitive(value, "params");
	if (call->params && !cJSON_IsObject(call->params))
		return refuse(error, RPC_INVALID_PARAMS, "params: expected an object (by name, not by position)");
	error->code = RPC_INVALID_PARAMS;
	return method_check_params(call->method, call->params, error->message);
}
