/*
 * test_config: what is read, what is faulted with which line, where defaults come from, and
 * failing memory.
 */
#include "core/config.h"

#include "core/log.h"
#include "core/mem.h"
#include "dice.h"

#include <ftw.h>
#include <sched.h>
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

/* A fresh directory for each test, the current one while it runs; HOME and XDG_* point into it. */
static char base[64];

static int set_up(void **state)
{
	static const char *const dirs[] = {"tree", "tree/below", "other", "home", "run", "conv"};

	(void)state;
	strcpy(base, "/tmp/trawl-config-XXXXXX");
	if (!mkdtemp(base) || chdir(base))
		return -1;
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		if (mkdir(dirs[i], 0700))
			return -1;
	}
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	AUTO_FREE char *home = mem_printf("%s/home", base);
	return setenv("HOME", home, 1);
}

static int delete_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return chdir("/") || nftw(base, delete_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file; every '@' in it stands for the test's directory. */
static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	for (; *text; text++) {
		if (*text == '@')
			fputs(base, f);
		else
			fputc(*text, f);
	}
	assert_int_equal(fclose(f), 0);
}

static struct config *load_ok(const char *text)
{
	const struct config_source source = {.file = "trawld.conf"};
	AUTO_BUF errors = BUF_INIT;
	struct config *c = NULL;

	put("trawld.conf", text);
	enum status st = config_load(&source, &c, &errors);
	if (st)
		print_error("%s", errors.data);
	assert_int_equal(st, ST_OK);
	assert_int_equal(errors.len, 0);
	return c;
}

/* Loads what must be faulted with exactly these lines; '@' as above. */
static void expect_faults_of(const struct config_source *source, const char *want)
{
	AUTO_BUF errors = BUF_INIT;
	AUTO_BUF wanted = BUF_INIT;
	struct config *c = NULL;

	for (; *want; want++) {
		if (*want == '@')
			buf_adds(&wanted, base);
		else
			buf_addc(&wanted, *want);
	}
	assert_int_equal(config_load(source, &c, &errors), ST_CONFIG);
	assert_null(c);
	assert_string_equal(errors.data, wanted.data);
}

static void expect_faults(const char *text, const char *want)
{
	const struct config_source source = {.file = "trawld.conf"};

	put("trawld.conf", text);
	expect_faults_of(&source, want);
}

#define ROOT "[root a]\npath=@/tree\n"
#define NO_CONVERTERS "[daemon]\nconverters_dir=@/conv\n"

/* --- what is read --- */

static void test_defaults(void **state)
{
	struct config *c = load_ok(NO_CONVERTERS ROOT);
	char state_dir[128];
	cpu_set_t set;

	(void)state;
	snprintf(state_dir, sizeof state_dir, "%s/home/.local/state/trawl", base);
	assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
	assert_int_equal(c->mode, MODE_USER);
	assert_string_equal(c->state_dir, state_dir);
	assert_int_equal(c->workers, CPU_COUNT(&set));
	assert_int_equal(c->queue_size, 1024);
	assert_int_equal(c->sandbox, SANDBOX_REQUIRED);
	assert_int_equal(c->rescan_ms, 6 * 3600 * 1000);
	assert_int_equal(c->settle_ms, 1000);
	assert_int_equal(c->limits.file_size, 256 << 20);
	assert_int_equal(c->limits.text_size, 16 << 20);
	assert_int_equal(c->limits.convert_time_ms, 60000);
	assert_int_equal(c->limits.convert_memory, 1 << 30);
	assert_string_equal(c->memo.storage, "memory");
	assert_int_equal(c->memo.ttl_ms, 1000);
	assert_int_equal(c->memo.entries, 1024);
	assert_int_equal(c->memo.bytes, 16 << 20);
	assert_int_equal(c->memo.warm, 0);
	assert_int_equal(c->memo.warm_at.count, 0);
	assert_int_equal(c->languages.count, 0);
	assert_int_equal(c->root_count, 1);
	assert_string_equal(c->roots[0].name, "a");
	assert_false(c->roots[0].hidden);
	assert_false(c->roots[0].one_filesystem);
	assert_int_equal(c->roots[0].poll_ms, 0);
	assert_int_equal(c->converter_count, 0);
	config_unref(c);
}

static void test_every_key(void **state)
{
	struct config *c = load_ok(
		"; all of them\n"
		"[daemon]\nmode = system\nstate_dir = /var/lib/x\nsocket = /run/x.sock\nworkers = "
		"3\n"
		"queue_size = 4\nsandbox = off\nrescan = 0\nsettle = 250ms\nconverters_dir = "
		"@/conv\n"
		"converters_dir = @/other\n"
		"[root my docs]\n path = @/tree/../tree\n ignore = *.o \"with blank\" "
		"back\\\\slash\n"
		" ignore = second\n hidden = YES\n one_filesystem = on\n poll = 5m\n"
		"[LIMITS]\nFile_Size = 1T\ntext_size=2M\nconvert_time=7d\nconvert_memory=64M\n"
		"[memo]\nstorage=memory\nttl=0\nentries=0\nbytes=0\nwarm=5\nwarm_at=06:30 23:59\n"
		"[index]\nlanguages = de en\n");

	(void)state;
	assert_int_equal(c->mode, MODE_SYSTEM);
	assert_string_equal(c->state_dir, "/var/lib/x");
	assert_string_equal(c->socket, "/run/x.sock");
	assert_int_equal(c->workers, 3);
	assert_int_equal(c->queue_size, 4);
	assert_int_equal(c->sandbox, SANDBOX_OFF);
	assert_int_equal(c->rescan_ms, 0);
	assert_int_equal(c->settle_ms, 250);
	assert_int_equal(c->converters_dir.count, 2);
	const struct config_root *r = &c->roots[0];
	assert_string_equal(r->name, "my docs");
	assert_true(strstr(r->path, "/tree") && !strstr(r->path, ".."));
	assert_int_equal(r->ignore.count, 4);
	assert_string_equal(r->ignore.items[1], "with blank");
	assert_string_equal(r->ignore.items[2], "back\\slash");
	assert_string_equal(r->ignore.items[3], "second");
	assert_true(r->hidden && r->one_filesystem);
	assert_int_equal(r->poll_ms, 300000);
	assert_true(c->limits.file_size == 1LL << 40);
	assert_int_equal(c->limits.convert_time_ms, 604800000);
	assert_int_equal(c->memo.ttl_ms, 0);
	assert_int_equal(c->memo.entries, 0);
	assert_int_equal(c->memo.warm, 5);
	assert_int_equal(c->memo.warm_at.count, 2);
	assert_string_equal(c->memo.warm_at.items[1], "23:59");
	assert_int_equal(c->languages.count, 2);
	assert_string_equal(c->languages.items[0], "german");
	assert_string_equal(c->languages.items[1], "english");
	assert_ptr_equal(config_ref(c), c);
	config_unref(c);
	assert_string_equal(c->socket, "/run/x.sock"); /* one holder is left */
	config_unref(c);
	config_unref(NULL);
}

static void test_long_lines(void **state)
{
	AUTO_BUF text = BUF_INIT;

	(void)state;
	buf_adds(&text, NO_CONVERTERS "[root ");
	for (int i = 0; i < 250; i++)
		buf_addc(&text, 'n');
	buf_adds(&text, "]\npath=@/tree\nignore =");
	for (int i = 0; i < 20000; i++)
		buf_addf(&text, " word%d", i);
	buf_adds(&text, "\nhidden=yes\nbad line\n");
	put("trawld.conf", text.data);
	const struct config_source source = {.file = "trawld.conf"};
	AUTO_BUF errors = BUF_INIT;
	struct config *c = NULL;
	assert_int_equal(config_load(&source, &c, &errors), ST_CONFIG);
	assert_string_equal(errors.data, "trawld.conf:7: equal sign is missing\n");
	text.len -= strlen("bad line\n");
	text.data[text.len] = '\0';
	c = load_ok(text.data);
	assert_int_equal(strlen(c->roots[0].name), 250);
	assert_int_equal(c->roots[0].ignore.count, 20000);
	assert_string_equal(c->roots[0].ignore.items[19999], "word19999");
	assert_true(c->roots[0].hidden);
	config_unref(c);
}

static void test_windows_line_ends_and_byte_order_mark(void **state)
{
	struct config *c = load_ok("\xEF\xBB\xBF[daemon]\r\nconverters_dir=@/conv\r\n[root a]\r\n"
				   "path=@/tree\r\n");

	(void)state;
	assert_string_equal(c->roots[0].path + strlen(c->roots[0].path) - 5, "/tree");
	config_unref(c);
}

/* --- faults --- */

static void test_all_faults_with_their_lines(void **state)
{
	(void)state;
	expect_faults("[daemon]\n"
		      "mode = user\n"
		      "mode = system\n"
		      "colour = red\n"
		      "workers = many\n"
		      "workers = 1\n"
		      "queue_size = 0\n"
		      "settle = 11s\n"
		      "sandbox = none\n"
		      "state_dir = relative\n"
		      "socket =\n"
		      "converters_dir = @/conv @/nowhere\n"
		      "[nonsense]\n"
		      "a = 1\n"
		      "[limits here]\n"
		      "file_size = big\n"
		      "[limits]\n"
		      "text_size = 600M\n"
		      "convert_time = 5\n"
		      "[root]\n"
		      "path = @/tree\n"
		      "[root none]\n"
		      "hidden = perhaps\n"
		      "[root gone]\n"
		      "path = @/gone\n"
		      "[root file]\n"
		      "path = @/trawld.conf\n"
		      "[memo]\n"
		      "warm_at = 24:00\n"
		      "storage = redis\n"
		      "[index]\n"
		      "languages = \"de\n"
		      "[converter x]\n"
		      "run = y\n",
		"trawld.conf:3: section [daemon], key mode: already given on line 2\n"
		"trawld.conf:4: section [daemon], key colour: unknown key\n"
		"trawld.conf:5: section [daemon], key workers: 'many': not a number\n"
		"trawld.conf:6: section [daemon], key workers: already given on line 5\n"
		"trawld.conf:7: section [daemon], key queue_size: '0': too small\n"
		"trawld.conf:8: section [daemon], key settle: '11s': too large\n"
		"trawld.conf:9: section [daemon], key sandbox: 'none': none of: required "
		"best-effort off\n"
		"trawld.conf:10: section [daemon], key state_dir: 'relative': not an absolute "
		"path\n"
		"trawld.conf:11: section [daemon], key socket: '': not an absolute path\n"
		"trawld.conf:13: section [nonsense]: unknown section\n"
		"trawld.conf:15: section [limits here]: unknown section\n"
		"trawld.conf:18: section [limits], key text_size: '600M': too large\n"
		"trawld.conf:19: section [limits], key convert_time: '5': not a duration (such as "
		"500ms, 5s, 2m or 7d)\n"
		"trawld.conf:20: section [root]: a name is missing\n"
		"trawld.conf:23: section [root none], key hidden: 'perhaps': neither yes nor no\n"
		"trawld.conf:22: section [root none]: no path is given\n"
		"trawld.conf:29: section [memo], key warm_at: '24:00': '24:00' is no time of day "
		"(HH:MM)\n"
		"trawld.conf:30: section [memo], key storage: 'redis': none of: memory, "
		"memcached:HOST:PORT, memcached:/path/of/a/socket\n"
		"trawld.conf:32: section [index], key languages: '\"de': a quote is not closed\n"
		"trawld.conf:33: section [converter x]: converters are defined in the files of "
		"converters_dir, not here\n"
		"trawld.conf:12: section [daemon], key converters_dir: '@/nowhere': No such file "
		"or directory\n"
		"trawld.conf:25: section [root gone], key path: '@/gone': No such file or "
		"directory\n"
		"trawld.conf:27: section [root file], key path: '@/trawld.conf': not a "
		"directory\n");
}

static void test_languages(void **state)
{
	struct config *c = load_ok(NO_CONVERTERS ROOT "[index]\nlanguages = EN nb\nlanguages = Swedish\n");

	(void)state;
	assert_int_equal(c->languages.count, 3);
	assert_string_equal(c->languages.items[0], "english");
	assert_string_equal(c->languages.items[1], "norwegian");
	assert_string_equal(c->languages.items[2], "swedish");
	config_unref(c);
	expect_faults(NO_CONVERTERS ROOT "[index]\nlanguages = en klingon\n",
		"trawld.conf:6: section [index], key languages: 'en klingon': 'klingon' is none of: arabic (ar), armenian (hy), "
		"basque (eu), catalan (ca), danish (da), dutch (nl), english (en), finnish (fi), french (fr), german (de), "
		"greek (el), hindi (hi), hungarian (hu), indonesian (id), irish (ga), italian (it), lithuanian (lt), "
		"nepali (ne), norwegian (no), portuguese (pt), romanian (ro), russian (ru), serbian (sr), spanish (es), "
		"swedish (sv), tamil (ta), turkish (tr), yiddish (yi)\n");
}

static void test_syntax_faults_hide_no_others(void **state)
{
	(void)state;
	expect_faults("stray = 1\n"
		      "[daemon]\n"
		      "no equal sign\n"
		      "= no key\n"
		      "converters_dir = @/conv\n"
		      "[unclosed\n"
		      "mode = x\n"
		      "[]\n"
		      "mode = x\n"
		      "[b\xC3\xBC]\n"
		      "mode = x\n"
		      "k\xC3\xBC = 1\n"
		      "[daemon]\n"
		      "rescan = \xFF\n"
		      "rescan = \x01\n"
		      "rescan = often\n" ROOT,
		"trawld.conf:1: a key outside any section\n"
		"trawld.conf:10: a name may hold only printable ASCII characters other than '!' "
		"and '?'\n"
		"trawld.conf:12: a name may hold only printable ASCII characters other than '!' "
		"and '?'\n"
		"trawld.conf:14: not UTF-8\n"
		"trawld.conf:15: control byte\n"
		"trawld.conf:3: equal sign is missing\n"
		"trawld.conf:4: property name is missing\n"
		"trawld.conf:6: no closing bracket\n"
		"trawld.conf:8: section name is missing\n"
		"trawld.conf:16: section [daemon], key rescan: 'often': not a duration (such as "
		"500ms, 5s, 2m or 7d)\n");
}

static void test_roots_may_not_overlap(void **state)
{
	(void)state;
	assert_int_equal(symlink("tree", "link"), 0);
	expect_faults(NO_CONVERTERS "[root a]\npath=@/tree\n[root b]\npath=@/tree/below\n",
		"trawld.conf:6: section [root b], key path: '@/tree/below': below root a\n");
	expect_faults(NO_CONVERTERS "[root a]\npath=@/tree/below\n[root b]\npath=@/tree\n",
		"trawld.conf:6: section [root b], key path: '@/tree': root a is below it\n");
	expect_faults(NO_CONVERTERS "[root a]\npath=@/tree\n[root b]\npath=@/link\n",
		"trawld.conf:6: section [root b], key path: '@/tree': the same directory as root "
		"a\n");
	expect_faults(NO_CONVERTERS "[root a]\npath=@/tree\n[root a]\npath=@/other\n",
		"trawld.conf:6: section [root a], key path: already given on line 4\n");
}

static void test_files_that_are_not_there(void **state)
{
	const struct config_source absent = {
		.file = "absent.conf", .roots = (const char *const[]){"tree"}, .root_count = 1};
	const struct config_source dir = {.file = "tree", .roots = absent.roots, .root_count = 1};

	(void)state;
	expect_faults_of(&absent, "absent.conf: no such file\n");
	expect_faults_of(&dir, "tree: cannot be read: Is a directory\n");
	expect_faults("", "trawld.conf: no root is configured: nothing to index\n");
	expect_faults("# only\n\n ; comments\n",
		"trawld.conf: no root is configured: nothing to index\n");
}

static void test_missing_root_that_was_indexed(void **state)
{
	const struct config_source source = {.file = "trawld.conf", .may_miss_roots = true};
	AUTO_BUF errors = BUF_INIT;
	struct config *c;

	(void)state;
	put("trawld.conf", NO_CONVERTERS "[root a]\npath=@/gone\n");
	assert_int_equal(config_load(&source, &c, &errors), ST_OK);
	assert_non_null(strstr(c->roots[0].path, "/gone"));
	config_unref(c);
}

/* --- converters --- */

static void test_converters(void **state)
{
	(void)state;
	put("conv/20-b.conf",
		"[converter two]\nmime=text/X-Y text/*\nserve = sh -c \"a b\" c\\ d \"\"\n"
		"memory=2G\ntime=5m\nprocesses=4\n");
	put("conv/10-a.conf", "[converter one]\nextensions = .TXT md *\nextensions = c\nrun = "
			      "no-such-program -x\n");
	put("conv/.hidden.conf", "nonsense");
	put("conv/readme", "nonsense");
	put("other/10-a.conf", "[converter ONE]\nextensions = log\nrun = /no/such/program\n");
	struct config *c = load_ok("[daemon]\nconverters_dir = @/conv @/other\n" ROOT);
	assert_int_equal(c->converter_count, 2);
	const struct config_converter *one = &c->converters[0], *two = &c->converters[1];
	assert_string_equal(one->name, "ONE"); /* the later file's, in the first one's place */
	assert_int_equal(one->extensions.count, 1);
	assert_string_equal(one->extensions.items[0], "log");
	assert_int_equal(one->transport, TRANSPORT_RUN);
	assert_string_equal(one->argv.items[0], "/no/such/program");
	assert_true(one->missing);
	assert_int_equal(one->time_ms, c->limits.convert_time_ms);
	assert_int_equal(one->memory_bytes, c->limits.convert_memory);
	assert_int_equal(one->processes, 1);
	assert_string_equal(two->mime.items[0], "text/x-y");
	assert_int_equal(two->transport, TRANSPORT_SERVE);
	assert_false(two->missing);
	assert_int_equal(two->argv.items[0][0], '/');
	assert_int_equal(two->argv.count, 5);
	assert_string_equal(two->argv.items[2], "a b");
	assert_string_equal(two->argv.items[3], "c d");
	assert_string_equal(two->argv.items[4], "");
	assert_null(two->argv.items[5]); /* ready for exec */
	assert_int_equal(two->processes, 4);
	assert_int_equal(two->time_ms, 300000);
	config_unref(c);

	c = load_ok(NO_CONVERTERS ROOT);
	one = &c->converters[0];
	assert_string_equal(one->name, "one");
	assert_int_equal(one->extensions.count, 4);
	assert_string_equal(one->extensions.items[0], "txt");
	assert_string_equal(one->argv.items[0], "no-such-program");
	assert_true(one->missing);
	config_unref(c);
}

static void test_programs_in_path(void **state)
{
	AUTO_FREE char *path = mem_printf("relative:%s/other:%s/home", base, base);
	AUTO_FREE char *before = mem_strdup(getenv("PATH"));
	AUTO_FREE char *want = mem_printf("%s/home/tool-of-test", base);

	(void)state;
	put("conv/x.conf", "[converter x]\nextensions=x\nrun=tool-of-test\n");
	put("home/tool-of-test", "#!/bin/sh\n");
	assert_int_equal(mkdir("other/tool-of-test", 0700), 0);
	assert_int_equal(mkdir("relative", 0700), 0);
	put("relative/tool-of-test", "#!/bin/sh\n");
	assert_int_equal(chmod("relative/tool-of-test", 0755), 0);
	setenv("PATH", path, 1);
	struct config *c = load_ok(NO_CONVERTERS ROOT);
	assert_true(c->converters[0].missing); /* not executable */
	config_unref(c);
	assert_int_equal(chmod("home/tool-of-test", 0755), 0);
	c = load_ok(NO_CONVERTERS ROOT);
	assert_false(c->converters[0].missing);
	assert_string_equal(c->converters[0].argv.items[0], want);
	config_unref(c);
	setenv("PATH", before, 1);
}

static void test_converter_faults(void **state)
{
	(void)state;
	put("conv/a.conf",
		"[daemon]\nmode=user\n"
		"[converter both]\nextensions=a\nrun=x\nserve=y\n"
		"[converter neither]\nextensions=a\n"
		"[converter nothing]\nrun=x\n"
		"[converter bad]\nextensions=c++ tar.gz\nmime=text\nrun=./x\nprocesses=0\n"
		"[converter empty]\nextensions=a\nrun=\n"
		"[converter  empty]\nextensions=a\nrun=x\n");
	assert_int_equal(symlink("nowhere", "conv/b.conf"), 0);
	assert_int_equal(mkfifo("conv/c.conf", 0600), 0);
	assert_int_equal(mkdir("conv/d.conf", 0700), 0);
	put("conv/e.conf", "key\n");
	expect_faults(NO_CONVERTERS ROOT,
		"@/conv/a.conf:1: section [daemon]: this file may define converters only\n"
		"@/conv/a.conf:6: section [converter both], key serve: run is given on line 5; "
		"only one of them may be\n"
		"@/conv/a.conf:7: section [converter neither]: neither run nor serve is given\n"
		"@/conv/a.conf:9: section [converter nothing]: neither extensions nor mime is "
		"given\n"
		"@/conv/a.conf:12: section [converter bad], key extensions: 'c++ tar.gz': 'c++' is "
		"no extension (1 to 16 ASCII letters and digits, or *)\n"
		"@/conv/a.conf:13: section [converter bad], key mime: 'text': 'text' is no MIME "
		"type\n"
		"@/conv/a.conf:14: section [converter bad], key run: './x': the program is neither "
		"an absolute path nor a plain name\n"
		"@/conv/a.conf:15: section [converter bad], key processes: '0': too small\n"
		"@/conv/a.conf:18: section [converter empty], key run: '': no command\n"
		"@/conv/a.conf:19: section [converter  empty]: already defined on line 16\n"
		"@/conv/b.conf: cannot be read: No such file or directory\n"
		"@/conv/c.conf: not a regular file\n"
		"@/conv/d.conf: not a regular file\n"
		"@/conv/e.conf:1: equal sign is missing\n");
}

static void test_converters_beside_the_file(void **state)
{
	AUTO_FREE char *want = mem_printf("%s/converters.d", base);
	bool found = false;

	(void)state;
	assert_int_equal(mkdir("converters.d", 0700), 0);
	put("converters.d/z.conf", "[converter beside]\nextensions=zz\nrun=x\n");
	struct config *c = load_ok(ROOT);
	/* The directory that comes with the program may stand before it. */
	assert_in_range(c->converters_dir.count, 1, 2);
	assert_string_equal(c->converters_dir.items[c->converters_dir.count - 1], want);
	for (size_t i = 0; i < c->converter_count; i++)
		found |= !strcmp(c->converters[i].name, "beside");
	assert_true(found);
	config_unref(c);
}

/* --- places --- */

static struct config *load_env(const char *state_dir, const char *sock)
{
	const struct config_source source = {.file = "trawld.conf",
		.roots = (const char *const[]){"tree", "other"},
		.root_count = 2,
		.state_dir = state_dir,
		.socket = sock};
	AUTO_BUF errors = BUF_INIT;
	struct config *c = NULL;

	put("trawld.conf", NO_CONVERTERS "[root replaced]\npath=@/gone\n");
	assert_int_equal(config_load(&source, &c, &errors), ST_OK);
	return c;
}

static void expect_place(const char *got, const char *below_base)
{
	AUTO_FREE char *want = mem_printf("%s/%s", base, below_base);

	assert_string_equal(got, want);
}

static void test_options(void **state)
{
	struct config *c = load_env("my/state", "s.sock");

	(void)state;
	expect_place(c->state_dir, "my/state");
	expect_place(c->socket, "s.sock");
	assert_int_equal(c->root_count, 2);
	assert_string_equal(c->roots[0].name, "root1");
	expect_place(c->roots[0].path, "tree");
	assert_string_equal(c->roots[1].name, "root2");
	expect_place(c->roots[1].path, "other");
	config_unref(c);

	const struct config_source gone = {.file = "trawld.conf",
		.roots = (const char *const[]){"tree", "gone", "tree/below", ""},
		.root_count = 4};
	expect_faults_of(&gone, "--root: '': no such directory\n"
				"--root: '@/gone': No such file or directory\n"
				"--root: '@/tree/below': below root root1\n");
}

static void test_places_by_environment(void **state)
{
	AUTO_FREE char *run = mem_printf("%s/run", base);
	AUTO_FREE char *xdg = mem_printf("%s/xdg", base);

	(void)state;
	setenv("XDG_RUNTIME_DIR", run, 1);
	setenv("XDG_STATE_HOME", xdg, 1);
	struct config *c = load_env(NULL, NULL);
	expect_place(c->state_dir, "xdg/trawl");
	expect_place(c->socket, "run/trawl/trawl.sock");
	config_unref(c);

	setenv("XDG_RUNTIME_DIR", "relative", 1);
	setenv("XDG_STATE_HOME", "relative", 1);
	c = load_env(NULL, NULL);
	expect_place(c->state_dir, "home/.local/state/trawl");
	config_unref(c);

	unsetenv("HOME"); /* the passwd entry's */
	c = load_env(NULL, "/s");
	assert_int_equal(c->state_dir[0], '/');
	assert_non_null(strstr(c->state_dir, "/.local/state/trawl"));
	config_unref(c);

	c = load_ok("[daemon]\nmode=system\nconverters_dir=@/conv\n" ROOT);
	assert_string_equal(c->state_dir, "/var/lib/trawl");
	assert_string_equal(c->socket, "/run/trawl/trawl.sock");
	config_unref(c);
}

static void test_home_in_paths(void **state)
{
	struct config *c;

	(void)state;
	assert_int_equal(mkdir("home/docs", 0700), 0);
	c = load_ok("[daemon]\nconverters_dir=~\nstate_dir=~/s\n[root a]\npath = ~/docs/\n");
	expect_place(c->roots[0].path, "home/docs");
	expect_place(c->state_dir, "home/s");
	config_unref(c);
	expect_faults("[daemon]\nconverters_dir=@/conv\n[root a]\npath = ~other/docs\n",
		"trawld.conf:4: section [root a], key path: '~other/docs': not an absolute path\n");
}

static void test_long_socket(void **state)
{
	AUTO_BUF text = BUF_INIT;
	AUTO_BUF errors = BUF_INIT;
	const struct config_source source = {.file = "trawld.conf"};
	struct config *c;

	(void)state;
	buf_adds(&text, NO_CONVERTERS "socket = /");
	for (int i = 0; i < 106; i++)
		buf_addc(&text, 's');
	buf_adds(&text, "\n" ROOT);
	c = load_ok(text.data);
	assert_int_equal(strlen(c->socket), 107);
	config_unref(c);
	char *at = strstr(text.data, "/s");
	assert_non_null(at);
	memmove(at + 2, at + 1, strlen(at) - 2); /* one more, at the cost of the last newline */
	put("trawld.conf", text.data);
	assert_int_equal(config_load(&source, &c, &errors), ST_CONFIG);
	assert_non_null(strstr(errors.data, "trawld.conf:3: section [daemon], key socket:"));
}

static void test_default_file(void **state)
{
	const struct config_source source = {.file = NULL};
	AUTO_BUF errors = BUF_INIT;
	struct config *c;

	(void)state;
	expect_faults_of(&source,
		"@/home/.config/trawl/trawld.conf: no root is configured: nothing to index\n");
	assert_int_equal(mkdir("home/.config", 0700), 0);
	assert_int_equal(mkdir("home/.config/trawl", 0700), 0);
	put("home/.config/trawl/trawld.conf", NO_CONVERTERS "workers=7\n" ROOT);
	assert_int_equal(config_load(&source, &c, &errors), ST_OK);
	assert_int_equal(c->workers, 7);
	config_unref(c);
}

/* --- faults of ours --- */

static void test_nth_allocation_fails(void **state)
{
	const struct config_source source = {.file = "trawld.conf", .socket = "s.sock"};

	(void)state;
	put("conv/a.conf", "[converter a]\nextensions=a b\nmime=a/b\nrun=sh -c x\n");
	put("conv/b.conf",
		"[converter a]\nextensions=a\nserve=x\n[converter b]\nextensions=*\nrun=/x\n");
	put("trawld.conf",
		"[daemon]\nconverters_dir=@/conv\nmode=system\n[memo]\nwarm_at=12:00\n" ROOT
		"ignore=a b\n[root b]\npath=~\n");
	for (int forever = 0; forever < 2; forever++) {
		enum status st = ST_NOMEM;
		unsigned long nth;

		for (nth = 1; st; nth++) {
			AUTO_BUF errors = BUF_INIT;
			struct config *c = NULL;

			mem_fail_at(nth, forever);
			st = config_load(&source, &c, &errors);
			mem_fail_at(0, 0);
			if (st)
				assert_null(c);
			if (st != ST_OK && st != ST_NOMEM)
				print_error("allocation %lu: %s: %s", nth, status_text(st),
					errors.data);
			assert_true(st == ST_OK || st == ST_NOMEM);
			config_unref(c);
		}
		assert_in_range(nth, 50, 5000);
	}
}

/*
 * Whatever stands in the file, it is loaded or faulted, and every fault is one line that names the
 * file.
 */
static void test_random_files(void **state)
{
	static const char *const words[] = {"[daemon]", "[root a]", "[", "]", "[]", "[?]", "=",
		"mode", "user", "path", "/tmp", "\n", "\n", "\n", " ", "\t", "\r", "#", ";", "\"",
		"\\", "workers", "3", "[converter x]", "\xFF", "!", "default", "[default]", "~/",
		"ignore", "*.o", "\x01"};
	const struct config_source source = {.file = "trawld.conf"};
	struct dice d = {77};

	(void)state;
	for (int round = 0; round < 3000; round++) {
		AUTO_BUF text = BUF_INIT;
		AUTO_BUF errors = BUF_INIT;
		struct config *c = NULL;

		for (uint64_t n = dice_below(&d, 40); n > 0; n--)
			buf_adds(&text, words[dice_below(&d, sizeof words / sizeof *words)]);
		put("trawld.conf", text.data ? text.data : "");
		enum status st = config_load(&source, &c, &errors);
		assert_true(st == ST_OK || st == ST_CONFIG);
		assert_int_equal(st == ST_OK, errors.len == 0);
		for (char *line = errors.data; line && *line; line = strchr(line, '\n') + 1) {
			assert_memory_equal(line, "trawld.conf:", 12);
			assert_non_null(strchr(line, '\n'));
		}
		config_unref(c);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_every_key),
		TEST(test_long_lines),
		TEST(test_windows_line_ends_and_byte_order_mark),
		TEST(test_all_faults_with_their_lines),
		TEST(test_languages),
		TEST(test_syntax_faults_hide_no_others),
		TEST(test_roots_may_not_overlap),
		TEST(test_files_that_are_not_there),
		TEST(test_missing_root_that_was_indexed),
		TEST(test_converters),
		TEST(test_programs_in_path),
		TEST(test_converter_faults),
		TEST(test_converters_beside_the_file),
		TEST(test_options),
		TEST(test_places_by_environment),
		TEST(test_home_in_paths),
		TEST(test_long_socket),
		TEST(test_default_file),
		TEST(test_nth_allocation_fails),
		TEST(test_random_files),
	};

	log_init(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
