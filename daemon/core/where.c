/* where: default places; see where.h. */
#include "core/where.h"

#include "core/path.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSWD_ROOM = 16384, LEVELS_UP = 2 };

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* The XDG specification has relative values ignored. */
static const char *absolute_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value == '/' ? value : NULL;
}

enum status where_home(struct buf *out)
{
	const char *home = absolute_env("HOME");
	char room[PASSWD_ROOM];
	struct passwd entry, *found = NULL;

	if (!home && !getpwuid_r(getuid(), &entry, room, sizeof room, &found) && found)
		home = found->pw_dir;
	if (!home || *home != '/')
		return ST_NOT_FOUND;
	buf_adds(out, home);
	return buf_status(out);
}

/* $env/rest, else ~/dir/rest. */
static enum status in_xdg(const char *env, const char *dir, const char *rest, struct buf *out)
{
	AUTO_BUF home = BUF_INIT;
	const char *base = absolute_env(env);

	if (!base) {
		enum status st = where_home(&home);

		if (st)
			return st;
		buf_addf(&home, "/%s", dir);
		if (buf_status(&home))
			return ST_NOMEM;
		base = home.data;
	}
	path_join(out, base, rest);
	return buf_status(out);
}

enum status where_config(struct buf *out)
{
	return in_xdg("XDG_CONFIG_HOME", ".config", "trawl/trawld.conf", out);
}

enum status where_state(enum config_mode mode, struct buf *out)
{
	if (mode == MODE_USER)
		return in_xdg("XDG_STATE_HOME", ".local/state", "trawl", out);
	buf_adds(out, "/var/lib/trawl");
	return buf_status(out);
}

enum status where_socket(enum config_mode mode, const char *state_dir, struct buf *out)
{
	const char *run = absolute_env("XDG_RUNTIME_DIR");
	char by_uid[64];

	snprintf(by_uid, sizeof by_uid, "/run/user/%lu", (unsigned long)getuid());
	if (mode == MODE_SYSTEM)
		buf_adds(out, "/run/trawl/trawl.sock");
	else if (run || is_dir(by_uid))
		path_join(out, run ? run : by_uid, "trawl/trawl.sock");
	else
		path_join(out, state_dir, "trawl.sock");
	return buf_status(out);
}

enum status where_program_dir(struct buf *out)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);

	if (n <= 0 || (size_t)n == sizeof path)
		return ST_NOT_FOUND;
	while (n > 1 && path[n - 1] != '/')
		n--;
	buf_add(out, path, n > 1 ? (size_t)n - 1 : 1);
	return buf_status(out);
}

/*
 * Whether the directory may tell us which programs to run: it belongs to whom our own program
 * belongs to, and not everybody may write to it.  Above a program in /tmp anybody could have put
 * one.
 */
static bool is_ours(const char *dir)
{
	struct stat own, st;

	return !stat("/proc/self/exe", &own) && !stat(dir, &st) && S_ISDIR(st.st_mode) &&
	       st.st_uid == own.st_uid && !(st.st_mode & S_IWOTH);
}

/* ST_OK: `dir`, relative to `from`, is there and may be used. */
static enum status try_ours(const struct buf *from, const char *dir, struct buf *out)
{
	AUTO_BUF path = BUF_INIT;

	path_normalize(&path, from->data, dir);
	if (buf_status(&path))
		return ST_NOMEM;
	if (!is_ours(path.data))
		return ST_NOT_FOUND;
	buf_add(out, path.data, path.len);
	return buf_status(out);
}

enum status where_converters(struct buf *out)
{
	AUTO_BUF from = BUF_INIT;
	enum status st = where_program_dir(&from);

	if (st == ST_OK)
		/* bin/trawld, wherever the tree was installed or moved to. */
		st = try_ours(&from, "../share/trawl/converters.d", out);
	/* build/trawld, build/asan/trawld: the tree is one or two levels up. */
	for (int up = 0; st == ST_NOT_FOUND && from.len && up <= LEVELS_UP; up++) {
		st = try_ours(&from, "conf/converters.d", out);
		buf_adds(&from, "/..");
		if (buf_status(&from))
			return ST_NOMEM;
	}
	if (st != ST_NOT_FOUND)
		return st;
	if (!is_dir(TRAWL_SHAREDIR "/converters.d"))
		return ST_NOT_FOUND;
	buf_adds(out, TRAWL_SHAREDIR "/converters.d");
	return buf_status(out);
}

static bool is_executable(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

enum status where_each_program_dir(void (*each)(void *arg, const char *dir), void *arg)
{
	AUTO_BUF dir = BUF_INIT;
	const char *dirs = getenv("PATH");

	if (where_program_dir(&dir) == ST_OK && dir.len) {
		AUTO_BUF beside = BUF_INIT;

		each(arg, dir.data);
		/* An installation that was moved, or that got another PREFIX than its build. */
		path_normalize(&beside, dir.data, "../libexec/trawl");
		if (buf_status(&beside))
			return ST_NOMEM;
		each(arg, beside.data);
	}
	each(arg, TRAWL_LIBEXECDIR);
	for (dirs = dirs ? dirs : "/usr/local/bin:/usr/bin:/bin"; *dirs;) {
		size_t n = strcspn(dirs, ":");

		buf_clear(&dir);
		buf_add(&dir, dirs, n);
		if (buf_status(&dir))
			return ST_NOMEM;
		if (n && *dirs == '/') /* a relative entry of PATH is an invitation */
			each(arg, dir.data);
		dirs += n + (dirs[n] == ':');
	}
	return ST_OK;
}

struct search {
	const char *name;
	struct buf *out;
	enum status status;
};

static void try_dir(void *arg, const char *dir)
{
	struct search *s = arg;
	AUTO_BUF path = BUF_INIT;

	if (s->status != ST_NOT_FOUND)
		return;
	buf_addf(&path, "%s/%s", dir, s->name);
	s->status = buf_status(&path);
	if (s->status == ST_OK && !is_executable(path.data))
		s->status = ST_NOT_FOUND;
	if (s->status != ST_OK)
		return;
	buf_add(s->out, path.data, path.len);
	s->status = buf_status(s->out);
}

enum status where_executable(const char *name, struct buf *out)
{
	struct search s = {.name = name, .out = out, .status = ST_NOT_FOUND};
	enum status st = where_each_program_dir(try_dir, &s);

	return st == ST_OK ? s.status : st;
}
