/*
 * rtf_lexer: Rich Text Format in its smallest pieces, streaming.
 *
 * Line ends between pieces and the bytes behind \bin are passed over.  A file of
 * any size is read through one buffer.
 */
#ifndef CONVERT_RTF_LEXER_H
#define CONVERT_RTF_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum rtf_piece {
	RTF_END,   /* of the file, or of what can be read: `failed` */
	RTF_OPEN,  /* { */
	RTF_CLOSE, /* } */
	RTF_WORD,  /* \word, perhaps with a number */
	RTF_SIGN,  /* \ and a sign: word[0] */
	RTF_BYTES, /* of text */
};

enum { RTF_WORD_MOST = 32, RTF_BUFFER = 64 * 1024 };

/* Embedded.  What is below the line is the reader's. */
struct rtf_lexer {
	int fd;
	off_t offset; /* in the file, of what the buffer is filled with next */
	size_t at, end;
	uint8_t buffer[RTF_BUFFER];
	uint8_t byte; /* of \'hh */
	/* --- */
	char word[RTF_WORD_MOST + 1];
	bool has_number;
	int32_t number;       /* 0 if there is none */
	const uint8_t *bytes; /* until the next piece */
	size_t n;
	bool failed; /* a read error ended it */
};

void rtf_lexer_init(struct rtf_lexer *l, int fd);
enum rtf_piece rtf_lexer_next(struct rtf_lexer *l);

#endif
