/* mail_frame: a message as bytes, before it is parsed.  Pure; any thread. */
#ifndef CONVERT_MAIL_FRAME_H
#define CONVERT_MAIL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `Name:` in the first line. */
bool mail_frame_starts_with_field(const uint8_t *p, size_t n);
/*
 * Leaves the message alone of what programs store with it: a mailbox's separator before it, or, as
 * Apple's mail does, its length before and a property list behind.
 */
void mail_frame_trim(const uint8_t **bytes, size_t *n);
/*
 * GMime reads groups of addresses (`friends: anna@example.org;`) by recursion without a bound.  So
 * many colons in a field that may hold them, also of messages inside, are met in attacks only.
 */
bool mail_frame_has_deep_groups(const uint8_t *bytes, size_t n);

#endif
