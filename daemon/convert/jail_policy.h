/*
 * jail_policy: the system calls that a converter may make, as a seccomp program.
 *
 * Written with libseccomp (jail_policy.c) and compiled when trawl is built, so
 * that a launch loads ready instructions.
 */
#ifndef CONVERT_JAIL_POLICY_H
#define CONVERT_JAIL_POLICY_H

/* Stands in the program for the converter's own process id, which the launcher puts in its place.
 */
#define JAIL_POLICY_SELF 0x5e1f5e1fU

#endif
