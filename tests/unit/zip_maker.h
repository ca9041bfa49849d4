/* zip_maker: zip archives in memory, for the tests and fuzzers of what reads them; by libarchive.
 */
#ifndef TEST_ZIP_MAKER_H
#define TEST_ZIP_MAKER_H

#include <stdbool.h>
#include <stddef.h>

struct zip_maker;

/* Running out of memory, and whatever else fails, aborts. */
struct zip_maker *zip_maker_create(void);
void zip_maker_destroy(struct zip_maker *z);

/* Deflated, but a member named "mimetype", which is stored, as its formats want it. */
void zip_maker_add(struct zip_maker *z, const char *name, const void *bytes, size_t n);
/* The same of a string. */
void zip_maker_text(struct zip_maker *z, const char *name, const char *text);
/* A member of `n` bytes, all alike. */
void zip_maker_fill(struct zip_maker *z, const char *name, char byte, size_t n);
/* Behind the last member; the bytes stay the maker's. */
const void *zip_maker_finish(struct zip_maker *z, size_t *n);

#endif
