/*
 * spool: bytes as they come, kept where a converter can be given them.
 *
 * Up to SPOOL_MEMORY_MAX in a sealed memory file, more in an unlinked file of the
 * state directory, so that memory stays bounded whatever comes.  Hashed on the way.
 */
#ifndef PIPELINE_SPOOL_H
#define PIPELINE_SPOOL_H

#include "core/status.h"
#include "store/documents.h"

#include <sodium.h>
#include <stdbool.h>

enum { SPOOL_MEMORY_MAX = 8 << 20 };

/* Embedded on purpose; fd -1: closed. */
struct spool {
	int fd;
	bool on_disk;
	int64_t size;
	const char *dir;
	crypto_generichash_state hash;
};

/* `dir` must outlive it.  ST_SYSTEM with errno, as all below; ST_FULL: no space. */
MUST_USE enum status spool_open(struct spool *s, const char *dir);
MUST_USE enum status spool_write(struct spool *s, const char *bytes, size_t n);
/* No byte more: the descriptor is at offset 0, and nobody can change the content through it. */
MUST_USE enum status spool_seal(struct spool *s, unsigned char *hash);
void spool_close(struct spool *s);

#endif
