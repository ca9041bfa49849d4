/*
 * input: the bytes of a document, mapped where that is safe, read otherwise.
 *
 * Mapped only if it is a memfd sealed against shrinking: a file that somebody
 * truncates while it is mapped is a SIGBUS.  The memory is reused from document
 * to document.
 */
#ifndef CONVERT_INPUT_H
#define CONVERT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct document;
struct input;

struct input *input_create(void);
void input_destroy(struct input *in); /* NULL is fine */

/* Forgets the document before, takes the next one.  Nothing is read yet. */
void input_open(struct input *in, const struct document *doc);
/*
 * Makes the first `most` bytes available, or all if there are fewer; what is
 * there already is not read again.  The bytes move: earlier pointers are void.
 * False after a read error (errno).
 */
bool input_load(struct input *in, size_t most);

const uint8_t *input_bytes(const struct input *in);
size_t input_size(const struct input *in); /* bytes available */
bool input_whole(const struct input *in);  /* nothing lies behind them */

#endif
