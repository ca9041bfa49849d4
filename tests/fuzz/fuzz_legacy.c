/* fuzz_legacy: streams of the older office formats without the compound file around them: BIFF, the
 * records of PowerPoint, Word's pieces. */
#include "biff.h"
#include "ppt97.h"
#include "word97.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 20 };

/* The first half as Word's document, the second as its table. */
static void read_word(const uint8_t *data, size_t size, struct wide *to, struct answer *out)
{
	size_t half = size / 2;
	struct word97 doc = {.document = data,
		.document_len = half,
		.tables = {data + half, data + half},
		.table_lens = {size - half, size - half}};

	if (word97_text(&doc, to, out) == ANSWER_DONE)
		(void)word97_language(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer *answer;
	static struct wide text;
	static int fd = -1;
	int64_t count;

	if (!answer) {
		fd = memfd_create("answer", MFD_CLOEXEC);
		answer = answer_create(fd, true);
	}
	if (size == 0)
		return 0;
	if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	/* a copy of its own, so that a step beyond its end is seen */
	uint8_t *bytes = malloc(size - 1);
	if (!bytes && size > 1)
		abort();
	for (size_t i = 1; i < size; i++)
		bytes[i - 1] = data[i];
	answer_begin(answer, LIMIT);
	wide_begin(&text, answer);
	if (data[0] % 3 == 0)
		(void)biff_text(bytes, size - 1, &text, answer, &count);
	else if (data[0] % 3 == 1)
		(void)ppt97_text(bytes, size - 1, &text, answer, &count);
	else
		read_word(bytes, size - 1, &text, answer);
	wide_finish(&text);
	answer_end(answer, ANSWER_DONE);
	free(bytes);
	return 0;
}
