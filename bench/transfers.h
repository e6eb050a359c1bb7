/* What moving data and starting kernels costs on a device. */
#ifndef SAFSD_BENCH_TRANSFERS_H
#define SAFSD_BENCH_TRANSFERS_H

#include "bench/harness.h"
#include "runtime/context.h"

typedef struct bench_transfer {
    const char *name; /* "upload", "download", "fill", "copy", "add" (z = x + y) */
    double bytes;     /* read and written on the device, once */
    bench_stats seconds;
} bench_transfer;

enum { BENCH_TRANSFERS = 5 };

typedef struct bench_transfers {
    bench_transfer items[BENCH_TRANSFERS];
    bench_stats launch;    /* seconds of one tiny kernel, launched and waited for */
    bench_stats pipelined; /* seconds a kernel, of many launched before one wait */
} bench_transfers;

/* Moves blocks of at most 64 MiB, less where the device's largest block is smaller or the device so slow that they
 * would not fit the effort's budget, which must not be 0. */
st_status bench_transfers_measure(bench_transfers *transfers, rt_context *rt, bench_effort effort);

/* Bytes a second of one of them; and the bandwidth that kernels can hope for: of the faster
 * of copy and add. */
double bench_transfer_rate(const bench_transfer *transfer);
double bench_transfers_bandwidth(const bench_transfers *transfers);

#endif
