/*
 * ooxml_rels: what a part of an Office Open XML package refers to.
 *
 * Which member is the document, its slides or its comments is said by
 * relations, never by names: "word/document.xml" is but a custom.
 */
#ifndef CONVERT_OOXML_RELS_H
#define CONVERT_OOXML_RELS_H

#include "package.h"

struct relations;

struct relation {
	const char *id;
	const char *kind;   /* the last step of its type: "slide" */
	const char *member; /* that it leads to */
};

/* Of the member `part`, "" for the package itself; none if it has no file of relations.  A verdict;
 * *out is to be destroyed after ANSWER_DONE. */
int relations_load(struct package *package, const char *part, struct relations **out);
void relations_destroy(struct relations *r); /* NULL is fine */

size_t relations_count(const struct relations *r);
struct relation relations_at(const struct relations *r, size_t i);
/* The member of the first relation of this kind, or with this id; NULL if there is none. */
const char *relations_kind(const struct relations *r, const char *kind);
const char *relations_id(const struct relations *r, const char *id);

#endif
