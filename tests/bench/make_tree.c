/*
 * make_tree: trees of made files for the bench `trees`; words, lengths and nesting are those of made.h.
 *
 *   make_tree files DIR COUNT   so many text files, named by two words and their number
 *   make_tree dirs DIR COUNT    so many empty directories
 *
 * DIR is made.  Prints the bytes of text and the number of directories.
 */
#include "made.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_WORDS = 12 };

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "make_tree: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* The directories 1 to `count`; paths[id], from the top. */
static char **make_dirs(const char *top, int64_t count)
{
	char **paths = calloc((size_t)count + 1, sizeof *paths);
	char name[32];

	if (!paths || mkdir(top, 0755))
		fail(top);
	for (int64_t id = 1; id <= count; id++) {
		const char *parent = id > 1 ? paths[made_parent(id)] : top;

		made_dir_name(id, name);
		if (asprintf(&paths[id], "%s%s%s", parent, *name ? "/" : "", name) < 0)
			fail(name);
		if (*name && mkdir(paths[id], 0755))
			fail(paths[id]);
	}
	return paths;
}

static void put(int dir, const char *name, const char *text, size_t len)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd))
		fail(name);
}

static size_t make_file(int dir, int64_t n)
{
	static const char *const extensions[] = {"txt", "txt", "txt", "md", "c", "h"};
	static char text[MADE_WORDS_MAX * MADE_WORD_BYTES + 1];
	char name[64];
	size_t len = made_words(made_length(), ' ', text);
	size_t used = made_words(2, '-', name);

	for (size_t at = LINE_WORDS * MADE_WORD_BYTES - 1; at < len; at += LINE_WORDS * MADE_WORD_BYTES)
		text[at] = '\n';
	text[len++] = '\n';
	snprintf(name + used, sizeof name - used, "-%lld.%s", (long long)n,
		extensions[(int)(made_share() * 6)]);
	put(dir, name, text, len);
	return len;
}

static size_t make_files(char **paths, int64_t count)
{
	size_t bytes = 0;
	int64_t in = 0;
	int dir = -1;

	for (int64_t n = 1; n <= count; n++) {
		if (made_dir_of(n) != in) {
			if (dir >= 0)
				close(dir);
			in = made_dir_of(n);
			dir = open(paths[in], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (dir < 0)
				fail(paths[in]);
		}
		bytes += make_file(dir, n);
	}
	return bytes;
}

int main(int argc, char **argv)
{
	bool files = argc == 4 && strcmp(argv[1], "files") == 0;
	int64_t count = argc == 4 ? strtoll(argv[3], NULL, 10) : 0;

	if (count < 1 || (!files && strcmp(argv[1], "dirs") != 0)) {
		fprintf(stderr, "usage: make_tree files|dirs DIR COUNT\n");
		return 2;
	}
	made_init();
	int64_t dirs = files ? made_dir_of(count) : count;
	char **paths = make_dirs(argv[2], dirs);

	printf("%zu %lld\n", files ? make_files(paths, count) : 0, (long long)dirs);
	return 0;
}
