/* meta: instance, clock and cleanness; see meta.h. */
#include "store/meta.h"

#include "core/log.h"
#include "core/units.h"
#include "store/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { INSTANCE_LEN = 16 };

static atomic_bool doubted;

void meta_doubt(void)
{
	atomic_store(&doubted, true);
}

/* ST_NOT_FOUND if there is no such key. */
static enum status get_string(struct db *db, const char *key, char *out, size_t room)
{
	AUTO_STATEMENT s = statement_start(db, STMT_META_GET);
	enum status st = ST_NOT_FOUND;

	statement_string(&s, key);
	if (statement_row(&s)) {
		const char *value = statement_get_string(&s, 0);

		if (value && strlen(value) < room) {
			memcpy(out, value, strlen(value) + 1);
			st = ST_OK;
		}
	}
	enum status ran = statement_status(&s);
	return ran != ST_OK ? ran : st;
}

static enum status put_string(struct db *db, const char *key, const char *value)
{
	AUTO_STATEMENT s = statement_start(db, STMT_META_PUT);

	statement_string(&s, key);
	statement_string(&s, value);
	return statement_run(&s);
}

enum status meta_put_int(struct db *db, const char *key, int64_t value)
{
	AUTO_STATEMENT s = statement_start(db, STMT_META_PUT);

	statement_string(&s, key);
	statement_int(&s, value);
	return statement_run(&s);
}

enum status meta_get_int(
	struct db *db, const char *key, int64_t fallback, int64_t *out)
{
	AUTO_STATEMENT s = statement_start(db, STMT_META_GET);

	statement_string(&s, key);
	*out = statement_row(&s) ? statement_get_int(&s, 0) : fallback;
	return statement_status(&s);
}

enum status meta_clock(struct db *db, int64_t *clock)
{
	return meta_get_int(db, "clock", 0, clock);
}

enum status meta_instance(struct db *db)
{
	enum status st = get_string(db, "instance", db->instance, sizeof db->instance);

	if (st == ST_OK && strlen(db->instance) != INSTANCE_LEN)
		st = ST_CORRUPT;
	return st;
}

static enum status new_instance(struct db *db)
{
	unsigned char bytes[INSTANCE_LEN / 2];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
		log_error("getrandom: %s", strerror(errno));
		return ST_SYSTEM;
	}
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(db->instance + 2 * i, 3, "%02x", bytes[i]);
	return put_string(db, "instance", db->instance);
}

/* "" where the kernel does not say: then an unclean end is never taken to be of this boot. */
static void read_boot(char out[64])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, 63);

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static enum status settle(struct db *db, bool *unclean)
{
	char boot[64], boot_before[64] = "";
	int64_t clean;
	enum status st = meta_instance(db);
	bool fresh = st == ST_NOT_FOUND;

	if (st != ST_OK && !fresh)
		return st;
	read_boot(boot);
	st = meta_get_int(db, "clean", fresh, &clean);
	if (st == ST_OK)
		st = get_string(db, "boot", boot_before, sizeof boot_before);
	if (st != ST_OK && st != ST_NOT_FOUND)
		return st;
	*unclean = !clean;
	bool lost = !clean && (boot[0] == '\0' || strcmp(boot, boot_before) != 0 ||
				      atomic_load(&doubted));
	if (fresh || lost) {
		st = new_instance(db);
		if (st != ST_OK)
			return st;
		if (lost)
			log_notice("store: closed uncleanly; its clock begins instance %s",
				db->instance);
	}
	if (strcmp(boot, boot_before) != 0)
		st = put_string(db, "boot", boot);
	else
		st = ST_OK;
	/* A store that is reopened after a failure needs no write: the disk may be full. */
	return st == ST_OK && clean ? meta_put_int(db, "clean", 0) : st;
}

enum status meta_open(struct db *db, bool *unclean)
{
	/* That it is open must be on disk before the first clock is given out, or a power cut could hide it. */
	enum status st = db_exec(db, "PRAGMA synchronous = FULL", "store");

	if (st == ST_OK)
		st = meta_clock(db, &db->clock);
	if (st == ST_OK)
		st = db_begin(db);
	if (st != ST_OK)
		return st;
	st = settle(db, unclean);
	if (st != ST_OK) {
		db_rollback(db);
		return st;
	}
	st = db_commit(db);
	if (st == ST_OK) {
		atomic_store(&doubted, false);
		st = db_exec(db, "PRAGMA synchronous = NORMAL", "store");
	}
	return st;
}

enum status meta_mark_clean(struct db *db)
{
	enum status st = db_exec(db, "PRAGMA synchronous = FULL", "store");

	if (st == ST_OK)
		st = db_begin(db);
	if (st != ST_OK)
		return st;
	st = meta_put_int(db, "clean", 1);
	if (st != ST_OK) {
		db_rollback(db);
		return st;
	}
	return db_commit(db);
}

void clock_add(struct buf *out, const char *instance, int64_t n)
{
	buf_addf(out, "%s:%lld", instance, (long long)n);
}

enum status clock_parse(const char *s, const char *instance, int64_t *n, bool *fresh)
{
	if (strspn(s, "0123456789abcdef") != INSTANCE_LEN || s[INSTANCE_LEN] != ':')
		return ST_INVALID;
	const char *digits = s + INSTANCE_LEN + 1;
	int64_t value;

	if (!digits[0] || digits[strspn(digits, "0123456789")] || units_int(digits, &value) != ST_OK)
		return ST_INVALID;
	*n = value;
	*fresh = strncmp(s, instance, INSTANCE_LEN) != 0;
	return ST_OK;
}
