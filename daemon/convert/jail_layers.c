/*
 * jail_layers: the layers that the converter's own process puts on, right before it becomes the
 * converter; and the judgement whether all of them together are enough.
 *
 * Namespaces and the change of user come earlier, see jail_furnish.
 */
#include "convert/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	DESCRIPTORS = 64,
	TASKS = 32, /* threads and processes, above those that it may have */
	TASKS_SHARED =
		512,   /* the same, where other converters, or all of a person's, are counted too */
	SIGNALS = 256, /* queued ones and timers, which the kernel has to keep */
	NO_CORE = 1, /* of RLIMIT_CORE: with 0, a core is still given to a program that core_pattern
			names */
	LANDLOCK_SAFE = 3 /* the ABI from which a document cannot be cut short */
};

static bool apply_no_new_privs(const struct jail_options *o, struct jail_state *st)
{
	(void)o;
	(void)st;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool apply_capabilities(const struct jail_options *o, struct jail_state *st)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	(void)o;
	(void)st;
	/* The bounding set matters to root alone, who would get all back by exec; others may not
	 * change it (EPERM) and cannot gain any under no_new_privs.  EINVAL: behind the last. */
	unsigned long cap = 0;
	while (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
		cap++;
	if (errno != EINVAL && errno != EPERM)
		return false;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, none) == 0;
}

/* Soft = hard, so that no signal handler outlives the soft one; never above what we were given. */
static bool limit(__rlimit_resource_t what, long long value)
{
	struct rlimit now, want = {.rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value};

	if (getrlimit(what, &now))
		return false;
	if (now.rlim_max < want.rlim_max)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	return setrlimit(what, &want) == 0;
}

/* All tasks of the machine, or as many of them as we may know of; 0: unknown. */
static long long count_tasks(void)
{
	char text[128];
	long long all;
	int fd = open("/proc/loadavg", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%*s %*s %*s %*d/%lld", &all) == 1 ? all : 0;
}

/*
 * Tasks are counted by user: in a user namespace of its own, or as nobody, that is not the person's
 * own count.  Else so many may be added to what there are now: all, since to count the person's own
 * takes long.
 */
static bool limit_tasks(const struct jail_options *o, const struct jail_state *st)
{
	long long now;

	if (st->active & jail_bit(JAIL_USER))
		return limit(RLIMIT_NPROC, o->processes + TASKS);
	if (st->active & jail_bit(JAIL_UID))
		return limit(RLIMIT_NPROC, o->processes + TASKS_SHARED);
	now = count_tasks();
	return !now || limit(RLIMIT_NPROC, now + o->processes + TASKS_SHARED);
}

static bool apply_rlimits(const struct jail_options *o, struct jail_state *st)
{
	/* A sanitizer reserves terabytes of address space. */
	if (o->memory && !TRAWL_SANITIZED && !limit(RLIMIT_AS, o->memory))
		return false;
	if (o->cpu_s && !limit(RLIMIT_CPU, o->cpu_s))
		return false;
	if (o->file_bytes && !limit(RLIMIT_FSIZE, o->file_bytes))
		return false;
	return limit(RLIMIT_NOFILE, DESCRIPTORS) && limit(RLIMIT_CORE, NO_CORE) &&
	       limit(RLIMIT_SIGPENDING, SIGNALS) && limit_tasks(o, st);
}

static bool apply_landlock(const struct jail_options *o, struct jail_state *st)
{
	return jail_landlock_apply(o, st, &st->landlock_abi);
}

static bool apply_seccomp(const struct jail_options *o, struct jail_state *st)
{
	return jail_seccomp_apply(o, st);
}

/* In this order: each of the later needs a call that the last forbids. */
static const struct {
	enum jail_layer layer;
	bool (*apply)(const struct jail_options *o, struct jail_state *st);
} steps[] = {
	{JAIL_NO_NEW_PRIVS, apply_no_new_privs},
	{JAIL_RLIMITS, apply_rlimits},
	{JAIL_CAPABILITIES, apply_capabilities},
	{JAIL_LANDLOCK, apply_landlock},
	{JAIL_SECCOMP, apply_seccomp},
};

static const char *const words[] = {
#define X(name, word) [JAIL_##name] = word,
	JAIL_LAYER_TABLE(X)
#undef X
};

/*
 * Whether a document that it may read cannot be opened once more for writing: by Landlock, or since
 * there is no /proc to find it in, or since it is sealed.
 */
static bool document_is_safe(const struct jail_state *st)
{
	if (st->active & jail_bit(JAIL_LANDLOCK) && st->landlock_abi >= LANDLOCK_SAFE)
		return true;
	if (!(st->active & jail_bit(JAIL_MOUNT)))
		return false;
	int seals = st->proc ? fcntl(STDIN_FILENO, F_GET_SEALS) : 0;
	return !st->proc || (seals >= 0 && seals & F_SEAL_WRITE);
}

static const char *judge(const struct jail_state *st)
{
	static const enum jail_layer always[] = {
		JAIL_NO_NEW_PRIVS, JAIL_CAPABILITIES, JAIL_RLIMITS, JAIL_SECCOMP};

	for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
		if (!(st->active & jail_bit(always[i])))
			return words[always[i]];
	return document_is_safe(st) ? NULL : "Landlock of ABI 3 or a mount namespace without /proc";
}

void jail_layers_apply(const struct jail_options *o, struct jail_state *st)
{
	if (o->mode == JAIL_OFF)
		return;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (o->wanted & jail_bit(steps[i].layer) && steps[i].apply(o, st))
			st->active |= jail_bit(steps[i].layer);
	st->missing = judge(st);
}

static const unsigned namespaces = 1U << JAIL_USER | 1U << JAIL_PID | 1U << JAIL_NET |
				   1U << JAIL_MOUNT | 1U << JAIL_IPC | 1U << JAIL_UTS;

void jail_layers_print(const struct jail_options *o, const struct jail_state *st)
{
	static const char *const modes[] = {
		[JAIL_REQUIRED] = "required",
		[JAIL_BEST_EFFORT] = "best-effort",
		[JAIL_OFF] = "off",
	};
	static const struct {
		const char *name;
		unsigned any_of;
	} shown[] = {
		{"no_new_privs", 1U << JAIL_NO_NEW_PRIVS},
		{"capabilities", 1U << JAIL_CAPABILITIES},
		{"rlimits", 1U << JAIL_RLIMITS},
		{"namespaces", namespaces},
		{"landlock", 1U << JAIL_LANDLOCK},
		{"seccomp", 1U << JAIL_SECCOMP},
	};
	const char *comma = "";

	printf("{\"mode\":\"%s\",\"layers\":{", modes[o->mode]);
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
		printf("%s\"%s\":%s", i ? "," : "", shown[i].name,
			st->active & shown[i].any_of ? "true" : "false");
	printf("},\"landlock_abi\":%d,\"namespaces\":[", st->landlock_abi);
	for (unsigned layer = 0; layer < JAIL_LAYER_COUNT; layer++)
		if (st->active & namespaces & 1U << layer) {
			printf("%s\"%s\"", comma, words[layer]);
			comma = ",";
		}
	printf("],\"uid\":%u,\"satisfied\":%s", (unsigned)st->uid,
		o->mode == JAIL_REQUIRED && st->missing ? "false" : "true");
	if (st->missing)
		printf(",\"missing\":\"%s\"", st->missing);
	printf("}\n");
}
