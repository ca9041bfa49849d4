/* request_path: a path out of parameters; see request_path.h. */
#include "serve/request_path.h"

#include "core/path.h"

#include <string.h>

static const char *decode(const cJSON *params, struct buf *raw)
{
	const char *b64 = param_text(params, "path_b64"), *path = param_text(params, "path");

	if (!b64 && !path)
		return "path: is required (a string)";
	if (b64 && base64_decode(b64, raw) != ST_OK)
		return "path_b64: expected base64";
	if (!b64)
		buf_adds(raw, path);
	if (raw->len == 0 || raw->data[0] != '/')
		return "path: expected an absolute path";
	if (strlen(raw->data) != raw->len)
		return "path_b64: a path holds no NUL";
	return NULL;
}

bool request_path(struct request *r, struct buf *out)
{
	AUTO_BUF raw = BUF_INIT;
	const char *wrong = decode(r->params, &raw);

	if (wrong && !raw.failed) {
		request_error(r, RPC_INVALID_PARAMS, wrong);
		return false;
	}
	if (!wrong)
		path_normalize(out, "/", raw.data);
	if (raw.failed || out->failed) {
		request_status_error(r, ST_NOMEM);
		return false;
	}
	return true;
}

void request_part(const struct request *r, struct buf *out)
{
	const cJSON *steps = cJSON_GetObjectItemCaseSensitive(r->params, "part"), *step;
	const char *slash = "";

	cJSON_ArrayForEach(step, steps) {
		buf_addf(out, "%s%s", slash, step->valuestring);
		slash = "/";
	}
}

void part_add(struct buf *out, const char *part)
{
	const char *comma = "";

	buf_adds(out, "\"part\":[");
	while (*part) {
		size_t len = strcspn(part, "/");

		buf_adds(out, comma);
		frame_add_string(out, part, len);
		comma = ",";
		part += len + (part[len] == '/');
	}
	buf_addc(out, ']');
}
