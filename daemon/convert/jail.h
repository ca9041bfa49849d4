/*
 * jail: what the parts of the launcher program trawl-jail share.
 *
 * trawl-jail is a program of its own: single-threaded, links libc alone and
 * nothing of the daemon's.
 */
#ifndef CONVERT_JAIL_H
#define CONVERT_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Exit statuses of the launcher's own.  A converter that ends with JAIL_EXIT_BROKEN itself is
 * reported as 255, so that the daemon can tell the two apart.
 */
enum {
	JAIL_EXIT_USAGE = 64,
	JAIL_EXIT_REFUSED = 69, /* sandbox = required, and a required layer is not to be had */
	JAIL_EXIT_NO_PROGRAM = 127,
	JAIL_EXIT_BROKEN = 254 /* fork, memory, descriptors: not the converter's fault */
};

enum jail_mode { JAIL_REQUIRED, JAIL_BEST_EFFORT, JAIL_OFF };

struct jail_options {
	enum jail_mode mode;
	bool serve; /* descriptor 3 is the converter's socket */
	bool probe;
	long long memory;      /* bytes of address space, 0: no limit */
	long long cpu_s;       /* seconds of processor time, 0: no limit */
	long long file_bytes;  /* size of any file it writes, 0: no limit */
	long long processes;   /* how many it may have, itself included */
	pid_t parent;          /* who started us; 0: not checked */
	const char *work_base; /* where its private directory is made */
	char *const *argv;     /* the converter's words */
};

/*
 * Confines the calling process by every layer that this build and this kernel have.  `active` has
 * one bit per row of the table of layers.  False if the mode demands a layer that could not be had;
 * `missing` names it then.
 */
bool jail_layers_apply(const struct jail_options *o, unsigned *active, const char **missing);
/* {"mode":…,"layers":{name:bool,…}} and a newline on standard output. */
void jail_layers_print(const struct jail_options *o, unsigned active);

/* How a keeper stops its one child: another keeper is asked to end, a converter is killed. */
enum jail_stop { JAIL_STOP_ASK, JAIL_STOP_KILL };
/*
 * Makes the calling process the one that inherits its descendants' orphans and
 * that is told (SIGTERM) when `parent` ends.  False if the parent is gone already.
 */
bool jail_keep_start(pid_t parent);
/* Waits until `child` ends or SIGTERM comes, then ends every descendant; the child's status. */
int jail_keep(pid_t child, enum jail_stop how);

/* Makes the private directory below `base`; `path` gets its name.  False with errno. */
bool jail_dir_make(const char *base, char *path, size_t room);
/* Removes it with all that is in it; links are not followed, other file systems not entered. */
void jail_dir_remove(const char *path);

#endif
