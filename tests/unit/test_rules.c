/* test_rules: which converter takes what, and when its version changes. */
#include "convert/rules.h"

#include "convert/build_id.h"
#include "convert/mime.h"
#include "convert_conf.h"
#include "core/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
	char dir[64];
	struct rules *rules;
};

static void program(const struct world *w, const char *name, const char *text)
{
	char path[128];

	convert_conf_write(w->dir, name, text);
	snprintf(path, sizeof path, "%s/%s", w->dir, name);
	assert_int_equal(chmod(path, 0755), 0);
}

/* In the text, @ stands for the directory. */
static struct rules *load(const struct world *w, const char *text)
{
	AUTO_BUF sections = BUF_INIT;
	struct rules *rules = NULL;

	for (; *text; text++) {
		if (*text == '@')
			buf_adds(&sections, w->dir);
		else
			buf_addc(&sections, *text);
	}
	struct config *config = convert_conf(w->dir, "", sections.data);
	assert_int_equal(rules_create(config, &rules), ST_OK);
	config_unref(config);
	return rules;
}

static const char sections[] =
	"[converter text]\nextensions = txt c h *\nmime = text/* application/json\n"
	"serve = @/text\n"
	"[converter html]\nextensions = html htm\nmime = text/html\n"
	"serve = @/html --strict\ntime = 5s\nmemory = 100M\n"
	"[converter pdf]\nextensions = pdf\nmime = application/pdf\n"
	"run = trawl-no-such-program -\n";

static int setup(void **state)
{
	struct world *w = test_calloc(1, sizeof *w);

	snprintf(w->dir, sizeof w->dir, "%s", convert_conf_dir());
	program(w, "text", "#!/bin/sh\n");
	program(w, "html", "#!/bin/sh\n");
	w->rules = load(w, sections);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	rules_unref(w->rules);
	convert_conf_clean(w->dir);
	test_free(w);
	return 0;
}

static const char *name_of(const struct converter *c)
{
	return c ? c->name : "none";
}

static void by_name(void **state)
{
	struct world *w = *state;

	assert_int_equal(rules_count(w->rules), 3);
	assert_string_equal(name_of(rules_by_name(w->rules, "a.html")), "html");
	assert_string_equal(name_of(rules_by_name(w->rules, "A.HTM")), "html");
	assert_string_equal(name_of(rules_by_name(w->rules, "x.tar.pdf")), "pdf");
	assert_string_equal(name_of(rules_by_name(w->rules, "Makefile")), "text");
	assert_string_equal(name_of(rules_by_name(w->rules, ".html")), "text");
	assert_string_equal(name_of(rules_by_name(w->rules, "a.unheard-of")), "text");
	struct rules *none =
		load(w, "[converter html]\nextensions = html\nmime = text/html\nserve = @/html\n");
	assert_null(rules_by_name(none, "a.txt"));
	rules_unref(none);
}

static void by_type(void **state)
{
	struct world *w = *state;

	assert_string_equal(name_of(rules_by_type(w->rules, "text/html")), "html");
	assert_string_equal(name_of(rules_by_type(w->rules, "Text/HTML; charset=x")), "html");
	assert_string_equal(name_of(rules_by_type(w->rules, "text/plain; charset=x")), "text");
	assert_string_equal(name_of(rules_by_type(w->rules, "text/x-unheard-of")), "text");
	assert_string_equal(name_of(rules_by_type(w->rules, "application/json")), "text");
	assert_null(rules_by_type(w->rules, "application/x-unheard-of"));
	assert_null(rules_by_type(w->rules, "text"));
	assert_null(rules_by_type(w->rules, ""));
	char longer[600];
	memset(longer, 'a', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	memcpy(longer, "text/", 5);
	assert_null(rules_by_type(w->rules, longer));
}

static void types_of_names(void **state)
{
	struct world *w = *state;

	assert_string_equal(rules_type_of_name(w->rules, "a.pdf"), "application/pdf");
	assert_string_equal(rules_type_of_name(w->rules, "A.C"), "text/x-csrc");
	assert_string_equal(rules_type_of_name(w->rules, "ls.1"), "text/troff");
	assert_string_equal(rules_type_of_name(w->rules, "README"), "application/octet-stream");
	assert_string_equal(
		rules_type_of_name(w->rules, "a.unheardof"), "application/octet-stream");
	/* The table is searched by halves: every row must be found, which it is only if it is
	 * sorted. */
	static const char *const extensions[] = {
#define MIME(extension, type) #extension,
#include "convert/mime.tbl"
#undef MIME
	};
	for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
		assert_non_null(mime_of_extension(extensions[i]));
		if (i)
			assert_true(strcmp(extensions[i - 1], extensions[i]) < 0);
	}
}

static void fields(void **state)
{
	struct world *w = *state;
	const struct converter *html = rules_by_type(w->rules, "text/html");

	assert_int_equal(html->transport, TRANSPORT_SERVE);
	assert_string_equal(html->argv[1], "--strict");
	assert_null(html->argv[2]);
	assert_int_equal(html->time_ms, 5000);
	assert_int_equal(html->memory_bytes, 100 << 20);
	assert_false(html->missing);
	assert_ptr_equal(rules_at(w->rules, (size_t)html->index), html);
	assert_true(rules_by_type(w->rules, "application/pdf")->missing);
}

static void versions(void **state)
{
	struct world *w = *state;
	unsigned char before[CONVERTER_VERSION_BYTES], html[CONVERTER_VERSION_BYTES];

	assert_false(rules_stale(w->rules));
	memcpy(before, rules_by_type(w->rules, "text/plain")->version, sizeof before);
	memcpy(html, rules_by_type(w->rules, "text/html")->version, sizeof html);
	assert_memory_not_equal(before, html, sizeof before);

	/* The same again is the same version. */
	struct rules *again = load(w, sections);
	assert_memory_equal(rules_by_type(again, "text/plain")->version, before, sizeof before);
	rules_unref(again);

	/* Another program is another version, of that converter alone. */
	program(w, "text", "#!/bin/sh\nexit 1\n");
	assert_true(rules_stale(w->rules));
	again = load(w, sections);
	assert_memory_not_equal(rules_by_type(again, "text/plain")->version, before, sizeof before);
	assert_memory_equal(rules_by_type(again, "text/html")->version, html, sizeof html);
	assert_false(rules_stale(again));
	rules_unref(again);

	/* So is another option. */
	again = load(
		w, "[converter html]\nextensions = html\nmime = text/html\nserve = @/html --lax\n");
	assert_memory_not_equal(rules_by_type(again, "text/html")->version, html, sizeof html);
	rules_unref(again);
}

/* The fingerprint of a converter whose program has these bytes. */
static void version_with(struct world *w, const struct buf *bytes, unsigned char version[CONVERTER_VERSION_BYTES])
{
	static const char section[] = "[converter elf]\nextensions = elf\nmime = x/elf\nserve = @/elf\n";
	AUTO_FREE char *path = mem_printf("%s/elf", w->dir);

	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes->data, 1, bytes->len, f), bytes->len);
	assert_int_equal(fclose(f), 0);
	struct rules *r = load(w, section);
	memcpy(version, rules_by_type(r, "x/elf")->version, CONVERTER_VERSION_BYTES);
	rules_unref(r);
}

/* This test's own program. */
static void a_build_id_stands_for_a_program(void **state)
{
	struct world *w = *state;
	unsigned char before[CONVERTER_VERSION_BYTES], now[CONVERTER_VERSION_BYTES];
	AUTO_BUF bytes = BUF_INIT;
	char chunk[4096];
	size_t len, n;

	FILE *f = fopen("/proc/self/exe", "r");
	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof chunk, f)))
		buf_add(&bytes, chunk, n);
	fclose(f);
	const unsigned char *id = build_id_find(bytes.data, bytes.len, bytes.len, &len);
	assert_non_null(id);
	assert_true(len >= 8);
	version_with(w, &bytes, before);
	version_with(w, &bytes, now);
	assert_memory_equal(now, before, sizeof now);
	/* what is behind it counts by its bytes */
	buf_addc(&bytes, 1);
	version_with(w, &bytes, before);
	bytes.data[bytes.len - 1] = 2;
	version_with(w, &bytes, now);
	assert_memory_not_equal(now, before, sizeof now);
	bytes.len--;
	version_with(w, &bytes, before);
	/* another id; and the front of a file alone */
	bytes.data[id - (unsigned char *)bytes.data] ^= 1;
	version_with(w, &bytes, now);
	assert_memory_not_equal(now, before, sizeof now);
	for (size_t cut = 0; cut < 2048; cut++)
		assert_true(!build_id_find(bytes.data, cut, bytes.len, &len) || len <= cut);
}

static void a_file_among_the_words_counts(void **state)
{
	struct world *w = *state;
	static const char script[] =
		"[converter s]\nextensions = s\nmime = x/s\nrun = /bin/sh @/script\n";
	unsigned char before[CONVERTER_VERSION_BYTES];

	program(w, "script", "echo 1\n");
	struct rules *rules = load(w, script);
	memcpy(before, rules_by_type(rules, "x/s")->version, sizeof before);
	program(w, "script", "echo 2 \n");
	assert_true(rules_stale(rules));
	rules_unref(rules);
	rules = load(w, script);
	assert_memory_not_equal(rules_by_type(rules, "x/s")->version, before, sizeof before);
	rules_unref(rules);
}

static void programs_come_and_go(void **state)
{
	struct world *w = *state;
	char path[128], *old = test_malloc(4096);

	/* Found in vain in PATH, then put there. */
	snprintf(old, 4096, "%s", getenv("PATH"));
	setenv("PATH", w->dir, 1);
	struct rules *rules =
		load(w, "[converter x]\nextensions = x\nmime = x/x\nrun = trawl-test-late\n");
	assert_true(rules_at(rules, 0)->missing);
	assert_false(rules_stale(rules));
	program(w, "trawl-test-late", "#!/bin/sh\n");
	assert_true(rules_stale(rules));
	rules_unref(rules);
	/* Found, then taken away. */
	rules = load(w, "[converter x]\nextensions = x\nmime = x/x\nrun = trawl-test-late\n");
	assert_false(rules_at(rules, 0)->missing);
	snprintf(path, sizeof path, "%s/trawl-test-late", w->dir);
	assert_int_equal(unlink(path), 0);
	assert_true(rules_stale(rules));
	rules_unref(rules);
	setenv("PATH", old, 1);
	test_free(old);
}

static void later_ones_take_over(void **state)
{
	struct world *w = *state;
	struct rules *rules =
		load(w, "[converter a]\nextensions = x y\nmime = x/x\nrun = /bin/true\n"
			"[converter b]\nextensions = y\nmime = x/x\nrun = /bin/true\n");

	assert_string_equal(name_of(rules_by_name(rules, "f.x")), "a");
	assert_string_equal(name_of(rules_by_name(rules, "f.y")), "b");
	assert_string_equal(name_of(rules_by_type(rules, "x/x")), "b");
	rules_unref(rules_ref(rules));
	rules_unref(rules);
}

/* Memory fails at the Nth allocation, for every N: ST_NOMEM, and nothing is lost or touched. */
static void a_missing_one_takes_nothing_over(void **state)
{
	struct world *w = *state;
	static const char both[] =
		"[converter plain]\nextensions = pdf\nmime = application/pdf\nserve = @/text\n"
		"[converter quick]\nextensions = pdf\nmime = application/pdf\nserve = @/quick\n"
		"package = quick-tools\n"
		"[converter lost]\nextensions = pdf djvu\nmime = application/pdf\nserve = @/lost\n";
	struct rules *r = load(w, both);

	assert_string_equal(name_of(rules_by_name(r, "a.pdf")), "plain");
	assert_string_equal(name_of(rules_by_type(r, "application/pdf")), "plain");
	assert_string_equal(name_of(rules_by_name(r, "a.djvu")), "lost");
	assert_string_equal(rules_at(r, 1)->package, "quick-tools");
	assert_null(rules_at(r, 0)->package);
	assert_false(rules_stale(r));
	program(w, "quick", "#!/bin/sh\n");
	assert_true(rules_stale(r));
	rules_unref(r);
	r = load(w, both);
	assert_string_equal(name_of(rules_by_name(r, "a.pdf")), "quick");
	assert_string_equal(name_of(rules_by_type(r, "application/pdf")), "quick");
	rules_unref(r);
}

/* One that is slow takes no name and no type from anybody; it stands beside them. */
static void a_slow_one_stands_beside(void **state)
{
	struct world *w = *state;
	struct rules *r = load(w, "[converter text]\nextensions = png *\nmime = image/png\nserve = @/text\n"
				  "[converter ocr]\nextensions = png jpg\nmime = image/*\nserve = @/html\nlane = slow\n"
				  "[converter lost]\nextensions = jpg gif\nserve = @/lost\nlane = slow\n");

	assert_string_equal(name_of(rules_by_name(r, "a.png")), "text");
	assert_string_equal(name_of(rules_by_name(r, "a.jpg")), "text");
	assert_string_equal(name_of(rules_by_type(r, "image/png")), "text");
	assert_string_equal(name_of(rules_by_type(r, "image/jpeg")), "none");
	assert_string_equal(name_of(rules_slow_by_name(r, "a.png")), "ocr");
	assert_string_equal(name_of(rules_slow_by_name(r, "a.JPG")), "ocr");
	assert_string_equal(name_of(rules_slow_by_name(r, "a.gif")), "none");
	assert_string_equal(name_of(rules_slow_by_name(r, "a.txt")), "none");
	rules_unref(r);
}

static void the_type_counts_where_the_name_says_nothing(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *name, *said, *converter, *type;
	} cases[] = {
		{"a.html", NULL, "html", "text/html"},
		{"a.html", "text/plain", "html", "text/html"},
		{"a", "text/html; charset=utf-8", "html", "text/html; charset=utf-8"},
		{"a.unheard", "text/html", "html", "text/html"},
		{"a", "application/octet-stream", "text", "application/octet-stream"},
		{"a", NULL, "text", "application/octet-stream"},
		{"a", "image/x-unheard", "text", "image/x-unheard"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *type = cases[i].said;
		const struct converter *c = rules_by_name_or_type(w->rules, cases[i].name, &type);

		assert_string_equal(name_of(c), cases[i].converter);
		assert_string_equal(type, cases[i].type);
	}
}

static void without_memory(void **state)
{
	struct world *w = *state;
	struct config *config = convert_conf(
		w->dir, "", "[converter a]\nextensions = x y\nmime = x/x\nrun = /bin/true -\n");
	enum status st = ST_NOMEM;
	unsigned long n = 0;

	while (st == ST_NOMEM) {
		struct rules *rules = NULL;

		mem_fail_at(++n, 0);
		st = rules_create(config, &rules);
		mem_fail_at(0, 0);
		if (st == ST_OK)
			rules_unref(rules);
	}
	assert_int_equal(st, ST_OK);
	assert_true(n > 5);
	config_unref(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_name, setup, teardown),
		cmocka_unit_test_setup_teardown(by_type, setup, teardown),
		cmocka_unit_test_setup_teardown(types_of_names, setup, teardown),
		cmocka_unit_test_setup_teardown(fields, setup, teardown),
		cmocka_unit_test_setup_teardown(versions, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_among_the_words_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(a_build_id_stands_for_a_program, setup, teardown),
		cmocka_unit_test_setup_teardown(programs_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(later_ones_take_over, setup, teardown),
		cmocka_unit_test_setup_teardown(a_missing_one_takes_nothing_over, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slow_one_stands_beside, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_type_counts_where_the_name_says_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(without_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
