/* outcome: how statuses of converters become outcomes.  Pure; any thread. */
#ifndef CONVERT_OUTCOME_H
#define CONVERT_OUTCOME_H

#include "convert/convert.h"

/* The statuses that both transports know, with their sentence for people; false if `status` is none
 * of them. */
bool outcome_of_status(int status, enum convert_outcome *outcome, const char **sentence);
/* Whether it counts as a failed run in the statistics. */
bool outcome_failed(enum convert_outcome o);

#endif
