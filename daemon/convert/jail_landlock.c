/*
 * jail_landlock: the kernel's own rules on what a process may open, for what it may see.
 *
 * The numbers are written out here: the kernel that runs us may know more of them
 * than the headers that we are built with.  Each ABI adds to the one before.
 */
#include "convert/jail.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 }; /* the same everywhere */
enum { GET_VERSION = 1, RULE_PATH_BENEATH = 1 };

#define BIT(n) (UINT64_C(1) << (n))
#define EXECUTE BIT(0)
#define WRITE_FILE BIT(1)
#define READ_FILE BIT(2)
#define READ_DIR BIT(3)
#define REMOVE_DIR BIT(4)
#define REMOVE_FILE BIT(5)
#define MAKE_DIR BIT(7)
#define MAKE_REG BIT(8)
#define MAKE_SYM BIT(12)
#define REFER BIT(13)     /* ABI 2: links and renames from one directory to another */
#define TRUNCATE BIT(14)  /* ABI 3 */
#define IOCTL_DEV BIT(15) /* ABI 5 */

#define FILE_RIGHTS (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)
#define USE (EXECUTE | READ_FILE | READ_DIR)
#define OWN \
	(READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | \
		MAKE_REG | MAKE_SYM | REFER)

/* What is handled, and so forbidden but for the rules. */
struct ruleset {
	uint64_t files;  /* ABI 1 */
	uint64_t net;    /* ABI 4: bind and connect of TCP */
	uint64_t scopes; /* ABI 6: abstract sockets of others, signals to others */
};
struct rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static const struct {
	struct ruleset handled;
	size_t size; /* of the structure, as that ABI knows it */
} abis[] = {
	{{0, 0, 0}, 0}, {{BIT(13) - 1, 0, 0}, 8}, {{BIT(14) - 1, 0, 0}, 8},
	{{BIT(15) - 1, 0, 0}, 8}, {{BIT(15) - 1, 3, 0}, 16}, {{BIT(16) - 1, 3, 0}, 16},
	{{BIT(16) - 1, 3, 3}, 24}, /* and whatever comes after */
};
enum { ABIS = sizeof abis / sizeof abis[0] };

static void add_rule(int ruleset, uint64_t handled, int fd, mode_t mode, uint64_t rights)
{
	struct rule rule = {.allowed = rights & handled, .parent = fd};

	if (!S_ISDIR(mode))
		rule.allowed &= FILE_RIGHTS;
	/* What gets no rule stays forbidden. */
	(void)syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0);
}

static void add_fd(int ruleset, uint64_t handled, int fd, uint64_t rights)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		add_rule(ruleset, handled, fd, st.st_mode, rights);
}

/* What is not there needs no rule, nor does a link: what it leads to is in the table itself. */
static void add_path(int ruleset, uint64_t handled, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && !S_ISLNK(st.st_mode))
		add_rule(ruleset, handled, fd, st.st_mode, rights);
	close(fd);
}

static void add_rules(const struct jail_options *o, int ruleset, uint64_t handled)
{
	for (const struct jail_path *p = jail_paths; p->path; p++)
		add_path(ruleset, handled, p->path, USE);
	for (const struct jail_path *p = jail_devices; p->path; p++)
		add_path(ruleset, handled, p->path,
			READ_FILE | (p->writable ? WRITE_FILE | TRUNCATE : 0));
	for (size_t i = 0; i < jail_words.count; i++)
		add_fd(ruleset, handled, jail_words.fd[i], USE);
	/* Its private directory, which is the working directory. */
	add_path(ruleset, handled, ".", OWN);
	if (jail_wants_stdin_path(o)) /* one in memory knows no rules, and is sealed */
		add_fd(ruleset, handled, STDIN_FILENO, READ_FILE);
	if (TRAWL_SANITIZED)
		add_path(ruleset, handled, "/proc", READ_FILE | READ_DIR);
}

bool jail_landlock_apply(const struct jail_options *o, const struct jail_state *st, int *abi)
{
	long version = syscall(CREATE_RULESET, NULL, 0, GET_VERSION);

	*abi = version > 0 ? (int)version : 0;
	if (!*abi)
		return false;
	size_t row = version < ABIS ? (size_t)version : ABIS - 1;
	const struct ruleset *handled = &abis[row].handled;
	int ruleset = (int)syscall(CREATE_RULESET, handled, abis[row].size, 0);
	if (ruleset < 0)
		return false;
	add_rules(o, ruleset, handled->files);
	if (st->active & jail_bit(JAIL_MOUNT)) {
		/* Tools that know no other name for a temporary file write into /tmp itself. */
		add_path(ruleset, handled->files, JAIL_TMP, OWN);
		add_path(ruleset, handled->files, JAIL_USERS, READ_FILE);
	}
	bool restricted = syscall(RESTRICT_SELF, ruleset, 0) == 0;
	close(ruleset);
	return restricted;
}
