/*
 * media: trawl-convert-media, the tags, chapters and track titles of audio and video files.
 *
 * libavformat reads the container through callbacks; no stream is decoded, and
 * no codec is opened.  Demuxers are named one by one: playlists, and formats that
 * refer to other files, are left out.
 *
 * pkg-config: libavformat libavutil libcjson uchardet
 */
#include "alloc.h"
#include "iso_date.h"
#include "serve.h"
#include "tags.h"
#include "typing.h"

#include <errno.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { BLOCK = 32 * 1024 };

static const char demuxers[] =
	"aac,ac3,aiff,amr,ape,asf,asf_o,au,avi,caf,dsf,dts,flac,flv,matroska,"
	"webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpc,mpc8,mpeg,mpegts,ogg,tak,tta,w64,wav,wv";

/* --- the document, as libavformat reads it ------------------------------------------------------
 */

struct source {
	int fd;
	int64_t at, size;
};

static int source_read(void *ctx, uint8_t *to, int n)
{
	struct source *s = ctx;
	ssize_t got;

	do
		got = pread(s->fd, to, (size_t)n, s->at);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got < 0 ? AVERROR(errno) : AVERROR_EOF;
	s->at += got;
	return (int)got;
}

static int64_t source_seek(void *ctx, int64_t offset, int whence)
{
	struct source *s = ctx;
	int64_t base, to;

	if (whence & AVSEEK_SIZE)
		return s->size;
	whence &= ~AVSEEK_FORCE;
	base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? s->at : s->size;
	if (__builtin_add_overflow(base, offset, &to) || to < 0)
		return AVERROR(EINVAL);
	return s->at = to;
}

/* --- what the tags mean --------------------------------------------------------------------------
 */

/* libavformat's names for what all formats have, and ours. */
static const struct {
	const char *tag, *key;
} keys[] = {
	{"title", "title"},
	{"artist", "artist"},
	{"album", "album"},
	{"album_artist", "album_artist"},
	{"author", "author"},
	{"composer", "composer"},
	{"copyright", "copyright"},
	{"date", "date"},
	{"year", "date"},
	{"genre", "genre"},
	{"keywords", "keywords"},
	{"publisher", "publisher"},
	{"show", "show"},
};

/* For players and catalogues: nothing that somebody looks for. */
static const char *const dull[] = {"accurip", "acoustid", "bps", "cddb", "compatible_brands",
	"creation_time", "disc", "discid", "duration", "encoded_by", "encoder", "gapless",
	"handler_name", "id3v2_priv", "isrc", "itun", "language", "length", "major_brand",
	"minor_version", "musicbrainz", "number_of_", "purl", "replaygain", "rotate", "software",
	"tlen", "tmpo", "track", "tsse", "vendor_id", "waveformatextensible", "_statistics"};

static const char *key_of(const char *tag)
{
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (strcasecmp(tag, keys[i].tag) == 0)
			return keys[i].key;
	return NULL;
}

static bool is_dull(const char *tag)
{
	for (size_t i = 0; i < sizeof dull / sizeof dull[0]; i++)
		if (strncasecmp(tag, dull[i], strlen(dull[i])) == 0)
			return true;
	return false;
}

/* `of_file`: tags of the whole file, not of a track or a chapter in it. */
static void take_tags(struct tags *t, const AVDictionary *tags, bool of_file)
{
	const AVDictionaryEntry *tag = NULL;
	int64_t when;

	while ((tag = av_dict_get(tags, "", tag, AV_DICT_IGNORE_SUFFIX))) {
		const char *key = of_file ? key_of(tag->key) : NULL;
		size_t n = strlen(tag->value);

		if (strcasecmp(tag->key, "artist") == 0 && of_file)
			answer_meta(t->out, "author", tag->value, n);
		if (key && strcmp(key, "date") == 0 && iso_date_parse(tag->value, n, &when))
			answer_meta_int(t->out, "created", when);
		if (!is_dull(tag->key))
			tags_add(t, key, tag->value, n);
	}
}

/* Where a file holds one track, as in Ogg, the track's tags are the file's. */
static void take_all(struct tags *t, const AVFormatContext *file)
{
	take_tags(t, file->metadata, true);
	for (unsigned i = 0; i < file->nb_streams; i++)
		take_tags(t, file->streams[i]->metadata, file->nb_streams == 1);
	for (unsigned i = 0; i < file->nb_chapters; i++)
		take_tags(t, file->chapters[i]->metadata, false);
}

static bool take_language(struct answer *out, const AVDictionary *tags)
{
	const AVDictionaryEntry *lang = av_dict_get(tags, "language", NULL, 0);

	if (!lang || strcmp(lang->value, "und") == 0)
		return false;
	answer_meta(out, "lang", lang->value, strlen(lang->value));
	return true;
}

/* The first track that names one speaks for the others. */
static void take_languages(struct answer *out, const AVFormatContext *file)
{
	bool found = take_language(out, file->metadata);

	for (unsigned i = 0; i < file->nb_streams && !found; i++)
		found = take_language(out, file->streams[i]->metadata);
}

/* The longest track's, where the file itself names none. */
static void take_duration(struct answer *out, const AVFormatContext *file)
{
	int64_t longest = file->duration == AV_NOPTS_VALUE ? 0 : file->duration / AV_TIME_BASE;

	for (unsigned i = 0; i < file->nb_streams && longest <= 0; i++) {
		const AVStream *s = file->streams[i];

		if (s->duration != AV_NOPTS_VALUE && s->time_base.den > 0)
			longest = av_rescale(s->duration, s->time_base.num, s->time_base.den);
	}
	if (longest > 0)
		answer_meta_int(out, "duration", longest);
}

/* --- one document --------------------------------------------------------------------------------
 */

static int open_file(AVIOContext *io, AVFormatContext **file)
{
	AVDictionary *options = NULL;

	*file = avformat_alloc_context();
	if (!*file)
		alloc_failed();
	(*file)->pb = io;
	(*file)->flags |= AVFMT_FLAG_CUSTOM_IO;
	av_dict_set(&options, "format_whitelist", demuxers, 0);
	av_dict_set(&options, "protocol_whitelist", "none", 0);
	int r = avformat_open_input(file, NULL, NULL, &options);
	av_dict_free(&options);
	return r;
}

static int take_file(struct answer *out, const AVFormatContext *file)
{
	struct tags tags;

	tags_init(&tags, out);
	take_all(&tags, file);
	take_languages(out, file);
	take_duration(out, file);
	return ANSWER_DONE;
}

static int convert_media(const struct document *doc, struct answer *out)
{
	struct source source = {.fd = doc->fd, .size = (int64_t)doc->size};
	uint8_t *block = av_malloc(BLOCK);
	AVFormatContext *file = NULL;
	AVIOContext *io =
		block ? avio_alloc_context(block, BLOCK, 0, &source, source_read, NULL, source_seek)
		      : NULL;

	if (!io)
		alloc_failed();
	av_log_set_level(AV_LOG_QUIET);
	int r = open_file(io, &file);
	int verdict = r < 0 ? convert_other(doc, out) : take_file(out, file);
	avformat_close_input(&file);
	av_freep(&io->buffer);
	avio_context_free(&io);
	return verdict;
}

static const struct converter_ops media_converter = {
	.program = "trawl-convert-media",
	.convert = convert_media,
};

#ifndef TRAWL_FUZZ
int main(void)
{
	return convert_serve(&media_converter);
}
#endif
