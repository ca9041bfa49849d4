/*
 * wire: gathering and sending; see wire.h.
 *
 * Small pieces are gathered in `stage` under one open record; a piece of DIRECT
 * bytes or more is sent from where it lies, behind what is staged, in the same
 * system call.
 */
#include "wire.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	DIRECT = 64 * 1024,
	RECORD_MOST = 8 * 1024 * 1024, /* the contract allows 16 MiB */
	HEADER = 5,                    /* type byte, u32 little-endian length */
	NO_RECORD = -1,
};

void wire_init(struct wire *w, int fd, bool framed)
{
	w->fd = fd;
	w->framed = framed;
	wire_forget(w);
}

void wire_forget(struct wire *w)
{
	w->len = 0;
	w->record = NO_RECORD;
}

/* The worker that hung up is not told, nor is anybody else. */
_Noreturn static void reader_is_gone(void)
{
	exit(EX_IOERR);
}

static ssize_t send_some(const struct wire *w, struct iovec *iov, size_t count)
{
	if (!w->framed)
		return writev(w->fd, iov, (int)count);
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};
	ssize_t sent = sendmsg(w->fd, &msg, MSG_NOSIGNAL);
	/* The fuzzers' and tests' reader is a file. */
	return sent < 0 && errno == ENOTSOCK ? writev(w->fd, iov, (int)count) : sent;
}

static void send_all(const struct wire *w, struct iovec *iov, size_t count)
{
	while (count) {
		ssize_t sent = send_some(w, iov, count);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			reader_is_gone();
		size_t done = (size_t)sent;
		while (count && done >= iov->iov_len) {
			done -= iov->iov_len;
			iov++;
			count--;
		}
		if (count) {
			iov->iov_base = (char *)iov->iov_base + done;
			iov->iov_len -= done;
		}
	}
}

static void put_header(char *at, char type, size_t len)
{
	at[0] = type;
	for (int i = 0; i < 4; i++)
		at[1 + i] = (char)(uint8_t)(len >> (8 * i));
}

static void close_record(struct wire *w)
{
	if (w->record == NO_RECORD)
		return;
	put_header(w->stage + w->record, w->type, w->len - (size_t)w->record - HEADER);
	w->record = NO_RECORD;
}

void wire_flush(struct wire *w)
{
	struct iovec iov = {.iov_base = w->stage, .iov_len = w->len};

	close_record(w);
	if (w->len)
		send_all(w, &iov, 1);
	w->len = 0;
}

void wire_record(struct wire *w, char type, const char *payload, size_t len)
{
	close_record(w);
	if (w->len + HEADER + len > WIRE_STAGE)
		wire_flush(w);
	put_header(w->stage + w->len, type, len);
	memcpy(w->stage + w->len + HEADER, payload, len);
	w->len += HEADER + len;
}

/* Bytes of a record that may go on: T or B. */
static void put_staged(struct wire *w, char type, const char *bytes, size_t n)
{
	if (w->type != type)
		close_record(w);
	if (w->len + HEADER + n > WIRE_STAGE)
		wire_flush(w);
	if (w->framed && w->record == NO_RECORD) {
		w->record = (ptrdiff_t)w->len;
		w->type = type;
		w->len += HEADER;
	}
	memcpy(w->stage + w->len, bytes, n);
	w->len += n;
}

static void put_direct(struct wire *w, char type, const char *bytes, size_t n)
{
	while (n) {
		char header[HEADER];
		size_t take = n < RECORD_MOST ? n : RECORD_MOST;
		struct iovec iov[] = {
			{.iov_base = w->stage, .iov_len = w->len},
			{.iov_base = header, .iov_len = w->framed ? HEADER : 0},
			{.iov_len = take},
		};

		/* writev takes what it only reads as not const. */
		memcpy(&iov[2].iov_base, &bytes, sizeof bytes);
		close_record(w);
		put_header(header, type, take);
		send_all(w, iov, 3);
		w->len = 0;
		bytes += take;
		n -= take;
	}
}

void wire_bytes(struct wire *w, char type, const char *bytes, size_t n)
{
	if (n >= DIRECT)
		put_direct(w, type, bytes, n);
	else if (n)
		put_staged(w, type, bytes, n);
}
