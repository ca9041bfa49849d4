/* jail_seccomp: loads the filter of system calls; the policy is in jail_policy.c. */
#include "convert/jail.h"
#include "convert/jail_policy.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* jail_policy_one[] and jail_policy_many[] */
#include "convert/jail_policy.inc"

enum { ONE = sizeof jail_policy_one / sizeof jail_policy_one[0] };
enum { MANY = sizeof jail_policy_many / sizeof jail_policy_many[0] };

bool jail_seccomp_apply(const struct jail_options *o)
{
	static struct sock_filter mine[ONE];
	struct sock_fprog program = {.len = ONE, .filter = mine};

	if (o->processes > 1) {
		/* Whom it may signal is said by other layers: it may have children. */
		program.len = MANY;
		program.filter = jail_policy_many;
	} else {
		memcpy(mine, jail_policy_one, sizeof mine);
		for (size_t i = 0; i < ONE; i++)
			if (mine[i].k == JAIL_POLICY_SELF)
				mine[i].k = (unsigned)getpid();
	}
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}
