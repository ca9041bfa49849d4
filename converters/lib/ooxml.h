/*
 * ooxml: the text of Office Open XML packages: documents, workbooks, presentations.
 *
 * What is shown, in its order: text with headers, footers, notes, comments and
 * text boxes; sheets by their names with the cells' last values; slides with
 * the speaker's notes.  Fields' codes, formulas, deleted text, masters and
 * layouts are left out.  Documents inside are parts.
 */
#ifndef CONVERT_OOXML_H
#define CONVERT_OOXML_H

#include "package.h"
#include "properties.h"

/* One document, as the files of this format see it. */
struct ooxml {
	const struct document *doc;
	struct package *package;
	struct answer *out;
	struct prose *prose;
	struct properties *properties;
};

/* A verdict.  ANSWER_DAMAGED too if it is no such package. */
int ooxml_convert(struct ooxml *x);

/* --- for the kinds of documents --------------------------------------------------------------- */

/* Text of a member in any of the formats' markups of running text; a verdict. */
int ooxml_text(struct ooxml *x, const char *member);
/* The same of what a member has relations to, by the order of `kinds`, which ends in NULL; packages
 * among it become parts. */
int ooxml_related(struct ooxml *x, const char *member, const char *const *kinds);

int ooxml_word(struct ooxml *x, const char *main);
int ooxml_slides(struct ooxml *x, const char *main);
int ooxml_sheets(struct ooxml *x, const char *main);

#endif
