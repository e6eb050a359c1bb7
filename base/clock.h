/* The monotonic clock that measures all durations. It does not jump when the time of day is changed. A check of the
 * sources forbids other clocks. */
#ifndef SAFSD_BASE_CLOCK_H
#define SAFSD_BASE_CLOCK_H

/* Seconds since an arbitrary moment before the program started. */
double clock_seconds(void);

/* Processor seconds of this process, summed over its threads. */
double clock_processor_seconds(void);

enum { CLOCK_DATE_SIZE = 32 };

/* The date and time of day as "2026-01-31T23:59:59Z", for people to read; empty if there is none. Returns `text`. */
const char *clock_date(char text[CLOCK_DATE_SIZE]);

#endif
