/* config_value: from a key's text to its value, by the key's kind. */
#include "core/config_parts.h"

#include "core/languages.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/path.h"
#include "core/units.h"
#include "core/where.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* --- lists --- */

void config_list_finish(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		mem_free(list->items[i]);
	mem_free(list->items);
	*list = (struct config_list){NULL, 0};
}

enum status config_list_add(struct config_list *list, const char *bytes, size_t n)
{
	/* One more than needed: argv wants a NULL behind its words. */
	char **items = mem_resize(list->items, list->count + 2, sizeof *items);

	if (!items)
		return ST_NOMEM;
	list->items = items;
	char *copy = mem_dup(bytes, n);
	if (!copy)
		return ST_NOMEM;
	items[list->count++] = copy;
	items[list->count] = NULL;
	return ST_OK;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Appends the word at s; returns what follows it, NULL if a quote is not closed. */
static const char *read_word(const char *s, struct buf *word)
{
	bool quoted = false;

	for (; *s && (quoted || !is_blank(*s)); s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (*s == '\\' && s[1])
			buf_addc(word, *++s);
		else
			buf_addc(word, *s);
	}
	return quoted ? NULL : s;
}

/*
 * Splits at white space; "double quotes" hold a word together, a backslash takes the next byte as
 * it is.  ST_INVALID: a quote is not closed.
 */
static enum status split(const char *text, struct config_list *out)
{
	AUTO_BUF word = BUF_INIT;

	for (;;) {
		while (is_blank(*text))
			text++;
		if (!*text)
			return ST_OK;
		buf_clear(&word);
		buf_add(&word, "", 0); /* `""` is a word too */
		text = read_word(text, &word);
		if (!text)
			return ST_INVALID;
		if (buf_status(&word) || config_list_add(out, word.data, word.len))
			return ST_NOMEM;
	}
}

/* --- one value of each kind: ST_INVALID with the reason in `why` --- */

static enum status refuse(struct buf *why, const char *reason)
{
	buf_adds(why, reason);
	return ST_INVALID;
}

static enum status set_bool(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	(void)key;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(text, words[i]))
			continue;
		*(bool *)field = i % 2;
		return ST_OK;
	}
	return refuse(why, "neither yes nor no");
}

static enum status set_bounded(
	const struct config_key *key, void *field, int64_t n, struct buf *why)
{
	if (n < key->min)
		return refuse(why, "too small");
	if (n > key->max)
		return refuse(why, "too large");
	*(int64_t *)field = n;
	return ST_OK;
}

static enum status set_int(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	int64_t n;

	if (units_int(text, &n))
		return refuse(why, "not a number");
	return set_bounded(key, field, n, why);
}

static enum status set_auto(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	if (strcmp(text, "auto"))
		return set_int(key, field, text, why);
	*(int64_t *)field = 0;
	return ST_OK;
}

static enum status set_size(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	int64_t n;

	if (units_size(text, &n))
		return refuse(why, "not a size (such as 64K, 10M or 2G)");
	return set_bounded(key, field, n, why);
}

static enum status set_duration(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	int64_t n;

	if (units_duration_ms(text, &n))
		return refuse(why, "not a duration (such as 500ms, 5s, 2m or 7d)");
	return set_bounded(key, field, n, why);
}

/* The position of `text` among words separated by a blank, -1 if it is none of them. */
static int find_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (int i = 0; *choices; i++) {
		size_t n = strcspn(choices, " ");

		if (n == len && !strncmp(choices, text, n))
			return i;
		choices += n + (choices[n] == ' ');
	}
	return -1;
}

static enum status set_choice(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	int i = find_choice(key->choices, text);
	unsigned chosen = (unsigned)i;

	_Static_assert(sizeof(enum config_mode) == sizeof chosen &&
			       sizeof(enum config_sandbox) == sizeof chosen &&
			       sizeof(enum config_lane) == sizeof chosen,
		"enums are as wide as an unsigned");
	if (i < 0) {
		buf_addf(why, "none of: %s", key->choices);
		return ST_INVALID;
	}
	memcpy(field, &chosen, sizeof chosen);
	return ST_OK;
}

static enum status replace(void *field, char *value)
{
	char **string = field;

	if (!value)
		return ST_NOMEM;
	mem_free(*string);
	*string = value;
	return ST_OK;
}

static enum status set_word(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	if (find_choice(key->choices, text) >= 0)
		return replace(field, mem_strdup(text));
	buf_addf(why, "none of: %s", key->choices);
	return ST_INVALID;
}

static enum status set_name(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	const char *s = text;

	(void)key;
	while (isalnum((unsigned char)*s) || (*s && strchr(".+-_", *s)))
		s++;
	if (*s || !*text)
		return refuse(why, "not one word of letters, digits and . + - _");
	return replace(field, mem_strdup(text));
}

static bool starts_at_home(const char *text)
{
	return text[0] == '~' && (text[1] == '/' || text[1] == '\0');
}

/* "~/x" and "~" become the home's; others are copied.  ST_INVALID: not absolute, or no home. */
static enum status expand_path(const char *text, struct buf *out)
{
	AUTO_BUF home = BUF_INIT;
	bool from_home = starts_at_home(text);

	if (!from_home && *text != '/')
		return ST_INVALID;
	enum status st = from_home ? where_home(&home) : ST_OK;
	if (st)
		return st == ST_NOMEM ? st : ST_INVALID;
	path_normalize(
		out, from_home ? home.data : "/", text + (from_home ? 1 + (text[1] == '/') : 0));
	return buf_status(out);
}

static enum status set_path(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	AUTO_BUF path = BUF_INIT;
	enum status st = expand_path(text, &path);

	(void)key;
	if (st == ST_INVALID)
		return refuse(why, starts_at_home(text) ? "no home directory is known"
							: "not an absolute path");
	return st ? st : replace(field, buf_take(&path));
}

static enum status set_socket(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	char *path = NULL;
	enum status st = set_path(key, &path, text, why);

	if (st)
		return st;
	if (strlen(path) <= SOCKET_PATH_MAX)
		return replace(field, path);
	mem_free(path);
	buf_addf(why, "longer than %d bytes", (int)SOCKET_PATH_MAX);
	return ST_INVALID;
}

/* "HOST:PORT"; a host that holds colons stands in brackets. */
static bool is_host_and_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	int64_t port;

	return colon && colon != text && !strpbrk(text, " \t/") && units_int(colon + 1, &port) == ST_OK &&
	       port >= 1 && port <= 65535 && (*text == '[') == (colon[-1] == ']') &&
	       (*text == '[' || strchr(text, ':') == colon);
}

static enum status set_storage(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	static const char far[] = "memcached:";
	const char *place = text + sizeof far - 1;

	(void)key;
	if (strcmp(text, "memory") == 0)
		return replace(field, mem_strdup(text));
	if (strncmp(text, far, sizeof far - 1) != 0 || (*place != '/' && !is_host_and_port(place)))
		return refuse(why, "none of: memory, memcached:HOST:PORT, memcached:/path/of/a/socket");
	if (*place == '/' && strlen(place) > SOCKET_PATH_MAX) {
		buf_addf(why, "longer than %d bytes", (int)SOCKET_PATH_MAX);
		return ST_INVALID;
	}
	return replace(field, mem_strdup(text));
}

/* --- kinds that are lists --- */

static enum status check_path(char **word, struct buf *why)
{
	static const struct config_key none;

	return set_path(&none, word, *word, why);
}

static void lower(char *s)
{
	for (; *s; s++) {
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s + ('a' - 'A'));
	}
}

/* Only what path_extension can yield: anything else would never match a name. */
static enum status check_extension(char **word, struct buf *why)
{
	char as_found[17], *s = *word;
	AUTO_BUF name = BUF_INIT;

	lower(s);
	if (*s == '.')
		memmove(s, s + 1, strlen(s));
	if (!strcmp(s, "*"))
		return ST_OK;
	buf_addf(&name, "x.%s", s);
	if (buf_status(&name))
		return ST_NOMEM;
	path_extension(name.data, as_found);
	if (*s && !strcmp(as_found, s))
		return ST_OK;
	buf_addf(why, "'%s' is no extension (1 to 16 ASCII letters and digits, or *)", s);
	return ST_INVALID;
}

static enum status check_type(char **word, struct buf *why)
{
	const char *slash = strchr(*word, '/');

	lower(*word);
	if (slash && slash != *word && slash[1] && !strpbrk(*word, " \t;\""))
		return ST_OK;
	buf_addf(why, "'%s' is no MIME type", *word);
	return ST_INVALID;
}

static enum status check_time(char **word, struct buf *why)
{
	const char *s = *word;
	bool digits = strlen(s) == 5 && strspn(s, "0123456789") == 2 && s[2] == ':' &&
		      strspn(s + 3, "0123456789") == 2;

	if (digits && (s[0] - '0') * 10 + s[1] - '0' < 24 && s[3] < '6')
		return ST_OK;
	buf_addf(why, "'%s' is no time of day (HH:MM)", s);
	return ST_INVALID;
}

static enum status check_language(char **word, struct buf *why)
{
	const char *name = language_find(*word);

	if (name)
		return replace(word, mem_strdup(name));
	buf_addf(why, "'%s' is none of: ", *word);
	languages_add_all(why);
	return ST_INVALID;
}

static enum status check_word(char **word, struct buf *why)
{
	return **word ? ST_OK : refuse(why, "an empty word");
}

/*
 * Adds the words of `text` to the list; one that `check` (which may change it) refuses leaves the
 * list as it was.
 */
static enum status add_words(struct config_list *list, const char *text,
	enum status (*check)(char **word, struct buf *why), struct buf *why)
{
	struct config_list words = {NULL, 0};
	enum status st = split(text, &words);

	if (st == ST_INVALID)
		buf_adds(why, "a quote is not closed");
	for (size_t i = 0; i < words.count && !st; i++)
		st = check(&words.items[i], why);
	for (size_t i = 0; i < words.count && !st; i++)
		st = config_list_add(list, words.items[i], strlen(words.items[i]));
	config_list_finish(&words);
	return st;
}

static enum status set_list(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	static enum status (*const checks[])(char **, struct buf *) = {
		[KEY_PATHS] = check_path,
		[KEY_WORDS] = check_word,
		[KEY_EXTENSIONS] = check_extension,
		[KEY_TYPES] = check_type,
		[KEY_TIMES] = check_time,
		[KEY_LANGUAGES] = check_language,
	};

	return add_words(field, text, checks[key->kind], why);
}

static enum status set_command(
	const struct config_key *key, void *field, const char *text, struct buf *why)
{
	struct config_list words = {NULL, 0};
	enum status st = split(text, &words);

	(void)key;
	if (st == ST_INVALID)
		buf_adds(why, "a quote is not closed");
	else if (!st && (!words.count || !*words.items[0]))
		st = refuse(why, "no command");
	else if (!st && strchr(words.items[0], '/') && *words.items[0] != '/')
		st = refuse(why, "the program is neither an absolute path nor a plain name");
	if (st) {
		config_list_finish(&words);
		return st;
	}
	config_list_finish(field);
	*(struct config_list *)field = words;
	return ST_OK;
}

enum status config_set(
	const struct config_key *key, void *object, const char *text, struct buf *why)
{
	static enum status (*const setters[])(
		const struct config_key *, void *, const char *, struct buf *) = {
		[KEY_BOOL] = set_bool,
		[KEY_INT] = set_int,
		[KEY_AUTO] = set_auto,
		[KEY_SIZE] = set_size,
		[KEY_DURATION] = set_duration,
		[KEY_CHOICE] = set_choice,
		[KEY_WORD] = set_word,
		[KEY_NAME] = set_name,
		[KEY_PATH] = set_path,
		[KEY_SOCKET] = set_socket,
		[KEY_STORAGE] = set_storage,
		[KEY_PATHS] = set_list,
		[KEY_WORDS] = set_list,
		[KEY_EXTENSIONS] = set_list,
		[KEY_TYPES] = set_list,
		[KEY_TIMES] = set_list,
		[KEY_LANGUAGES] = set_list,
		[KEY_RUN] = set_command,
		[KEY_SERVE] = set_command,
	};
	enum status st = setters[key->kind](key, (char *)object + key->offset, text, why);

	if (!st && (key->kind == KEY_RUN || key->kind == KEY_SERVE)) {
		struct config_converter *c = object;

		c->transport = key->kind == KEY_RUN ? TRANSPORT_RUN : TRANSPORT_SERVE;
	}
	return buf_status(why) ? ST_NOMEM : st;
}

enum status config_set_defaults(const char *section, void *object)
{
	AUTO_BUF why = BUF_INIT;
	enum status st = ST_OK;

	for (size_t i = 0; i < config_key_count && !st; i++) {
		const struct config_key *k = &config_keys[i];

		if (*k->fallback && !strcmp(k->section, section))
			st = config_set(k, object, k->fallback, &why);
	}
	BUG_UNLESS(st != ST_INVALID);
	return st;
}
