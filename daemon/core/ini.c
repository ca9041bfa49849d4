/*
 * ini: reading INI files; see ini.h.  Faulty lines are blanked and the rest is parsed again, so
 * that all faults are told.
 */
#include "core/ini.h"

#include "core/buf.h"
#include "core/mem.h"
#include "core/path.h"

#include <errno.h>
#include <fcntl.h>
#include <ini_configobj.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_MAX_BYTES = 1 << 20,
	PARSE_FLAGS = INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS,
	COLLISIONS = INI_MV1S_ALLOW | INI_MV2S_ALLOW | INI_MS_MERGE
};

/*
 * Stands for a section whose header is faulty, so that its keys do not fall to the section before;
 * passed over.
 */
static const char nowhere[] = "[?]";
static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* --- the file --- */

static enum status read_all(int fd, struct buf *out)
{
	while (out->len <= FILE_MAX_BYTES) {
		if (!buf_reserve(out, 4096))
			return ST_NOMEM;
		ssize_t n = read(fd, out->data + out->len, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ST_IO;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (n == 0)
			return ST_OK;
	}
	return ST_TOO_LARGE;
}

static bool is_regular(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

static enum status load(const char *file, bool drop_in, const struct ini_reader *r, struct buf *out)
{
	AUTO_BUF what = BUF_INIT;
	/* A drop-in that is a pipe without a writer must not hold up the start. */
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | (drop_in ? O_NONBLOCK : 0));
	enum status st = ST_IO;

	if (fd < 0 && errno == ENOENT && !drop_in)
		return ST_NOT_FOUND;
	if (fd >= 0)
		st = drop_in && !is_regular(fd) ? ST_INVALID : read_all(fd, out);
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (st == ST_IO)
		buf_addf(&what, "cannot be read: %s", strerrordesc_np(error));
	if (st == ST_INVALID)
		buf_adds(&what, "not a regular file");
	if (st == ST_TOO_LARGE)
		buf_addf(&what, "larger than %d bytes", FILE_MAX_BYTES);
	if (what.len)
		r->fault(r->arg, 0, what.data);
	return buf_status(&what) ? ST_NOMEM : st;
}

/* --- before the library sees it --- */

static bool has_control_byte(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < 0x20 && c != '\t') || c == 0x7F)
			return true;
	}
	return false;
}

/* Not what the library refuses in names without a line, nor the name of faulty sections. */
static bool is_name_byte(char c)
{
	return c >= ' ' && c <= '~' && c != '!' && c != '?';
}

/* The name in a header line or before a key's equal sign, without the blanks around it. */
static size_t line_name(const char **line, size_t n)
{
	const char *s = *line, *end = s + n;

	if (*s == '[') {
		s++;
		while (end > s && end[-1] != ']')
			end--;
		end -= end > s;
	} else {
		const char *equal = memchr(s, '=', n);
		end = equal ? equal : s;
	}
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*line = s;
	return (size_t)(end - s);
}

/* What is wrong with a line, NULL if nothing that only the library could tell. */
static const char *line_fault(const char *s, size_t n, bool in_section)
{
	if (!utf8_valid(s, n))
		return "not UTF-8";
	if (has_control_byte(s, n))
		return "control byte";
	if (!n || *s == '#' || *s == ';')
		return NULL;
	const char *name = s;
	size_t len = line_name(&name, n);
	for (size_t i = 0; i < len; i++) {
		if (!is_name_byte(name[i]))
			return "a name may hold only printable ASCII characters other than '!' and "
			       "'?'";
	}
	if (*s != '[' && len && !in_section)
		return "a key outside any section";
	return NULL;
}

/*
 * Appends the lines of `text` without the blanks around them, faulty ones made harmless.  Returns
 * whether anything is left to parse.
 */
static bool wash(const struct buf *text, const struct ini_reader *r, struct buf *out)
{
	bool in_section = false, any = false;
	unsigned line = 0;
	size_t i = text->len >= 3 && !memcmp(text->data, byte_order_mark, 3) ? 3 : 0;

	while (i < text->len) {
		const char *s = text->data + i;
		const char *newline = memchr(s, '\n', text->len - i);
		size_t n = newline ? (size_t)(newline - s) : text->len - i;

		i += n + 1;
		line++;
		while (n && (*s == ' ' || *s == '\t'))
			s++, n--;
		while (n && (s[n - 1] == '\r' || s[n - 1] == ' ' || s[n - 1] == '\t'))
			n--;
		const char *fault = line_fault(s, n, in_section);
		if (fault)
			r->fault(r->arg, line, fault);
		else
			buf_add(out, s, n);
		if (n && *s == '[')
			buf_adds(out, fault ? nowhere : "  "); /* room to blank it */
		buf_addc(out, '\n');
		any |= !fault && n && *s != '#' && *s != ';';
		in_section |= n && *s == '[';
	}
	return any;
}

/* Where the section of that name begins first. */
static unsigned section_line(const struct buf *text, const char *section)
{
	size_t want = strlen(section);
	unsigned line = 0;

	for (size_t i = 0; i < text->len;) {
		const char *s = text->data + i;
		size_t n = strcspn(s, "\n");

		line++;
		i += n + 1;
		if (*s == '[' && line_name(&s, n) == want && !strncasecmp(s, section, want))
			return line;
	}
	return 0;
}

/* --- the library's view --- */

/* Overwrites a faulty line. */
static void blank_line(struct buf *text, unsigned line)
{
	size_t i = 0;

	while (--line)
		i += strcspn(text->data + i, "\n") + 1;
	size_t n = strcspn(text->data + i, "\n");
	bool header = text->data[i] == '[';
	memset(text->data + i, ' ', n);
	if (header)
		memcpy(text->data + i, nowhere, sizeof nowhere - 1);
	else if (n)
		text->data[i] = '#';
}

/* Reports what the library found and blanks it; false if it did not say where. */
static bool report_errors(struct ini_cfgobj *ini, struct buf *text, const struct ini_reader *r)
{
	char **errors = NULL;
	bool any = false;

	if (ini_config_get_errors(ini, &errors) || !errors)
		return false;
	for (char **e = errors; *e; e++) {
		unsigned code, line;
		int at = 0;

		if (sscanf(*e, "Error (%u) on line %u: %n", &code, &line, &at) != 2 || !at || !line)
			continue;
		size_t len = strlen(*e);
		if ((*e)[len - 1] == '.')
			(*e)[len - 1] = '\0';
		if ((*e)[at] >= 'A' && (*e)[at] <= 'Z')
			(*e)[at] = (char)((*e)[at] + ('a' - 'A'));
		r->fault(r->arg, line, *e + at);
		blank_line(text, line);
		any = true;
	}
	ini_config_free_errors(errors);
	return any;
}

/* One pass of the library over the text; its error code, with *out NULL. */
static int parse_once(struct buf *text, struct ini_cfgobj **out)
{
	struct ini_cfgfile *file = NULL;
	int rc = ini_config_create(out);

	if (rc)
		return rc;
	rc = ini_config_file_from_mem(text->data, (uint32_t)text->len, &file);
	if (!rc)
		rc = ini_config_parse(file, INI_STOP_ON_NONE, COLLISIONS, PARSE_FLAGS, *out);
	ini_config_file_destroy(file);
	return rc;
}

static enum status parse(struct buf *text, const struct ini_reader *r, struct ini_cfgobj **out)
{
	/* After one round of blanking nothing faulty is left, but a library may think otherwise. */
	for (int round = 0; round < 8; round++) {
		struct ini_cfgobj *ini = NULL;
		int rc = parse_once(text, &ini);

		if (!rc) {
			*out = ini;
			return ST_OK;
		}
		bool told = rc != ENOMEM && ini && report_errors(ini, text, r);
		ini_config_destroy(ini);
		if (rc == ENOMEM)
			return ST_NOMEM;
		if (!told)
			break;
	}
	r->fault(r->arg, 0, "cannot be parsed");
	return ST_INVALID;
}

/* Every value of one key, in order. */
static void each_value(
	struct ini_cfgobj *ini, const char *section, const char *key, const struct ini_reader *r)
{
	int mode = INI_GET_FIRST_VALUE;
	struct value_obj *vo = NULL;

	while (!ini_get_config_valueobj(section, key, ini, mode, &vo) && vo) {
		struct ini_item item = {.section = section, .key = key};
		uint32_t line = 0;

		if (value_get_concatenated(vo, &item.value) || value_get_line(vo, &line))
			return;
		item.line = line;
		r->item(r->arg, &item);
		mode = INI_GET_NEXT_VALUE;
		vo = NULL;
	}
}

static enum status each_key(struct ini_cfgobj *ini, const char *section, const struct ini_reader *r)
{
	int count = 0, rc = 0;
	char **keys = ini_get_attribute_list(ini, section, &count, &rc);

	if (!keys)
		return rc == ENOMEM ? ST_NOMEM : ST_OK;
	for (int i = 0; i < count; i++) {
		int before = 0;

		/* A key that stands twice is listed twice. */
		while (before < i && strcasecmp(keys[before], keys[i]))
			before++;
		if (before == i)
			each_value(ini, section, keys[i], r);
	}
	ini_free_attribute_list(keys);
	return ST_OK;
}

static enum status each_section(
	struct ini_cfgobj *ini, const struct buf *text, const struct ini_reader *r)
{
	int count = 0, rc = 0;
	char **sections = ini_get_section_list(ini, &count, &rc);
	enum status st = ST_OK;

	if (!sections)
		return rc == ENOMEM ? ST_NOMEM : ST_OK;
	for (int i = 0; i < count && !st; i++) {
		struct ini_item item = {
			.section = sections[i], .line = section_line(text, sections[i])};

		if (!strcmp(sections[i], "?"))
			continue;
		r->item(r->arg, &item);
		st = each_key(ini, sections[i], r);
	}
	ini_free_section_list(sections);
	return st;
}

enum status ini_read(const char *file, bool drop_in, const struct ini_reader *reader)
{
	AUTO_BUF raw = BUF_INIT;
	AUTO_BUF text = BUF_INIT;
	struct ini_cfgobj *ini = NULL;
	enum status st = load(file, drop_in, reader, &raw);

	if (st)
		return st == ST_NOT_FOUND || st == ST_NOMEM ? st : ST_OK;
	bool any = wash(&raw, reader, &text);
	if (buf_status(&text))
		return ST_NOMEM;
	if (!any)
		return ST_OK; /* the library takes an empty file for an unreadable one */
	st = parse(&text, reader, &ini);
	if (!st)
		st = each_section(ini, &text, reader);
	ini_config_destroy(ini);
	return st == ST_NOMEM ? st : ST_OK;
}
