/* writer_notes: what the loop hears of the writer: commits, links, and its own jobs and changes; see writer_state.h. */
#include "pipeline/writer_state.h"

#include "core/log.h"
#include "core/mem.h"

void writer_open_note(struct letter *l)
{
	struct writer *w = ((struct commit_note *)l)->writer;
	struct commit_note n;

	lock_take(&w->lock);
	n = w->note;
	w->note.under_way = w->note.permissions = w->note.rebuilt = false;
	w->note.clock = 0;
	lock_drop(&w->lock);
	if (n.rebuilt)
		w->o.rebuilt(w->o.arg);
	if (n.clock)
		w->o.committed(w->o.arg, n.clock, n.permissions);
}

void writer_tell_loop(struct writer *w, int64_t clock, bool rebuilt)
{
	bool send;

	lock_take(&w->lock);
	if (clock)
		w->note.clock = clock;
	if (rebuilt)
		w->note.clock = 0; /* a number of the store that is gone */
	w->note.rebuilt |= rebuilt;
	w->note.permissions |= clock && db_has_regranted(w->db);
	send = !w->note.under_way;
	w->note.under_way = true;
	lock_drop(&w->lock);
	if (send)
		mailbox_send(w->o.mailbox, &w->note.letter);
}

static void open_link_note(struct letter *l)
{
	struct link_note *n = (struct link_note *)l;

	n->writer->o.link(n->writer->o.arg, n->dir, n->name);
	mem_free(n->name);
	mem_free(n);
}

void writer_note_link(void *arg, int64_t dir, const char *name)
{
	struct writer *w = arg;
	struct link_note *n = mem_zalloc(sizeof *n);

	if (!n || !(n->name = mem_strdup(name))) {
		log_warning("links of %s: no memory to look at them now", name);
		mem_free(n);
		return;
	}
	n->letter.open = open_link_note;
	n->writer = w;
	n->dir = dir;
	n->next = w->links;
	w->links = n;
}

void writer_send_links(struct writer *w, bool keep)
{
	while (w->links) {
		struct link_note *n = w->links;

		w->links = n->next;
		if (keep) {
			mailbox_send(w->o.mailbox, &n->letter);
			continue;
		}
		mem_free(n->name);
		mem_free(n);
	}
}

static void leave_twins(struct writer *w, const struct result *r)
{
	if (!r->job->slow && (r->kind == RESULT_TEXT || (r->kind == RESULT_STATE && r->hashed)))
		twins_leave(w->o.twins, r->hash, r->rule);
}

void writer_send_item(struct writer *w, struct item *i, int64_t clock, const enum job_verdict *forced)
{
	slots_clear(w->o.slots, w->o.slot);
	if (i->change) {
		i->change->letter.open = w->o.tree_back;
		mailbox_send(w->o.mailbox, &i->change->letter);
	} else if (i->result->place) {
		if (forced)
			i->result->of->parts = PARTS_REFUSED;
		results_release(w->o.results, i->result->bytes);
		result_destroy(i->result);
	} else {
		struct job *j = i->result->job;

		leave_twins(w, i->result);
		results_release(w->o.results, i->result->bytes);
		j->clock = clock;
		trace_note_at(&j->trace, TRACE_WRITTEN, w->written_us);
		trace_note_at(&j->trace, TRACE_COMMITTED, w->committed_us);
		if (forced)
			j->verdict = *forced;
		j->letter.open = w->o.job_back;
		i->result->job = NULL;
		result_destroy(i->result);
		mailbox_send(w->o.mailbox, &j->letter);
	}
	*i = (struct item){NULL, NULL};
}

void writer_send_batch(struct writer *w, int64_t clock, const enum job_verdict *forced)
{
	for (size_t i = 0; i < w->count; i++)
		writer_send_item(w, &w->batch[i], clock, forced);
	w->count = w->bytes = 0;
	w->open = w->urgent = false;
}
