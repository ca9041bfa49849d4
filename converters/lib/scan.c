/* scan: a census of bytes, and UTF-8 well-formedness; see scan.h. */
#include "scan.h"

#include <string.h>

enum { LANES = 16, STEPS = 255 }; /* a lane counts to 255 before it is summed */

typedef uint8_t lanes __attribute__((vector_size(LANES)));

static size_t lanes_sum(lanes v)
{
	size_t sum = 0;

	for (int i = 0; i < LANES; i++)
		sum += v[i];
	return sum;
}

/* A comparison gives 0xff where it holds, so subtracting it counts. */
static inline void scan_step(lanes b, lanes *nul, lanes *control, lanes *escape, lanes *high)
{
	lanes is_escape = (lanes)(b == 0x1b);
	lanes is_control =
		(lanes)(b < 0x08) | ((lanes)(b >= 0x0e) & (lanes)(b < 0x20)) | (lanes)(b == 0x7f);
	lanes is_nul = (lanes)(b == 0);

	*nul -= is_nul;
	*escape -= is_escape;
	*control -= is_control & ~is_nul & ~is_escape;
	*high |= b;
}

void scan_bytes(const uint8_t *p, size_t n, struct scan *out)
{
	lanes all_high = {0};

	*out = (struct scan){0};
	while (n) {
		lanes nul = {0}, control = {0}, escape = {0}, b;

		for (int i = 0; i < STEPS && n; i++) {
			size_t take = n < LANES ? n : LANES;

			/* The last step is filled up with blanks, which count as nothing. */
			if (take < LANES)
				b = (lanes){0} + (uint8_t)' ';
			memcpy(&b, p, take);
			scan_step(b, &nul, &control, &escape, &all_high);
			p += take;
			n -= take;
		}
		out->nul += lanes_sum(nul);
		out->control += lanes_sum(control);
		out->escape += lanes_sum(escape);
	}
	for (int i = 0; i < LANES; i++)
		out->high |= all_high[i] >= 0x80;
}

/* Length of the character that lead byte `b` begins, and the range of its second byte (Unicode,
 * table 3-7); 0: none. */
static size_t utf8_lead(uint8_t b, uint8_t *lowest, uint8_t *highest)
{
	*lowest = 0x80;
	*highest = 0xbf;
	if (b < 0x80)
		return 1;
	if (b < 0xc2 || b > 0xf4)
		return 0;
	if (b < 0xe0)
		return 2;
	if (b < 0xf0) {
		if (b == 0xe0)
			*lowest = 0xa0;
		else if (b == 0xed)
			*highest = 0x9f;
		return 3;
	}
	if (b == 0xf0)
		*lowest = 0x90;
	else if (b == 0xf4)
		*highest = 0x8f;
	return 4;
}

/* Bytes of the character at p that are there and fit, of the `want` it should have. */
static size_t utf8_matches(const uint8_t *p, size_t n, size_t *want)
{
	uint8_t lowest, highest;
	size_t got = 1;

	*want = utf8_lead(p[0], &lowest, &highest);
	if (*want == 0)
		return 0;
	while (got < *want && got < n && p[got] >= lowest && p[got] <= highest) {
		lowest = 0x80;
		highest = 0xbf;
		got++;
	}
	return got;
}

size_t scan_utf8(const uint8_t *p, size_t n)
{
	size_t at = 0, want;

	while (at < n) {
		uint64_t eight;

		if (n - at >= sizeof eight) {
			memcpy(&eight, p + at, sizeof eight);
			if (!(eight & 0x8080808080808080u)) {
				at += sizeof eight;
				continue;
			}
		}
		if (p[at] < 0x80) {
			at++;
			continue;
		}
		size_t got = utf8_matches(p + at, n - at, &want);
		if (got == 0 || got < want)
			return at;
		at += got;
	}
	return at;
}

bool scan_utf8_is_cut(const uint8_t *p, size_t n)
{
	size_t want;

	return n > 0 && utf8_matches(p, n, &want) == n && n < want;
}

size_t scan_utf8_floor(const uint8_t *p, size_t n, size_t most)
{
	if (n <= most)
		return n;
	while (most > 0 && (p[most] & 0xc0) == 0x80)
		most--;
	return most;
}

size_t scan_utf8_put(uint32_t c, char out[4])
{
	uint8_t *o = (uint8_t *)out;

	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		o[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		o[0] = (uint8_t)(0xc0 | c >> 6);
		o[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		o[0] = (uint8_t)(0xe0 | c >> 12);
		o[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		o[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	o[0] = (uint8_t)(0xf0 | c >> 18);
	o[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	o[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	o[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}
