/*
 * fuzz_config: any bytes as a configuration, and as a drop-in: they are loaded or faulted, and
 * every fault is a line.
 */
#include "core/config.h"

#include "core/log.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The input's file, a directory with a link to it as its only drop-in, and a configuration that
 * names that directory.
 */
static struct places {
	int fd;
	char input[64], dir[64], link[80], with_drop_in[64];
} places;

static void remove_places(void)
{
	unlink(places.link);
	rmdir(places.dir);
}

static void make_places(void)
{
	struct places *p = &places;
	char text[160];

	p->fd = memfd_create("input", MFD_CLOEXEC);
	int main_fd = memfd_create("trawld.conf", MFD_CLOEXEC);
	snprintf(p->input, sizeof p->input, "/proc/self/fd/%d", p->fd);
	snprintf(p->with_drop_in, sizeof p->with_drop_in, "/proc/self/fd/%d", main_fd);
	strcpy(p->dir, "/dev/shm/trawl-fuzz-XXXXXX");
	BUG_UNLESS(p->fd >= 0 && main_fd >= 0 && mkdtemp(p->dir));
	snprintf(p->link, sizeof p->link, "%s/x.conf", p->dir);
	BUG_UNLESS(!symlink(p->input, p->link));
	atexit(remove_places);
	int n = snprintf(
		text, sizeof text, "[daemon]\nconverters_dir=%s\n[root r]\npath=/dev\n", p->dir);
	BUG_UNLESS(write(main_fd, text, (size_t)n) == n);
}

static void load(const char *file)
{
	const struct config_source source = {.file = file};
	AUTO_BUF errors = BUF_INIT;
	struct config *c = NULL;
	enum status st = config_load(&source, &c, &errors);

	BUG_UNLESS(st == ST_OK || st == ST_CONFIG);
	BUG_UNLESS((st == ST_OK) == (c != NULL));
	BUG_UNLESS((st == ST_OK) == (errors.len == 0));
	BUG_UNLESS(!errors.len ||
		   (errors.data[errors.len - 1] == '\n' && strlen(errors.data) == errors.len));
	config_unref(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!places.fd)
		make_places();
	BUG_UNLESS(!ftruncate(places.fd, 0));
	BUG_UNLESS(pwrite(places.fd, data, size, 0) == (ssize_t)size);
	load(places.input);
	load(places.with_drop_in);
	return 0;
}
