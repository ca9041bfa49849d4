/* connect: the line to the daemon; see connect.h. */
#include "cli/connect.h"

#include "cli/json.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "core/where.h"
#include "serve/frame.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	READ_BYTES = 64 * 1024,
	REPLY_MAX = 1 << 30,	 /* a search may ask for 100,000 hits */
	CONNECT_TIMEOUT_S = 5	 /* a daemon whose backlog is full does not accept at all */
};

struct connection {
	int fd;
	double last_id;
	struct frame_splitter splitter;
	struct buf told; /* lines that came unasked, each with a NUL behind it */
	size_t told_done;
};

/* --- finding and opening ------------------------------------------------------------------------ */

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = CONNECT_TIMEOUT_S};

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&address, sizeof address)) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/*
 * The user's places, then the system's: NULL-ended, each the caller's.  A daemon started without XDG_RUNTIME_DIR (from
 * cron, say) listens in its state directory.
 */
enum { PLACES_MAX = 4 };
static enum status list_places(char *places[PLACES_MAX])
{
	AUTO_BUF state = BUF_INIT, user = BUF_INIT, in_state = BUF_INIT, system = BUF_INIT;
	enum status st = where_state(MODE_USER, &state);
	size_t n = 0;

	if (st != ST_OK && st != ST_NOT_FOUND)
		return st;
	bool has_state = st == ST_OK;
	st = where_socket(MODE_USER, has_state ? state.data : "/", &user);
	if (st != ST_OK || (st = where_socket(MODE_SYSTEM, "/", &system)) != ST_OK)
		return st;
	if (has_state)
		path_join(&in_state, state.data, "trawl.sock");
	if (in_state.failed)
		return ST_NOMEM;
	places[n++] = buf_take(&user);
	if (has_state && places[0] && strcmp(places[0], in_state.data) != 0)
		places[n++] = buf_take(&in_state);
	places[n++] = buf_take(&system);
	while (n-- > 0) {
		if (!places[n])
			return ST_NOMEM;
	}
	return ST_OK;
}

static int try_place(const char *path, struct buf *why)
{
	int fd = open_socket(path);

	if (fd < 0)
		buf_addf(why, "%s%s: %s", why->len ? "; " : "no daemon answers at ", path, strerror(errno));
	return fd;
}

static enum status find_socket(const char *named, int *fd, struct buf *why)
{
	char *places[PLACES_MAX] = {NULL};
	enum status st = ST_OK;

	if (!named || !*named)
		named = getenv("TRAWL_SOCKET");
	*fd = -1;
	if (named && *named) {
		*fd = try_place(named, why);
	} else {
		st = list_places(places);
		for (size_t i = 0; st == ST_OK && *fd < 0 && i < PLACES_MAX && places[i]; i++)
			*fd = try_place(places[i], why);
		for (size_t i = 0; i < PLACES_MAX; i++)
			mem_free(places[i]);
	}
	return st == ST_OK && *fd < 0 ? ST_UNAVAILABLE : st;
}

enum status connect_open(const char *socket, struct connection **out, struct buf *why)
{
	struct connection *c = mem_zalloc(sizeof *c);

	*out = NULL;
	if (!c)
		return ST_NOMEM;
	enum status st = find_socket(socket, &c->fd, why);
	if (st != ST_OK) {
		mem_free(c);
		return st;
	}
	buf_clear(why);
	*out = c;
	return ST_OK;
}

void connect_close(struct connection *c)
{
	if (!c)
		return;
	close(c->fd);
	frame_splitter_finish(&c->splitter);
	buf_finish(&c->told);
	mem_free(c);
}

/* --- one call ----------------------------------------------------------------------------------- */

void reply_finish(struct reply *r)
{
	cJSON_Delete(r->message);
	buf_finish(&r->raw);
	*r = (struct reply)REPLY_INIT;
}

/* Waits until the socket can be read or written; ST_TIMEOUT at the deadline (0: none). */
static enum status wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline_ms ? deadline_ms - now_mono_ms() : 3600 * 1000;

		if (left <= 0)
			return ST_TIMEOUT;
		int n = poll(&p, 1, left > 3600 * 1000 ? 3600 * 1000 : (int)left);
		if (n > 0)
			return ST_OK;
		if (n < 0 && errno != EINTR)
			return ST_SYSTEM;
	}
}

static enum status send_all(struct connection *c, const struct buf *request, int64_t deadline_ms)
{
	for (size_t at = 0; at < request->len;) {
		enum status st = wait_for(c->fd, POLLOUT, deadline_ms);

		if (st != ST_OK)
			return st;
		ssize_t n = send(c->fd, request->data + at, request->len - at,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return ST_UNAVAILABLE;
		at += n > 0 ? (size_t)n : 0;
	}
	return ST_OK;
}

/* What the splitter's callbacks work on while one reply, or anything that comes unasked, is awaited. */
struct waiting {
	struct connection *c;
	double id; /* 0: no reply */
	struct reply *reply;
	enum status st; /* ST_AGAIN: nothing yet */
	const char *fault;
};

static void take_reply(struct waiting *w, cJSON *message, const char *bytes, size_t n)
{
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(message, "error");
	const char *raw;
	size_t raw_len;

	w->reply->message = message;
	w->reply->error = error;
	w->reply->result = error ? NULL : cJSON_GetObjectItemCaseSensitive(message, "result");
	w->st = ST_PROTOCOL;
	w->fault = "neither a result nor an error";
	if (error || (w->reply->result && json_find_raw(bytes, n, "result", &raw, &raw_len))) {
		if (!error)
			buf_add(&w->reply->raw, raw, raw_len);
		w->st = buf_status(&w->reply->raw);
	}
}

/* An error with a null id is about a request that could not be read: the one that is open. */
static bool is_reply(const struct waiting *w, const cJSON *message)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");

	if (w->st != ST_AGAIN || w->id <= 0)
		return false;
	return (cJSON_IsNumber(id) && id->valuedouble == w->id) ||
	       (cJSON_IsNull(id) && cJSON_GetObjectItemCaseSensitive(message, "error"));
}

/* Lines behind the reply are looked at too: the daemon may have told something at once. */
static bool take_line(void *arg, const char *bytes, size_t n)
{
	struct waiting *w = arg;
	cJSON *message = frame_check(bytes, n, &w->fault) ? frame_parse(bytes, n) : NULL;

	if (!message) {
		w->st = ST_PROTOCOL;
		w->fault = w->fault ? w->fault : "not JSON";
		return false;
	}
	if (is_reply(w, message)) {
		take_reply(w, message, bytes, n);
		return w->st == ST_OK;
	}
	if (cJSON_GetObjectItemCaseSensitive(message, "method")) {
		buf_add(&w->c->told, bytes, n);
		buf_addc(&w->c->told, '\0');
		if (w->id <= 0)
			w->st = buf_status(&w->c->told);
	}
	cJSON_Delete(message);
	return true;
}

static bool take_too_long(void *arg)
{
	struct waiting *w = arg;

	w->st = ST_PROTOCOL;
	w->fault = "too long";
	return false;
}

static enum status receive(struct connection *c, int64_t deadline_ms, struct waiting *w)
{
	AUTO_FREE char *bytes = mem_alloc(READ_BYTES);

	if (!bytes)
		return ST_NOMEM;
	while (w->st == ST_AGAIN) {
		enum status st = wait_for(c->fd, POLLIN, deadline_ms);

		if (st != ST_OK)
			return st;
		ssize_t n = recv(c->fd, bytes, READ_BYTES, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
			return ST_UNAVAILABLE;
		if (n < 0)
			continue;
		st = frame_feed(&c->splitter, bytes, (size_t)n, REPLY_MAX, take_line, take_too_long, w);
		if (st != ST_OK)
			return st;
	}
	return w->st;
}

static void explain_fault(enum status st, const struct waiting *w, struct buf *why)
{
	if (st == ST_UNAVAILABLE)
		buf_adds(why, "the daemon closed the connection");
	else if (st == ST_TIMEOUT)
		buf_adds(why, "the daemon did not answer in time");
	else if (st == ST_PROTOCOL)
		buf_addf(why, "the daemon's reply is %s", w->fault);
	else
		buf_adds(why, status_text(st));
}

enum status connect_call(struct connection *c, const char *method, const cJSON *params,
	int64_t timeout_ms, struct reply *out, struct buf *why)
{
	int64_t deadline_ms = timeout_ms ? now_mono_ms() + timeout_ms : 0;
	struct waiting w = {.c = c, .id = ++c->last_id, .reply = out, .st = ST_AGAIN};
	AUTO_BUF request = BUF_INIT;

	reply_finish(out);
	cJSON *id = cJSON_CreateNumber(w.id);
	if (!id)
		return ST_NOMEM;
	frame_add_request(&request, id, method, params);
	cJSON_Delete(id);
	enum status st = buf_status(&request);
	if (st == ST_OK)
		st = send_all(c, &request, deadline_ms);
	/* A daemon that refuses a request may say why before it closes: read even if not all could be sent. */
	if (st == ST_OK || st == ST_UNAVAILABLE)
		st = receive(c, deadline_ms, &w);
	if (st != ST_OK) {
		reply_finish(out);
		explain_fault(st, &w, why);
	}
	return st;
}

enum status connect_next(struct connection *c, struct buf *line, struct buf *why)
{
	struct waiting w = {.c = c, .st = ST_AGAIN};

	buf_clear(line);
	if (c->told_done == c->told.len) {
		buf_clear(&c->told);
		c->told_done = 0;
		enum status st = receive(c, 0, &w);
		if (st != ST_OK) {
			explain_fault(st, &w, why);
			return st;
		}
	}
	const char *next = c->told.data + c->told_done;
	buf_adds(line, next);
	c->told_done += strlen(next) + 1;
	return buf_status(line);
}
