/*
 * list: doubly linked lists whose links are embedded in what they hold.  Not locked.
 *
 * A link that is in no list is a list of its own, so that it can be taken out twice.
 */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
	struct link *before, *after;
};

/* What a link is embedded in. */
#define LIST_HOLDER(l, type, member) ((type *)(void *)((char *)(l) - offsetof(type, member)))

static inline void list_init(struct link *head)
{
	head->before = head->after = head;
}

static inline bool list_is_empty(const struct link *head)
{
	return head->after == head;
}

static inline void list_add_last(struct link *head, struct link *l)
{
	l->after = head;
	l->before = head->before;
	l->before->after = l;
	head->before = l;
}

static inline void list_remove(struct link *l)
{
	l->before->after = l->after;
	l->after->before = l->before;
	list_init(l);
}

#endif
