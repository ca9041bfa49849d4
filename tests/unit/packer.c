/* packer: zip, tar, rar and gzip by hand; see packer.h. */
#include "packer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above */
#include <cmocka.h>

enum { TAR_BLOCK = 512, STORED_MOST = 65535, JANUARY_1_2020 = 0x5021, UNIX_2020 = 1577836800 };

void packer_init(struct packer *p)
{
	p->bytes = malloc(PACKER_ROOM);
	assert_non_null(p->bytes);
	p->len = p->directory_len = 0;
	p->members = 0;
}

void packer_finish(struct packer *p)
{
	free(p->bytes);
	p->bytes = NULL;
}

static uint32_t crc32_of(const uint8_t *bytes, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void put(struct packer *p, const void *bytes, size_t n)
{
	assert_true(p->len + n <= PACKER_ROOM);
	memcpy(p->bytes + p->len, bytes, n);
	p->len += n;
}

static void store(uint8_t *at, uint32_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* --- zip -------------------------------------------------------------------------------------- */

/* What the header before a member and its entry in the directory have in common. */
static void fill_zip_header(
	uint8_t *at, const char *name, const char *content, size_t size, unsigned flags)
{
	store(at, 20, 2);
	store(at + 2, flags, 2);
	store(at + 8, JANUARY_1_2020, 2);
	store(at + 10, crc32_of((const uint8_t *)content, size), 4);
	store(at + 14, (uint32_t)size, 4);
	store(at + 18, (uint32_t)size, 4);
	store(at + 22, (uint32_t)strlen(name), 2);
}

void packer_zip(struct packer *p, const char *name, const char *content, unsigned flags)
{
	uint8_t local[30] = "PK\3\4", central[46] = "PK\1\2";
	size_t n = strlen(name), size = strlen(content);

	fill_zip_header(local + 4, name, content, size, flags);
	fill_zip_header(central + 6, name, content, size, flags);
	store(central + 42, (uint32_t)p->len, 4);
	assert_true(p->directory_len + sizeof central + n <= sizeof p->directory);
	memcpy(p->directory + p->directory_len, central, sizeof central);
	memcpy(p->directory + p->directory_len + sizeof central, name, n);
	p->directory_len += sizeof central + n;
	p->members++;
	put(p, local, sizeof local);
	put(p, name, n);
	put(p, content, size);
}

void packer_zip_end(struct packer *p)
{
	uint8_t end[22] = "PK\5\6";

	store(end + 8, p->members, 2);
	store(end + 10, p->members, 2);
	store(end + 12, (uint32_t)p->directory_len, 4);
	store(end + 16, (uint32_t)p->len, 4);
	put(p, p->directory, p->directory_len);
	put(p, end, sizeof end);
}

/* --- tar -------------------------------------------------------------------------------------- */

void packer_tar(struct packer *p, const char *name, char type, const void *content, size_t n)
{
	static const char zeros[TAR_BLOCK];
	char head[TAR_BLOCK] = {0};
	unsigned sum = 0;

	snprintf(head, 100, "%s", name);
	memcpy(head + 100, "0000644\0000000000\0000000000", 24);
	snprintf(head + 124, 12, "%011zo", n);
	snprintf(head + 136, 12, "%011o", UNIX_2020);
	memset(head + 148, ' ', 8);
	head[156] = type;
	if (type == '1' || type == '2')
		strcpy(head + 157, "target");
	memcpy(head + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof head; i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	put(p, head, sizeof head);
	put(p, content, n);
	put(p, zeros, (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK);
}

void packer_tar_end(struct packer *p)
{
	static const char zeros[2 * TAR_BLOCK];

	put(p, zeros, sizeof zeros);
}

/* --- rar 5 ------------------------------------------------------------------------------------ */

/* The checksum and the length before what a header says; all its numbers are below 128. */
static void put_rar5_header(struct packer *p, const void *header, size_t n)
{
	uint8_t whole[128] = {0};

	assert_true(n < 100);
	whole[4] = (uint8_t)n;
	memcpy(whole + 5, header, n);
	store(whole, crc32_of(whole + 4, n + 1), 4);
	put(p, whole, n + 5);
}

void packer_rar5_begin(struct packer *p)
{
	put(p, "Rar!\x1a\x07\x01", 8);
	put_rar5_header(p, "\x01\0\0", 3);
}

void packer_rar5(struct packer *p, const char *name, const char *content, bool locked)
{
	/* Length, type, version, flags, iterations; salt and vector. */
	static const uint8_t encryption[37] = {36, 1, 0, 0, 15};
	uint8_t header[128], *at = header;
	size_t n = strlen(name), size = strlen(content);

	*at++ = 2;
	*at++ = locked ? 3 : 2; /* extra area, data */
	if (locked)
		*at++ = sizeof encryption;
	*at++ = (uint8_t)size;
	*at++ = 0; /* neither time nor checksum */
	*at++ = (uint8_t)size;
	*at++ = 0x20;
	*at++ = 0; /* stored */
	*at++ = 1; /* Unix */
	*at++ = (uint8_t)n;
	memcpy(at, name, n);
	at += n;
	if (locked)
		memcpy(at, encryption, sizeof encryption);
	at += locked ? sizeof encryption : 0;
	put_rar5_header(p, header, (size_t)(at - header));
	put(p, content, size);
}

void packer_rar5_end(struct packer *p)
{
	put_rar5_header(p, "\x05\0\0", 3);
}

/* --- gzip ------------------------------------------------------------------------------------- */

void packer_gzip(struct packer *p, const char *name)
{
	uint8_t *content = p->bytes, head[10] = {0x1f, 0x8b, 8, name ? 8 : 0}, tail[8];
	size_t left = p->len;

	store(tail, crc32_of(content, left), 4);
	store(tail + 4, (uint32_t)left, 4);
	packer_init(p);
	put(p, head, sizeof head);
	if (name)
		put(p, name, strlen(name) + 1);
	for (const uint8_t *at = content;;) {
		size_t take = left < STORED_MOST ? left : STORED_MOST;
		uint8_t block[5] = {take == left};

		store(block + 1, (uint32_t)take, 2);
		store(block + 3, ~(uint32_t)take, 2);
		put(p, block, sizeof block);
		put(p, at, take);
		at += take;
		left -= take;
		if (block[0])
			break;
	}
	put(p, tail, sizeof tail);
	free(content);
}
