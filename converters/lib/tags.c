/* tags: values cleaned and told apart; see tags.h. */
#include "tags.h"

#include "alloc.h"
#include "charset.h"
#include "decode.h"

#include <stdlib.h>
#include <string.h>

struct value {
	size_t len, room;
	char *utf8;
};

void tags_init(struct tags *t, struct answer *out)
{
	t->out = out;
	t->seen_count = 0;
}

static bool keep(void *ctx, const char *utf8, size_t n)
{
	struct value *v = ctx;

	if (v->len + n > v->room) {
		v->room = 2 * (v->len + n);
		v->utf8 = alloc_resize(v->utf8, v->room, 1);
	}
	memcpy(v->utf8 + v->len, utf8, n);
	v->len += n;
	return true;
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ';
}

static void trim(const char **s, size_t *n)
{
	while (*n && is_blank(**s)) {
		(*s)++;
		(*n)--;
	}
	while (*n && is_blank((*s)[*n - 1]))
		(*n)--;
}

/* FNV-1a. */
static uint64_t hash(const char *s, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)s[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Whether it is new; beyond TAGS_SEEN everything is. */
static bool remember(struct tags *t, const char *s, size_t n)
{
	uint64_t h = hash(s, n);

	for (size_t i = 0; i < t->seen_count; i++)
		if (t->seen[i] == h)
			return false;
	if (t->seen_count < TAGS_SEEN)
		t->seen[t->seen_count++] = h;
	return true;
}

void tags_add(struct tags *t, const char *key, const char *value, size_t n)
{
	struct value v = {.len = 0};
	struct charset cs;

	n = strnlen(value, n < TAGS_VALUE_MOST ? n : TAGS_VALUE_MOST);
	trim(&value, &n);
	if (n == 0 || !charset_detect((const uint8_t *)value, n, false, &cs))
		return;
	decode_bytes(&cs, (const uint8_t *)value, n, keep, &v);
	if (key)
		answer_meta(t->out, key, v.utf8, v.len);
	if (v.len && remember(t, v.utf8, v.len)) {
		answer_text(t->out, v.utf8, v.len);
		answer_text(t->out, "\n", 1);
	}
	free(v.utf8);
}
