/* compose: Hangul (The Unicode Standard, section 3.12) and voiced kana; see compose.h. */
#include "core/compose.h"

#include <stdbool.h>

enum {
	HANGUL_LEAD = 0x1100,
	HANGUL_LEADS = 19,
	HANGUL_VOWEL = 0x1161,
	HANGUL_VOWELS = 21,
	HANGUL_TAIL = 0x11a7, /* the place of none */
	HANGUL_TAILS = 28,
	HANGUL = 0xac00,
	HANGUL_END = HANGUL + HANGUL_LEADS * HANGUL_VOWELS * HANGUL_TAILS,
};

enum {
	VOICED = 0x3099,
	HALF_VOICED = 0x309a,
	HIRAGANA_U = 0x3046,
	HIRAGANA_KA = 0x304b,
	HIRAGANA_TI = 0x3061,
	HIRAGANA_TU = 0x3064,
	HIRAGANA_TO = 0x3068,
	HIRAGANA_HA = 0x306f,
	HIRAGANA_HO = 0x307b,
	HIRAGANA_REPEAT = 0x309d,
	KATAKANA = 0x30a1,
	KATAKANA_WA = 0x30ef,
	KATAKANA_WO = 0x30f2,
	KATAKANA_OFFSET = 0x60, /* from Hiragana */
};

static uint32_t compose_hangul(uint32_t first, uint32_t second)
{
	uint32_t lead = first - HANGUL_LEAD, vowel = second - HANGUL_VOWEL;

	if (lead < HANGUL_LEADS && vowel < HANGUL_VOWELS)
		return HANGUL + (lead * HANGUL_VOWELS + vowel) * HANGUL_TAILS;
	if (first >= HANGUL && first < HANGUL_END && (first - HANGUL) % HANGUL_TAILS == 0 &&
		second > HANGUL_TAIL && second < HANGUL_TAIL + HANGUL_TAILS)
		return first + (second - HANGUL_TAIL);
	return 0;
}

/* The voiced one stands behind its kana, in the row of "ha" the half voiced one behind that. */
static uint32_t compose_kana(uint32_t first, bool half)
{
	uint32_t kana = first >= KATAKANA ? first - KATAKANA_OFFSET : first;

	if (kana >= HIRAGANA_HA && kana <= HIRAGANA_HO)
		return (kana - HIRAGANA_HA) % 3 == 0 ? first + 1 + half : 0;
	if (half)
		return 0;
	if (kana >= HIRAGANA_KA && kana <= HIRAGANA_TI)
		return (kana - HIRAGANA_KA) % 2 == 0 ? first + 1 : 0;
	if (kana >= HIRAGANA_TU && kana <= HIRAGANA_TO)
		return (kana - HIRAGANA_TU) % 2 == 0 ? first + 1 : 0;
	if (kana == HIRAGANA_REPEAT)
		return first + 1;
	if (kana == HIRAGANA_U) /* "vu" stands at the end */
		return first + 0x4e;
	if (first >= KATAKANA_WA && first <= KATAKANA_WO)
		return first + 8;
	return 0;
}

uint32_t compose(uint32_t first, uint32_t second)
{
	if (second == VOICED || second == HALF_VOICED)
		return compose_kana(first, second == HALF_VOICED);
	return compose_hangul(first, second);
}
