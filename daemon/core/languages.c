/* languages: names and codes; see languages.h. */
#include "core/languages.h"

#include <stddef.h>
#include <strings.h>

static const struct {
	const char *name;
	const char *codes[3]; /* the first is shown */
} languages[] = {
	{"arabic", {"ar"}},
	{"armenian", {"hy"}},
	{"basque", {"eu"}},
	{"catalan", {"ca"}},
	{"danish", {"da"}},
	{"dutch", {"nl"}},
	{"english", {"en"}},
	{"finnish", {"fi"}},
	{"french", {"fr"}},
	{"german", {"de"}},
	{"greek", {"el"}},
	{"hindi", {"hi"}},
	{"hungarian", {"hu"}},
	{"indonesian", {"id"}},
	{"irish", {"ga"}},
	{"italian", {"it"}},
	{"lithuanian", {"lt"}},
	{"nepali", {"ne"}},
	{"norwegian", {"no", "nb", "nn"}},
	{"portuguese", {"pt"}},
	{"romanian", {"ro"}},
	{"russian", {"ru"}},
	{"serbian", {"sr"}},
	{"spanish", {"es"}},
	{"swedish", {"sv"}},
	{"tamil", {"ta"}},
	{"turkish", {"tr"}},
	{"yiddish", {"yi"}},
};

enum { LANGUAGES = sizeof languages / sizeof *languages };
_Static_assert(sizeof languages / sizeof *languages <= LANGUAGES_MAX, "room for all of them");

const char *language_find(const char *text)
{
	for (size_t i = 0; i < LANGUAGES; i++) {
		if (!strcasecmp(text, languages[i].name))
			return languages[i].name;
		for (size_t j = 0; j < 3 && languages[i].codes[j]; j++)
			if (!strcasecmp(text, languages[i].codes[j]))
				return languages[i].name;
	}
	return NULL;
}

void languages_add_all(struct buf *out)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		buf_addf(out, "%s%s (%s)", i ? ", " : "", languages[i].name,
			languages[i].codes[0]);
}
