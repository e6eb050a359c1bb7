#!/usr/bin/env bash
# Durations and deadlines are taken from base/clock.h and base/latch.h alone: other clocks jump with the time of day.
. "$(dirname "$0")/common.sh" "$@"
grep -rnE '\b(clock_gettime|clock_getres|gettimeofday|ftime|timespec_get|clock|time|cnd_timedwait|mtx_timedlock|sem_timedwait|pthread_(cond_timedwait|mutex_timedlock))\(' \
    --include='*.[ch]' base runtime data model config engine probe bench app api | grep -vE '^base/(clock|latch)\.c:' |
    grep -vE ':[0-9]+: *(/\*|\*)' | complain "use base/clock.h or base/latch.h"
conclude
