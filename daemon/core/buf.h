/*
 * buf: a growing run of bytes, owned by whoever declares it.
 *
 * `data` is NULL or holds `len` bytes and a NUL behind them.  An append that
 * finds no memory sets `failed` and leaves the bytes as they are; later appends
 * do nothing, so a chain of appends needs one check: buf_status.
 */
#ifndef CORE_BUF_H
#define CORE_BUF_H

#include "core/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;
	size_t room;
	bool failed;
};

#define BUF_INIT {NULL, 0, 0, false}
#define AUTO_BUF __attribute__((cleanup(buf_finish))) struct buf

void buf_finish(struct buf *b);		 /* frees; the buf is empty and usable again */
void buf_clear(struct buf *b);		 /* keeps the memory, clears `failed` */
bool buf_reserve(struct buf *b, size_t n); /* room for n more bytes; false sets `failed` */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
__attribute__((format(printf, 2, 3))) void buf_addf(struct buf *b, const char *fmt, ...);
__attribute__((format(printf, 2, 0))) void buf_vaddf(struct buf *b, const char *fmt, va_list ap);
MUST_USE enum status buf_status(const struct buf *b); /* ST_OK or ST_NOMEM */
/* Hands the memory to the caller (mem_free); NULL if failed.  An empty buf gives "". */
char *buf_take(struct buf *b);

#endif
