/*
 * mail_tree: the contents of a parsed message: bodies become text, everything else parts.
 *
 * Of alternatives the one that reads best is taken, plain text before HTML; what
 * is encrypted becomes a part that failed, and what is for machines (signatures,
 * keys, a page's pictures) is left out.  For programs that are linked with GMime.
 */
#ifndef CONVERT_MAIL_TREE_H
#define CONVERT_MAIL_TREE_H

#include "answer.h"

#include <gmime/gmime.h>

struct mail_tree;

struct mail_tree *mail_tree_create(void);    /* never NULL; reused from message to message */
void mail_tree_destroy(struct mail_tree *m); /* NULL is fine */

/* `is_page`: a web page saved as a message; nothing in it but the page is worth a part. */
void mail_tree_give(struct mail_tree *m, struct answer *out, GMimeObject *root, bool is_page);

#endif
