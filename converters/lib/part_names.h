/*
 * part_names: no two parts of a document with the same name.
 *
 * A mail may have ten attachments that are all called image.png; here they
 * become image.png, image (2).png, and so on.
 */
#ifndef CONVERT_PART_NAMES_H
#define CONVERT_PART_NAMES_H

struct part_names;

struct part_names *part_names_create(void);
void part_names_destroy(struct part_names *n); /* NULL is fine */
/* Forgets the names of the document before. */
void part_names_begin(struct part_names *n);
/* The last step of `name`, which may be a path of any system, made unique; "" names none, and is
 * for the caller to replace. Valid until the next call. */
const char *part_names_add(struct part_names *n, const char *name);

#endif
