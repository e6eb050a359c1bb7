#include "base/latch.h"

#include <time.h>

#include "base/clock.h"

bool latch_create(latch *l)
{
    pthread_condattr_t attributes;
    *l = (latch){.open = false};
    if (pthread_condattr_init(&attributes) != 0) return false;
    bool good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0;
    good = good && pthread_cond_init(&l->opened, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (good && pthread_mutex_init(&l->mutex, NULL) == 0) return true;
    if (good) pthread_cond_destroy(&l->opened);
    return false;
}

void latch_open(latch *l)
{
    pthread_mutex_lock(&l->mutex);
    l->open = true;
    pthread_cond_broadcast(&l->opened);
    pthread_mutex_unlock(&l->mutex);
}

bool latch_is_open(latch *l)
{
    pthread_mutex_lock(&l->mutex);
    const bool open = l->open;
    pthread_mutex_unlock(&l->mutex);
    return open;
}

bool latch_wait(latch *l, double seconds)
{
    const double end = clock_seconds() + seconds;
    const struct timespec deadline = {(time_t)end, (long)((end - (double)(time_t)end) * 1e9)};
    int waited = 0;
    pthread_mutex_lock(&l->mutex);
    while (!l->open && waited == 0) waited = pthread_cond_timedwait(&l->opened, &l->mutex, &deadline);
    const bool open = l->open;
    pthread_mutex_unlock(&l->mutex);
    return open;
}

void latch_destroy(latch *l)
{
    pthread_cond_destroy(&l->opened);
    pthread_mutex_destroy(&l->mutex);
}
