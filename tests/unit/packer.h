/*
 * packer: small archives made in memory, byte by byte, so that tests can make them wrong.
 *
 * Everything is stored, nothing compressed.  A builder that outgrows its room
 * fails the test.
 */
#ifndef PACKER_H
#define PACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PACKER_ROOM = 24 * 1024 * 1024, PACKER_DIRECTORY = 64 * 1024 };

enum packer_zip_flag { ZIP_PLAIN = 0, ZIP_ENCRYPTED = 1, ZIP_UTF8 = 1 << 11 };

struct packer {
	uint8_t *bytes;
	size_t len;
	uint8_t directory[PACKER_DIRECTORY]; /* of a zip */
	size_t directory_len;
	unsigned members;
};

void packer_init(struct packer *p);
void packer_finish(struct packer *p);

void packer_zip(struct packer *p, const char *name, const char *content, unsigned flags);
void packer_zip_end(struct packer *p);

/* `type` as in ustar: '0' a file, '5' a directory, '1' and '2' links. */
void packer_tar(struct packer *p, const char *name, char type, const void *content, size_t n);
void packer_tar_end(struct packer *p);

void packer_rar5_begin(struct packer *p);
/* `locked`: with the record that says how it is encrypted. */
void packer_rar5(struct packer *p, const char *name, const char *content, bool locked);
void packer_rar5_end(struct packer *p);

/* What is there becomes the content of a gzip file; `name` may be NULL. */
void packer_gzip(struct packer *p, const char *name);

#endif
