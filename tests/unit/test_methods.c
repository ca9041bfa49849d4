/* methods: the table is sane, agrees with protocol.md, and requests are checked against it. */
#include "serve/methods.h"

#include "core/buf.h"
#include "serve/call.h"
#include "serve/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_table(void **state)
{
	(void)state;
	assert_true(method_count >= 17);
	for (size_t i = 0; i < method_count; i++) {
		const struct method *m = &methods[i];

		assert_ptr_equal(method_find(m->name), m); /* so no name stands there twice */
		assert_non_null(m->handle);
		for (const struct param *p = m->params; p->name; p++) {
			assert_true(p->least <= p->most);
			for (const struct param *q = m->params; q != p; q++)
				assert_string_not_equal(p->name, q->name);
		}
	}
	assert_null(method_find("rpc_discover"));
	assert_non_null(method_find("rpc.discover"));
	assert_null(method_find("Search"));
	assert_null(method_find(""));
}

static void test_administration_is_guarded(void **state)
{
	static const char *const guarded[] = {"reindex", "pause", "resume", "reload", "check", "shutdown"};

	(void)state;
	for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++)
		assert_int_equal(method_find(guarded[i])->access, ACCESS_ADMIN);
	assert_int_equal(method_find("search")->access, ACCESS_EVERYONE);
	assert_int_equal(method_find("version")->access, ACCESS_EVERYONE);
	assert_int_equal(method_find("document")->access, ACCESS_EVERYONE);
}

static void read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	char piece[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		buf_add(out, piece, n);
	assert_false(ferror(f) || out->failed);
	assert_int_equal(fclose(f), 0);
}

/* Every method and parameter is named in the prose; the suites run at the top of the tree. */
static void test_prose_names_all(void **state)
{
	AUTO_BUF prose = BUF_INIT, manual = BUF_INIT, word = BUF_INIT;

	(void)state;
	read_file("schema/protocol.md", &prose);
	read_file("schema/trawl-protocol.7", &manual);
	for (size_t i = 0; i < method_count; i++) {
		if (!strstr(manual.data, methods[i].name))
			fail_msg("trawl-protocol.7 lacks %s", methods[i].name);
		buf_clear(&word);
		buf_addf(&word, "\n### %s\n%c`%s`", methods[i].name, '\0', methods[i].name);
		if (!strstr(prose.data, word.data) && !strstr(prose.data, word.data + strlen(word.data) + 1))
			fail_msg("protocol.md lacks %s", methods[i].name);
		for (const struct param *p = methods[i].params; p->name; p++) {
			buf_clear(&word);
			buf_addf(&word, "`%s`", p->name);
			if (!strstr(prose.data, word.data))
				fail_msg("protocol.md lacks %s of %s", p->name, methods[i].name);
		}
	}
}

/* A whole request as text; error->code 0: it was fine. */
static void check(const char *text, struct call_error *error, bool *notification)
{
	struct call call;
	cJSON *value = frame_parse(text, strlen(text));

	assert_non_null(value);
	memset(error, 0, sizeof *error);
	if (call_parse(value, &call, error) == ST_OK)
		error->code = 0;
	*notification = call.notification;
	cJSON_Delete(value);
}

static void test_requests(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *message; /* how it begins */
	} cases[] = {
		{"1", RPC_INVALID_REQUEST, "a request is"},
		{"{}", RPC_INVALID_REQUEST, "jsonrpc: "},
		{"{\"jsonrpc\":\"1.0\",\"method\":\"version\",\"id\":1}", RPC_INVALID_REQUEST, "jsonrpc: "},
		{"{\"jsonrpc\":2.0,\"method\":\"version\",\"id\":1}", RPC_INVALID_REQUEST, "jsonrpc: "},
		{"{\"jsonrpc\":\"2.0\",\"id\":1}", RPC_INVALID_REQUEST, "method: "},
		{"{\"jsonrpc\":\"2.0\",\"id\":[],\"method\":\"version\"}", RPC_INVALID_REQUEST, "id: "},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nonsense\",\"params\":[]}", RPC_METHOD_NOT_FOUND,
			"no such method: nonsense"},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\",\"params\":[]}", RPC_INVALID_PARAMS, "params: "},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\",\"params\":null}", RPC_INVALID_PARAMS, "params: "},
		{"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"version\"}", 0, ""},
		{"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"version\",\"params\":{}}", 0, ""},
		{"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"search\",\"params\":{\"query\":\"a\",\"limit\":3}}", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct call_error error;
		bool notification;

		check(cases[i].text, &error, &notification);
		assert_int_equal(error.code, cases[i].code);
		assert_false(notification);
		if (strncmp(error.message, cases[i].message, strlen(cases[i].message)) != 0)
			fail_msg("%s: \"%s\"", cases[i].text, error.message);
	}
}

static void test_notifications(void **state)
{
	struct call_error error;
	bool notification;

	(void)state;
	check("{\"jsonrpc\":\"2.0\",\"method\":\"version\"}", &error, &notification);
	assert_true(notification);
	check("{\"jsonrpc\":\"2.0\",\"method\":\"nonsense\"}", &error, &notification);
	assert_true(notification);
	/* not even a request: this is answered */
	check("{\"jsonrpc\":\"2.0\"}", &error, &notification);
	assert_false(notification);
}

static void expect_params(const char *method, const char *params, const char *message)
{
	char error[METHOD_ERROR_BYTES] = "";
	cJSON *value = frame_parse(params, strlen(params));

	assert_non_null(value);
	enum status st = method_check_params(method_find(method), value, error);
	if (strcmp(error, message) != 0 || (st == ST_OK) != !*message)
		fail_msg("%s %s: \"%s\"", method, params, error);
	cJSON_Delete(value);
}

static void test_params(void **state)
{
	(void)state;
	expect_params("search", "{\"query\":\"a\",\"limit\":0}", "");
	expect_params("search", "{\"query\":\"a\",\"limit\":100000,\"snippet\":{\"tokens\":3},\"facets\":[\"type\"]}", "");
	expect_params("search", "{}", "query: is required (a string)");
	expect_params("search", "{\"query\":7}", "query: expected a string");
	expect_params("search", "{\"query\":null}", "query: expected a string");
	expect_params("search", "{\"query\":\"a\",\"limit\":\"ten\"}", "limit: expected an integer");
	expect_params("search", "{\"query\":\"a\",\"limit\":1.5}", "limit: expected an integer");
	expect_params("search", "{\"query\":\"a\",\"limit\":-1}", "limit: expected an integer from 0 to 100000");
	expect_params("search", "{\"query\":\"a\",\"limit\":1e300}", "limit: expected an integer from 0 to 100000");
	expect_params("search", "{\"query\":\"a\",\"limit\":1e999}", "limit: expected an integer from 0 to 100000");
	expect_params("search", "{\"query\":\"a\",\"facets\":[1]}", "facets: expected an array of strings");
	expect_params("search", "{\"query\":\"a\",\"snippet\":3}", "snippet: expected an object, true or false");
	expect_params("search", "{\"query\":\"a\",\"group\":\"yes\"}", "group: expected true or false");
	expect_params("search", "{\"query\":\"a\",\"query\":\"b\"}", "query: given twice");
	expect_params("search", "{\"Query\":\"a\"}", "Query: search has no such parameter");
	expect_params("changes", "{\"since\":null}", "");
	expect_params("changes", "{\"since\":5}", "since: expected a string or null");
	expect_params("cancel", "{\"id\":\"x\"}", "");
	expect_params("cancel", "{\"id\":null}", "id: expected a string or a number");
	expect_params("sync", "{\"timeout_ms\":600001}", "timeout_ms: expected an integer from 1 to 600000");
	expect_params("document", "{\"path\":\"\"}", "path: expected 1 to 65536 bytes");
	expect_params("version", "{\"unexpected\":1}", "unexpected: version has no such parameter");
}

static void test_param_values(void **state)
{
	cJSON *params = frame_parse("{\"limit\":7,\"since\":null,\"path\":\"/x\"}", 37);

	(void)state;
	assert_non_null(params);
	assert_int_equal(param_integer(params, "limit", 3), 7);
	assert_int_equal(param_integer(params, "offset", 3), 3);
	assert_int_equal(param_integer(NULL, "offset", 3), 3);
	assert_null(param_text(params, "since"));
	assert_null(param_text(NULL, "since"));
	assert_string_equal(param_text(params, "path"), "/x");
	cJSON_Delete(params);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	      cmocka_unit_test(test_administration_is_guarded),
		cmocka_unit_test(test_prose_names_all), cmocka_unit_test(test_requests),
		cmocka_unit_test(test_notifications), cmocka_unit_test(test_params),
		cmocka_unit_test(test_param_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
