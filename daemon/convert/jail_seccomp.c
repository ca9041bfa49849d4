/* jail_seccomp: loads the filter of system calls; the policy is in jail_policy.c. */
#include "convert/jail.h"
#include "convert/jail_policy.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

/* jail_policy_one[], jail_policy_many[] and jail_policy_held[] */
#include "convert/jail_policy.inc"

enum {
	ONE = sizeof jail_policy_one / sizeof jail_policy_one[0],
	MANY = sizeof jail_policy_many / sizeof jail_policy_many[0],
	HELD = sizeof jail_policy_held / sizeof jail_policy_held[0],
	LANDLOCK_SCOPES = 6 /* the ABI from which it holds signals to others */
};

/* Whether another layer keeps its signals from all but its own processes. */
static bool signals_are_held(const struct jail_state *st)
{
	return st->active & jail_bit(JAIL_PID) ||
	       (st->active & jail_bit(JAIL_LANDLOCK) && st->landlock_abi >= LANDLOCK_SCOPES);
}

bool jail_seccomp_apply(const struct jail_options *o, const struct jail_state *st)
{
	struct sock_fprog program = {.len = ONE, .filter = jail_policy_one};

	if (o->processes > 1 && signals_are_held(st))
		program = (struct sock_fprog){.len = HELD, .filter = jail_policy_held};
	else if (o->processes > 1)
		program = (struct sock_fprog){.len = MANY, .filter = jail_policy_many};
	/* In our own copy: the process has been forked for this. */
	for (size_t i = 0; i < program.len; i++)
		if (program.filter[i].k == JAIL_POLICY_SELF)
			program.filter[i].k = (unsigned)getpid();
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}
