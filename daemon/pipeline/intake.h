/*
 * intake: a document from its path to a descriptor that a converter may have.
 *
 * Worker threads only.  Nothing is opened that is not a regular file below its
 * root; links are not followed; the store's own files are recognised before they
 * are opened.  A document up to INTAKE_COPY_MAX is copied into a sealed memfd and
 * hashed on the way, so that the converter sees exactly what was hashed; a larger
 * one is handed over read-only and hashed before and after, or copied too where
 * the converter must not have another user's file in its hands.
 */
#ifndef PIPELINE_INTAKE_H
#define PIPELINE_INTAKE_H

#include "core/buf.h"
#include "core/config.h"
#include "core/ident.h"
#include "core/status.h"
#include "store/documents.h"

#include <stdbool.h>

enum { INTAKE_COPY_MAX = 8 << 20 };

enum intake_verdict {
	INTAKE_READY,
	INTAKE_GONE,	   /* absent, or not a regular file now, or behind a link */
	INTAKE_OWN,	   /* one of the store's files */
	INTAKE_UNREADABLE, /* no permission */
	INTAKE_TOO_LARGE,
	INTAKE_UNSTABLE,   /* changed while it was read */
	INTAKE_TROUBLE	   /* descriptors, memory, I/O error: error_no tells */
};

struct intake {
	int fd;		  /* for the converter, offset 0; -1 if not ready */
	int source;	  /* the file itself, -1: closed */
	struct ident ident; /* as read */
	struct buf acl;	    /* its access list; empty: none */
	int64_t stamp_ns; /* real time before the first stat */
	unsigned char hash[DOCUMENT_HASH_BYTES];
	bool hashed;
	bool sealed; /* `fd` is a copy that nobody changes */
	int error_no;
};

struct intake_rules {
	int64_t size_max;      /* bytes; larger is TOO_LARGE */
	bool unstable_ok;      /* a change while it is read does not stop it */
	const char *spool_dir; /* where large documents are copied to; NULL: they are handed over themselves */
};
/*
 * Whether large documents are to be copied: the machine's daemon gives no converter a file of somebody's, and root's
 * converters, which are another user, could not open one by the path of their descriptor.
 */
bool intake_copies_all(const struct config *config);
enum intake_verdict intake_open(
	struct intake *in, const char *root, const char *path, const struct intake_rules *rules);
/* After the converter: whether what it saw is what was hashed (always true for a copy). */
bool intake_still_same(struct intake *in);
void intake_finish(struct intake *in);

#endif
