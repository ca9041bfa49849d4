/*
 * jail_paths: what of the machine a converter may see; one table for its own root directory and for
 * Landlock.  What is not there on a machine is left out.
 */
#include "convert/jail.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Programs, libraries and their data.  Nothing of it is anybody's own. */
const struct jail_path jail_paths[] = {
	{"/usr", false},
	{"/bin", false},
	{"/sbin", false},
	{"/lib", false},
	{"/lib32", false},
	{"/lib64", false},
	{"/libx32", false},
	{"/opt", false},
	{"/nix/store", false},
	{"/gnu/store", false},
	/* the dynamic linker's */
	{"/etc/ld.so.cache", false},
	{"/etc/alternatives", false},
	{"/etc/localtime", false},
	/* of tools that keep their settings there */
	{"/etc/fonts", false},
	{"/etc/catdocrc", false},
	{"/etc/ghostscript", false},
	{"/etc/ImageMagick-6", false},
	{"/var/lib/ghostscript", false},
	{"/var/cache/fontconfig", false},
	{NULL, false},
};

const struct jail_path jail_devices[] = {
	{"/dev/null", true},
	{"/dev/urandom", false},
	{NULL, false},
};

struct jail_words jail_words;

/* Whether the path lies below one of the table's, as it is written. */
static bool is_shown(const char *path)
{
	for (const struct jail_path *p = jail_paths; p->path; p++) {
		size_t len = strlen(p->path);

		if (!strncmp(path, p->path, len) && path[len] == '/' && !strstr(path, "/../"))
			return true;
	}
	return false;
}

static bool is_stdin(const char *word)
{
	return !strcmp(word, "/dev/stdin");
}

bool jail_wants_stdin_path(const struct jail_options *o)
{
	for (char *const *word = o->argv; *word; word++)
		if (is_stdin(*word))
			return true;
	return false;
}

void jail_words_open(const struct jail_options *o)
{
	struct stat st;

	for (char *const *word = o->argv; *word && jail_words.count < JAIL_WORDS_MAX; word++) {
		if (**word != '/' || is_shown(*word) || is_stdin(*word))
			continue;
		int fd = open(*word, O_PATH | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
			close(fd);
			continue;
		}
		jail_words.path[jail_words.count] = *word;
		jail_words.fd[jail_words.count++] = fd;
	}
}

bool jail_wants_proc(const struct jail_options *o)
{
	/* A sanitizer looks up its own memory there. */
	return TRAWL_SANITIZED || jail_wants_stdin_path(o);
}
