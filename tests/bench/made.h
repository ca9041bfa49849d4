/*
 * made: words, lengths, names and directories as the benches make them, the same ones on every machine.
 *
 * Words of six letters, drawn as often as words are (Zipf); texts of 10 to 1,000 of them (log-normal, median 70); a
 * hundred files a directory, ten directories in each.
 */
#ifndef BENCH_MADE_H
#define BENCH_MADE_H

#include <stddef.h>
#include <stdint.h>

enum {
	MADE_FILES_A_DIR = 100,
	MADE_WORDS_MAX = 1000,
	MADE_WORD_BYTES = 7, /* with a blank */
};

void made_init(void);
double made_share(void); /* evenly from 0 to 1 */
/* The word of that rank, 0 the most frequent; six letters and a NUL. */
void made_spell(int word, char *out);
/* So many words with `between` between them, and a NUL; their bytes. */
size_t made_words(size_t count, char between, char *out);
size_t made_length(void); /* of a text, in words */

/* Directories and files are numbered from 1; directory 1 is at the top and has no name. */
int64_t made_parent(int64_t dir); /* 0: none */
int64_t made_dir_of(int64_t file);
void made_dir_name(int64_t dir, char out[32]);

#endif
