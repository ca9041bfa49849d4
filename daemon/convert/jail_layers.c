/*
 * jail_layers: the table of what confines a converter, and each layer's own function.
 *
 * A layer is applied in the process that is about to become the converter, in
 * the order of the table; one without a function is not part of this build.
 */
#include "convert/jail.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Whether sandbox = required insists on a layer. */
enum need { NEED_ALWAYS, NEED_ONE_OF /* any one of these will do */ };

struct layer {
	const char *name;
	bool (*apply)(const struct jail_options *o);
	enum need need;
};

static bool apply_no_new_privs(const struct jail_options *o)
{
	(void)o;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool apply_capabilities(const struct jail_options *o)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};

	(void)o;
	/* The bounding set matters to root alone, who would get all back by exec; others may not
	 * change it (EPERM) and cannot gain any under no_new_privs. */
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EPERM)
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

static bool apply_rlimits(const struct jail_options *o)
{
	enum { DESCRIPTORS = 64 };

	/* A sanitizer reserves terabytes of address space. */
	if (o->memory && !TRAWL_SANITIZED && !limit(RLIMIT_AS, o->memory))
		return false;
	if (o->cpu_s && !limit(RLIMIT_CPU, o->cpu_s))
		return false;
	if (o->file_bytes && !limit(RLIMIT_FSIZE, o->file_bytes))
		return false;
	return limit(RLIMIT_NOFILE, DESCRIPTORS) && limit(RLIMIT_CORE, 0);
}

static const struct layer layers[] = {
	{"no_new_privs", apply_no_new_privs, NEED_ALWAYS},
	{"capabilities", apply_capabilities, NEED_ALWAYS},
	{"rlimits", apply_rlimits, NEED_ALWAYS},
	{"namespaces", NULL, NEED_ONE_OF},
	{"landlock", NULL, NEED_ONE_OF},
	{"seccomp", NULL, NEED_ALWAYS},
};
enum { LAYER_COUNT = sizeof layers / sizeof layers[0] };

bool jail_layers_apply(const struct jail_options *o, unsigned *active, const char **missing)
{
	bool one_of = false;

	*active = 0;
	*missing = NULL;
	if (o->mode == JAIL_OFF)
		return true;
	for (size_t i = 0; i < LAYER_COUNT; i++) {
		if (layers[i].apply && layers[i].apply(o)) {
			*active |= 1U << i;
			one_of |= layers[i].need == NEED_ONE_OF;
		} else if (layers[i].need == NEED_ALWAYS && !*missing) {
			*missing = layers[i].name;
		}
	}
	if (!one_of && !*missing)
		*missing = "namespaces or landlock";
	return o->mode != JAIL_REQUIRED || !*missing;
}

void jail_layers_print(const struct jail_options *o, unsigned active)
{
	static const char *const modes[] = {
		[JAIL_REQUIRED] = "required",
		[JAIL_BEST_EFFORT] = "best-effort",
		[JAIL_OFF] = "off",
	};

	printf("{\"mode\":\"%s\",\"layers\":{", modes[o->mode]);
	for (size_t i = 0; i < LAYER_COUNT; i++)
		printf("%s\"%s\":%s", i ? "," : "", layers[i].name,
			active & 1U << i ? "true" : "false");
	printf("}}\n");
}
