/*
 * build_id: what the linker says a program is: a number of its whole content, in a note of the ELF file (System V gABI,
 * "Note Section"; NT_GNU_BUILD_ID in elf.h).
 */
#ifndef CONVERT_BUILD_ID_H
#define CONVERT_BUILD_ID_H

#include <stddef.h>

/*
 * Within the first `len` bytes of a file of `size`; NULL: no program of this machine's kind, with something behind it, or
 * without such a note there.
 */
const unsigned char *build_id_find(const void *head, size_t len, size_t size, size_t *id_len);

#endif
