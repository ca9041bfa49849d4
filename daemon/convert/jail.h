/*
 * jail: what the parts of the launcher program trawl-jail share.
 *
 * trawl-jail is a program of its own: single-threaded, links libc alone and
 * nothing of the daemon's.  Three processes of it stand in a row, the launcher,
 * the keeper and the converter before its exec; what they have to tell each
 * other stands in one shared page, struct jail_state.
 */
#ifndef CONVERT_JAIL_H
#define CONVERT_JAIL_H

#include <limits.h>
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

enum { JAIL_NOBODY = 65534 }; /* uid and gid of root's converters; inside its namespace, of all */

enum jail_mode { JAIL_REQUIRED, JAIL_BEST_EFFORT, JAIL_OFF };

/* What confines a converter.  Second column: its word for option -w and for the probe. */
#define JAIL_LAYER_TABLE(X) \
	X(NO_NEW_PRIVS, "no_new_privs") \
	X(CAPABILITIES, "capabilities") \
	X(RLIMITS, "rlimits") \
	X(UID, "uid")   /* root's converters run as nobody */ \
	X(USER, "user") /* from here to UTS: a namespace each */ \
	X(PID, "pid") \
	X(NET, "net") \
	X(MOUNT, "mount") /* with a root directory of its own */ \
	X(IPC, "ipc") \
	X(UTS, "uts") \
	X(LANDLOCK, "landlock") \
	X(SECCOMP, "seccomp")
enum jail_layer {
#define X(name, word) JAIL_##name,
	JAIL_LAYER_TABLE(X)
#undef X
		JAIL_LAYER_COUNT
};
static inline unsigned jail_bit(enum jail_layer layer)
{
	return 1U << layer;
}

struct jail_options {
	enum jail_mode mode;
	bool serve; /* descriptor 3 is the converter's socket */
	bool probe;
	long long memory;     /* bytes of address space, 0: no limit */
	long long cpu_s;      /* seconds of processor time, 0: no limit */
	long long file_bytes; /* of any file it writes, and of its directory; 0: no limit */
	long long processes;  /* how many it may have, itself included */
	pid_t parent;         /* who started us; 0: not checked */
	uid_t uid;            /* ours, as seen from outside */
	gid_t gid;
	const char *work_base; /* where its private directory is made, without a root of its own */
	unsigned wanted;       /* bits of enum jail_layer: all but those switched off by a test */
	char *const *argv;     /* the converter's words */
};

/* The shared page.  Each field is written by one process, and read by others after that one's end.
 */
struct jail_state {
	/* by whoever of keeper and converter comes to it */
	unsigned active;         /* bits of enum jail_layer */
	int landlock_abi;        /* 0: the kernel has none */
	bool proc;               /* its root has a /proc */
	char work_dir[PATH_MAX]; /* on the file system of all; empty if it has a root of its own */
	/* by the converter, before exec */
	volatile int exit_status; /* JAIL_EXIT_*: what kept it from starting; 0: nothing did */
	const char *missing;      /* what `required` asks for in vain; NULL: nothing */
	uid_t uid;                /* its user, as seen from outside */
	/* by the keeper, at its end */
	bool ended;
	int status; /* of the converter, as waitpid gives it */
};

/* --- jail_layers: the converter's last steps, in its own process --- */

/* Applies the layers that are wanted and not yet active, and judges what is missing. */
void jail_layers_apply(const struct jail_options *o, struct jail_state *st);
/* What holds, as a JSON object and a newline on standard output. */
void jail_layers_print(const struct jail_options *o, const struct jail_state *st);

/* False where the kernel has no Landlock; *abi is 0 then. */
bool jail_landlock_apply(const struct jail_options *o, const struct jail_state *st, int *abi);
/* Loads the filter, by whether it may have several processes, and whether its signals are held by
 * another layer. */
bool jail_seccomp_apply(const struct jail_options *o, const struct jail_state *st);

/* --- jail_ns: namespaces --- */

/*
 * Forks; the child is in those of the wanted namespaces that are to be had, and knows them from
 * *flags (CLONE_NEW*).  Without a process namespace the child is in none: its child, the converter,
 * is to call jail_ns_enter.  -1 with errno.
 */
pid_t jail_ns_fork(const struct jail_options *o, int *flags);
bool jail_ns_enter(const struct jail_options *o, int flags);
/* A user namespace for the user that root has become; `proc_self` is /proc/self. */
bool jail_ns_enter_user(int proc_self);
/* The bits of enum jail_layer for namespaces. */
unsigned jail_ns_layers(int flags);

/* --- jail_furnish: what has to be done while there are rights to do it --- */

/*
 * In the keeper that is init, else in the converter: the root directory or a private directory,
 * the change of user.   False: the calling process must end; it was told why.
 */
bool jail_furnish(const struct jail_options *o, struct jail_state *st, int flags);
/* Moves the process into a root directory of its own, where /tmp is nobody's if `given_away`; false if that is not to
 * be had. */
bool jail_root_enter(const struct jail_options *o, bool own_user_ns, bool given_away);

/* --- jail_paths: what a converter may see --- */

struct jail_path {
	const char *path;
	bool writable;
};
extern const struct jail_path jail_paths[]; /* read and executed; the last has no path */
extern const struct jail_path jail_devices[];
/* Where the private directory is, under a root of its own. */
#define JAIL_TMP "/tmp"
#define JAIL_WORK "/tmp/work"
#define JAIL_USERS "/etc/passwd"
enum { JAIL_WORDS_MAX = 16 };
/* Those words of the command that are files and do not lie below the paths above. */
struct jail_words {
	const char *path[JAIL_WORDS_MAX];
	int fd[JAIL_WORDS_MAX]; /* O_PATH, opened while there are rights to */
	size_t count;
};
extern struct jail_words jail_words;
void jail_words_open(const struct jail_options *o);
/* Whether a word names the document by a path: /dev/stdin. */
bool jail_wants_stdin_path(const struct jail_options *o);
/* Whether it is to have a /proc, of its own processes. */
bool jail_wants_proc(const struct jail_options *o);

/* --- processes --- */

/* Execs the program, or tells and ends. */
_Noreturn void jail_become_converter(
	const struct jail_options *o, struct jail_state *st, pid_t keeper, int flags);
/* The keeper's two lives: init of a process namespace; else the second of two subreapers. */
_Noreturn void jail_become_init(
	const struct jail_options *o, struct jail_state *st, int launcher, int flags);
_Noreturn void jail_become_keeper(
	const struct jail_options *o, struct jail_state *st, pid_t launcher, int flags);
/* Waits until init `child` ends, or ends it when SIGTERM comes. */
void jail_init_wait(pid_t child);

/* How a keeper stops its one child: another keeper is asked to end, a converter is killed. */
enum jail_stop { JAIL_STOP_ASK, JAIL_STOP_KILL };
/*
 * Makes the calling process the one that inherits its descendants' orphans and
 * that is told (SIGTERM) when `parent` ends.  False if the parent is gone already.
 */
bool jail_keep_start(pid_t parent);
/*
 * Waits until `child` ends, SIGTERM comes, or it has too much of what `watch` tells (NULL:
 * nothing); then ends every descendant.  The child's status.
 */
struct jail_watch {
	const struct jail_options *options;
	const struct jail_state *state;
};
int jail_keep(pid_t child, enum jail_stop how, const struct jail_watch *watch);
/* A copy of the converter's descriptors would keep its pipes open when it is gone. */
void jail_drop_descriptors(void);

/* --- the private directory, where it has no root of its own --- */

enum { JAIL_WATCH_MS = 100 };
/* Whether there is something to be watched that no layer limits. */
bool jail_watch_needed(const struct jail_options *o, const struct jail_state *st);
/* The signal to end a converter by whose directory holds too much; 0: it does not, or was looked at
 * just now. */
int jail_watch_exceeded(const struct jail_options *o, const struct jail_state *st);

/* Makes the private directory below `base`; `path` gets its name.  False with errno. */
bool jail_dir_make(const char *base, char *path, size_t room);
/* Whether everybody may pass through all directories of the path. */
bool jail_dir_open_to_all(const char *path);
/* Removes it with all that is in it; links are not followed, other file systems not entered. */
void jail_dir_remove(const char *path);

#endif
