/* made: see made.h. */
#include "made.h"

#include <math.h>
#include <stdio.h>

enum { VOCABULARY = 300000, DIRS_A_DIR = 10 };

static double shares[VOCABULARY]; /* of all words up to that one */

void made_init(void)
{
	double sum = 0;

	for (int i = 0; i < VOCABULARY; i++)
		shares[i] = sum += 1 / pow(i + 2.7, 1.05);
	for (int i = 0; i < VOCABULARY; i++)
		shares[i] /= sum;
}

/* Three syllables; frequent words begin as differently as others. */
void made_spell(int word, char *out)
{
	static const char consonants[] = "bcdfghjklmnpqrstvwxz", vowels[] = "aeiou";
	unsigned code = (unsigned)((uint64_t)word * 377771 % 1000000);

	for (int i = 0; i < 3; i++, code /= 100) {
		*out++ = consonants[code % 100 / 5];
		*out++ = vowels[code % 5];
	}
	*out = '\0';
}

double made_share(void)
{
	static uint64_t seed = 0x9e3779b97f4a7c15; /* xorshift64* */

	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (double)(seed * 0x2545f4914f6cdd1d >> 11) / (double)(1ULL << 53);
}

static int random_word(void)
{
	double at = made_share();
	int low = 0, high = VOCABULARY - 1;

	while (low < high) {
		int middle = (low + high) / 2;

		if (shares[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t made_words(size_t count, char between, char *out)
{
	char *begin = out;

	for (size_t i = 0; i < count; i++) {
		made_spell(random_word(), out);
		out += MADE_WORD_BYTES - 1;
		*out++ = between;
	}
	*--out = '\0';
	return (size_t)(out - begin);
}

size_t made_length(void)
{
	/* Box and Muller; exp(4.25) is 70. */
	double normal = sqrt(-2 * log(1 - made_share())) * cos(6.283185307 * made_share());
	double words = exp(4.25 + 0.6 * normal);

	return words < 10 ? 10 : words > MADE_WORDS_MAX ? MADE_WORDS_MAX : (size_t)words;
}

int64_t made_parent(int64_t dir)
{
	return dir > 1 ? (dir - 2) / DIRS_A_DIR + 1 : 0;
}

int64_t made_dir_of(int64_t file)
{
	return file / MADE_FILES_A_DIR + 1;
}

void made_dir_name(int64_t dir, char out[32])
{
	out[0] = '\0';
	if (dir <= 1)
		return;
	made_spell(random_word(), out);
	snprintf(out + MADE_WORD_BYTES - 1, 32 - MADE_WORD_BYTES + 1, "-%lld", (long long)dir);
}
