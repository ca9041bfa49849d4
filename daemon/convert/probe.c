/* probe: where trawl-jail is, and what it can do here. */
#include "convert/convert.h"
#include "convert/coproc.h"

#include "core/log.h"
#include "core/now.h"
#include "core/where.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROBE_MS = 5000, PROBE_MAX = 16 << 10 };

enum status convert_find_jail(struct buf *path)
{
	const char *named = getenv("TRAWL_JAIL");

	if (!named || !*named)
		return where_executable("trawl-jail", path);
	buf_adds(path, named);
	return buf_status(path);
}

/* Runs `jail --probe` with its standard output on `fd`; 0 or an errno. */
static int spawn_probe(const char *jail, const char *mode, int fd, pid_t *pid)
{
	char name[] = "trawl-jail", option[] = "-x", probe[] = "--probe", word[16];
	char *argv[] = {name, option, word, probe, NULL}, *env[] = {NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;

	snprintf(word, sizeof word, "%s", mode);
	int rc = posix_spawn_file_actions_init(&actions);
	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc)
		goto err_after_actions;
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	if (!rc)
		rc = posix_spawn(pid, jail, &actions, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
err_after_actions:
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* All that comes until the end, bounded in time and bytes; ST_TIMEOUT. */
static enum status read_all(int fd, struct buf *out)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t until = now_mono_ms() + PROBE_MS;
	char bytes[1024];

	while (out->len < PROBE_MAX) {
		int64_t left = until - now_mono_ms();

		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			return ST_TIMEOUT;
		if (!p.revents)
			continue;
		ssize_t n = read(fd, bytes, sizeof bytes);
		if (n <= 0)
			return n ? ST_IO : buf_status(out);
		buf_add(out, bytes, (size_t)n);
	}
	return ST_TOO_LARGE;
}

static enum status run_probe(const char *jail, const char *mode, struct buf *out)
{
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC))
		return ST_SYSTEM;
	int rc = spawn_probe(jail, mode, pair[1], &pid);
	close(pair[1]);
	enum status st = ST_SYSTEM;
	if (rc) {
		log_warning("cannot start %s: %s", jail, strerror(rc));
		goto err_after_pipe;
	}
	st = read_all(pair[0], out);
	if (st != ST_OK) {
		log_warning("%s --probe: no answer within %d s", jail, PROBE_MS / 1000);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
err_after_pipe:
	close(pair[0]);
	return st;
}

/* Whether it is the answer of a launcher; one that refuses every converter is worth a warning. */
static bool look_at(const cJSON *object)
{
	const cJSON *satisfied = cJSON_GetObjectItem(object, "satisfied");
	const char *missing = cJSON_GetStringValue(cJSON_GetObjectItem(object, "missing"));

	if (!cJSON_IsObject(object) || !cJSON_IsObject(cJSON_GetObjectItem(object, "layers")))
		return false;
	if (cJSON_IsFalse(satisfied))
		log_warning("sandbox = required: no document is read, since this is not to be had "
			    "here: %s",
			missing ? missing : "a layer");
	return true;
}

enum status convert_probe_sandbox(const char *jail, const struct config *config, struct buf *json)
{
	AUTO_BUF out = BUF_INIT;
	enum status st = run_probe(jail, coproc_sandbox_word(config->sandbox), &out);

	if (st != ST_OK)
		return st;
	cJSON *object = cJSON_ParseWithLength(out.data, out.len);
	bool sound = look_at(object);
	cJSON_Delete(object);
	if (!sound) {
		log_warning("%s --probe: not the answer of a launcher", jail);
		return ST_PROTOCOL;
	}
	while (out.len && out.data[out.len - 1] == '\n')
		out.len--;
	buf_add(json, out.data, out.len);
	return buf_status(json);
}
