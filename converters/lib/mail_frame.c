/* mail_frame: a look at lines; see mail_frame.h. */
#include "mail_frame.h"

#include "mbox.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	LINE_MOST = 4096,
	LENGTH_DIGITS = 9,
	GROUPS_MOST = 10 * 1000, /* colons in one field of addresses */
};

bool mail_frame_starts_with_field(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] > ' ' && p[i] < 0x7f && p[i] != ':')
		i++;
	return i > 0 && i < n && p[i] == ':';
}

void mail_frame_trim(const uint8_t **bytes, size_t *n)
{
	const uint8_t *end = memchr(*bytes, '\n', *n < LINE_MOST ? *n : LINE_MOST);
	size_t digits = 0, length = 0, first = end ? (size_t)(end - *bytes) + 1 : 0;

	while (end && digits < LENGTH_DIGITS && isdigit((*bytes)[digits]))
		length = length * 10 + (size_t)((*bytes)[digits++] - '0');
	bool is_length =
		digits > 0 && strspn((const char *)*bytes + digits, " \r") + digits + 1 == first;
	if (!is_length && !mbox_starts(*bytes, *n))
		return;
	*bytes += first;
	*n -= first;
	if (is_length && length < *n)
		*n = length;
}

bool mail_frame_has_deep_groups(const uint8_t *bytes, size_t n)
{
	static const char *const fields[] = {
		"From:", "To:", "Cc:", "Bcc:", "Sender:", "Reply-To:", "Resent-From:", "Resent-To:",
		"Resent-Cc:", "Resent-Bcc:", "Resent-Sender:", "Resent-Reply-To:"};
	const uint8_t *at = bytes, *end = bytes + n;
	size_t colons = 0;
	bool within = false;

	while (at < end) {
		const uint8_t *eol = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((eol ? eol : end) - at);

		if (*at != ' ' && *at != '\t') {
			within = false;
			colons = 0;
		}
		for (size_t i = 0; i < sizeof fields / sizeof fields[0] && !within; i++)
			within = len > strlen(fields[i]) &&
				 strncasecmp((const char *)at, fields[i], strlen(fields[i])) == 0;
		for (size_t i = 0; i < len && within; i++)
			colons += at[i] == ':';
		if (colons > GROUPS_MOST)
			return true;
		at += len + 1;
	}
	return false;
}
