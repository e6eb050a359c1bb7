/* Everything that `bench` measures on a device, as the JSON of result_json.h. */
#ifndef SAFSD_BENCH_MEASURE_H
#define SAFSD_BENCH_MEASURE_H

#include <jansson.h>
#include <stdbool.h>

#include "bench/shapes.h"
#include "engine/devices.h"

typedef enum bench_part { BENCH_EVERYTHING, BENCH_GEMM, BENCH_KERNELS, BENCH_STEP, BENCH_START } bench_part;

enum { BENCH_MOST_CASES = 8 };

typedef struct bench_plan {
    bench_part only;
    bench_case cases[BENCH_MOST_CASES]; /* shapes and modes */
    size_t count;
    size_t repeat;       /* steps that are timed */
    bool patient;        /* so many steps were asked for, however long they take */
    const char *program; /* kernels built elsewhere; NULL: compiled */
    void (*progress)(void *user, const char *what, const bench_case *of); /* before each part; NULL: not wanted */
    void *user;
} bench_plan;

bool bench_wants(const bench_plan *plan, bench_part part);

/* Appends what a device reaches to the list "devices". */
st_status bench_measure_device(json_t *devices, rt_context *rt, const bench_plan *plan);

/* Sets "together" of the root: all devices as one, in every case of training. */
st_status bench_measure_together(json_t *root, const en_devices *devices, const bench_plan *plan);

#endif
