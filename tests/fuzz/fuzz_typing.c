/* fuzz_typing: what any bytes are taken for: signatures, kinds of text, zip and OLE directories,
 * libmagic. */
#include "typing.h"

#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("document", MFD_CLOEXEC);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	struct document doc = {.fd = fd, .name = "", .type = "", .size = size};
	const char *type = typing_of(&doc);
	if (!strchr(type, '/') || strlen(type) > 127)
		abort();
	return 0;
}
