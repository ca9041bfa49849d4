/* stopper: deadlines and cancellation; see stopper.h. */
#include "search/stopper.h"

#include "core/now.h"

enum { OPS_BETWEEN_LOOKS = 1000 }; /* virtual machine instructions: some ten microseconds */

static bool canceled(const struct stopper *s)
{
	return s->stop->canceled && atomic_load_explicit(s->stop->canceled, memory_order_relaxed);
}

static int look(void *arg)
{
	const struct stopper *s = arg;

	return canceled(s) || now_mono_ms() >= s->deadline_ms;
}

void stopper_install(struct stopper *s, struct db *db, const struct search_stop *stop)
{
	*s = (struct stopper){.db = db, .stop = stop, .deadline_ms = stop->deadline_ms};
	sqlite3_progress_handler(db_raw(db), OPS_BETWEEN_LOOKS, look, s);
}

void stopper_remove(struct stopper *s)
{
	sqlite3_progress_handler(db_raw(s->db), 0, NULL, NULL);
}

void stopper_stage(struct stopper *s, int64_t deadline_ms)
{
	s->deadline_ms = deadline_ms;
	s->late = false;
}

static void give_up(struct stopper *s)
{
	if (canceled(s))
		s->st = ST_CANCELED;
	else
		s->late = true;
}

bool stopper_go(struct stopper *s)
{
	if (s->st == ST_OK && !s->late && look(s))
		give_up(s);
	return s->st == ST_OK && !s->late;
}

bool stopper_ok(struct stopper *s, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
		return true;
	if (rc == SQLITE_INTERRUPT)
		give_up(s);
	else if (s->st == ST_OK)
		s->st = rc == SQLITE_NOMEM ? ST_NOMEM : db_status(s->db, rc, "search");
	return false;
}

bool stopper_row(struct stopper *s, sqlite3_stmt *stmt)
{
	if (s->st != ST_OK || s->late)
		return false;
	int rc = sqlite3_step(stmt);
	return stopper_ok(s, rc) && rc == SQLITE_ROW;
}
