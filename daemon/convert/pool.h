/*
 * pool: a worker's persistent converter processes.
 *
 * A process serves one document at a time, so a converter of an archive inside of
 * an archive gets a second process while the first one waits.  In system mode one
 * serves the documents of one owner only.  The number of them is bounded: who was
 * idle longest is ended for another.  Worker thread only.
 */
#ifndef CONVERT_POOL_H
#define CONVERT_POOL_H

#include "convert/attempt.h"

enum { POOL_PROCESSES_MAX = 16 /* that rest or serve; more only while they all serve */ };

struct pool;
/* `by_owner`: a process is not shared between owners. */
MUST_USE enum status pool_create(bool by_owner, struct pool **out);
void pool_destroy(struct pool *p); /* ends all processes; NULL is fine */

/* A place for this converter, with its process if one rests; the caller's until pool_give.  NULL:
 * no memory. */
struct persist *pool_take(struct pool *p, const struct converter *c, uint32_t owner);
void pool_give(struct pool *p, struct persist *place);
/* Ends what has rested for `idle_ms`; returns how many processes there are still. */
int pool_trim(struct pool *p, int64_t idle_ms);

#endif
