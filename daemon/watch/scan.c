/*
 * scan: opens a directory without following links, watches it, lists it, and
 * merges the sorted listing with the sorted rows of the index; see scan.h.
 */
#include "watch/scan.h"

#include "core/acl.h"
#include "core/beneath.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"
#include "core/path.h"
#include "core/stats.h"
#include "core/thread.h"
#include "store/tree.h"
#include "watch/inotify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	ENTRIES_MAX = 16384,	   /* of one whole directory before it is cut */
	BATCH_ENTRIES = 8192,	   /* found in a batch before the rest waits */
	IGNORE_FILE_MAX = 64 << 10,
};

/* --- memory of tasks ------------------------------------------------------------------------- */

struct scan_task *scan_task_create(void)
{
	struct scan_task *t = mem_zalloc(sizeof *t);

	if (t)
		t->wd = -1;
	return t;
}

void scan_task_destroy(struct scan_task *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->entry_count; i++) {
		mem_free(t->entries[i].name);
		mem_free(t->entries[i].from);
		buf_finish(&t->entries[i].acl);
	}
	for (size_t i = 0; i < t->name_count; i++)
		mem_free(t->names[i].name);
	mem_free(t->entries);
	mem_free(t->names);
	mem_free(t->root_path);
	mem_free(t->path);
	mem_free(t->after);
	scope_finish(&t->scope);
	ignore_unref(t->ignore);
	ignore_unref(t->ignore_now);
	buf_finish(&t->acl);
	above_destroy(t->above);
	mem_free(t);
}

static void lack_memory(struct scan_task *t)
{
	t->outcome = SCAN_TROUBLE;
	t->error_no = ENOMEM;
}

/* NULL: no memory; the task ends as SCAN_TROUBLE and is repeated. */
static struct scan_entry *add_entry(struct scan_task *t, enum entry_kind kind, const char *name)
{
	if (t->entry_count == t->entry_room) {
		size_t room = t->entry_room ? t->entry_room * 2 : 16;
		struct scan_entry *grown = mem_resize(t->entries, room, sizeof *grown);

		if (!grown)
			goto err;
		t->entries = grown;
		t->entry_room = room;
	}
	struct scan_entry *e = &t->entries[t->entry_count];
	*e = (struct scan_entry){.kind = kind, .name = mem_strdup(name)};
	if (!e->name)
		goto err;
	t->entry_count++;
	return e;
err:
	lack_memory(t);
	return NULL;
}

/* --- one name --------------------------------------------------------------------------------- */

struct context {
	struct scan_batch *batch;
	struct db *db;
	struct scan_task *task;
	int fd; /* of the directory */
	int64_t now_ns, now_s;
};

/* What the caller asks of a name, beyond what the rows say. */
struct asked {
	bool force;
	enum job_reason reason;
	int rounds, repeats;
	int64_t born_us;
	struct epoch *epoch;
};

static void put_asked(struct scan_entry *e, const struct asked *a)
{
	e->force = a->force;
	e->rounds = a->rounds;
	e->repeats = a->repeats;
	e->born_us = a->born_us;
	e->epoch = a->epoch;
}

static int64_t rule_id(const struct context *c, const char *name)
{
	const struct converter *conv = rules_by_name(c->batch->rules, name);

	return conv ? conv->row_id : 0;
}

/* A write within the same tick as the last read may have left every stamp as it was. */
static bool is_racy(const struct ident *id, int64_t stamp_ns, int64_t now_ns)
{
	/* A stamp from the future is somebody's setting, and no write of this tick. */
	int64_t last = now_ns + 1000000000;

	return (id->mtime_ns >= stamp_ns && id->mtime_ns <= last) ||
	       (id->ctime_ns >= stamp_ns && id->ctime_ns <= last);
}

static bool is_due(struct scan_task *t, const struct context *c, const struct file_row *row)
{
	if (!row->next_try)
		return false;
	if (row->next_try <= c->now_s)
		return true;
	if (!t->next_due || row->next_try < t->next_due)
		t->next_due = row->next_try;
	return false;
}

static bool must_read(struct context *c, const struct file_row *row, const struct ident *id,
	int64_t rule, const struct asked *asked)
{
	if (asked->force || c->task->force || !row)
		return true;
	return row->stamp_ns == 0 || row->rule != rule || !ident_same(&row->ident, id) ||
	       (!c->task->trusted && is_racy(id, row->stamp_ns, c->now_ns)) || is_due(c->task, c, row);
}

static enum job_reason reason_of(const struct file_row *row, const struct asked *asked)
{
	if (asked->force)
		return asked->reason;
	if (!row)
		return JOB_NEW;
	return row->next_try ? JOB_RETRY : JOB_CHANGED;
}

static uint64_t replaced_inode(const struct file_row *row, const struct ident *id)
{
	return row && row->ident.ino != id->ino ? row->ident.ino : 0;
}

static void read_acl(struct context *c, struct scan_entry *e)
{
	if (acl_read_at(c->fd, e->name, &e->acl) != ST_OK)
		lack_memory(c->task);
	e->acl_known = true;
}

/* States that need no reading: written once, and again only when they differ. */
static bool settle_unread(struct context *c, const char *name, const struct file_row *row,
	const struct ident *id, int64_t rule, const struct asked *asked)
{
	enum file_state state;

	if (id->size > c->batch->file_size_max)
		state = FILE_TOO_LARGE;
	else if (!rule)
		state = FILE_NO_CONVERTER;
	else
		return false;
	if (row && row->state == state && row->rule == rule && ident_same(&row->ident, id))
		return true;
	struct scan_entry *e = add_entry(c->task, ENTRY_STATE, name);
	if (e) {
		put_asked(e, asked);
		e->ident = *id;
		e->replaced = replaced_inode(row, id);
		e->state = state;
		e->rule = rule;
		e->stamp_ns = c->now_ns;
		read_acl(c, e);
	}
	return true;
}

static void compare_file(struct context *c, const char *name, const struct file_row *row,
	const struct ident *id, const struct asked *asked)
{
	int64_t rule = rule_id(c, name);

	c->task->files++;
	if (settle_unread(c, name, row, id, rule, asked) || !must_read(c, row, id, rule, asked))
		return;
	struct scan_entry *e = add_entry(c->task, ENTRY_READ, name);
	if (!e)
		return;
	put_asked(e, asked);
	e->row = row != NULL;
	e->ident = *id;
	e->replaced = replaced_inode(row, id);
	e->rule = rule;
	e->reason = reason_of(row, asked);
}

static struct scan_entry *report_gone(
	struct context *c, const char *name, const struct file_row *row, const struct asked *asked)
{
	struct scan_entry *e = add_entry(c->task, ENTRY_GONE, name);

	if (!e)
		return NULL;
	put_asked(e, asked);
	e->row = row != NULL;
	if (row)
		e->ident = row->ident;
	return e;
}

static int read_fsid(int fd, unsigned char out[16], bool *eventless)
{
	static const long without_events[] = {
		NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, 0xFF534D42 /* cifs */, 0xFE534D42 /* smb2 */,
		FUSE_SUPER_MAGIC, V9FS_MAGIC, 0x00C36400 /* ceph */, AFS_SUPER_MAGIC,
		CODA_SUPER_MAGIC, 0x47504653 /* gpfs */, 0x0BD00BD0 /* lustre */,
	};
	struct statfs sf;

	if (fstatfs(fd, &sf))
		return 0;
	long type = (long)sf.f_type;
	memcpy(out, &type, 8);
	memcpy(out + 8, &sf.f_fsid, 8);
	if (eventless)
		for (size_t i = 0; i < sizeof without_events / sizeof *without_events; i++)
			*eventless |= without_events[i] == type;
	return 16;
}

static void report_dir(
	struct context *c, const char *name, const struct ident *id, const struct asked *asked)
{
	bool elsewhere = id->dev != c->task->ident.dev;

	if (elsewhere && c->task->one_filesystem)
		return;
	if (db_is_own(id->dev, id->ino))
		return;
	struct scan_entry *e = add_entry(c->task, ENTRY_DIR, name);
	if (!e)
		return;
	put_asked(e, asked);
	e->ident = *id;
	if (c->batch->guarded)
		read_acl(c, e);
	if (!elsewhere)
		return;
	int fd = openat(c->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		e->fsid_len = read_fsid(fd, e->fsid, NULL);
		close(fd);
	}
}

static bool is_wanted(struct context *c, const char *name, bool is_dir)
{
	return !scope_judge(&c->task->scope, c->task->path, name, is_dir).ignored;
}

/* What is there now, against the row of that name (NULL: none). */
static void compare_name(
	struct context *c, const char *name, const struct file_row *row, const struct asked *asked)
{
	struct ident id;
	int err = ident_at(c->fd, name, &id);

	if (err && err != -ENOENT && err != -ENAMETOOLONG) {
		log_warning("%s/%s/%s: %s", c->task->root_path, c->task->path, name, strerror(-err));
		return; /* not known to be gone: the row stays */
	}
	bool is_dir = !err && S_ISDIR(id.mode);
	bool regular = !err && S_ISREG(id.mode) && !db_is_own(id.dev, id.ino);
	if ((!is_dir && !regular) || !is_wanted(c, name, is_dir)) {
		struct scan_entry *out = report_gone(c, name, row, asked);

		if (out)
			out->present = !err;
		return;
	}
	if (!is_dir) {
		compare_file(c, name, row, &id, asked);
		return;
	}
	/* It may have taken the place of a file, whose row may be on its way still. */
	struct scan_entry *gone = row || !c->task->whole ? report_gone(c, name, row, asked) : NULL;
	if (gone)
		gone->has_dir = true;
	report_dir(c, name, &id, asked);
}

/* --- a whole directory ------------------------------------------------------------------------- */

struct listing {
	struct buf bytes; /* type byte, name, NUL; one after the other */
	char **names;	  /* into bytes, behind the type byte */
	size_t count, room;
};

static void listing_finish(struct listing *l)
{
	buf_finish(&l->bytes);
	mem_free(l->names);
}

static bool is_dots(const char *s)
{
	return s[0] == '.' && (!s[1] || (s[1] == '.' && !s[2]));
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* 0 or -errno. */
static int list(int fd, struct listing *l)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		int err = errno;

		close(fd);
		return -err;
	}
	errno = 0;
	while ((e = readdir(d))) {
		if (is_dots(e->d_name))
			continue;
		buf_addc(&l->bytes, (char)e->d_type);
		buf_add(&l->bytes, e->d_name, strlen(e->d_name) + 1);
		l->count++;
	}
	int err = errno;
	closedir(d);
	if (err)
		return -err;
	l->names = mem_resize(NULL, l->count, sizeof *l->names);
	if (!l->names || l->bytes.failed)
		return -ENOMEM;
	char *p = l->bytes.data;
	for (size_t i = 0; i < l->count; i++) {
		l->names[i] = p + 1;
		p += 1 + strlen(p + 1) + 1;
	}
	qsort(l->names, l->count, sizeof *l->names, by_bytes);
	return 0;
}

/* The merge's state between callbacks, one a row. */
struct merge {
	struct context *c;
	struct listing *l;
	size_t at;
	const struct asked *asked;
	bool full;
};

static bool may_be_dir(const char *name)
{
	unsigned char type = (unsigned char)name[-1];

	return type == DT_DIR || type == DT_UNKNOWN;
}

static bool is_link(const char *name)
{
	unsigned char type = (unsigned char)name[-1];

	return type != DT_DIR && type != DT_REG && type != DT_UNKNOWN;
}

/* In a directory that was cut, names up to `after` are settled, but for subdirectories: all are listed each time. */
static bool is_settled(const struct merge *m, const char *name)
{
	const char *after = m->c->task->after;

	return after && strcmp(name, after) <= 0;
}

static void look_at(struct merge *m, const char *name, const struct file_row *row)
{
	struct scan_task *t = m->c->task;

	if (is_settled(m, name) && !may_be_dir(name))
		return;
	/* Without a row and no file nor directory: nothing to compare. */
	if (!row && is_link(name))
		return;
	if (m->full) {
		if (may_be_dir(name))
			compare_name(m->c, name, row, m->asked);
		return;
	}
	size_t before = t->entry_count;
	compare_name(m->c, name, row, m->asked);
	/* What was never there needs no report in a whole listing. */
	if (t->entry_count == before + 1 && t->entries[before].kind == ENTRY_GONE &&
		!t->entries[before].row) {
		mem_free(t->entries[before].name);
		t->entry_count = before;
	}
	if (t->entry_count >= ENTRIES_MAX && !may_be_dir(name) && !t->more) {
		m->full = t->more = true;
		mem_free(t->after);
		t->after = mem_strdup(name);
	}
}

static bool merge_row(void *arg, const struct file_row *row)
{
	struct merge *m = arg;
	struct listing *l = m->l;

	while (m->at < l->count && strcmp(l->names[m->at], row->name) < 0)
		look_at(m, l->names[m->at++], NULL);
	if (m->at < l->count && !strcmp(l->names[m->at], row->name))
		look_at(m, l->names[m->at++], row);
	else if (!m->full && !is_settled(m, row->name))
		report_gone(m->c, row->name, row, m->asked);
	return m->c->task->outcome == SCAN_DONE;
}

static void scan_whole(struct context *c)
{
	struct listing l = {.bytes = BUF_INIT};
	struct asked asked = {.born_us = c->task->born_us};
	struct merge m = {.c = c, .l = &l, .asked = &asked};
	int err = list(fcntl(c->fd, F_DUPFD_CLOEXEC, 0), &l);

	stats_add(scans, 1);
	if (err) {
		c->task->outcome = err == -ENOENT || err == -ESTALE ? SCAN_GONE : SCAN_TROUBLE;
		c->task->error_no = -err;
	} else if (tree_each_file(c->db, c->task->dir, merge_row, &m) != ST_OK) {
		c->task->outcome = SCAN_TROUBLE;
		c->task->error_no = EIO;
		c->batch->store_trouble = true;
	} else {
		while (m.at < l.count && c->task->outcome == SCAN_DONE)
			look_at(&m, l.names[m.at++], NULL);
	}
	listing_finish(&l);
}

static void scan_names(struct context *c)
{
	for (size_t i = 0; i < c->task->name_count && c->task->outcome == SCAN_DONE; i++) {
		struct scan_name *n = &c->task->names[i];
		struct file_row row;
		struct asked asked = {
			n->force, n->reason, n->rounds, n->repeats, n->born_us, n->epoch};
		enum status st = tree_find_file(c->db, c->task->dir, n->name, &row);

		stats_add(probes, 1);
		if (st != ST_OK && st != ST_NOT_FOUND) {
			c->task->outcome = SCAN_TROUBLE;
			c->task->error_no = EIO;
			c->batch->store_trouble = true;
			return;
		}
		compare_name(c, n->name, st == ST_OK ? &row : NULL, &asked);
	}
}

/* --- the directory itself ------------------------------------------------------------------------ */

static int open_dir(const struct scan_task *t)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;

	return *t->path ? beneath_open(t->root_path, t->path, flags) : open(t->root_path, flags);
}

static void fail_open(struct scan_task *t, int error)
{
	t->error_no = error;
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case EXDEV:
	case ESTALE:
		t->outcome = SCAN_GONE;
		break;
	case EACCES:
	case EPERM:
		t->outcome = SCAN_UNREADABLE;
		break;
	default:
		t->outcome = SCAN_TROUBLE;
	}
}

static bool volatile_fs(const unsigned char *fsid)
{
	long type;

	memcpy(&type, fsid, sizeof type);
	return type == TMPFS_MAGIC || type == RAMFS_MAGIC;
}

/*
 * Whether a root is the file system that was indexed: by its id, or by its directory's own inode (some file systems
 * derive the id from a device number that changes at boot).  Memory file systems are new each time they are mounted.
 */
static bool is_foreign(const struct scan_task *t)
{
	if (!t->is_root || !t->expect_fsid_len)
		return false;
	if (t->fsid_len == t->expect_fsid_len && !memcmp(t->fsid, t->expect_fsid, (size_t)t->fsid_len))
		return false;
	if (t->ident.ino == t->expect.ino && t->ident.btime_ns == t->expect.btime_ns)
		return false;
	return !(t->fsid_len && volatile_fs(t->fsid));
}

static bool is_other_dir(const struct scan_task *t)
{
	return !t->is_root && t->expect.ino &&
	       (t->ident.ino != t->expect.ino || t->ident.btime_ns != t->expect.btime_ns);
}

static void add_watch(struct context *c)
{
	struct scan_task *t = c->task;

	if (!t->watch || t->eventless || c->batch->inotify < 0)
		return;
	t->wd = inotify_watch_fd(c->batch->inotify, c->fd);
	if (t->wd < 0)
		t->watch_error = errno;
}

/* What is above a root is looked at with the whole of it, or when something was heard of it (above_events). */
static bool asks_above(const struct scan_task *t)
{
	bool asked = t->whole;

	for (size_t i = 0; i < t->name_count; i++)
		asked |= !strcmp(t->names[i].name, SCOPE_FILE);
	return t->is_root && asked;
}

/* Who may come to the root, and into it. */
static void read_guards(struct context *c)
{
	struct scan_task *t = c->task;

	if (!c->batch->guarded || !asks_above(t))
		return;
	t->above = above_create();
	if (!t->above || acl_read_fd(c->fd, &t->acl) != ST_OK) {
		lack_memory(t);
		return;
	}
	above_read(t->above, c->fd, c->batch->above_inotify);
}

/* The directory's own rules, if they are others than known. */
static void read_ignore(struct context *c)
{
	struct scan_task *t = c->task;
	struct ident id;
	char text[IGNORE_FILE_MAX];
	AUTO_BUF source = BUF_INIT;

	int fd = openat(c->fd, SCOPE_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		t->ignore_changed = t->ignore != NULL;
		return;
	}
	if (ident_fd(fd, &id) || !S_ISREG(id.mode) ||
		(t->ignore && ident_same_content(&id, ignore_file(t->ignore)) &&
			!is_racy(&id, c->now_ns, c->now_ns))) {
		close(fd);
		return;
	}
	ssize_t n = pread(fd, text, sizeof text, 0);
	close(fd);
	buf_addf(&source, "%s%s%s/" SCOPE_FILE, t->root_path, *t->path ? "/" : "", t->path);
	if (n < 0 || source.failed ||
		ignore_parse(text, (size_t)n, source.data, &id, &t->ignore_now) != ST_OK)
		return;
	t->ignore_changed = true;
}

/* The set that counts for this directory's own entries is the one just read. */
static void enter_ignore(struct scan_task *t)
{
	struct ignore *set = t->ignore_changed ? t->ignore_now : t->ignore;

	if (scope_add(&t->scope, set, strlen(t->path)) != ST_OK)
		lack_memory(t);
}

static void run_task(struct context *c)
{
	struct scan_task *t = c->task;

	c->fd = open_dir(t);
	if (c->fd < 0) {
		fail_open(t, errno);
		return;
	}
	int err = ident_fd(c->fd, &t->ident);
	t->fsid_len = read_fsid(c->fd, t->fsid, &t->eventless);
	if (err)
		fail_open(t, -err);
	else if (is_other_dir(t))
		t->outcome = SCAN_GONE;
	else if (is_foreign(t))
		t->outcome = SCAN_FOREIGN;
	if (t->outcome == SCAN_DONE) {
		add_watch(c);
		read_guards(c);
		read_ignore(c);
		enter_ignore(t);
	}
	if (t->outcome == SCAN_DONE && t->whole)
		scan_whole(c);
	else if (t->outcome == SCAN_DONE)
		scan_names(c);
	close(c->fd);
}

/* --- renames of files ------------------------------------------------------------------------------ */

/* Same inode, size and modification time: most likely the same file in a new place.  Its content is read all the same. */
static bool looks_moved(const struct scan_entry *gone, const struct scan_entry *found)
{
	return found->kind == ENTRY_READ && !found->row && found->ident.ino == gone->ident.ino &&
	       found->ident.size == gone->ident.size &&
	       found->ident.mtime_ns == gone->ident.mtime_ns && found->ident.nlink == 1;
}

static bool pair_with(struct scan_batch *b, struct scan_task *from, struct scan_entry *gone)
{
	for (struct scan_task *t = b->tasks; t; t = t->next) {
		for (size_t i = 0; t->outcome == SCAN_DONE && i < t->entry_count; i++) {
			struct scan_entry *e = &t->entries[i];

			if (!looks_moved(gone, e))
				continue;
			e->from = mem_strdup(gone->name);
			if (!e->from)
				return false; /* then it is a deletion and a new file */
			e->kind = ENTRY_MOVED;
			e->from_task = from;
			e->reason = JOB_VERIFY;
			return true;
		}
	}
	return false;
}

static void pair_moves(struct scan_batch *b)
{
	size_t gone = 0, found = 0;

	for (struct scan_task *t = b->tasks; t; t = t->next)
		for (size_t i = 0; i < t->entry_count; i++) {
			gone += t->entries[i].kind == ENTRY_GONE && t->entries[i].row;
			found += t->entries[i].kind == ENTRY_READ && !t->entries[i].row;
		}
	/* Quadratic: only for the few that one drain of events brings. */
	if (!gone || !found || gone * found > 65536)
		return;
	for (struct scan_task *t = b->tasks; t; t = t->next)
		for (size_t i = 0; t->outcome == SCAN_DONE && i < t->entry_count; i++) {
			struct scan_entry *e = &t->entries[i];

			if (e->kind == ENTRY_GONE && e->row && pair_with(b, t, e))
				e->row = false; /* its row goes with the move */
		}
}

void scan_run(struct scan_batch *b, struct db *db)
{
	struct context c = {.batch = b, .db = db, .now_s = now_real_s()};
	size_t found = 0;

	thread_assert(ROLE_SCAN);
	if (db_begin(db) != ST_OK) {
		b->store_trouble = true;
		b->untouched = b->tasks;
		b->tasks = NULL;
		return;
	}
	for (struct scan_task **at = &b->tasks; *at; at = &(*at)->next) {
		c.task = *at;
		c.task->began_us = now_mono_us();
		c.now_ns = now_stamp_ns();
		run_task(&c);
		stats_time(scan, now_mono_us() - c.task->began_us);
		found += c.task->entry_count;
		if (found >= BATCH_ENTRIES) {
			b->untouched = (*at)->next;
			(*at)->next = NULL;
			break;
		}
	}
	db_rollback(db);
	pair_moves(b);
}
