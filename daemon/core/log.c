/* log: formatting and escaping of log lines; see log.h. */
#include "core/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static enum log_level most_level = LOG_LEVEL_INFO;
static bool to_journal;

static const struct {
	const char *word;
	int priority; /* as in syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error: ", 3}, [LOG_LEVEL_WARNING] = {"warning: ", 4},
	[LOG_LEVEL_NOTICE] = {"", 5},	    [LOG_LEVEL_INFO] = {"", 6},
	[LOG_LEVEL_DEBUG] = {"debug: ", 7},
};

static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (!stream || sscanf(stream, "%llu:%llu", &dev, &ino) != 2 || fstat(STDERR_FILENO, &st))
		return false;
	return st.st_dev == dev && st.st_ino == ino;
}

void log_init(enum log_level most)
{
	most_level = most;
	to_journal = stderr_is_journal();
}

/* Copies `in` to `out`, control bytes as \xNN; returns the bytes written, at most `room`. */
static size_t escape(const char *in, char *out, size_t room)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *in && n + 4 < room; in++) {
		unsigned char c = (unsigned char)*in;

		if (c >= 0x20 && c != 0x7f) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	return n;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES + 32];
	va_list ap;
	int head;

	if (level > most_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (to_journal)
		head = snprintf(line, sizeof line, "<%d>", levels[level].priority);
	else
		head = snprintf(line, sizeof line, "trawld: %s", levels[level].word);
	size_t n = (size_t)head + escape(text, line + head, sizeof line - (size_t)head - 1);
	line[n++] = '\n';
	/* One write, so that lines of several threads do not mix; nobody to tell if it fails. */
	ssize_t written = write(STDERR_FILENO, line, n);
	(void)written;
}

_Noreturn void bug_at(const char *file, int line, const char *what)
{
	log_error("%s:%d: bug: %s", file, line, what);
	abort();
}
