/*
 * picture_tags: gexiv2's tags into lines and metadata; see picture_tags.h.
 *
 * pkg-config: gexiv2
 */
#include "picture_tags.h"

#include "iso_date.h"
#include "tags.h"

#include <endian.h>
#include <gexiv2/gexiv2.h>
#include <stdio.h>
#include <string.h>

enum { MOMENT_MOST = 64 };

/* --- tags ------------------------------------------------------------------------------------- */

/* In the order in which they are believed; each value is a line of text, and the first of a key its
 * metadata. */
static const struct {
	const char *tag, *key;
} tags[] = {
	{"Xmp.dc.title", "title"},
	{"Iptc.Application2.ObjectName", "title"},
	{"Exif.Image.XPTitle", "title"},
	{"Xmp.photoshop.Headline", "headline"},
	{"Iptc.Application2.Headline", "headline"},
	{"Xmp.dc.description", "description"},
	{"Iptc.Application2.Caption", "description"},
	{"Exif.Image.ImageDescription", "description"},
	{"Exif.Image.XPSubject", "description"},
	{"Exif.Photo.UserComment", "comment"},
	{"Exif.Image.XPComment", "comment"},
	{"Xmp.exif.UserComment", "comment"},
	{"Xmp.dc.subject", "keywords"},
	{"Iptc.Application2.Keywords", "keywords"},
	{"Exif.Image.XPKeywords", "keywords"},
	{"Xmp.lr.hierarchicalSubject", NULL},
	{"Xmp.digiKam.TagsList", NULL},
	{"Xmp.dc.creator", "author"},
	{"Iptc.Application2.Byline", "author"},
	{"Exif.Image.Artist", "author"},
	{"Exif.Image.XPAuthor", "author"},
	{"Xmp.dc.rights", "copyright"},
	{"Iptc.Application2.Copyright", "copyright"},
	{"Exif.Image.Copyright", "copyright"},
	{"Xmp.iptcExt.PersonInImage", "people"},
	{"Xmp.MP.RegionInfo/MPRI:Regions", NULL},
	{"Xmp.iptc.Location", "location"},
	{"Iptc.Application2.SubLocation", "location"},
	{"Xmp.photoshop.City", "city"},
	{"Iptc.Application2.City", "city"},
	{"Xmp.photoshop.State", "state"},
	{"Iptc.Application2.ProvinceState", "state"},
	{"Xmp.photoshop.Country", "country"},
	{"Iptc.Application2.CountryName", "country"},
	{"Xmp.photoshop.Credit", NULL},
	{"Iptc.Application2.Credit", NULL},
	{"Xmp.photoshop.Source", NULL},
	{"Iptc.Application2.Source", NULL},
	{"Exif.Photo.LensModel", "lens"},
	{"Xmp.aux.Lens", "lens"},
};

/* `lang="x-default" ` stands before each alternative of a text in several languages. */
static const char *without_language(const char *value)
{
	const char *end = strncmp(value, "lang=\"", 6) == 0 ? strstr(value + 6, "\" ") : NULL;

	return end ? end + 2 : value;
}

/* `charset=Ascii ` stands before some comments. */
static const char *without_charset(const char *value)
{
	const char *end = strncmp(value, "charset=", 8) == 0 ? strchr(value, ' ') : NULL;

	return end ? end + 1 : value;
}

static void add(struct tags *t, const char *key, const char *value)
{
	value = without_charset(without_language(value));
	tags_add(t, key, value, strlen(value));
}

static bool is_list(const char *tag)
{
	const char *type = gexiv2_metadata_try_get_tag_type(tag, NULL);

	return type &&
	       (strcmp(type, "XmpBag") == 0 || strcmp(type, "XmpSeq") == 0 ||
		       strcmp(type, "String") == 0) &&
	       strncmp(tag, "Exif.", 5) != 0;
}

/* Keywords are one field for who reads them, and a line each for who looks for one. */
static void take_list(struct tags *t, GExiv2Metadata *picture, const char *tag, const char *key)
{
	gchar **values = gexiv2_metadata_try_get_tag_multiple(picture, tag, NULL);
	char *joined = values && values[0] ? g_strjoinv(", ", values) : NULL;

	if (joined && key)
		answer_meta(t->out, key, joined, strlen(joined));
	for (gchar **v = values; v && *v; v++)
		add(t, NULL, *v);
	g_free(joined);
	g_strfreev(values);
}

static void take_tags(struct tags *t, GExiv2Metadata *picture)
{
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		if (!gexiv2_metadata_try_has_tag(picture, tags[i].tag, NULL))
			continue;
		if (is_list(tags[i].tag)) {
			take_list(t, picture, tags[i].tag, tags[i].key);
			continue;
		}
		/* Windows' own tags are bytes of UTF-16, which are made readable only so. */
		char *value =
			gexiv2_metadata_try_get_tag_interpreted_string(picture, tags[i].tag, NULL);
		if (value)
			add(t, tags[i].key, value);
		g_free(value);
	}
}

/* --- when, where, by what --------------------------------------------------------------------- */

/* `2020:02:03 04:05:06`, and perhaps how far from Greenwich. */
static void take_moment(struct answer *out, GExiv2Metadata *picture)
{
	static const struct {
		const char *moment, *offset;
	} moments[] = {
		{"Exif.Photo.DateTimeOriginal", "Exif.Photo.OffsetTimeOriginal"},
		{"Exif.Photo.DateTimeDigitized", "Exif.Photo.OffsetTimeDigitized"},
		{"Xmp.xmp.CreateDate", NULL},
		{"Xmp.photoshop.DateCreated", NULL},
		{"Exif.Image.DateTime", "Exif.Photo.OffsetTime"},
		{"Iptc.Application2.DateCreated", NULL},
	};
	bool found = false;

	for (size_t i = 0; i < sizeof moments / sizeof moments[0] && !found; i++) {
		char *said = gexiv2_metadata_try_get_tag_string(picture, moments[i].moment, NULL);
		char *offset = moments[i].offset ? gexiv2_metadata_try_get_tag_string(
							   picture, moments[i].offset, NULL)
						 : NULL;
		char moment[MOMENT_MOST];
		int64_t when;

		snprintf(moment, sizeof moment, "%s%s", said ? said : "", offset ? offset : "");
		for (size_t at = 4; at <= 7 && strlen(moment) > 7; at += 3)
			if (moment[at] == ':')
				moment[at] = '-';
		found = iso_date_parse(moment, strlen(moment), &when);
		if (found)
			answer_meta_int(out, "created", when);
		g_free(said);
		g_free(offset);
	}
}

static void take_place(struct answer *out, GExiv2Metadata *picture)
{
	double longitude, latitude, altitude;
	char place[MOMENT_MOST];

	if (!gexiv2_metadata_try_get_gps_info(picture, &longitude, &latitude, &altitude, NULL) ||
		(longitude == 0 && latitude == 0))
		return;
	int n = snprintf(place, sizeof place, "%.6f, %.6f", latitude, longitude);
	answer_meta(out, "gps", place, (size_t)n);
}

/* `Canon` and `Canon EOS 5D` are one camera. */
static void take_camera(struct tags *t, GExiv2Metadata *picture)
{
	char *make = gexiv2_metadata_try_get_tag_string(picture, "Exif.Image.Make", NULL);
	char *model = gexiv2_metadata_try_get_tag_string(picture, "Exif.Image.Model", NULL);
	bool twice = make && model && g_str_has_prefix(model, make);
	char *camera =
		g_strjoin(" ", twice || !make ? "" : g_strstrip(make), model ? model : "", NULL);

	add(t, "camera", camera);
	g_free(camera);
	g_free(make);
	g_free(model);
}

static void take_size(struct answer *out, GExiv2Metadata *picture)
{
	int width = gexiv2_metadata_get_pixel_width(picture);
	int height = gexiv2_metadata_get_pixel_height(picture);

	if (width <= 0 || height <= 0)
		return;
	answer_meta_int(out, "width", width);
	answer_meta_int(out, "height", height);
}

/* --- signatures ------------------------------------------------------------------------------- */

/* exiv2 reads films too, and hangs in damaged ones: it is given what begins as a picture does. */
static const struct {
	size_t at;
	const char *bytes;
	size_t len;
} signatures[] = {
	{0, "\xff\xd8\xff", 3}, {0, "\x89PNG\r\n\x1a\n", 8}, {0, "GIF8", 4}, {0, "BM", 2},
	{8, "WEBP", 4}, {0, "II*\0", 4}, {0, "MM\0*", 4}, {0, "8BPS", 4}, {4, "jP  \r\n", 6},
	{4, "ftypheic", 8}, {4, "ftypheix", 8}, {4, "ftypheim", 8}, {4, "ftypmif1", 8},
	{4, "ftypavif", 8}, {4, "ftypcrx ", 8}, {0, "IIU\0", 4}, /* Panasonic */
	{0, "IIRO", 4},                                          /* Olympus */
	{0, "IIRS", 4},                                          /* Olympus */
	{0, "MMOR", 4},                                          /* Olympus */
};

/* Fujifilm's raw files hold a JPEG with all tags; exiv2's own way to it ends programs. */
static void step_into_raf(const uint8_t **p, size_t *n)
{
	enum { PREVIEW = 84 }; /* where and how long it is, big-endian */
	static const char signature[] = "FUJIFILMCCD-RAW";
	uint32_t place[2];

	if (*n < PREVIEW + sizeof place || memcmp(*p, signature, sizeof signature - 1) != 0)
		return;
	memcpy(place, *p + PREVIEW, sizeof place);
	size_t at = be32toh(place[0]), len = be32toh(place[1]);
	if (at > *n)
		return;
	*p += at;
	*n = len < *n - at ? len : *n - at;
}

static bool is_picture(const uint8_t *p, size_t n)
{
	/* A first box without a sensible length makes exiv2 take it for a film. */
	if (n >= 8 && memcmp(p + 4, "ftyp", 4) == 0 && (p[0] || p[1]))
		return false;
	for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++)
		if (n >= signatures[i].at + signatures[i].len &&
			memcmp(p + signatures[i].at, signatures[i].bytes, signatures[i].len) == 0)
			return true;
	return false;
}

/* --- together --------------------------------------------------------------------------------- */

/* Only where its name may have promised another: exiv2 has its own words for the rarer types. */
static void take_type(struct answer *out, GExiv2Metadata *picture)
{
	static const char *const common[] = {"image/gif", "image/jpeg", "image/png", "image/webp"};
	const char *type = gexiv2_metadata_get_mime_type(picture);

	for (size_t i = 0; type && i < sizeof common / sizeof common[0]; i++)
		if (strcmp(type, common[i]) == 0)
			answer_meta(out, "type", type, strlen(type));
}

static GExiv2Metadata *open_metadata(const uint8_t *bytes, size_t n)
{
	GExiv2Metadata *metadata = gexiv2_metadata_new();

	if (gexiv2_metadata_open_buf(metadata, bytes, (glong)n, NULL))
		return metadata;
	g_object_unref(metadata);
	return NULL;
}

/* exiv2 reads a GIF's size only; its XMP lies in one piece behind this name.  NULL: none. */
static GExiv2Metadata *open_gif_packet(const uint8_t *bytes, size_t n)
{
	static const char name[] = "XMP DataXMP", end[] = "<?xpacket end=";
	enum { END_MOST = 32 };
	const uint8_t *from =
		memcmp(bytes, "GIF8", 4) == 0 ? memmem(bytes, n, name, sizeof name - 1) : NULL;

	if (!from)
		return NULL;
	from += sizeof name - 1;
	size_t left = n - (size_t)(from - bytes);
	const uint8_t *to = memmem(from, left, end, sizeof end - 1);
	const uint8_t *close = to ? memchr(to, '>', left - (size_t)(to - from)) : NULL;
	if (!close || close - to > END_MOST)
		return NULL;
	return open_metadata(from, (size_t)(close + 1 - from));
}

static void take_metadata(struct tags *t, GExiv2Metadata *metadata)
{
	take_tags(t, metadata);
	char *comment = gexiv2_metadata_try_get_comment(metadata, NULL);
	if (comment)
		add(t, "comment", comment);
	g_free(comment);
	take_moment(t->out, metadata);
	take_place(t->out, metadata);
	take_camera(t, metadata);
}

bool picture_tags_give(struct answer *out, const uint8_t *bytes, size_t n)
{
	static bool ready;
	struct tags t;

	if (!ready) {
		gexiv2_initialize();
		gexiv2_log_set_level(GEXIV2_LOG_LEVEL_MUTE);
	}
	ready = true;
	step_into_raf(&bytes, &n);
	GExiv2Metadata *picture = is_picture(bytes, n) ? open_metadata(bytes, n) : NULL;
	if (!picture)
		return false;
	tags_init(&t, out);
	take_type(out, picture);
	take_size(out, picture);
	take_metadata(&t, picture);
	g_object_unref(picture);
	GExiv2Metadata *packet = open_gif_packet(bytes, n);
	if (packet) {
		take_metadata(&t, packet);
		g_object_unref(packet);
	}
	return true;
}
