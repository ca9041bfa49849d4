/* json: strings of answers; see json.h. */
#include "search/json.h"

#include "core/path.h"

static void add_escape(struct buf *out, unsigned char c)
{
	static const char shorts[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
		['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
	char letter = c < sizeof shorts ? shorts[c] : 0;

	if (letter)
		buf_addf(out, "\\%c", letter);
	else
		buf_addf(out, "\\u%04x", c);
}

static void add_valid(struct buf *out, const char *s, size_t len)
{
	size_t plain = 0;

	buf_addc(out, '"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= ' ' && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_add(out, s + plain, i - plain);
		add_escape(out, c);
		plain = i + 1;
	}
	buf_add(out, s + plain, len - plain);
	buf_addc(out, '"');
}

void json_add_string(struct buf *out, const char *s, size_t len)
{
	if (utf8_valid(s, len)) {
		add_valid(out, s, len);
		return;
	}
	AUTO_BUF lossy = BUF_INIT;
	utf8_add_lossy(&lossy, s, len);
	if (lossy.failed)
		out->failed = true;
	else
		add_valid(out, lossy.data, lossy.len);
}

void json_add_bytes(struct buf *out, const char *key, const char *bytes, size_t len)
{
	buf_addf(out, "\"%s\":", key);
	json_add_string(out, bytes, len);
	if (utf8_valid(bytes, len))
		return;
	buf_addf(out, ",\"%s_b64\":\"", key);
	base64_add(out, bytes, len);
	buf_addc(out, '"');
}

void json_add_path(struct buf *out, const char *path, size_t len)
{
	json_add_bytes(out, "path", path, len);
}
