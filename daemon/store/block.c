/* block: eight bytes in a register; see block.h. */
#include "store/block.h"

#include <endian.h>
#include <string.h>

static const uint64_t ones = UINT64_C(0x0101010101010101);
static const uint64_t tops = UINT64_C(0x8080808080808080);

/* The top bit of every byte that is `first` to `last`; the bytes are ASCII. */
static uint64_t between(uint64_t bytes, unsigned char first, unsigned char last)
{
	return (bytes + (0x80U - first) * ones) & ~(bytes + (0x7fU - last) * ones) & tops;
}

/* The top bits of all bytes, the first byte's lowest. */
static uint64_t gather(uint64_t flags)
{
	return (flags >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* Returns a bit for each byte that is not ASCII. */
static uint64_t read_whole(const char *s, struct block *b)
{
	uint64_t all_high = 0;

	b->words = 0;
	for (unsigned i = 0; i < BLOCK; i += 8) {
		uint64_t bytes, high;

		memcpy(&bytes, s + i, sizeof bytes);
		bytes = le64toh(bytes);
		high = bytes & tops;
		bytes &= ~tops;
		bytes |= between(bytes, 'A', 'Z') >> 2; /* 0x80 becomes 0x20 */
		uint64_t words = between(bytes, 'a', 'z') | between(bytes, '0', '9');
		b->words |= gather(words & ~high) << i;
		all_high |= gather(high) << i;
		bytes = htole64(bytes);
		memcpy(b->lowered + i, &bytes, sizeof bytes);
	}
	return all_high;
}

void block_read(const char *s, size_t len, struct block *out)
{
	uint64_t high;

	if (len < BLOCK) {
		char tail[BLOCK] = {0};

		memcpy(tail, s, len);
		high = read_whole(tail, out);
	} else {
		high = read_whole(s, out);
	}
	out->ascii = high == 0;
	out->plain = high ? (size_t)__builtin_ctzll(high) : len < BLOCK ? len : BLOCK;
	if (out->plain < BLOCK)
		out->words &= (UINT64_C(1) << out->plain) - 1;
}

bool block_worthwhile(const char *s, size_t len)
{
	uint64_t bytes;

	if (len < sizeof bytes)
		return false;
	memcpy(&bytes, s, sizeof bytes);
	return !(bytes & tops);
}
