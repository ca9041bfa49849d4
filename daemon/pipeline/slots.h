/*
 * slots: which documents are with a worker, on disk, so that a next daemon knows
 * what was in flight when this one died.
 *
 * A small file of fixed slots in the state directory, one per worker and one for
 * the writer, mapped and written before each launch and each storing: it outlives the process (not the power: a document
 * does not pull plugs).  Documents in flight at a death are suspects: they run
 * first and alone, and only one that ran alone when the daemon died again is
 * charged.
 */
#ifndef PIPELINE_SLOTS_H
#define PIPELINE_SLOTS_H

#include "pipeline/pipeline.h"

struct slots;

/* Reads what the last daemon left, then starts anew with those suspects kept until slots_clear_suspect. */
MUST_USE enum status slots_open(const char *state_dir, int workers, struct slots **out);
void slots_close(struct slots *s); /* NULL is fine */
size_t slots_suspects(const struct slots *s, const struct suspect **list);

/* Worker (or writer) `i`, before and after. */
void slots_set(struct slots *s, int i, const struct job *j);
void slots_clear(struct slots *s, int i);
/* A suspect is about to run alone (its slot says so), or is through.  Any thread; by position in the list. */
void slots_alone(struct slots *s, const struct job *j, bool alone);
void slots_clear_suspect(struct slots *s, const struct job *j);

#endif
