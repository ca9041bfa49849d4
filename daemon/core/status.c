/* status: texts of the one status enum. */
#include "core/status.h"

const char *status_text(enum status st)
{
	switch (st) {
#define X(name, text)                                                                              \
	case ST_##name:                                                                            \
		return text;
		STATUS_TABLE(X)
#undef X
	}
	return "unknown status";
}
