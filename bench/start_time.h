/* The time from a command to the end of its first step, as a user meets it: the program runs itself (`bench --once`) in
 * processes of their own, first with no compiled kernel kept anywhere, then with what that run left behind.
 *
 * Caches are taken away by environment variables that name an empty folder: XDG_CACHE_HOME, and what config/tuning/
 * drivers.ini says of the driver. What was tuned for the device stays in force.
 */
#ifndef SAFSD_BENCH_START_TIME_H
#define SAFSD_BENCH_START_TIME_H

#include "bench/harness.h"
#include "bench/shapes.h"
#include "runtime/device.h"

typedef struct start_times {
    double cold_seconds;
    bench_stats warm; /* up to three runs; one where a run takes long */
} start_times;

/* `program` holds kernels built elsewhere (--program), or is NULL. All 0 where the system does not tell a program its
 * own file. ST_FAILED where the program could not run itself. */
st_status start_measure(start_times *times, const char *program, const rt_device_info *device, const bench_case *of,
                        st_error *error);

#endif
