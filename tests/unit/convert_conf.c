/* convert_conf: configurations from text; see convert_conf.h. */
#include "convert_conf.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

const char *convert_conf_dir(void)
{
	static char dir[64];

	snprintf(dir, sizeof dir, "/tmp/x-convert-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return dir;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void convert_conf_clean(const char *dir)
{
	assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void convert_conf_write(const char *dir, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

struct config *convert_conf(const char *dir, const char *daemon, const char *converters)
{
	char file[256], *text = NULL;
	struct config *config = NULL;
	AUTO_BUF errors = BUF_INIT;

	snprintf(file, sizeof file, "%s/converters.d", dir);
	assert_true(mkdir(file, 0700) == 0 || errno == EEXIST);
	convert_conf_write(file, "10-test.conf", converters);
	assert_true(asprintf(&text,
			    "[daemon]\nconverters_dir = %s/converters.d\nstate_dir = %s\n"
			    "socket = %s/sock\n%s\n[root docs]\npath = %s\n",
			    dir, dir, dir, daemon, dir) > 0);
	convert_conf_write(dir, "trawld.conf", text);
	free(text);
	snprintf(file, sizeof file, "%s/trawld.conf", dir);
	enum status st = config_load(&(struct config_source){.file = file}, &config, &errors);
	if (st != ST_OK)
		fail_msg("%s: %s", status_text(st), errors.data ? errors.data : "");
	return config;
}
