/*
 * test_nodes: the directory tree against a naive model: parents and names in arrays, found by
 * looking at all of them.
 */
#include "watch/nodes.h"

#include "core/mem.h"
#include "dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NODES = 60, WDS = 12, STEPS = 30000, NAME = 40 };

struct model {
	struct node *n; /* NULL: not there */
	int parent;     /* -1: root's own, or detached */
	bool detached;
	char name[NAME];
	struct ident ident;
	int wd;
};

static struct nodes tree;
static struct model model[NODES];
static int64_t last_id;
static uint64_t next_ino;

static struct ident new_ident(void)
{
	next_ino++;
	/* numbers are used again with another birth time, as file systems do */
	return (struct ident){.ino = next_ino % 50 + 1, .btime_ns = (int64_t)next_ino, .dev = 1};
}

static bool is_below(int at, int top)
{
	for (; at >= 0; at = model[at].parent)
		if (at == top)
			return true;
	return false;
}

static bool has_children(int i)
{
	for (int k = 0; k < NODES; k++)
		if (model[k].n && model[k].parent == i)
			return true;
	return false;
}

static int child(int parent, const char *name)
{
	for (int k = 0; k < NODES; k++)
		if (model[k].n && model[k].parent == parent && !model[k].detached &&
			!strcmp(model[k].name, name))
			return k;
	return -1;
}

static int any(struct dice *dice)
{
	for (;;) {
		int i = (int)dice_below(dice, NODES);

		if (model[i].n)
			return i;
	}
}

/* Short and long ones, few enough to collide. */
static void make_name(struct dice *dice, char *name)
{
	unsigned n = (unsigned)dice_below(dice, 30);

	snprintf(name, NAME, "n%u%s", n, n % 3 ? "" : "-with-a-longer-name");
}

static void add(struct dice *dice, int parent)
{
	char name[NAME];
	int i = 0;

	while (i < NODES && model[i].n)
		i++;
	make_name(dice, name);
	if (i == NODES || child(parent, name) >= 0)
		return;
	struct model *m = &model[i];
	*m = (struct model){.parent = parent, .ident = new_ident(), .wd = -1};
	snprintf(m->name, NAME, "%s", name);
	assert_int_equal(nodes_add(&tree, NULL, model[parent].n, 0, name, &m->ident, &m->n), ST_OK);
	assert_true(m->n->id > last_id); /* never used again */
	last_id = m->n->id;
}

static void move(struct dice *dice, int i)
{
	struct model *m = &model[i];
	int to = any(dice);
	char name[NAME];

	make_name(dice, name);
	if (!m->detached && m->parent >= 0) {
		nodes_detach(&tree, m->n);
		m->detached = true;
		m->parent = -1;
	}
	if (!m->detached || is_below(to, i) || child(to, name) >= 0 || dice_below(dice, 4) == 0)
		return;
	assert_int_equal(nodes_attach(&tree, m->n, model[to].n, name), ST_OK);
	m->detached = false;
	m->parent = to;
	snprintf(m->name, NAME, "%s", name);
}

static void watch(struct dice *dice, int i)
{
	model[i].wd = (int)dice_below(dice, WDS + 3) - 3;
	if (model[i].wd < -1)
		model[i].wd = -1;
	assert_int_equal(nodes_set_wd(&tree, model[i].n, model[i].wd), ST_OK);
}

static void release(int i)
{
	if (i == 0 || has_children(i))
		return;
	nodes_free(&tree, model[i].n);
	model[i].n = NULL;
}

static void path_of(int i, struct buf *out)
{
	if (model[i].parent < 0)
		return;
	path_of(model[i].parent, out);
	buf_addf(out, "%s%s", out->len ? "/" : "", model[i].name);
}

static void check_node(int i)
{
	const struct model *m = &model[i];
	AUTO_BUF want = BUF_INIT;
	AUTO_BUF got = BUF_INIT;

	assert_ptr_equal(nodes_by_id(&tree, m->n->id), m->n);
	assert_ptr_equal(nodes_by_inode(&tree, &m->ident), m->n); /* detached or not */
	assert_int_equal(!!(m->n->flags & NODE_DETACHED), m->detached);
	assert_ptr_equal(node_parent(m->n), m->parent < 0 ? NULL : model[m->parent].n);
	if (m->parent >= 0)
		assert_ptr_equal(
			nodes_child(&tree, model[m->parent].n, m->name, strlen(m->name)), m->n);
	path_of(i, &want);
	node_path(m->n, &got);
	assert_string_equal(got.data ? got.data : "", want.data ? want.data : "");
}

/* Every node of the subtree once, parents first, and no other. */
static void check_walk(int top)
{
	bool seen[NODES] = {false};
	size_t walked = 0, below = 0;

	for (struct node *at = model[top].n; at; at = node_walk(model[top].n, at)) {
		int i = 0;

		while (model[i].n != at)
			assert_true(++i < NODES);
		assert_true(is_below(i, top));
		assert_false(seen[i]);
		assert_true(i == top || seen[model[i].parent]);
		seen[i] = true;
		walked++;
	}
	for (int i = 0; i < NODES; i++)
		below += model[i].n && is_below(i, top);
	assert_int_equal(walked, below);
}

/* Those that share a descriptor are one chain from the one found. */
static void check_wds(void)
{
	for (int wd = 0; wd < WDS; wd++) {
		size_t shared = 0, chained = 0;

		for (int i = 0; i < NODES; i++)
			shared += model[i].n && model[i].wd == wd;
		for (const struct node *n = nodes_by_wd(&tree, wd); n; n = node_wd_next(n), chained++)
			assert_int_equal(n->wd, wd);
		assert_int_equal(chained, shared);
	}
	assert_null(nodes_by_wd(&tree, WDS));
	assert_null(nodes_by_wd(&tree, -1));
}

static void check_all(void)
{
	size_t n = 0, named = 0;

	for (int i = 0; i < NODES; i++) {
		if (!model[i].n)
			continue;
		n++;
		named += model[i].parent >= 0;
		check_node(i);
		check_walk(i);
	}
	assert_int_equal(tree.by_id.count, n);
	assert_int_equal(tree.by_inode.count, n); /* nothing of an earlier inode is left */
	assert_int_equal(tree.by_name.count, named);
	check_wds();
}

static void step(struct dice *dice)
{
	int i = any(dice);

	switch (dice_below(dice, 6)) {
	case 0:
	case 1:
		add(dice, i);
		break;
	case 2:
		move(dice, i);
		break;
	case 3:
		watch(dice, i);
		break;
	case 4:
		release(i);
		break;
	default:
		model[i].ident = new_ident();
		assert_int_equal(nodes_set_ident(&tree, model[i].n, &model[i].ident), ST_OK);
	}
}

static void test_model(void **state)
{
	struct dice dice = {4711};

	(void)state;
	memset(model, 0, sizeof model);
	nodes_init(&tree);
	model[0] = (struct model){.parent = -1, .ident = new_ident(), .wd = -1};
	assert_int_equal(nodes_add(&tree, NULL, NULL, 0, "", &model[0].ident, &model[0].n), ST_OK);
	last_id = model[0].n->id;
	for (int i = 0; i < STEPS; i++) {
		step(&dice);
		if (i % 50 == 0)
			check_all();
	}
	check_all();
	nodes_finish(&tree);
}

static struct node *plain(
	struct node *parent, int64_t id, const char *name, const struct ident *ident)
{
	struct node *n = NULL;

	assert_int_equal(nodes_add(&tree, NULL, parent, id, name, ident, &n), ST_OK);
	return n;
}

static void test_ids(void **state)
{
	const struct ident none = {0};

	(void)state;
	nodes_init(&tree);
	struct node *root = plain(NULL, 17, "", &none); /* as loaded from the store */
	struct node *a = plain(root, 0, "a", &none);
	assert_int_equal(a->id, 18);
	struct node *b = plain(root, 5, "b", &none);
	assert_int_equal(plain(root, 0, "c", &none)->id, 19);
	assert_ptr_equal(nodes_by_id(&tree, 5), b);
	assert_null(nodes_by_id(&tree, 6));
	assert_null(nodes_by_inode(&tree, &none)); /* an inode of 0 is none */
	assert_null(nodes_child(&tree, root, "", 0));
	assert_null(nodes_child(&tree, a, "a", 1));
	assert_null(nodes_child(&tree, root, "ab", 2));
	assert_ptr_equal(nodes_child(&tree, root, "ab", 1), a); /* by length, not by NUL */
	nodes_finish(&tree);
}

static void test_inode(void **state)
{
	const struct ident here = {.ino = 9, .btime_ns = 1, .dev = 5};
	struct ident other = here;

	(void)state;
	nodes_init(&tree);
	struct node *root = plain(NULL, 0, "", &(struct ident){.ino = 1});
	struct node *first = plain(root, 0, "a", &here);
	struct node *bind = plain(root, 0, "b", &here);
	assert_ptr_equal(nodes_by_inode(&tree, &here), first);
	other.btime_ns = 2;
	assert_null(nodes_by_inode(&tree, &other)); /* the number was used again */
	assert_false(node_is(first, &other));
	other = here;
	other.dev = 6;
	assert_null(nodes_by_inode(&tree, &other)); /* another file system's */
	nodes_free(&tree, bind);
	assert_ptr_equal(nodes_by_inode(&tree, &here), first);
	/* loaded from the store: no device known yet, any will do */
	const struct ident loaded = {.ino = 30, .btime_ns = 3};
	struct node *l = plain(root, 0, "c", &loaded);
	other = loaded;
	other.dev = 77;
	assert_ptr_equal(nodes_by_inode(&tree, &other), l);
	nodes_finish(&tree);
}

static void test_detached(void **state)
{
	const struct ident id = {.ino = 9, .btime_ns = 1, .dev = 5};

	(void)state;
	nodes_init(&tree);
	struct node *root = plain(NULL, 0, "", &(struct ident){.ino = 1});
	struct node *a = plain(root, 0, "a", &id),
		    *in = plain(a, 0, "in", &(struct ident){.ino = 10});
	a->flags |= NODE_DETACHED_BULK | NODE_PENDING;
	nodes_detach(&tree, a);
	assert_null(nodes_child(&tree, root, "a", 1));
	assert_null(node_child(root));
	assert_ptr_equal(nodes_by_inode(&tree, &id), a);
	assert_ptr_equal(nodes_child(&tree, a, "in", 2), in); /* what is below goes along */
	struct node *successor = plain(root, 0, "a", &(struct ident){.ino = 11});
	assert_ptr_equal(nodes_child(&tree, root, "a", 1), successor);
	assert_int_equal(nodes_attach(&tree, a, successor, "a name that is longer"), ST_OK);
	assert_int_equal(a->flags & (NODE_DETACHED | NODE_DETACHED_BULK | NODE_PENDING), 0);
	AUTO_BUF path = BUF_INIT;
	node_path(in, &path);
	assert_string_equal(path.data, "a/a name that is longer/in");
	nodes_finish(&tree);
}

static void test_no_memory(void **state)
{
	const struct ident id = {.ino = 9, .btime_ns = 1, .dev = 5};
	enum status st = ST_NOMEM;
	struct node *n = NULL;

	(void)state;
	for (unsigned long nth = 1; st == ST_NOMEM; nth++) {
		nodes_init(&tree);
		struct node *root = plain(NULL, 0, "", &(struct ident){0});

		mem_fail_at(nth, 0);
		st = nodes_add(&tree, NULL, root, 0, "a", &id, &n);
		mem_fail_at(0, 0);
		if (st == ST_NOMEM) { /* as if it had not been tried */
			assert_null(node_child(root));
			assert_null(nodes_child(&tree, root, "a", 1));
			assert_null(nodes_by_inode(&tree, &id));
			assert_int_equal(tree.by_id.count, 1);
		}
		nodes_finish(&tree);
	}
	assert_int_equal(st, ST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_inode),
		cmocka_unit_test(test_detached),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
