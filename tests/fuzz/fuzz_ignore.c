/*
 * fuzz_ignore: any bytes as an ignore file and a path: an answer, in bounded time, that names a
 * line of the file, and the same answer each time.
 */
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "watch/scope.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATH_BYTES = 512, TEXT_BYTES = 4096, TOOK_MS = 5000 };

static int lines_of(const char *text, size_t len)
{
	int lines = 1;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	return lines;
}

static void ask(const struct ignore *set, const char *path, bool is_dir, int lines)
{
	int line = -1, again = -1;
	enum ignore_answer answer = ignore_match(set, path, is_dir, &line);

	BUG_UNLESS(ignore_match(set, path, is_dir, &again) == answer && again == line);
	if (answer == IGNORE_SILENT) {
		BUG_UNLESS(line == -1);
		return;
	}
	BUG_UNLESS(line >= 1 && line <= lines);
	const char *pattern = ignore_pattern(set, line);
	BUG_UNLESS(*pattern && *pattern != '#' && (*pattern == '!') == (answer == IGNORE_NO));
}

/* The scope's verdict is the set's, but for what is built in. */
static void judge(struct ignore *set, const char *path, bool is_dir)
{
	struct scope scope = {.hidden = true};
	char dir[PATH_BYTES];
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = slash ? (size_t)(slash - path) : 0;
	int line = 0;

	if (!*name || *path == '/')
		return;
	memcpy(dir, path, len);
	dir[len] = '\0';
	BUG_UNLESS(scope_add(&scope, set, 0) == ST_OK);
	struct scope_verdict v = scope_judge(&scope, dir, name, is_dir);
	if (v.source || !v.ignored)
		BUG_UNLESS(v.ignored == (ignore_match(set, path, is_dir, &line) == IGNORE_YES));
	scope_finish(&scope);
}

/* The first line is the path, the rest is the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[PATH_BYTES];
	const uint8_t *nl = size ? memchr(data, '\n', size) : NULL;
	int64_t began = now_mono_ms();
	struct ignore *set = NULL;

	if (!nl || (size_t)(nl - data) >= sizeof path || size > TEXT_BYTES)
		return 0;
	memcpy(path, data, (size_t)(nl - data));
	path[nl - data] = '\0';
	size_t len = size - (size_t)(nl + 1 - data);
	char *text = mem_dup(nl + 1, len);
	BUG_UNLESS(text);
	BUG_UNLESS(ignore_parse(text, len, "fuzz", NULL, &set) == ST_OK);
	for (int is_dir = 0; is_dir < 2; is_dir++) {
		ask(set, path, is_dir, lines_of(text, len));
		if (!ignore_is_empty(set))
			judge(set, path, is_dir);
	}
	mem_free(text); /* the set has copies */
	ask(set, path, false, TEXT_BYTES);
	ignore_unref(set);
	BUG_UNLESS(now_mono_ms() - began < TOOK_MS);
	return 0;
}
