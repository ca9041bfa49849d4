/*
 * own: which inodes are the store's.  Opening and closing one of them anywhere in the process would drop SQLite's
 * locks, so the tree never does: db_is_own tells.  Filled at open and after a set-aside, emptied at close.
 */
#ifndef STORE_OWN_H
#define STORE_OWN_H

/* Looks up the state directory and the files in it; they exist by now.  Any thread. */
void own_refresh(const char *state_dir);
void own_forget(void);

#endif
