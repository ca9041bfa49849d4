/* peer: credentials of a connection; see peer.h. */
#include "serve/peer.h"

#include "core/log.h"
#include "core/mem.h"

#include <errno.h>
#include <sys/socket.h>

struct peer {
	int refs;
	enum config_mode mode;
	bool admin;
	struct caller caller;
	gid_t groups[]; /* what caller.groups points to */
};

_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "caller.groups are gid_t");

/* The supplementary groups are as many as the kernel says: ask for the size first, then for them. */
static enum status create_with_groups(int fd, struct peer **out)
{
	socklen_t bytes = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &bytes) < 0 && errno != ERANGE)
		return ST_SYSTEM;
	struct peer *p = mem_zalloc(sizeof *p + bytes);
	if (!p)
		return ST_NOMEM;
	if (bytes > 0 && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, p->groups, &bytes) < 0) {
		mem_free(p);
		return ST_SYSTEM;
	}
	p->caller.groups = p->groups;
	p->caller.group_count = bytes / sizeof(gid_t);
	*out = p;
	return ST_OK;
}

enum status peer_create(int fd, enum config_mode mode, uid_t service_uid, struct peer **out)
{
	struct ucred cred;
	socklen_t len = sizeof cred;
	struct peer *p = NULL;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return ST_SYSTEM;
	enum status st = create_with_groups(fd, &p);
	if (st != ST_OK)
		return st;
	p->refs = 1;
	p->mode = mode;
	p->admin = cred.uid == 0 || cred.uid == service_uid;
	p->caller.all = mode == MODE_USER || cred.uid == 0;
	p->caller.uid = cred.uid;
	p->caller.gid = cred.gid;
	*out = p;
	return ST_OK;
}

struct peer *peer_ref(struct peer *p)
{
	p->refs++;
	return p;
}

void peer_unref(struct peer *p)
{
	if (!p)
		return;
	BUG_UNLESS(p->refs > 0);
	if (--p->refs == 0)
		mem_free(p);
}

bool peer_may_connect(const struct peer *p)
{
	return p->mode == MODE_SYSTEM || p->admin;
}

bool peer_is_admin(const struct peer *p)
{
	return p->admin;
}

uid_t peer_uid(const struct peer *p)
{
	return p->caller.uid;
}

const struct caller *peer_caller(const struct peer *p)
{
	return &p->caller;
}
