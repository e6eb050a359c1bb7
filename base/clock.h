/* The one clock that durations are taken from: it never jumps, whatever happens to the time of day. */
#ifndef SAFSD_BASE_CLOCK_H
#define SAFSD_BASE_CLOCK_H

/* Seconds since some moment before the program began. */
double clock_seconds(void);

#endif
