/*
 * peer: who sits at the other end of a connection, as the kernel told at accept.
 *
 * Shared by the connection and by its queries, which may outlive it; counted on the loop thread.
 */
#ifndef SERVE_PEER_H
#define SERVE_PEER_H

#include "core/config.h"
#include "search/search.h"

#include <sys/types.h>

struct peer;

/* Asks SO_PEERCRED and SO_PEERGROUPS of the connected descriptor. */
MUST_USE enum status peer_create(int fd, enum config_mode mode, uid_t service_uid, struct peer **out);
struct peer *peer_ref(struct peer *p);
void peer_unref(struct peer *p); /* NULL is fine */

bool peer_may_connect(const struct peer *p); /* in user mode: the daemon's user and root only */
bool peer_is_admin(const struct peer *p);    /* the daemon's user and root */
uid_t peer_uid(const struct peer *p);
/* What visibility is judged by; lives as long as the peer.  Any thread that holds a reference. */
const struct caller *peer_caller(const struct peer *p);

#endif
