/*
 * mbox: the messages of a mailbox file, one after the other, as parts.
 *
 * A message begins at a line `From …` that follows an empty line.  What was
 * quoted for that reason (`>From `) is unquoted.  Reads once, forwards, in blocks.
 */
#ifndef CONVERT_MBOX_H
#define CONVERT_MBOX_H

#include "answer.h"

/* Whether these bytes are the beginning of one. */
bool mbox_starts(const uint8_t *bytes, size_t n);
/* Whether a second message begins in them. */
bool mbox_has_several(const uint8_t *bytes, size_t n);

/* Names the messages 000001.eml and on.  False after a read error (errno). */
bool mbox_give(int fd, struct answer *out);

#endif
