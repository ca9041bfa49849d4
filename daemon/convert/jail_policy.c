/*
 * jail_policy: writes the seccomp programs of trawl-jail as C, when trawl is built.
 *
 *     jail_policy > jail_policy.inc
 *
 * A table of what is allowed, one of what is allowed with certain arguments, and
 * one of what is refused though it is known.  What stands in none is unknown to
 * us and gets ENOSYS, as from an older kernel, which programs know how to take.
 */
#include "convert/jail_policy.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
/* behind the above, for F_ADD_SEALS */
#include <fcntl.h>

static const char *const allowed[] = {
	/* memory; no memfd_create, whose bytes no limit counts */
	"brk",
	"madvise",
	"membarrier",
	"mincore",
	"mlock",
	"mlock2",
	"mmap",
	"mmap2",
	"mprotect",
	"mremap",
	"mseal",
	"msync",
	"munlock",
	"munmap",
	"pkey_alloc",
	"pkey_free",
	"pkey_mprotect",
	/* open files; what they lead to is for Landlock and the root directory to say */
	"_llseek",
	"close",
	"close_range",
	"copy_file_range",
	"creat",
	"dup",
	"dup2",
	"dup3",
	"fadvise64",
	"fadvise64_64",
	"fallocate",
	"fdatasync",
	"fstat",
	"fstat64",
	"fstatat64",
	"fstatfs",
	"fstatfs64",
	"fsync",
	"ftruncate",
	"ftruncate64",
	"getdents",
	"getdents64",
	"lseek",
	"newfstatat",
	"open",
	"openat",
	"openat2",
	"pread64",
	"preadv",
	"preadv2",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"read",
	"readahead",
	"readv",
	"sendfile",
	"sendfile64",
	"sync_file_range",
	"write",
	"writev",
	/* names */
	"access",
	"chdir",
	"faccessat",
	"faccessat2",
	"fchdir",
	"getcwd",
	"link",
	"linkat",
	"lstat",
	"lstat64",
	"mkdir",
	"mkdirat",
	"readlink",
	"readlinkat",
	"rename",
	"renameat",
	"renameat2",
	"rmdir",
	"stat",
	"stat64",
	"statfs",
	"statfs64",
	"statx",
	"symlink",
	"symlinkat",
	"truncate",
	"truncate64",
	"umask",
	"unlink",
	"unlinkat",
	"fgetxattr",
	"flistxattr",
	/* waiting and telling within itself; its socket is connected, and leads to the daemon only
	 */
	"_newselect",
	"epoll_create",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"eventfd",
	"eventfd2",
	"getpeername",
	"getsockname",
	"pipe",
	"pipe2",
	"poll",
	"ppoll",
	"ppoll_time64",
	"pselect6",
	"pselect6_time64",
	"recv",
	"recvfrom",
	"recvmsg",
	"select",
	"send",
	"sendmsg",
	"sendto",
	"shutdown",
	"signalfd",
	"signalfd4",
	"timerfd_create",
	"timerfd_gettime",
	"timerfd_settime",
	/* time */
	"alarm",
	"clock_getres",
	"clock_getres_time64",
	"clock_gettime",
	"clock_gettime64",
	"clock_nanosleep",
	"clock_nanosleep_time64",
	"getitimer",
	"gettimeofday",
	"nanosleep",
	"setitimer",
	"time",
	"timer_create",
	"timer_delete",
	"timer_getoverrun",
	"timer_gettime",
	"timer_settime",
	"times",
	/* signals to itself */
	"pause",
	"restart_syscall",
	"rt_sigaction",
	"rt_sigpending",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigsuspend",
	"rt_sigtimedwait",
	"rt_sigtimedwait_time64",
	"sigaltstack",
	"sigreturn",
	/* itself */
	"arch_prctl",
	"capget",
	"execve",
	"execveat",
	"exit",
	"exit_group",
	"futex",
	"futex_time64",
	"futex_waitv",
	"getcpu",
	"getegid",
	"getegid32",
	"geteuid",
	"geteuid32",
	"getgid",
	"getgid32",
	"getgroups",
	"getgroups32",
	"getpgid",
	"getpgrp",
	"getpid",
	"getppid",
	"getpriority",
	"getrandom",
	"getresgid",
	"getresgid32",
	"getresuid",
	"getresuid32",
	"getrlimit",
	"getrusage",
	"getsid",
	"gettid",
	"getuid",
	"getuid32",
	"riscv_flush_icache",
	"rseq",
	"sched_get_priority_max",
	"sched_get_priority_min",
	"sched_getaffinity",
	"sched_getattr",
	"sched_getparam",
	"sched_getscheduler",
	"sched_rr_get_interval",
	"sched_yield",
	"set_robust_list",
	"set_thread_area",
	"set_tid_address",
	"set_tls",
	"setpgid",
	"setsid",
	"sysinfo",
	"ugetrlimit",
	"uname",
	"wait4",
	"waitid",
	"waitpid",
};

/* Refused, for the reason that the errno says; most with EPERM. */
static const struct {
	const char *name;
	int error;
} refused[] = {
	/* ways out: sockets, processes of others, the machine */
	{"accept", EPERM},
	{"accept4", EPERM},
	{"bind", EPERM},
	{"connect", EPERM},
	{"listen", EPERM},
	{"setsockopt", EPERM},
	{"socket", EPERM},
	{"kcmp", EPERM},
	{"pidfd_getfd", EPERM},
	{"pidfd_open", EPERM},
	{"pidfd_send_signal", EPERM},
	{"process_vm_readv", EPERM},
	{"process_vm_writev", EPERM},
	{"ptrace", EPERM},
	{"rt_sigqueueinfo", EPERM},
	{"rt_tgsigqueueinfo", EPERM},
	{"bpf", EPERM},
	{"perf_event_open", EPERM},
	{"userfaultfd", EPERM},
	{"add_key", EPERM},
	{"keyctl", EPERM},
	{"request_key", EPERM},
	{"seccomp", EPERM},
	{"setns", EPERM},
	{"unshare", EPERM},
	{"chroot", EPERM},
	{"fsconfig", EPERM},
	{"fsmount", EPERM},
	{"fsopen", EPERM},
	{"fspick", EPERM},
	{"mount", EPERM},
	{"mount_setattr", EPERM},
	{"move_mount", EPERM},
	{"open_tree", EPERM},
	{"pivot_root", EPERM},
	{"umount", EPERM},
	{"umount2", EPERM},
	{"acct", EPERM},
	{"delete_module", EPERM},
	{"finit_module", EPERM},
	{"init_module", EPERM},
	{"kexec_file_load", EPERM},
	{"kexec_load", EPERM},
	{"open_by_handle_at", EPERM},
	{"name_to_handle_at", EPERM},
	{"quotactl", EPERM},
	{"reboot", EPERM},
	{"sethostname", EPERM},
	{"settimeofday", EPERM},
	{"swapon", EPERM},
	{"syslog", EPERM},
	{"fanotify_init", EPERM},
	/* other rights than it has */
	{"capset", EPERM},
	{"setfsgid", EPERM},
	{"setfsuid", EPERM},
	{"setgid", EPERM},
	{"setgroups", EPERM},
	{"setregid", EPERM},
	{"setresgid", EPERM},
	{"setresuid", EPERM},
	{"setreuid", EPERM},
	{"setrlimit", EPERM},
	{"setuid", EPERM},
	{"ioprio_set", EPERM},
	{"sched_setattr", EPERM},
	{"sched_setparam", EPERM},
	{"sched_setscheduler", EPERM},
	/* what changes a document through a descriptor that only reads, or by name */
	{"chmod", EPERM},
	{"chown", EPERM},
	{"chown32", EPERM},
	{"fchmod", EPERM},
	{"fchmodat", EPERM},
	{"fchmodat2", EPERM},
	{"fchown", EPERM},
	{"fchown32", EPERM},
	{"fchownat", EPERM},
	{"futimesat", EPERM},
	{"lchown", EPERM},
	{"utime", EPERM},
	{"utimensat", EPERM},
	{"utimes", EPERM},
	{"mknod", EPERM},
	{"mknodat", EPERM},
	{"fremovexattr", ENOTSUP},
	{"fsetxattr", ENOTSUP},
	{"lremovexattr", ENOTSUP},
	{"lsetxattr", ENOTSUP},
	{"removexattr", ENOTSUP},
	{"setxattr", ENOTSUP},
	/* what stands in attributes of files that it may not open: Landlock does not ask there */
	{"getxattr", ENOTSUP},
	{"lgetxattr", ENOTSUP},
	{"listxattr", ENOTSUP},
	{"llistxattr", ENOTSUP},
	/* holds up those who have the document open too */
	{"flock", ENOLCK},
};

/* Commands of fcntl, ioctl and prctl that stay within the process.  The others send signals to whom
 * they name (F_SETOWN), stop writers (F_SETLEASE), change documents (FS_IOC_SETFLAGS), type
 * (TIOCSTI), outlive the keeper (PR_SET_PDEATHSIG). */
static const unsigned fcntls[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL,
	F_GETLK, F_OFD_GETLK, F_GETPIPE_SZ, F_SETPIPE_SZ, F_GET_SEALS};
/* As flock: whoever locks the document to write it would wait for a converter that reads it. */
static const unsigned locks[] = {F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW};
static const unsigned ioctls[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX};
static const unsigned prctls[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_PDEATHSIG, PR_GET_DUMPABLE,
	PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS, PR_GET_SECCOMP, PR_CAPBSET_READ, PR_SET_VMA,
	PR_GET_TIMERSLACK, PR_SET_TIMERSLACK, PR_SET_THP_DISABLE};
/* What a library asks of a socket that it is given; no SO_PEERPIDFD, a handle on the daemon. */
static const unsigned sockopts[] = {SO_TYPE, SO_ERROR, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE,
	SO_LINGER, SO_PASSCRED, SO_PEERCRED, SO_RCVTIMEO, SO_SNDTIMEO, SO_ACCEPTCONN, SO_PROTOCOL,
	SO_DOMAIN};

/* All kinds of namespaces; CLONE_NEWTIME is no flag of clone(2). */
enum {
	NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
		     CLONE_NEWPID | CLONE_NEWNET
};
#ifdef __s390x__
enum { CLONE_FLAGS_ARG = 1 };
#else
enum { CLONE_FLAGS_ARG = 0 };
#endif

static void check(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "jail_policy: %s: %s\n", what, strerror(-rc));
	exit(1);
}

/* What a sanitizer does at start and, for leaks, at the end: it stops itself from a process of its
 * own. */
static bool sanitizer_needs(const char *name)
{
	static const char *const names[] = {
		"clone", "personality", "prctl", "prlimit64", "ptrace", "setrlimit"};

	for (size_t i = 0; TRAWL_SANITIZED && i < sizeof names / sizeof names[0]; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void rule(scmp_filter_ctx ctx, uint32_t action, const char *name, unsigned count,
	const struct scmp_arg_cmp *args)
{
	int number = seccomp_syscall_resolve_name(name);

	/* Newer than this libseccomp, so unknown to the filter: ENOSYS by default. */
	if (number == __NR_SCMP_ERROR)
		return;
	if (sanitizer_needs(name)) {
		action = SCMP_ACT_ALLOW;
		count = 0;
	}
	check(seccomp_rule_add_array(ctx, action, number, count, args), name);
}

/* Allowed if the low half of argument `arg` has `value` under `mask`. */
static void allow_masked(
	scmp_filter_ctx ctx, const char *name, unsigned arg, uint32_t mask, uint32_t value)
{
	struct scmp_arg_cmp cmp = {
		.arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};

	rule(ctx, SCMP_ACT_ALLOW, name, 1, &cmp);
}

static void allow_commands(
	scmp_filter_ctx ctx, const char *name, unsigned arg, const unsigned *commands, size_t n)
{
	for (size_t i = 0; i < n; i++)
		allow_masked(ctx, name, arg, UINT32_MAX, commands[i]);
}

static void refuse_locks(scmp_filter_ctx ctx, const char *name)
{
	for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++) {
		struct scmp_arg_cmp cmp = {.arg = 1,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = UINT32_MAX,
			.datum_b = locks[i]};

		rule(ctx, SCMP_ACT_ERRNO(ENOLCK), name, 1, &cmp);
	}
}

/* New threads always, new processes if it may have some; never a namespace. */
static void add_clone(scmp_filter_ctx ctx, bool many)
{
	uint32_t mask = many ? NAMESPACES : NAMESPACES | CLONE_THREAD;

	allow_masked(ctx, "clone", CLONE_FLAGS_ARG, mask, many ? 0 : CLONE_THREAD);
	if (!many)
		return;
	rule(ctx, SCMP_ACT_ALLOW, "fork", 0, NULL);
	rule(ctx, SCMP_ACT_ALLOW, "vfork", 0, NULL);
}

/*
 * abort and raise signal the process by its number.  Where another layer says whom signals reach,
 * children may be named as well; else itself and its group alone, which is of its own session.
 */
static void add_signals(scmp_filter_ctx ctx, bool held)
{
	static const char *const names[] = {"kill", "tgkill", "tkill"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (held)
			rule(ctx, SCMP_ACT_ALLOW, names[i], 0, NULL);
		else
			allow_masked(ctx, names[i], 0, UINT32_MAX, JAIL_POLICY_SELF);
	if (!held)
		allow_masked(ctx, "kill", 0, UINT32_MAX, 0);
}

static void add_arguments(scmp_filter_ctx ctx)
{
	static const struct scmp_arg_cmp reads_own_limit[] = {
		{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = 0},
		{.arg = 2, .op = SCMP_CMP_EQ, .datum_a = 0},
	};
	/* A stream, which knows no other address than its other end. */
	static const struct scmp_arg_cmp stream_pair[] = {
		{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = AF_UNIX},
		{.arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = 0xf, .datum_b = SOCK_STREAM},
	};
	static const struct scmp_arg_cmp own_priority[] = {
		{.arg = 0, .op = SCMP_CMP_EQ, .datum_a = 0}, /* PRIO_PROCESS */
		{.arg = 1, .op = SCMP_CMP_EQ, .datum_a = 0},
	};

	rule(ctx, SCMP_ACT_ALLOW, "prlimit64", 2, reads_own_limit);
	rule(ctx, SCMP_ACT_ALLOW, "socketpair", 2, stream_pair);
	rule(ctx, SCMP_ACT_ALLOW, "setpriority", 2, own_priority);
	allow_masked(ctx, "sched_setaffinity", 0, UINT32_MAX, 0);
	allow_masked(ctx, "personality", 0, UINT32_MAX, UINT32_MAX); /* asks only */
	allow_commands(ctx, "fcntl", 1, fcntls, sizeof fcntls / sizeof fcntls[0]);
	allow_commands(ctx, "fcntl64", 1, fcntls, sizeof fcntls / sizeof fcntls[0]);
	allow_commands(ctx, "ioctl", 1, ioctls, sizeof ioctls / sizeof ioctls[0]);
	allow_commands(ctx, "prctl", 0, prctls, sizeof prctls / sizeof prctls[0]);
	allow_commands(ctx, "getsockopt", 2, sockopts, sizeof sockopts / sizeof sockopts[0]);
	refuse_locks(ctx, "fcntl");
	refuse_locks(ctx, "fcntl64");
}

static scmp_filter_ctx make(bool many, bool held)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

	if (!ctx)
		check(-ENOMEM, "seccomp_init");
	/* Other tables of system calls than this machine's own (i386, x32) are no honest program's.
	 */
	check(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
		"architecture");
	/* A tree: the kernel runs the program for every call there is when it is loaded. */
	check(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), "optimize");
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
		rule(ctx, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		rule(ctx, SCMP_ACT_ERRNO((uint32_t)refused[i].error), refused[i].name, 0, NULL);
	add_arguments(ctx);
	add_clone(ctx, many);
	add_signals(ctx, held);
	return ctx;
}

/* As libseccomp writes it into a file, and as the kernel takes it: an array of sock_filter. */
static void print(scmp_filter_ctx ctx, const char *name)
{
	FILE *f = tmpfile();
	struct sock_filter one;

	if (!f)
		check(-errno, "tmpfile");
	check(seccomp_export_bpf(ctx, fileno(f)), "export");
	rewind(f);
	printf("static struct sock_filter %s[] = {\n", name);
	while (fread(&one, sizeof one, 1, f) == 1)
		printf("\t{0x%04x, %u, %u, 0x%08x},\n", one.code, one.jt, one.jf, one.k);
	printf("};\n");
	fclose(f);
	seccomp_release(ctx);
}

int main(void)
{
	printf("/* Made by jail_policy.c. */\n");
	print(make(false, false), "jail_policy_one");
	print(make(true, false), "jail_policy_many");
	print(make(true, true), "jail_policy_held");
	return fflush(stdout) ? 1 : 0;
}
