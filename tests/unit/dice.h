/* dice: repeatable random numbers for property tests (xorshift64*, Vigna 2014). */
#ifndef UNIT_DICE_H
#define UNIT_DICE_H

#include <stdint.h>

struct dice {
	uint64_t state; /* not 0 */
};

static inline uint64_t dice_roll(struct dice *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return d->state * UINT64_C(0x2545F4914F6CDD1D);
}

/* 0 … below - 1 */
static inline uint64_t dice_below(struct dice *d, uint64_t below)
{
	return (dice_roll(d) >> 11) % below;
}

#endif
