/* What one thread opens once and another waits for, for a limited time by the clock of base/clock.h. */
#ifndef SAFSD_BASE_LATCH_H
#define SAFSD_BASE_LATCH_H

#include <pthread.h>
#include <stdbool.h>

typedef struct latch {
    pthread_mutex_t mutex;
    pthread_cond_t opened;
    bool open;
} latch;

/* Closed. False, with nothing to destroy, where the system has no room for it. */
bool latch_create(latch *l);

void latch_open(latch *l);
bool latch_is_open(latch *l);

/* Waits until it is open, at most `seconds`; whether it is. */
bool latch_wait(latch *l, double seconds);

void latch_destroy(latch *l);

#endif
