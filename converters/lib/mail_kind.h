/* mail_kind: what a leaf of a mail is for, by its type.  Pure; any thread. */
#ifndef CONVERT_MAIL_KIND_H
#define CONVERT_MAIL_KIND_H

enum mail_kind {
	MAIL_PLAIN, /* to be read, as all of these with words in them */
	MAIL_HTML,
	MAIL_ATTACHED,
	MAIL_SEALED,  /* encrypted */
	MAIL_SKIPPED, /* for machines */
	MAIL_STYLE,   /* what a page is painted with: pictures, fonts, scripts; else MAIL_ATTACHED
		       */
};

/* Of Content-Type's two halves, in any case. */
enum mail_kind mail_kind(const char *type, const char *subtype);
/* The extension of a part that has no name, or NULL. */
const char *mail_kind_extension(const char *type, const char *subtype);

#endif
