/* The time from a command to the end of its first step, as a user meets it: the program runs itself (`bench --once`) in
 * processes of their own, first with no compiled kernel kept anywhere, then with what that run left behind.
 *
 * Caches are taken away by environment variables that name an empty folder: XDG_CACHE_HOME, and what config/tuning/
 * drivers.ini says of the driver. What was tuned for the device stays in force.
 */
#ifndef SAFSD_APP_BENCH_START_H
#define SAFSD_APP_BENCH_START_H

#include "app/app.h"
#include "bench/harness.h"
#include "bench/shapes.h"

typedef struct start_times {
    double cold_seconds;
    bench_stats warm; /* up to three runs; one where a run takes long */
} start_times;

/* All 0 where the system does not tell a program its own file. ST_FAILED where the program could not run itself. */
st_status start_measure(start_times *times, app_state *app, const rt_device_info *device, const bench_case *of);

/* The other side, in such a process: the first step of one case, then one line with its loss. */
st_status start_once(app_state *app, const bench_case *of);

#endif
