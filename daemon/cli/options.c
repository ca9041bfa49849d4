/* options: the command line taken apart; see options.h. */
#include "cli/options.h"

#include "core/log.h"
#include "core/mem.h"
#include "core/units.h"

#include <getopt.h>
#include <string.h>

enum kind { KIND_FLAG, KIND_TEXT, KIND_COUNT, KIND_DURATION, KIND_MAYBE_DURATION, KIND_MAYBE_TEXT, KIND_MANY };

static const struct {
	const char *name;
	int letter;
	enum kind kind;
	const char *argument, *help;
} table[OPT_COUNT] = {
#define OPTION(id, name, letter, kind, argument, help)                                             \
	[OPT_##id] = {name, letter, KIND_##kind, argument, help},
#include "cli/options.tbl"
};

enum { LONG_BASE = 256 }; /* what getopt_long returns for a long option: its id above every letter */

static int argument_need(enum kind kind)
{
	if (kind == KIND_FLAG)
		return no_argument;
	return kind == KIND_MAYBE_DURATION || kind == KIND_MAYBE_TEXT ? optional_argument
								      : required_argument;
}

/* The tables getopt_long works from.  `letters` begins with "-": every word comes in order, whatever POSIXLY_CORRECT says. */
static void make_getopt_tables(struct option *longs, char *letters)
{
	*letters++ = '-';
	*letters++ = ':';
	for (int id = 0; id < OPT_COUNT; id++) {
		int need = argument_need(table[id].kind);

		longs[id] = (struct option){table[id].name, need, NULL, LONG_BASE + id};
		if (!table[id].letter)
			continue;
		*letters++ = (char)table[id].letter;
		if (need == required_argument)
			*letters++ = ':';
	}
	longs[OPT_COUNT] = (struct option){NULL, 0, NULL, 0};
	*letters = '\0';
}

static int id_of(int code)
{
	if (code >= LONG_BASE)
		return code - LONG_BASE;
	for (int id = 0; id < OPT_COUNT; id++) {
		if (table[id].letter == code)
			return id;
	}
	BUG("getopt_long returned a letter that is in no table");
}

static enum status read_value(struct options *o, int id, const char *text, struct buf *why)
{
	struct option_value *v = &o->value[id];
	enum status st = ST_OK;

	v->given = true;
	v->text = text;
	v->at = o->arg_count;
	switch (table[id].kind) {
	case KIND_FLAG:
	case KIND_TEXT:
	case KIND_MAYBE_TEXT:
		break;
	case KIND_MANY:
		o->parts[o->part_count++] = text;
		break;
	case KIND_COUNT:
		st = units_int(text, &v->number);
		if (st != ST_OK || v->number < 0) {
			buf_addf(why, "--%s takes a number, not \"%s\"", table[id].name, text);
			return ST_INVALID;
		}
		break;
	case KIND_MAYBE_DURATION:
		if (!text)
			break;
		/* fall through */
	case KIND_DURATION:
		st = units_duration_ms(text, &v->number);
		if (st != ST_OK)
			buf_addf(why, "--%s takes a duration such as 500ms, 5s or 2m, not \"%s\"",
				table[id].name, text);
		break;
	}
	return st;
}

static enum status refuse(int code, char **argv, struct buf *why)
{
	/* optopt is a letter, or 0 or our code for a long option, which is the word just passed. */
	if (optopt > 0 && optopt < LONG_BASE)
		buf_addf(why, code == ':' ? "-%c needs an argument" : "there is no option -%c", optopt);
	else
		buf_addf(why, code == ':' ? "%s needs an argument" : "%s is not understood",
			argv[optind - 1]);
	if (code == '?')
		buf_adds(why, " (put -- before words that begin with a dash)");
	return ST_INVALID;
}

/*
 * "-draft" is a word, as queries exclude words so: letters are not strung together, each option stands alone.  Nothing
 * between words is left over in getopt then, and its optind may be moved.
 */
static bool take_dashed_word(int argc, char **argv, struct options *o)
{
	const char *word = optind < argc ? argv[optind] : "";

	if (word[0] != '-' || !word[1] || word[1] == '-' || !word[2])
		return false;
	o->args[o->arg_count++] = word;
	optind++;
	return true;
}

enum status options_parse(int argc, char **argv, struct options *o, struct buf *why)
{
	struct option longs[OPT_COUNT + 1];
	char letters[2 * OPT_COUNT + 3];
	enum status st = ST_OK;
	int code;

	*o = (struct options){.parts = mem_zalloc((size_t)argc * sizeof *o->parts),
		.args = mem_zalloc((size_t)argc * sizeof *o->args)};
	if (!o->parts || !o->args)
		return ST_NOMEM;
	make_getopt_tables(longs, letters);
	optind = 1;
	while (st == ST_OK) {
		if (take_dashed_word(argc, argv, o))
			continue;
		code = getopt_long(argc, argv, letters, longs, NULL);
		if (code == -1)
			break;
		if (code == 1)
			o->args[o->arg_count++] = optarg;
		else if (code == '?' || code == ':')
			st = refuse(code, argv, why);
		else
			st = read_value(o, id_of(code), optarg, why);
	}
	for (int i = optind; st == ST_OK && i < argc; i++)
		o->args[o->arg_count++] = argv[i];
	return st;
}

void options_finish(struct options *o)
{
	mem_free(o->parts);
	mem_free(o->args);
	o->parts = NULL;
	o->args = NULL;
}

bool options_within(const struct options *o, unsigned taken, struct buf *why)
{
	for (int id = 0; id < OPT_COUNT; id++) {
		if (o->value[id].given && !(taken & 1U << id)) {
			buf_addf(why, "--%s has no meaning here", table[id].name);
			return false;
		}
	}
	return true;
}

int64_t options_number(const struct options *o, enum option_id id, int64_t otherwise)
{
	const struct option_value *v = &o->value[id];

	/* --sync without a duration was given, but has no number. */
	return v->given && v->text ? v->number : otherwise;
}

void options_describe(struct buf *out, unsigned taken)
{
	enum { HELP_COLUMN = 26 };

	for (int id = 0; id < OPT_COUNT; id++) {
		if (!(taken & 1U << id))
			continue;
		size_t before = out->len;
		const char *argument = table[id].argument;

		if (table[id].letter)
			buf_addf(out, "  -%c, ", table[id].letter);
		else
			buf_adds(out, "      ");
		buf_addf(out, "--%s", table[id].name);
		if (argument_need(table[id].kind) == optional_argument)
			buf_addf(out, "[=%s]", argument);
		else if (*argument)
			buf_addf(out, " %s", argument);
		int pad = HELP_COLUMN - (int)(out->len - before);
		buf_addf(out, "%*s%s\n", pad > 2 ? pad : 2, "", table[id].help);
	}
}
