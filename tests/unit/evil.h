/*
 * evil: converters that misbehave, and two that do not, for test_convert.
 *
 * The test program is its own converter: started with a behaviour's name as its
 * first argument, it plays that part.
 */
#ifndef TEST_EVIL_H
#define TEST_EVIL_H

/* Plays the part and returns its exit status. */
int evil_play(const char *part);

#endif
