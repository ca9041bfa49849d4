/*
 * odf: the text of OpenDocument files, packages and flat ones.
 *
 * Text as it is shown, with headers and footers, notes and comments, slides'
 * speaker notes, sheets' names; what a change tracker deleted, masters'
 * placeholders and scripts are left out.
 */
#ifndef CONVERT_ODF_H
#define CONVERT_ODF_H

#include "package.h"
#include "properties.h"

/* A verdict.  The package's members were not looked at before. */
int odf_convert(struct package *package, struct answer *out, struct prose *prose,
	struct properties *properties);
/* The same of one XML file. */
int odf_convert_flat(const struct document *doc, struct answer *out, struct prose *prose,
	struct properties *properties);

#endif
