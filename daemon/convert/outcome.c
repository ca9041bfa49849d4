/* outcome: the words for how a conversion ended, and the converters' statuses behind them; see
 * outcome.h. */
#include "convert/outcome.h"

#include "core/log.h"

#include <sysexits.h>

static const char *const words[] = {
#define X(name, word) [CONVERT_##name] = word,
	CONVERT_OUTCOME_TABLE(X)
#undef X
};

/* Beyond sysexits.h: 66, 73 and 77 as the contract uses them, 127 as shells do. */
static const struct {
	int status;
	enum convert_outcome outcome;
	const char *sentence;
} statuses[] = {
	{EX_OK, CONVERT_DONE, ""},
	{EX_DATAERR, CONVERT_DAMAGED, "the document is damaged"},
	{EX_NOINPUT, CONVERT_BINARY, "there is no text in it"},
	{EX_UNAVAILABLE, CONVERT_UNAVAILABLE, "the converter cannot work here"},
	{EX_CANTCREAT, CONVERT_LIMIT, "a limit of expansion was passed"},
	{EX_TEMPFAIL, CONVERT_RETRY, "the converter asks to be tried again later"},
	{EX_NOPERM, CONVERT_ENCRYPTED, "the document needs a password"},
	{127, CONVERT_UNAVAILABLE, "the converter's program is not installed"},
};

const char *convert_outcome_word(enum convert_outcome o)
{
	BUG_UNLESS((unsigned)o < sizeof words / sizeof words[0]);
	return words[o];
}

bool convert_outcome_charged(enum convert_outcome o)
{
	return o == CONVERT_CRASHED || o == CONVERT_TIMED_OUT || o == CONVERT_OUTPUT_LIMIT ||
	       o == CONVERT_PROTOCOL;
}

bool outcome_of_status(int status, enum convert_outcome *outcome, const char **sentence)
{
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
		if (statuses[i].status != status)
			continue;
		*outcome = statuses[i].outcome;
		*sentence = statuses[i].sentence;
		return true;
	}
	return false;
}

bool outcome_failed(enum convert_outcome o)
{
	return o != CONVERT_DONE && o != CONVERT_BINARY && o != CONVERT_CANCELED;
}
