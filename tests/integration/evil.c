/*
 * evil: a converter that tries one thing that it must not be able to do, named by its first argument.
 *
 * Exit status 0: it was refused, and the errno is on standard output; 1: it got through; 2: neither
 * could be found out.  What is cut at a limit tells how far it came.  Arguments that are paths begin
 * with '@', so that the jail does not take them for the converter's own files.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <netinet/in.h>
#include <unistd.h>

enum { HELD = 0, THROUGH = 1, UNKNOWN = 2 };
enum { MIB = 1 << 20 };

static const char *path_of(const char *argument)
{
	return *argument == '@' ? argument + 1 : argument;
}

/* Of a call that must fail: what it returned. */
static int verdict(long rc)
{
	if (rc >= 0)
		return THROUGH;
	printf("%s\n", strerrorname_np(errno));
	return HELD;
}

/* --- files --- */

static int try_read(const char *argument)
{
	char byte;
	int fd = open(path_of(argument), O_RDONLY);

	return verdict(fd < 0 ? -1 : read(fd, &byte, 1) == 1 ? 0 : -1);
}

static int try_write(const char *argument)
{
	return verdict(open(path_of(argument), O_WRONLY | O_CREAT, 0600));
}

static int try_reopen(const char *argument)
{
	(void)argument;
	return verdict(open("/proc/self/fd/0", O_WRONLY));
}

static int try_reopen_truncate(const char *argument)
{
	(void)argument;
	return verdict(open("/proc/self/fd/0", O_RDONLY | O_TRUNC));
}

/* By a name, without opening it: what Landlock knows of from ABI 3 on. */
static int try_truncate(const char *argument)
{
	return verdict(truncate(path_of(argument), 0));
}

static int try_reopen_stdin(const char *argument)
{
	(void)argument;
	return verdict(open("/dev/stdin", O_RDWR));
}

static int try_fchmod(const char *argument)
{
	(void)argument;
	return verdict(fchmod(0, 0666));
}

static int try_chmod_by_proc(const char *argument)
{
	(void)argument;
	return verdict(chmod("/proc/self/fd/0", 0666));
}

static int try_fchown(const char *argument)
{
	struct stat st;

	(void)argument;
	return verdict(fstat(0, &st) ? -1 : fchown(0, st.st_uid, st.st_gid));
}

static int try_futimens(const char *argument)
{
	static const struct timespec times[2] = {{1, 0}, {1, 0}};

	(void)argument;
	return verdict(futimens(0, times));
}

static int try_fsetxattr(const char *argument)
{
	(void)argument;
	return verdict(fsetxattr(0, "user.evil", "x", 1, 0));
}

static int try_flags(const char *argument)
{
	int flags = FS_NODUMP_FL;

	(void)argument;
	return verdict(ioctl(0, FS_IOC_SETFLAGS, &flags));
}

static int try_lease(const char *argument)
{
	(void)argument;
	return verdict(fcntl(0, F_SETLEASE, F_RDLCK));
}

/* Whoever wants to write it may wait for a lock that only reads. */
static int try_lock(const char *argument)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};

	(void)argument;
	if (fcntl(0, F_SETLK, &lock) == 0)
		return THROUGH;
	return verdict(fcntl(0, F_OFD_SETLK, &lock));
}

static int try_attribute(const char *argument)
{
	char bytes[64];

	return verdict(getxattr(path_of(argument), "user.origin", bytes, sizeof bytes));
}

/* --- sockets --- */

static int try_tcp(const char *argument)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argument))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return verdict(fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to, sizeof to));
}

static int connect_unix(const char *name, size_t n, size_t skip)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(to.sun_path + skip, name, n);
	return verdict(fd < 0 ? -1 : connect(fd, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + skip + n)));
}

static int try_unix(const char *argument)
{
	return connect_unix(path_of(argument), strlen(path_of(argument)) + 1, 0);
}

static int try_abstract(const char *argument)
{
	return connect_unix(argument, strlen(argument), 1);
}

/* A datagram socket of a pair may send to any address. */
static int try_datagram(const char *argument)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = strlen(path_of(argument)) + 1;
	int pair[2];

	memcpy(to.sun_path, path_of(argument), n);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		return verdict(-1);
	return verdict(sendto(pair[0], "x", 1, 0, (struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)));
}

/* --- the kernel --- */

static int try_io_uring(const char *argument)
{
	char params[120] = {0};

	(void)argument;
	return verdict(syscall(SYS_io_uring_setup, 4, params));
}

static int try_mount(const char *argument)
{
	int rc = mount("evil", ".", "tmpfs", 0, NULL);

	(void)argument;
	/* Without a jail it was the machine's. */
	if (rc == 0)
		umount2(".", MNT_DETACH);
	return verdict(rc);
}

static int try_keyctl(const char *argument)
{
	(void)argument;
	return verdict(syscall(SYS_add_key, "user", "evil", "x", 1UL, -3L /* session */));
}

static int try_unshare(const char *argument)
{
	(void)argument;
	return verdict(unshare(CLONE_NEWUSER));
}

static int try_clone(const char *argument)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	(void)argument;
	if (pid == 0)
		_exit(0);
	return verdict(pid);
}

static int try_clone3(const char *argument)
{
	uint64_t args[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
	long pid = syscall(SYS_clone3, args, sizeof args);

	(void)argument;
	if (pid == 0)
		_exit(0);
	return verdict(pid);
}

/* Calls that no converter has a use for, each with arguments that would fail otherwise: by another errno. */
static int try_calls(const char *argument)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {
		{"bpf", SYS_bpf}, {"perf_event_open", SYS_perf_event_open},
		{"userfaultfd", SYS_userfaultfd}, {"process_vm_readv", SYS_process_vm_readv},
		{"process_vm_writev", SYS_process_vm_writev}, {"kexec_load", SYS_kexec_load},
		{"init_module", SYS_init_module}, {"finit_module", SYS_finit_module},
		{"delete_module", SYS_delete_module}, {"setns", SYS_setns},
		{"pivot_root", SYS_pivot_root}, {"umount2", SYS_umount2},
		{"open_tree", SYS_open_tree}, {"move_mount", SYS_move_mount},
		{"fsopen", SYS_fsopen}, {"request_key", SYS_request_key}, {"keyctl", SYS_keyctl},
		{"setuid", SYS_setuid}, {"setgid", SYS_setgid}, {"setresuid", SYS_setresuid},
		{"capset", SYS_capset}, {"pidfd_open", SYS_pidfd_open},
		{"pidfd_getfd", SYS_pidfd_getfd}, {"open_by_handle_at", SYS_open_by_handle_at},
		{"io_uring_enter", SYS_io_uring_enter}, {"shmget", SYS_shmget},
		{"mq_open", SYS_mq_open}, {"memfd_create", SYS_memfd_create},
		{"seccomp", SYS_seccomp}, {"reboot", SYS_reboot}, {"mknodat", SYS_mknodat},
		{"fanotify_init", SYS_fanotify_init}, {"inotify_init1", SYS_inotify_init1},
		{"ioprio_set", SYS_ioprio_set}, {"sched_setscheduler", SYS_sched_setscheduler},
		{"flock", SYS_flock},
	};
	int through = 0;

	(void)argument;
	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		long rc = syscall(calls[i].number, -1L, -1L, -1L, -1L, -1L, -1L);

		if (rc < 0 && (errno == EPERM || errno == ENOSYS || errno == ENOLCK))
			continue;
		printf("%s: %s\n", calls[i].name, rc < 0 ? strerrorname_np(errno) : "done");
		through++;
	}
	return through ? THROUGH : HELD;
}

#ifdef __x86_64__
/* The same kernel by another door: the 32-bit table of system calls, and x32's. */
static int try_i386(const char *argument)
{
	long pid;

	(void)argument;
	__asm__ volatile("int $0x80" : "=a"(pid) : "a"(20L) : "r8", "r9", "r10", "r11", "memory");
	return pid > 0 ? THROUGH : UNKNOWN;
}

static int try_x32(const char *argument)
{
	(void)argument;
	return syscall(0x40000000 | SYS_getpid) > 0 ? THROUGH : UNKNOWN;
}
#endif

/* --- processes --- */

static int try_ptrace(const char *argument)
{
	return verdict(ptrace(PTRACE_SEIZE, atoi(argument), NULL, NULL));
}

static int try_signal(const char *argument)
{
	return verdict(kill(atoi(argument), SIGUSR1));
}

static int try_queue(const char *argument)
{
	return verdict(sigqueue(atoi(argument), SIGUSR1, (union sigval){0}));
}

/* A descriptor's owner is told when it can be read, by whatever signal: so whom may one name? */
static int try_sigio(const char *argument)
{
	int pair[2];

	if (pipe(pair) || fcntl(pair[0], F_SETOWN, atoi(argument)) ||
		fcntl(pair[0], F_SETSIG, SIGUSR1) || fcntl(pair[0], F_SETFL, O_ASYNC))
		return verdict(-1);
	(void)!write(pair[1], "x", 1);
	return UNKNOWN; /* the victim tells */
}

static int try_renice(const char *argument)
{
	return verdict(setpriority(PRIO_PROCESS, (id_t)atoi(argument), 10));
}

static int try_limits(const char *argument)
{
	struct rlimit limit = {100, 100};

	return verdict(syscall(SYS_prlimit64, atoi(argument), RLIMIT_NOFILE, &limit, NULL));
}

static int try_exec(const char *argument)
{
	char *argv[] = {"evil", "who", NULL};

	execv(path_of(argument), argv);
	return verdict(-1);
}

/* Started by try_exec from a file that is root's and set-user-ID. */
static int try_who(const char *argument)
{
	(void)argument;
	printf("euid %d\n", (int)geteuid());
	return geteuid() == 0 ? THROUGH : HELD;
}

static int try_fork(const char *argument)
{
	pid_t pid = fork();

	(void)argument;
	if (pid == 0)
		_exit(0);
	return verdict(pid);
}

/* Two thousand that sleep; more would hurt those who run this without a jail. */
static int try_bomb(const char *argument)
{
	int n = 0;

	(void)argument;
	signal(SIGTERM, SIG_IGN);
	for (; n < 2000; n++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			setsid();
			for (;;)
				pause();
		}
	}
	printf("%d\n", n);
	return n < 2000 ? HELD : THROUGH;
}

/* Holds standard output open in a session of its own. */
static int try_grandchild(const char *argument)
{
	(void)argument;
	if (fork() == 0) {
		signal(SIGTERM, SIG_IGN);
		setsid();
		if (fork() == 0)
			setsid();
		for (;;)
			pause();
	}
	usleep(50000);
	return HELD;
}

static int try_hang(const char *argument)
{
	(void)argument;
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_IGN);
	printf("hanging\n");
	fflush(stdout);
	for (;;)
		pause();
	return UNKNOWN;
}

static int try_spin(const char *argument)
{
	(void)argument;
	signal(SIGXCPU, SIG_IGN);
	for (volatile uint64_t n = 0;; n++)
		;
	return UNKNOWN;
}

/* --- resources --- */

/* 10 GB of address space, the first of each 64 MiB touched. */
static int try_memory(const char *argument)
{
	int n = 0;

	(void)argument;
	for (; n < 160; n++) {
		char *p = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			break;
		*p = 1;
	}
	printf("%d\n", n * 64);
	return n < 160 ? HELD : THROUGH;
}

/* Files of 1 MiB in TMPDIR, until it fails; tells how many. */
static int try_fill(const char *argument)
{
	static char block[MIB];
	char name[512];
	int most = atoi(argument), n = 0;

	for (; n < most; n++) {
		snprintf(name, sizeof name, "%s/%d", getenv("TMPDIR"), n);
		int fd = open(name, O_WRONLY | O_CREAT, 0600);
		if (fd < 0 || write(fd, block, sizeof block) != sizeof block)
			break;
		close(fd);
		usleep(5000);
	}
	printf("%d\n", n);
	return n < most ? HELD : THROUGH;
}

static int try_inodes(const char *argument)
{
	char name[512];
	int most = atoi(argument), n = 0;

	for (; n < most; n++) {
		snprintf(name, sizeof name, "%s/%d", getenv("TMPDIR"), n);
		if (mkdir(name, 0700))
			break;
	}
	printf("%d\n", n);
	return n < most ? HELD : THROUGH;
}

/* Directories in directories, deeper than a tool that holds each of them open could go. */
static int try_deep(const char *argument)
{
	int most = atoi(argument), n = 0;

	while (n < most && mkdir("deeper", 0700) == 0 && chdir("deeper") == 0)
		n++;
	(void)!symlink("/", "link");
	(void)!close(open("file", O_WRONLY | O_CREAT, 0000));
	printf("%d\n", n);
	return HELD;
}

static int sleep_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		pause();
	return 0;
}

/* Threads with a page of stack each: no limit of memory comes first. */
static int try_threads(const char *argument)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	int most = atoi(argument), n = 0;

	for (; n < most; n++) {
		char *stack = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (stack == MAP_FAILED || clone(sleep_for_ever, stack + 4096, flags, NULL) < 0)
			break;
	}
	printf("%d\n", n);
	fflush(stdout);
	_exit(n < most ? HELD : THROUGH);
}

static int try_timers(const char *argument)
{
	int most = atoi(argument), n = 0;
	timer_t timer;

	while (n < most && timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0)
		n++;
	printf("%d\n", n);
	return n < most ? HELD : THROUGH;
}

static int try_big_file(const char *argument)
{
	int fd = open("big", O_WRONLY | O_CREAT, 0600);

	(void)argument;
	signal(SIGXFSZ, SIG_IGN);
	return fd < 0 ? UNKNOWN : verdict(ftruncate(fd, (off_t)10 << 30));
}

static int try_descriptors(const char *argument)
{
	int n = 0;

	(void)argument;
	while (n < 900 && dup(0) >= 0)
		n++;
	printf("%d\n", n);
	return n < 900 ? HELD : THROUGH;
}

static int flood(int fd)
{
	static char block[MIB];

	memset(block, 'x', sizeof block);
	for (int i = 0; i < 10240; i++)
		if (write(fd, block, sizeof block) < 0)
			return verdict(-1);
	return THROUGH;
}

static int try_stdout(const char *argument)
{
	(void)argument;
	return flood(STDOUT_FILENO);
}

static int try_stderr(const char *argument)
{
	(void)argument;
	return flood(STDERR_FILENO);
}

/* --- what an honest converter does --- */

static int do_nothing(const char *argument)
{
	(void)argument;
	printf("fine\n");
	return HELD;
}

/* Opens /dev/stdin by its name and copies it. */
static int do_copy(const char *argument)
{
	char bytes[4096];
	int fd = open(argument, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	if (n < 0 || write(STDOUT_FILENO, bytes, (size_t)n) != n)
		return UNKNOWN;
	return HELD;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*attempt)(const char *argument);
	} attempts[] = {
		{"read", try_read}, {"write", try_write}, {"reopen", try_reopen},
		{"reopen-truncate", try_reopen_truncate}, {"reopen-stdin", try_reopen_stdin},
		{"truncate", try_truncate},
		{"fchmod", try_fchmod}, {"chmod-by-proc", try_chmod_by_proc}, {"fchown", try_fchown},
		{"futimens", try_futimens}, {"fsetxattr", try_fsetxattr}, {"flags", try_flags},
		{"lease", try_lease}, {"lock", try_lock}, {"attribute", try_attribute},
		{"deep", try_deep}, {"threads", try_threads}, {"timers", try_timers}, {"tcp", try_tcp}, {"unix", try_unix},
		{"abstract", try_abstract}, {"datagram", try_datagram}, {"io_uring", try_io_uring},
		{"mount", try_mount}, {"keyctl", try_keyctl}, {"unshare", try_unshare},
		{"clone", try_clone}, {"clone3", try_clone3}, {"calls", try_calls},
#ifdef __x86_64__
		{"i386", try_i386}, {"x32", try_x32},
#endif
		{"ptrace", try_ptrace}, {"signal", try_signal}, {"queue", try_queue},
		{"sigio", try_sigio}, {"renice", try_renice}, {"limits", try_limits},
		{"exec", try_exec}, {"who", try_who}, {"fork", try_fork}, {"bomb", try_bomb},
		{"grandchild", try_grandchild}, {"hang", try_hang}, {"spin", try_spin},
		{"memory", try_memory}, {"fill", try_fill}, {"inodes", try_inodes},
		{"big-file", try_big_file}, {"descriptors", try_descriptors},
		{"stdout", try_stdout}, {"stderr", try_stderr}, {"nothing", do_nothing},
		{"copy", do_copy},
	};

	for (size_t i = 0; argc > 1 && i < sizeof attempts / sizeof attempts[0]; i++)
		if (!strcmp(attempts[i].name, argv[1]))
			return attempts[i].attempt(argc > 2 ? argv[2] : "");
	fprintf(stderr, "usage: evil attempt [argument]\n");
	return 99;
}
