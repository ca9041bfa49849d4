/*
 * fuzz_convert: any bytes as a document to a converter's handler, and its records held against the
 * contract.
 *
 * Included once by each fuzzer, after the converter's source: the handler is static.  The size
 * chooses a limit, so that the edge is met often; a broken promise aborts.
 */
#ifndef FUZZ_CONVERT_H
#define FUZZ_CONVERT_H

#include "scan.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_HEADER = 5 };

static void fuzz_promise(bool kept)
{
	if (!kept)
		abort();
}

static bool fuzz_is_object(const uint8_t *json, size_t n)
{
	cJSON *value = cJSON_ParseWithLength((const char *)json, n);
	bool is = cJSON_IsObject(value);

	cJSON_Delete(value);
	return is;
}

/* One answer: T, M and parts, then D, or R alone; text within the limit, well-formed, without NUL.
 */
static void fuzz_check(const uint8_t *p, size_t n, size_t limit)
{
	char *gathered = malloc(n + 1);
	size_t len = 0, meta_count = 0, part_count = 0;
	bool part_open = false;

	fuzz_promise(gathered != NULL);
	for (bool ended = false; n || !ended;) {
		fuzz_promise(n >= FUZZ_HEADER && !ended);
		size_t payload = p[1] | (size_t)p[2] << 8 | (size_t)p[3] << 16 | (size_t)p[4] << 24;
		fuzz_promise(payload <= n - FUZZ_HEADER);
		if (p[0] == 'T') {
			memcpy(gathered + len, p + FUZZ_HEADER, payload);
			len += payload;
		} else if (p[0] == 'M') {
			fuzz_promise(meta_count++ == 0 && payload <= 64 * 1024);
		} else if (p[0] == 'P') {
			part_open = true;
			part_count++;
		} else if (p[0] == 'B') {
			fuzz_promise(part_open);
		} else if (p[0] == 'F') {
			fuzz_promise(part_open);
			part_open = false;
		} else {
			fuzz_promise(p[0] == 'D' || (p[0] == 'R' && len == 0 && meta_count == 0 &&
							    part_count == 0));
			ended = true;
		}
		fuzz_promise(!strchr("MPFD", p[0]) || fuzz_is_object(p + FUZZ_HEADER, payload));
		fuzz_promise(p[0] == 'T' || p[0] == 'B' ||
			     scan_utf8(p + FUZZ_HEADER, payload) == payload);
		p += FUZZ_HEADER + payload;
		n -= FUZZ_HEADER + payload;
	}
	fuzz_promise(len <= limit);
	fuzz_promise(scan_utf8((const uint8_t *)gathered, len) == len && !memchr(gathered, 0, len));
	free(gathered);
}

static void fuzz_convert(
	const struct converter_ops *ops, const char *name, const uint8_t *data, size_t size)
{
	static int in = -1, out = -1;
	static struct answer *answer;
	static const uint64_t limits[] = {1, 7, 100, 1 << 20};

	if (!answer) {
		in = memfd_create("document", MFD_CLOEXEC);
		out = memfd_create("answer", MFD_CLOEXEC);
		answer = answer_create(out, true);
	}
	uint64_t limit = limits[size % 4];
	fuzz_promise(
		ftruncate(in, 0) == 0 && ftruncate(out, 0) == 0 && lseek(out, 0, SEEK_SET) == 0);
	fuzz_promise(pwrite(in, data, size, 0) == (ssize_t)size);
	struct document doc = {.fd = in, .name = name, .type = "", .size = size, .limit = limit};
	answer_begin(answer, limit);
	answer_end(answer, ops->convert(&doc, answer));
	size_t n = (size_t)lseek(out, 0, SEEK_CUR);
	uint8_t *records = mmap(NULL, n, PROT_READ, MAP_PRIVATE, out, 0);
	fuzz_promise(records != MAP_FAILED);
	fuzz_check(records, n, (size_t)limit);
	munmap(records, n);
}

#endif
