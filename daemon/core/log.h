/*
 * log: one line to standard error per event, any thread.
 *
 * Under systemd (JOURNAL_STREAM names our stderr) lines carry the <N> priority
 * prefix that journald strips; elsewhere a word.  Control bytes in the message
 * are escaped, so that a file name cannot forge a line.
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Call once before any thread starts.  Lines above `most` are dropped. */
void log_init(enum log_level most);

__attribute__((format(printf, 2, 3))) void log_write(enum log_level level, const char *fmt, ...);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* A broken promise of our own: says where, aborts.  Never for the outside world's faults. */
_Noreturn void bug_at(const char *file, int line, const char *what);
#define BUG(what) bug_at(__FILE__, __LINE__, (what))
#define BUG_UNLESS(cond) ((cond) ? (void)0 : BUG(#cond))

#endif
