/* openrpc: the description, from the tables; see openrpc.h. */
#include "serve/openrpc.h"

#include "core/log.h"
#include "serve/frame.h"
#include "serve/methods.h"

#include <string.h>

static const char *const fragments_text[] = {
#include "results.inc"
};

/* --- pieces ------------------------------------------------------------------------------------- */

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* "key":"text" */
static void add_text(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, "\"%s\":", key);
	frame_add_string(out, text, strlen(text));
}

/* ,"key":… for each member. */
static void add_members(struct buf *out, const cJSON *object)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, object) {
		buf_addc(out, ',');
		frame_add_string(out, item->string, strlen(item->string));
		buf_addc(out, ':');
		frame_add_json(out, item);
	}
}

/* --- parameters --------------------------------------------------------------------------------- */

/* JSON Schema counts characters where the table counts bytes: a text within the bytes is within as many characters. */
static void add_type(struct buf *out, const struct param *p)
{
	long long least = p->least, most = p->most;

	switch (p->type) {
	case PARAM_TEXT:
		buf_addf(out, "\"type\":\"string\",\"minLength\":%lld,\"maxLength\":%lld", least > 0 ? 1LL : 0LL, most);
		return;
	case PARAM_TEXT_OR_NULL:
		buf_addf(out, "\"type\":[\"string\",\"null\"],\"maxLength\":%lld", most);
		return;
	case PARAM_TEXTS:
		buf_addf(out, "\"type\":\"array\",\"maxItems\":%lld", most);
		return;
	case PARAM_INTEGER:
		buf_addf(out, "\"type\":\"integer\",\"minimum\":%lld,\"maximum\":%lld", least, most);
		return;
	case PARAM_BOOLEAN:
		buf_adds(out, "\"type\":\"boolean\"");
		return;
	case PARAM_OBJECT_OR_BOOLEAN:
		buf_adds(out, "\"type\":[\"object\",\"boolean\"]");
		return;
	case PARAM_ID:
		buf_adds(out, "\"type\":[\"string\",\"number\"]");
		return;
	}
	BUG_UNLESS(false);
}

static void add_param(struct buf *out, const cJSON *fragments, const struct method *m, const struct param *p)
{
	AUTO_BUF name = BUF_INIT;

	buf_addf(&name, "%s.%s", m->name, p->name);
	const cJSON *more = name.failed ? NULL : member(member(fragments, "params"), name.data);
	buf_addc(out, '{');
	add_text(out, "name", p->name);
	buf_addc(out, ',');
	add_text(out, "summary", p->help);
	buf_addf(out, ",\"required\":%s,\"schema\":{", p->required ? "true" : "false");
	add_type(out, p);
	if (p->type == PARAM_TEXTS && !member(more, "items"))
		buf_adds(out, ",\"items\":{\"type\":\"string\"}");
	add_members(out, more);
	buf_adds(out, "}}");
	out->failed |= name.failed;
}

/* --- errors ------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int code;
	const char *message;
} standard[] = {
	{"parse_error", RPC_PARSE_ERROR, "the line is not JSON"},
	{"invalid_request", RPC_INVALID_REQUEST, "it is JSON, but no request"},
	{"method_not_found", RPC_METHOD_NOT_FOUND, "no such method"},
	{"invalid_params", RPC_INVALID_PARAMS, "a parameter is missing, unknown, of the wrong type or out of range"},
	{"internal", RPC_INTERNAL, "trouble inside the daemon"},
};

static void add_errors(struct buf *out)
{
	const char *comma = "";

	for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++) {
		buf_addf(out, "%s\"%s\":{\"code\":%d,\"message\":\"%s\"}", comma, standard[i].name, standard[i].code,
			standard[i].message);
		comma = ",";
	}
#define X(name, word, retryable)                                                                   \
	buf_addf(out,                                                                              \
		",\"%s\":{\"code\":%d,\"message\":\"%s\",\"data\":{\"code\":\"%s\",\"retryable\":%s}}", word,       \
		RPC_TRAWL, word, word, retryable ? "true" : "false");
	RPC_CODE_TABLE(X)
#undef X
}

static void add_error_link(struct buf *out, const char **comma, const char *name)
{
	buf_addf(out, "%s{\"$ref\":\"#/components/errors/%s\"}", *comma, name);
	*comma = ",";
}

/* Those of what it is, and of where it is answered; and those of its own. */
static void add_error_links(struct buf *out, const cJSON *fragments, const struct method *m)
{
	const char *comma = "";
	const cJSON *own;

	add_error_link(out, &comma, "invalid_params");
	add_error_link(out, &comma, "internal");
	if (m->access != ACCESS_EVERYONE)
		add_error_link(out, &comma, "forbidden");
	if (m->where != WHERE_LOOP) {
		add_error_link(out, &comma, "timeout");
		add_error_link(out, &comma, "canceled");
	}
	if (m->where == WHERE_READER)
		add_error_link(out, &comma, "busy");
	cJSON_ArrayForEach(own, member(member(fragments, "errors"), m->name))
		add_error_link(out, &comma, own->valuestring);
}

/* --- the whole ---------------------------------------------------------------------------------- */

static void add_method(struct buf *out, const cJSON *fragments, const struct method *m)
{
	buf_addc(out, '{');
	add_text(out, "name", m->name);
	buf_addc(out, ',');
	add_text(out, "summary", m->help);
	buf_adds(out, ",\"paramStructure\":\"by-name\",\"params\":[");
	for (const struct param *p = m->params; p->name; p++) {
		buf_adds(out, p == m->params ? "" : ",");
		add_param(out, fragments, m, p);
	}
	buf_adds(out, "],\"result\":{\"name\":\"result\",\"schema\":");
	frame_add_json(out, member(member(fragments, "results"), m->name));
	buf_adds(out, "},\"errors\":[");
	add_error_links(out, fragments, m);
	buf_addf(out, "],\"x-administration\":%s}", m->access == ACCESS_EVERYONE ? "false" : "true");
}

void openrpc_add(struct buf *out)
{
	cJSON *fragments = cJSON_Parse(fragments_text[0]);

	if (!fragments) {
		out->failed = true;
		return;
	}
	buf_adds(out, "{\"openrpc\":\"1.2.6\",\"info\":{\"title\":\"trawl\",\"version\":\"" TRAWL_VERSION
		      "\",\"description\":\"JSON-RPC 2.0, one JSON value a line, over a unix socket; protocol.md says "
		      "all that this cannot\"},\"servers\":["
		      "{\"name\":\"user\",\"url\":\"unix:$XDG_RUNTIME_DIR/trawl/trawl.sock\"},"
		      "{\"name\":\"system\",\"url\":\"unix:/run/trawl/trawl.sock\"}],\"methods\":[");
	for (size_t i = 0; i < method_count; i++) {
		buf_adds(out, i ? "," : "");
		add_method(out, fragments, &methods[i]);
	}
	buf_adds(out, "],\"components\":{\"schemas\":");
	frame_add_json(out, member(fragments, "schemas"));
	buf_adds(out, ",\"errors\":{");
	add_errors(out);
	buf_adds(out, "}},\"x-notifications\":");
	frame_add_json(out, member(fragments, "notifications"));
	buf_addc(out, '}');
	cJSON_Delete(fragments);
}
