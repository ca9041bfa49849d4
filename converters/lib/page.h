/*
 * page: the text of an HTML page as one reads it, and what its head says about it, into an answer.
 *
 * Used for web pages, and for the mails that are one.  The encoding is settled
 * before, so the parser sees UTF-8 only.  Linear in the page, bounded in memory.
 */
#ifndef CONVERT_PAGE_H
#define CONVERT_PAGE_H

#include "answer.h"
#include "charset.h"

struct page;

struct page *page_create(void);       /* never NULL; reused from page to page */
void page_destroy(struct page *page); /* NULL is fine */

/* Marks, well-formed UTF-8 and zero bytes, then the page's own word, then the guess.  `cut`: more
 * bytes follow.  False: it is no text. */
bool page_charset(const uint8_t *bytes, size_t n, bool cut, struct charset *out);
/* Text; title, author, lang, created, description and keywords as metadata.  False: something of it
 * is left out, which the caller says (answer_truncated) if the answer's limit did not. */
bool page_give(struct page *page, struct answer *out, const struct charset *cs,
	const uint8_t *bytes, size_t n);

#endif
