/* stems: the languages and their stemmers; see stems.h. */
#include "search/stems.h"

#include "core/languages.h"
#include "core/mem.h"

#include <libstemmer.h>
#include <pthread.h>
#include <string.h>

struct stems {
	size_t count;
	struct sb_stemmer *stemmers[];
};

/* A mutex of its own, for it is there before anything is set up. */
static pthread_mutex_t configured_lock = PTHREAD_MUTEX_INITIALIZER;
/* protected by configured_lock */
static const char *configured[LANGUAGES_MAX]; /* of languages.h */
static size_t configured_count;

static bool is_configured(const char *name)
{
	for (size_t i = 0; i < configured_count; i++)
		if (configured[i] == name)
			return true;
	return false;
}

void stems_configure(const struct config_list *languages)
{
	pthread_mutex_lock(&configured_lock);
	configured_count = 0;
	for (size_t i = 0; i < languages->count; i++) {
		const char *name = language_find(languages->items[i]);

		if (name && !is_configured(name))
			configured[configured_count++] = name;
	}
	pthread_mutex_unlock(&configured_lock);
}

/* With the lock held. */
static enum status create_locked(struct stems **out)
{
	struct stems *s;

	if (configured_count == 0)
		return ST_OK;
	s = mem_zalloc(sizeof *s + configured_count * sizeof s->stemmers[0]);
	if (!s)
		return ST_NOMEM;
	for (; s->count < configured_count; s->count++) {
		s->stemmers[s->count] = sb_stemmer_new(configured[s->count], "UTF_8");
		if (!s->stemmers[s->count]) {
			stems_destroy(s);
			return ST_NOMEM; /* the names are known to be right */
		}
	}
	*out = s;
	return ST_OK;
}

enum status stems_create(struct stems **out)
{
	*out = NULL;
	pthread_mutex_lock(&configured_lock);
	enum status st = create_locked(out);
	pthread_mutex_unlock(&configured_lock);
	return st;
}

void stems_destroy(struct stems *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		sb_stemmer_delete(s->stemmers[i]);
	mem_free(s);
}

size_t stems_count(const struct stems *s)
{
	return s->count;
}

enum status stems_find(struct stems *s, size_t i, const char *word, size_t len, struct stem *out)
{
	const sb_symbol *stem = sb_stemmer_stem(s->stemmers[i], (const sb_symbol *)word, (int)len);

	out->len = 0;
	if (!stem)
		return ST_NOMEM;
	int n = sb_stemmer_length(s->stemmers[i]);
	if (n > 0 && n <= STEM_BYTES_MAX) {
		memcpy(out->text, stem, (size_t)n);
		out->len = (size_t)n;
	}
	return ST_OK;
}
