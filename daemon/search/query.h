/*
 * query: what the user asked for, as a tree.
 *
 * Leaves are text (words, phrases, NEAR) or filters (facts of a file); AND and OR
 * have two children or more and never a child of their own kind, NOT has one and
 * never another NOT below it.
 */
#ifndef SEARCH_QUERY_H
#define SEARCH_QUERY_H

#include "core/buf.h"
#include "search/filter.h"

enum {
	QUERY_DEPTH_MAX = 32,  /* brackets and negations inside one another */
	QUERY_TERMS_MAX = 256, /* tokens and filters in all */
};

enum query_kind { QUERY_AND, QUERY_OR, QUERY_NOT, QUERY_TEXT, QUERY_FILTER };

struct query_phrase {
	char *text;  /* without escapes; the index's tokenizer cuts it */
	bool prefix; /* its last token may go on */
	bool quoted; /* it stood in quotes */
	size_t at, len; /* the bytes of the query that it was typed as, without quotes and star */
	bool exact;  /* stands for itself alone: quoted, starred, of several tokens, in NEAR or a field */
};

struct query_node {
	enum query_kind kind;
	/* AND, OR, NOT */
	struct query_node **children;
	size_t child_count;
	/* TEXT: one phrase, or the two and more of a NEAR */
	struct query_phrase *phrases;
	size_t phrase_count;
	int64_t distance; /* NEAR: tokens between; -1: a single phrase */
	bool title;	  /* looks in the title only */
	size_t leaf;	  /* its number among the text leaves, left to right */
	size_t phrase;	  /* the number of its first phrase among all phrases */
	/* FILTER */
	struct filter *filter;
};

struct query {
	struct query_node *root;
	struct query_node **leaves; /* text leaves, left to right; the tree owns them */
	size_t leaf_count, phrase_count;
};

MUST_USE enum status query_node_create(enum query_kind kind, struct query_node **out);
void query_node_destroy(struct query_node *n); /* and all below; NULL is fine */
/*
 * Takes *child (nulled, even on failure); a child of the parent's kind (AND, OR) is dissolved
 * into it.
 */
MUST_USE enum status query_node_add(struct query_node *parent, struct query_node **child);
/* Replaces *node by its negation; a double one is none. */
MUST_USE enum status query_node_negate(struct query_node **node);
/* Copies `len` bytes as one more phrase of a TEXT node; *out is it, to be told more. */
MUST_USE enum status query_node_phrase(
	struct query_node *text, const char *s, size_t len, struct query_phrase **out);

/* Takes *root (nulled, even on failure) and numbers its leaves. */
MUST_USE enum status query_create(struct query_node **root, struct query **out);
void query_destroy(struct query *q); /* NULL is fine */

/* What kinds of leaves are below. */
bool query_has_text(const struct query_node *n);
bool query_has_filter(const struct query_node *n);
/* Whether a text leaf lies under a negation: then another match can make a file fail. */
bool query_negates_text(const struct query_node *n);
/*
 * The same query always prints the same; relative dates as of `now_s`, or as typed if it is
 * negative.
 */
void query_key(const struct query_node *n, int64_t now_s, struct buf *out);
/*
 * As people read it: deep AND (monster OR kraken) AND NOT size > 1 MiB AND modified on or after
 * 2026-01-01.  In wording.c.
 */
void query_print(const struct query *q, struct buf *out);

#endif
