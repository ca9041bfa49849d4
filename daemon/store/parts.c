/* parts: rows of the documents inside of documents; see parts.h. */
#include "store/parts.h"

#include <string.h>

const char *part_leaf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
