/*
 * record: the replies of a persistent converter, taken apart as their bytes come.
 *
 * A record is a type byte, a little-endian u32 length and a payload.  One reader
 * serves one answer: it gathers text and metadata into the caller's buffers,
 * passes parts on as they come, and ends with a record D (done) or R (reroute).
 * Nothing here knows sockets or spools.
 */
#ifndef CONVERT_RECORD_H
#define CONVERT_RECORD_H

#include "convert/part_head.h"

enum {
	RECORD_HEAD = 5,
	RECORD_MAX = 16 << 20,       /* bytes of one payload */
	RECORD_SMALL_MAX = 64 << 10, /* of a payload M, P, F, R or D */
	RECORD_DETAIL_MAX = 1024     /* what is kept of the detail in D or F */
};

enum record_state {
	RECORD_MORE,      /* the answer goes on */
	RECORD_DONE,      /* by D: status, detail, truncated are set */
	RECORD_REROUTE,   /* by R: type is set */
	RECORD_BAD,       /* not the contract's records: `fault` says why */
	RECORD_TOO_LARGE, /* metadata beyond its bound */
	RECORD_STOPPED,   /* who takes the parts wants no more of this answer, and knows why */
	RECORD_NOMEM
};

/*
 * Who takes the parts: begin, bytes (any number of times, or none), then either fail or end, for
 * one after the other. RECORD_MORE: go on; RECORD_STOPPED, RECORD_NOMEM: the answer ends so.  Of an
 * answer that ends otherwise than with D and status 0, or R, the last part may lack its fail or
 * end.
 */
struct record_sink {
	enum record_state (*begin)(void *arg, const struct part_head *head);
	enum record_state (*bytes)(void *arg, const char *bytes, size_t n);
	/* `detail` is UTF-8, "" if none.  RECORD_BAD: the contract has no such status. */
	enum record_state (*fail)(void *arg, int status, const char *detail);
	enum record_state (*end)(void *arg);
	void *arg;
};

struct record_reader {
	/* the caller's */
	struct buf *text; /* as it came: neither checked nor cut at a character */
	struct buf *meta; /* a JSON object in UTF-8, or empty */
	struct buf *last; /* the payload of R (a MIME type), or the detail of D */
	size_t text_limit;
	const struct record_sink *sink; /* NULL: parts are checked and dropped */

	/* the answer, once it has ended */
	int status;
	bool truncated;    /* by the converter, or by the limit */
	const char *fault; /* static */

	/* private */
	unsigned char head[RECORD_HEAD];
	unsigned have;      /* bytes of head */
	uint32_t left;      /* bytes of the payload that are still to come */
	struct buf payload; /* of a small record */
	uint64_t dropped;   /* bytes of text beyond the limit */
	bool any;           /* a byte came */
	bool has_meta;
	enum { PART_NONE, PART_OPEN, PART_FAILED } part; /* the one that came last */
	struct part_head part_head;
};

/* Starts an answer; the reader, zeroed before its first use, keeps its memory for the next. */
void record_start(struct record_reader *r, struct buf *text, struct buf *meta, struct buf *last,
	size_t text_limit, const struct record_sink *sink);
void record_finish(struct record_reader *r);
/* Takes the next n bytes.  Bytes behind the record that ended the answer make it RECORD_BAD. */
enum record_state record_feed(struct record_reader *r, const char *bytes, size_t n);
/*
 * How many bytes of text are due next, of a record that has begun: the caller may read that many
 * straight into `text` (behind its end) and say so by record_took.  0: feed.
 */
size_t record_due(const struct record_reader *r);
void record_took(struct record_reader *r, size_t n);

#endif
