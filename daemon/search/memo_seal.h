/*
 * memo_seal: how answers are named and wrapped where others may read and write: in memcached.
 *
 * Names are keyed hashes; values are sealed (XChaCha20-Poly1305) with a secret of the state directory, each bound to its
 * name.  So what does not open is no answer, whatever was done to it.  Any thread, once made.
 */
#ifndef SEARCH_MEMO_SEAL_H
#define SEARCH_MEMO_SEAL_H

#include "search/memo_storage.h"

#include <sodium.h>

enum { SEAL_SECRET_BYTES = 32, SEAL_NAME_BYTES = crypto_generichash_BYTES };

struct seal {
	unsigned char secret[SEAL_SECRET_BYTES], key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint64_t run; /* which run of the daemon this is */
};

struct seal_name {
	unsigned char bytes[SEAL_NAME_BYTES];
	char text[SEAL_NAME_BYTES * 4 / 3 + 4];
};

/* Reads the secret of the store in this directory, or makes it.  ST_IO is logged. */
MUST_USE enum status seal_init(struct seal *s, const char *state_dir);
void seal_finish(struct seal *s);

void seal_make_name(const struct seal *s, const char *key, size_t key_len, struct seal_name *n);
/* Appends version, nonce, and under the seal what is known of the answer and the answer. */
void seal_add(const struct seal *s, const struct seal_name *name, const struct memo_kept *kept, struct buf *out);
/* False: it is no answer of that name.  True: *kept is the caller's to finish. */
MUST_USE bool seal_open(const struct seal *s, const struct seal_name *name, const char *value, size_t n, int64_t now_ms,
	struct memo_kept *kept);

#endif
