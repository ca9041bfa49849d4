/* memo_seal: names and seals of answers; see memo_seal.h. */
#include "search/memo_seal.h"

#include "core/ident.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/now.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	VALUE_VERSION = 1,
	NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	SEAL_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES
};

/* What lies in front of the answer inside the seal. */
struct stamp {
	uint64_t run;		 /* which run of the daemon made it */
	int64_t born_ms, made_s; /* monotonic, of that run; by the wall clock */
	int64_t clock;
	uint64_t len, ahead;
};

void seal_make_name(const struct seal *s, const char *key, size_t key_len, struct seal_name *n)
{
	crypto_generichash(n->bytes, sizeof n->bytes, (const unsigned char *)key, key_len, s->secret,
		sizeof s->secret);
	sodium_bin2base64(n->text, sizeof n->text, n->bytes, sizeof n->bytes,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void seal_add(const struct seal *s, const struct seal_name *name, const struct memo_kept *kept, struct buf *out)
{
	const struct stamp stamp = {s->run, kept->born_ms, now_real_s(), kept->clock, kept->json.len,
		kept->ahead};
	unsigned char nonce[NONCE_BYTES];
	AUTO_BUF plain = BUF_INIT;

	buf_add(&plain, &stamp, sizeof stamp);
	buf_add(&plain, kept->json.data, kept->json.len);
	randombytes_buf(nonce, sizeof nonce);
	buf_addc(out, VALUE_VERSION);
	buf_add(out, nonce, sizeof nonce);
	if (plain.failed || !buf_reserve(out, plain.len + SEAL_BYTES)) {
		out->failed = true;
		return;
	}
	crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)out->data + out->len, NULL,
		(const unsigned char *)plain.data, plain.len, name->bytes, sizeof name->bytes, NULL, nonce,
		s->key);
	out->len += plain.len + SEAL_BYTES;
}

bool seal_open(const struct seal *s, const struct seal_name *name, const char *value, size_t n, int64_t now_ms,
	struct memo_kept *kept)
{
	const unsigned char *bytes = (const unsigned char *)value;
	const size_t head = 1 + NONCE_BYTES;
	AUTO_BUF plain = BUF_INIT;
	struct stamp stamp;

	if (n < head + SEAL_BYTES + sizeof stamp || bytes[0] != VALUE_VERSION || !buf_reserve(&plain, n))
		return false;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)plain.data, NULL, NULL, bytes + head,
		    n - head, name->bytes, sizeof name->bytes, bytes + 1, s->key) != 0)
		return false;
	plain.len = n - head - SEAL_BYTES;
	memcpy(&stamp, plain.data, sizeof stamp);
	if (stamp.len != plain.len - sizeof stamp)
		return false;
	*kept = (struct memo_kept){.clock = stamp.clock, .born_ms = stamp.born_ms, .ahead = stamp.ahead != 0};
	kept->foreign = stamp.run != s->run;
	kept->age_ms = kept->foreign ? (now_real_s() - stamp.made_s) * 1000 : now_ms - stamp.born_ms;
	if (kept->age_ms < 0) /* the wall clock was set back */
		kept->age_ms = 0;
	buf_add(&kept->json, plain.data + sizeof stamp, stamp.len);
	if (!kept->json.failed)
		return true;
	buf_finish(&kept->json);
	return false;
}

/* --- the secret --------------------------------------------------------------------------------- */

/* What is there, or a new one; one that is too short was being written when a daemon died. */
static enum status read_secret(int fd, unsigned char secret[SEAL_SECRET_BYTES])
{
	ssize_t n = pread(fd, secret, SEAL_SECRET_BYTES, 0);

	if (n == SEAL_SECRET_BYTES)
		return ST_OK;
	if (n < 0)
		return ST_IO;
	randombytes_buf(secret, SEAL_SECRET_BYTES);
	return pwrite(fd, secret, SEAL_SECRET_BYTES, 0) == SEAL_SECRET_BYTES ? ST_OK : ST_IO;
}

/*
 * The secret of this very store.  A state directory that was copied or restored has another database file: what its
 * twin left is not for it, for both count with the same clock.
 */
enum status seal_init(struct seal *s, const char *state_dir)
{
	AUTO_FREE char *path = mem_printf("%s/memo.key", state_dir);
	AUTO_FREE char *database = mem_printf("%s/index.db", state_dir);
	unsigned char kept[SEAL_SECRET_BYTES];
	struct ident id = {0};

	if (!path || !database)
		return ST_NOMEM;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum status st = fd < 0 ? ST_IO : read_secret(fd, kept);
	int error = errno;
	if (fd >= 0)
		(void)close(fd);
	if (st == ST_OK && ident_at(AT_FDCWD, database, &id) < 0)
		st = ST_IO;
	if (st != ST_OK) {
		log_error("%s: %s", path, strerrordesc_np(error));
		return st;
	}
	const uint64_t which[] = {(uint64_t)id.ino, (uint64_t)id.btime_ns};
	crypto_generichash(s->secret, sizeof s->secret, (const unsigned char *)which, sizeof which, kept, sizeof kept);
	crypto_generichash(s->key, sizeof s->key, (const unsigned char *)"seal", 4, s->secret, sizeof s->secret);
	sodium_memzero(kept, sizeof kept);
	randombytes_buf(&s->run, sizeof s->run);
	return ST_OK;
}

void seal_finish(struct seal *s)
{
	sodium_memzero(s, sizeof *s);
}
