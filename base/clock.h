/* The one clock that durations are taken from: it never jumps, whatever happens to the time of day. A check of the
 * sources forbids others. */
#ifndef SAFSD_BASE_CLOCK_H
#define SAFSD_BASE_CLOCK_H

/* Seconds since some moment before the program began. */
double clock_seconds(void);

/* Seconds that processors spent on this process, on all its threads together. */
double clock_processor_seconds(void);

enum { CLOCK_DATE_SIZE = 32 };

/* The date and time of day as "2026-01-31T23:59:59Z", for people to read; empty where there is none. Returns `text`. */
const char *clock_date(char text[CLOCK_DATE_SIZE]);

#endif
