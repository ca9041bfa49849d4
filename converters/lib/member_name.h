/*
 * member_name: what an archive calls its members, in UTF-8.
 *
 * Old archives hold names in the encoding of whoever packed them, and do not say
 * which.  One name is too little to tell, so all that are not UTF-8 are looked at
 * together.  Not for several threads: see charset.h.
 */
#ifndef CONVERT_MEMBER_NAME_H
#define CONVERT_MEMBER_NAME_H

#include "charset.h"

enum { MEMBER_NAME_MOST = 16 * 1024, MEMBER_NAME_SAMPLE = 4096 };

/* Embedded; fields are private. */
struct member_names {
	bool dos;     /* packed where names are in code pages of DOS */
	bool settled; /* `charset` is of all the names in `sample` */
	struct charset charset;
	size_t sample_len;
	uint8_t sample[MEMBER_NAME_SAMPLE];
	size_t len;
	char utf8[MEMBER_NAME_MOST];
};

void member_names_init(struct member_names *m, bool dos);
/* Looks at one name, if it is not UTF-8; false: enough were seen. */
bool member_names_learn(struct member_names *m, const char *raw);
/* Valid until the next call; a name that is too long is cut. */
const char *member_names_utf8(struct member_names *m, const char *raw);

#endif
