/*
 * nearest: the words of the vocabulary that one was most likely meant to be: few slips of the keyboard away (a letter too
 * many, too few, another one, or two changed about), and frequent.
 */
#ifndef SEARCH_NEAREST_H
#define SEARCH_NEAREST_H

#include "search/stopper.h"
#include "store/vocabulary.h"

enum { NEAREST_MAX = 8 };

struct near_word {
	struct word word;
	int distance;
};

/*
 * Fills out[NEAREST_MAX], the nearest first, of the same distance the most frequent; returns how many.  None for a word
 * that is too short, or has digits.  0 also when the stopper says so; what there is after `ms` will do.
 */
size_t nearest_find(struct db *db, struct stopper *stopper, const char *word, size_t len, int64_t ms,
	struct near_word out[NEAREST_MAX]);

#endif
