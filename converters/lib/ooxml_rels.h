/*
 * ooxml_rels: what a part of an Office Open XML package refers to.
 *
 * Which member is the document, its slides or its comments is said by
 * relations, never by names: "word/document.xml" is but a custom.
 */
#ifndef CONVERT_OOXML_RELS_H
#define CONVERT_OOXML_RELS_H

#include "dictionary.h"
#include "package.h"

/*
 * Of the member `part`, "" for the package itself; none if it has no file of
 * relations.  An entry's key is the relation's id, its value the member that it
 * leads to, its word the last step of its type, as in "slide".  A verdict; *out
 * is to be destroyed after ANSWER_DONE, and else NULL.
 */
int relations_load(struct package *package, const char *part, struct dictionary **out);
/* The member of the first relation of this kind; NULL if there is none. */
const char *relations_kind(const struct dictionary *relations, const char *kind);

#endif
