/* xmp: a few elements of RDF; see xmp.h. */
#include "xmp.h"

#include "iso_date.h"
#include "scan.h"
#include "xml.h"

#include <string.h>

enum { PACKET_MOST = 1024 * 1024, VALUE_MOST = 2048 };

enum member { TITLE, AUTHOR, LANGUAGE, KEYWORDS, CREATED, MEMBERS, NO_MEMBER = MEMBERS };

static const struct {
	const char *name, *key;
	bool several; /* items are joined; of other lists the first item counts */
} members[MEMBERS] = {
	[TITLE] = {"dc:title", "title", false},
	[AUTHOR] = {"dc:creator", "author", true},
	[LANGUAGE] = {"dc:language", "lang", false},
	[KEYWORDS] = {"dc:subject", "keywords", true},
	[CREATED] = {"xmp:CreateDate", NULL, false},
};

struct packet {
	enum member in; /* the element that we are in */
	int items;      /* of its list, begun so far */
	struct {
		size_t len;
		char bytes[VALUE_MOST];
	} values[MEMBERS];
};

static enum member member_of(const char *name)
{
	int m = 0;

	while (m < MEMBERS && strcmp(members[m].name, name) != 0)
		m++;
	return (enum member)m;
}

static void add(struct packet *p, enum member m, const char *utf8, size_t n)
{
	n = scan_utf8_floor((const uint8_t *)utf8, n, VALUE_MOST - p->values[m].len);
	memcpy(p->values[m].bytes + p->values[m].len, utf8, n);
	p->values[m].len += n;
}

/* Simple values may be attributes as well. */
static void take_attributes(struct packet *p, const char **atts)
{
	for (; atts[0]; atts += 2) {
		enum member m = member_of(atts[0]);

		if (m != NO_MEMBER && p->values[m].len == 0)
			add(p, m, atts[1], strlen(atts[1]));
	}
}

static void on_open(void *ctx, const char *name, const char **atts)
{
	struct packet *p = ctx;

	if (p->in == NO_MEMBER) {
		p->in = member_of(name);
		p->items = 0;
		take_attributes(p, atts);
		if (p->in != NO_MEMBER && p->values[p->in].len > 0)
			p->in = NO_MEMBER; /* said before */
	} else if (strcmp(xml_local(name), "li") == 0 && p->items++ > 0 && members[p->in].several) {
		add(p, p->in, ", ", 2);
	}
}

static void on_close(void *ctx, const char *name)
{
	struct packet *p = ctx;

	if (p->in != NO_MEMBER && strcmp(name, members[p->in].name) == 0)
		p->in = NO_MEMBER;
}

static void on_text(void *ctx, const char *utf8, size_t n)
{
	struct packet *p = ctx;
	bool blank = true;

	for (size_t i = 0; i < n && blank; i++)
		blank = (uint8_t)utf8[i] <= ' ';
	if (p->in == NO_MEMBER || (p->items > 1 && !members[p->in].several))
		return;
	if (!blank || p->items == 0)
		add(p, p->in, utf8, n);
}

/* What producers write who know nothing. */
static bool says_nothing(const char *value, size_t n)
{
	static const char *const fillers[] = {"Untitled", "x-unknown", "x-default"};

	for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++)
		if (n == strlen(fillers[i]) && memcmp(value, fillers[i], n) == 0)
			return true;
	return false;
}

static void give(const struct packet *p, struct answer *out)
{
	int64_t when;

	for (int m = 0; m < MEMBERS; m++) {
		if (says_nothing(p->values[m].bytes, p->values[m].len))
			continue;
		if (members[m].key)
			answer_meta(out, members[m].key, p->values[m].bytes, p->values[m].len);
		else if (iso_date_parse(p->values[m].bytes, p->values[m].len, &when))
			answer_meta_int(out, "created", when);
	}
}

void xmp_take(const uint8_t *bytes, size_t n, struct answer *out)
{
	static const struct xml_ops ops = {.open = on_open, .close = on_close, .text = on_text};
	static struct packet packet;
	struct xml *xml = xml_create(&ops, &packet);

	packet.in = NO_MEMBER;
	for (int m = 0; m < MEMBERS; m++)
		packet.values[m].len = 0;
	xml_feed(xml, bytes, n < PACKET_MOST ? n : PACKET_MOST);
	xml_destroy(xml);
	give(&packet, out);
}
