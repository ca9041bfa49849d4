/* test_spool: bytes that come in pieces, in memory and on disk, sealed, and out of space. */
#include "pipeline/spool.h"

#include "core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/trawl-spool-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

/* Empty, or this fails: nothing of a spool has a name. */
static int tear_down(void **state)
{
	(void)state;
	return rmdir(dir);
}

/* `size` bytes in pieces of `step`; what can be read back is them, and nobody can change it. */
static void round_trip(size_t size, size_t step, bool on_disk)
{
	char *bytes = test_malloc(size + 1), *back = test_malloc(size + 1);
	unsigned char hash[DOCUMENT_HASH_BYTES], expected[DOCUMENT_HASH_BYTES];
	struct spool s;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 31 + i / 4096);
	crypto_generichash(expected, sizeof expected, (unsigned char *)bytes, size, NULL, 0);
	assert_int_equal(spool_open(&s, dir), ST_OK);
	for (size_t at = 0; at < size; at += step)
		assert_int_equal(
			spool_write(&s, bytes + at, size - at < step ? size - at : step), ST_OK);
	assert_int_equal(spool_seal(&s, hash), ST_OK);
	assert_int_equal(s.on_disk, on_disk);
	assert_int_equal(s.size, size);
	assert_memory_equal(hash, expected, sizeof hash);
	struct stat st;
	assert_int_equal(fstat(s.fd, &st), 0);
	assert_int_equal(st.st_mode & 0444, 0444); /* root's converters are another user */
	assert_int_equal(lseek(s.fd, 0, SEEK_CUR), 0);
	assert_int_equal(pread(s.fd, back, size + 1, 0), size);
	assert_memory_equal(back, bytes, size);
	assert_int_equal(write(s.fd, "x", 1), -1);
	assert_int_equal(ftruncate(s.fd, (off_t)size + 1), -1);
	spool_close(&s);
	spool_close(&s);
	test_free(bytes);
	test_free(back);
}

static void sizes(void **state)
{
	(void)state;
	round_trip(0, 1, false);
	round_trip(1, 1, false);
	round_trip(100000, 777, false);
	round_trip(SPOOL_MEMORY_MAX, 64 << 10, false);
	round_trip(SPOOL_MEMORY_MAX + 1, 64 << 10, true);
	round_trip(SPOOL_MEMORY_MAX + 1000000, SPOOL_MEMORY_MAX + 1000000, true);
}

/* A file-size limit stands for a full disk: both refuse a write. */
static void no_space(void **state)
{
	static char piece[1 << 20];
	const struct rlimit little = {SPOOL_MEMORY_MAX + (2 << 20), RLIM_INFINITY};
	struct rlimit before;
	struct spool s;
	enum status st = ST_OK;
	int pieces = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(spool_open(&s, dir), ST_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	while (st == ST_OK && pieces < 20) {
		st = spool_write(&s, piece, sizeof piece);
		pieces++;
	}
	assert_int_equal(st, ST_SYSTEM);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(pieces, 11);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	spool_close(&s);
	/* There is no such directory. */
	assert_int_equal(spool_open(&s, "/nowhere/at/all"), ST_OK);
	for (st = ST_OK, pieces = 0; st == ST_OK && pieces < 20; pieces++)
		st = spool_write(&s, piece, sizeof piece);
	assert_int_equal(st, ST_SYSTEM);
	assert_int_equal(pieces, 9);
	spool_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(no_space),
	};

	BUG_UNLESS(sodium_init() >= 0);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
