/* target: arguments made into absolute paths; see target.h. */
#include "cli/target.h"

#include "core/mem.h"
#include "core/path.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is deleted, or above what is deleted, can only be resolved by its text. */
static enum status resolve_text(const char *path, struct buf *out)
{
	char *cwd = getcwd(NULL, 0);

	if (!cwd)
		return ST_SYSTEM;
	path_normalize(out, cwd, path);
	free(cwd);
	return buf_status(out);
}

enum status target_resolve(const char *argument, struct buf *out)
{
	size_t n = strlen(argument);
	char resolved[PATH_MAX];

	if (n == 0)
		return ST_INVALID;
	while (n > 1 && argument[n - 1] == '/')
		n--;
	AUTO_FREE char *path = mem_dup(argument, n);
	if (!path)
		return ST_NOMEM;
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	/* "." and ".." are no names: all of it is a directory. */
	bool whole = !*last || !strcmp(last, ".") || !strcmp(last, "..");
	AUTO_FREE char *above = NULL;
	if (whole)
		above = mem_strdup(path);
	else if (slash)
		above = mem_dup(path, slash == path ? 1 : (size_t)(slash - path));
	else
		above = mem_strdup(".");
	if (!above)
		return ST_NOMEM;
	if (!realpath(above, resolved))
		return resolve_text(path, out);
	if (whole)
		buf_adds(out, resolved);
	else
		path_join(out, resolved, last);
	return buf_status(out);
}

size_t target_file_length(const char *argument)
{
	for (const char *at = argument; (at = strstr(at, "//")); at++) {
		AUTO_FREE char *file = mem_dup(argument, (size_t)(at - argument));
		struct stat sb;

		if (file && *file && stat(file, &sb) == 0 && S_ISREG(sb.st_mode))
			return (size_t)(at - argument);
	}
	return strlen(argument);
}
