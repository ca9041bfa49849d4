/* mime: what a file name's extension says about its type.  Pure; any thread. */
#ifndef CONVERT_MIME_H
#define CONVERT_MIME_H

/* The MIME type of an extension (lower case, without the dot), NULL if it is not in mime.tbl;
 * static storage. */
const char *mime_of_extension(const char *extension);

#endif
