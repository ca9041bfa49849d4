/*
 * odf_stream: one XML stream of an OpenDocument file, whichever it is: text, styles, metadata, or
 * all of them in a flat one.
 */
#ifndef CONVERT_ODF_STREAM_H
#define CONVERT_ODF_STREAM_H

#include "properties.h"
#include "xml.h"

struct odf;

/* Before each stream; static storage, which is the context of the operations.  `embedded`: its
 * sheets and slides are not the document's. */
struct odf *odf_stream_begin(struct prose *prose, struct properties *properties, bool embedded);
extern const struct xml_ops odf_stream_ops;

#endif
