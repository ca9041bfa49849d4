/*
 * suggest_names: files and directories whose names have what is being typed.
 */
#ifndef SEARCH_SUGGEST_NAMES_H
#define SEARCH_SUGGEST_NAMES_H

#include "search/stopper.h"
#include "search/suggest.h"

/*
 * Appends ,"names":[{path, dir}]: those that begin with the last stretch of the text without a space, then those that
 * have it inside; of each the latest first.  None below three characters.  See the stopper for trouble.
 */
void suggest_add_names(struct db *db, const struct suggest_request *r, const struct caller *caller,
	struct stopper *stopper, struct buf *json);

#endif
