/* member_name: guessing the encoding of names; see member_name.h. */
#include "member_name.h"

#include "decode.h"
#include "scan.h"

#include <string.h>
#include <strings.h>

/* Where code pages 437 and 850 have their letters; in Windows' and ISO's Latin pages few names have
 * a byte there. */
enum { DOS_LETTER_FIRST = 0x80, DOS_LETTER_LAST = 0xa7 };

void member_names_init(struct member_names *m, bool dos)
{
	m->dos = dos;
	m->settled = false;
	m->sample_len = m->len = 0;
}

static bool is_utf8(const char *raw, size_t n)
{
	return scan_utf8((const uint8_t *)raw, n) == n;
}

bool member_names_learn(struct member_names *m, const char *raw)
{
	size_t n = strlen(raw);

	if (is_utf8(raw, n))
		return true;
	if (n + 1 > sizeof m->sample - m->sample_len)
		return false;
	memcpy(m->sample + m->sample_len, raw, n);
	m->sample_len += n;
	m->sample[m->sample_len++] = '\n';
	m->settled = false;
	return true;
}

static bool is_latin_guess(const char *name)
{
	return strncmp(name, "WINDOWS-125", 11) == 0 || strncmp(name, "ISO-8859-", 9) == 0 ||
	       strncmp(name, "MAC", 3) == 0;
}

static bool has_dos_letters_only(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] >= DOS_LETTER_FIRST && p[i] > DOS_LETTER_LAST)
			return false;
	return true;
}

static void settle(struct member_names *m)
{
	if (m->settled)
		return;
	m->settled = true;
	if (!charset_detect(m->sample, m->sample_len, false, &m->charset) ||
		charset_is_wide(&m->charset))
		charset_by_name("WINDOWS-1252", 12, &m->charset);
	if (m->dos && is_latin_guess(m->charset.name) &&
		has_dos_letters_only(m->sample, m->sample_len))
		charset_by_name("CP850", 5, &m->charset);
	/* It is not asked about the sample, but about each name. */
	m->charset.clean = false;
	m->charset.skip = 0;
}

static bool keep(void *ctx, const char *utf8, size_t n)
{
	struct member_names *m = ctx;
	size_t take = scan_utf8_floor((const uint8_t *)utf8, n, sizeof m->utf8 - 1 - m->len);

	memcpy(m->utf8 + m->len, utf8, take);
	m->len += take;
	return take == n;
}

const char *member_names_utf8(struct member_names *m, const char *raw)
{
	size_t n = strlen(raw);

	m->len = 0;
	if (is_utf8(raw, n)) {
		keep(m, raw, n);
	} else {
		if (m->sample_len == 0)
			member_names_learn(m, raw);
		settle(m);
		decode_bytes(&m->charset, (const uint8_t *)raw, n, keep, m);
	}
	m->utf8[m->len] = '\0';
	return m->utf8;
}
