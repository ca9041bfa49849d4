/* mail_kind: two tables; see mail_kind.h. */
#include "mail_kind.h"

#include <stddef.h>
#include <strings.h>

#define ANY "*"

/* The first that matches counts. */
static const struct {
	const char *type, *subtype;
	enum mail_kind kind;
} kinds[] = {
	{"text", "html", MAIL_HTML},
	{"application", "xhtml+xml", MAIL_HTML},
	{"text", "calendar", MAIL_ATTACHED},
	{"text", "vcard", MAIL_ATTACHED},
	{"text", "x-vcard", MAIL_ATTACHED},
	{"text", "directory", MAIL_ATTACHED},
	{"text", "rtf", MAIL_ATTACHED},
	{"text", "css", MAIL_STYLE},
	{"text", "javascript", MAIL_STYLE},
	{"text", ANY, MAIL_PLAIN},
	{"image", ANY, MAIL_STYLE},
	{"font", ANY, MAIL_STYLE},
	{"message", "delivery-status", MAIL_PLAIN},
	{"message", "disposition-notification", MAIL_PLAIN},
	{"message", "feedback-report", MAIL_PLAIN},
	{"application", "pkcs7-mime", MAIL_SEALED},
	{"application", "x-pkcs7-mime", MAIL_SEALED},
	{"application", "pkcs7-signature", MAIL_SKIPPED},
	{"application", "x-pkcs7-signature", MAIL_SKIPPED},
	{"application", "pgp-signature", MAIL_SKIPPED},
	{"application", "pgp-encrypted", MAIL_SKIPPED},
	{"application", "pgp-keys", MAIL_SKIPPED},
	{"application", "applefile", MAIL_SKIPPED},
	{ANY, ANY, MAIL_ATTACHED},
};

static const struct {
	const char *type, *subtype, *extension;
} extensions[] = {
	{"application", "pdf", "pdf"},
	{"image", "gif", "gif"},
	{"image", "jpeg", "jpg"},
	{"image", "png", "png"},
	{"message", "rfc822", "eml"},
	{"text", "calendar", "ics"},
	{"text", "csv", "csv"},
	{"text", "directory", "vcf"},
	{"text", "html", "html"},
	{"text", "plain", "txt"},
	{"text", "rtf", "rtf"},
	{"text", "vcard", "vcf"},
	{"text", "x-vcard", "vcf"},
};

static int is(const char *said, const char *want)
{
	return want[0] == ANY[0] || strcasecmp(said, want) == 0;
}

enum mail_kind mail_kind(const char *type, const char *subtype)
{
	size_t i = 0;

	while (!is(type, kinds[i].type) || !is(subtype, kinds[i].subtype))
		i++;
	return kinds[i].kind;
}

const char *mail_kind_extension(const char *type, const char *subtype)
{
	for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
		if (is(type, extensions[i].type) && is(subtype, extensions[i].subtype))
			return extensions[i].extension;
	return NULL;
}
