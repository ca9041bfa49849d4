/* now: the clocks.  Monotonic for ages and deadlines, real time for stamps. */
#ifndef CORE_NOW_H
#define CORE_NOW_H

#include <stdint.h>

int64_t now_mono_ms(void);
int64_t now_mono_us(void);
/* What the kernel would stamp a file with now, at the earliest: a later write has no earlier stamp. */
int64_t now_stamp_ns(void);
int64_t now_real_s(void);

#endif
