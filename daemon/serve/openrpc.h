/*
 * openrpc: the protocol described for programs, as OpenRPC 1.2.6 says: what `rpc.discover` answers.
 *
 * Made from methods.tbl, the errors of frame.h, and schema/results.json, which has what no table says: the shapes of
 * results and notifications.  Any thread.
 */
#ifndef SERVE_OPENRPC_H
#define SERVE_OPENRPC_H

#include "core/buf.h"

/* Appends the document, one line of JSON. */
void openrpc_add(struct buf *out);

#endif
