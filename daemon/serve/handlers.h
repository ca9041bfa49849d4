/* handlers: one function per method of methods.tbl, serve_METHOD; loop thread; each takes the request. */
#ifndef SERVE_HANDLERS_H
#define SERVE_HANDLERS_H

struct request;

#define METHOD(name, ...) void serve_##name(struct request *r);
#include "serve/methods.tbl"

#endif
