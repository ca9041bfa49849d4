/* convert_conf: a configuration for tests of the convert room, read from real files as the daemon
 * does. */
#ifndef TEST_CONVERT_CONF_H
#define TEST_CONVERT_CONF_H

#include "core/config.h"

/* `daemon` are lines of [daemon], `converters` whole sections.  Fails the test if they have errors.
 */
struct config *convert_conf(const char *dir, const char *daemon, const char *converters);
/* A new directory below /tmp, in static storage until the next call; removed with what is in it by
 * convert_conf_clean. */
const char *convert_conf_dir(void);
void convert_conf_clean(const char *dir);
void convert_conf_write(const char *dir, const char *name, const char *text);

#endif
