/*
 * lacking: runs a command where the kernel or the service manager withholds something, as some do.
 *
 *     lacking namespaces COMMAND ...        no namespace may be made, as by RestrictNamespaces=yes
 *     lacking user-namespaces UID COMMAND   max_user_namespaces is 0; as that user (needs root)
 *     lacking names COMMAND ...             user namespaces are given, but no user may be named in them
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
		CLONE_NEWPID | CLONE_NEWNET)

_Noreturn static void die(const char *what)
{
	perror(what);
	exit(111);
}

#define NUMBER offsetof(struct seccomp_data, nr)
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define REFUSE(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void load(struct sock_filter *code, unsigned short n)
{
	struct sock_fprog program = {.len = n, .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		die("seccomp");
}

static void without_namespaces(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 2, 0),
		ALLOW,
		REFUSE(ENOSYS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(0)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
		REFUSE(EPERM),
		ALLOW,
	};

	load(code, sizeof code / sizeof code[0]);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* In a user namespace with the same names, whose own limit says: no more of them. */
static void without_user_namespaces(unsigned uid)
{
	int entered[2], named[2];
	char path[64], byte = 0;
	pid_t self = getpid();

	if (pipe(entered) || pipe(named))
		die("pipe");
	pid_t helper = fork();
	if (helper == 0) {
		(void)!read(entered[0], &byte, 1);
		snprintf(path, sizeof path, "/proc/%d/uid_map", (int)self);
		put(path, "0 0 4294967295");
		snprintf(path, sizeof path, "/proc/%d/gid_map", (int)self);
		put(path, "0 0 4294967295");
		(void)!write(named[1], &byte, 1);
		_exit(0);
	}
	if (helper < 0 || unshare(CLONE_NEWUSER) || write(entered[1], &byte, 1) != 1)
		die("user namespace");
	close(named[1]);
	if (read(named[0], &byte, 1) != 1)
		die("names");
	waitpid(helper, NULL, 0);
	put("/proc/sys/user/max_user_namespaces", "0");
	if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		die("setresuid");
	prctl(PR_SET_DUMPABLE, 1);
}

/* As where a security module gives user namespaces to all, but no capabilities in them. */
static void without_names(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NUMBER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(2)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_WRONLY, 0, 1),
		REFUSE(EPERM),
		ALLOW,
	};

	load(code, sizeof code / sizeof code[0]);
}

int main(int argc, char **argv)
{
	char **command = argv + 2;

	if (argc > 2 && !strcmp(argv[1], "namespaces"))
		without_namespaces();
	else if (argc > 3 && !strcmp(argv[1], "user-namespaces"))
		without_user_namespaces((unsigned)atoi(*command++));
	else if (argc > 2 && !strcmp(argv[1], "names"))
		without_names();
	else
		return 111;
	execvp(command[0], command);
	die(command[0]);
}
