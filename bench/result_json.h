/* What a benchmark measured, as JSON: `bench --json` prints it, the tables and the page are made from it, and an old
 * one is compared with a new one. Times are in seconds, rates in units of 10^9 a second.
 *
 *     {"program", "version", "date",
 *      "devices": [{"device": {...}, "gemm_provider", "vector_width",
 *        "transfers": {"moves": [{"name", "seconds", "gb_per_second"}], "launch": {stats}, "pipelined_launch": {stats},
 *                      "bandwidth_gb_per_second"},
 *        "start": {case, "cold_seconds", "warm": {stats}},
 *        "gemm": [{case, "gflop", "best_gflops", "products": [{"m", "n", "k", "transpose_a", "transpose_b", "beta",
 *                  "bias", "sums", "count", "seconds", "gflops"}]}],
 *        "kernels": [{case, "operations": [{"name", "seconds", "gb_per_second", "gflops"}]}],
 *        "step": [{case, "utterances_per_second", "seconds", "gemm_roofline_fraction", "peak_host_mib", "device_mib",
 *                  "first_step_seconds", "loss", "gflop", "best_gflops", "profile": {...}}]}],
 *      "together": {"devices": [selectors], "step": [{case, "utterances_per_second", "seconds", "device_mib",
 *                   "first_step_seconds", "loss"}]}}
 *
 * where case is "shape", "mode", "hidden", "dialogues", "utterances" and stats is {"median", "p10", "p90", "n"};
 * "start" is the time from a command to the end of its first step (start_time.h), "together" the devices as one
 * (--together).
 */
#ifndef SAFSD_BENCH_RESULT_JSON_H
#define SAFSD_BENCH_RESULT_JSON_H

#include <jansson.h>

#include "bench/start_time.h"
#include "bench/gemm.h"
#include "bench/kernels.h"
#include "bench/step.h"
#include "bench/transfers.h"

/* Each returns a new reference, NULL where memory was exhausted. */
json_t *record_transfers(const bench_transfers *transfers);
json_t *record_start(const bench_case *what, const bench_problem *problem, const start_times *times);
json_t *record_gemm(const bench_case *what, const bench_problem *problem, const bench_products *products);
json_t *record_kernels(const bench_case *what, const bench_problem *problem, const bench_kernels *kernels);

/* `profile` is that of another run of the same step; `products` hold the whole step's work and the best measured rate.
 */
json_t *record_step(const bench_case *what, const bench_step *step, const bench_profile *profile,
                    const bench_products *products);

/* The same of several devices as one. */
json_t *record_together(const bench_case *what, const bench_step *step);

/* Reads what an earlier run wrote; *old, which is released first, stays as it is without a path. ST_FAILED where the
 * file cannot be read, or holds no benchmark. */
st_status record_load(json_t **old, const char *path, st_error *error);

/* Numbers of such a tree, 0 where there is none; the median of its "seconds". */
double record_real(const json_t *object, const char *key);
double record_median(const json_t *object);
const char *record_text(const json_t *object, const char *key); /* "" where there is none */

/* Calls `visit` for every time measured in one entry of "devices", with a label that is the same in every run. */
typedef void (*record_visitor)(void *user, const char *label, const json_t *stats);
void record_walk(const json_t *entry, record_visitor visit, void *user);

/* The item of a list that `label` names, by its case; NULL where there is none. */
enum { RECORD_LABEL = 96 };
const json_t *record_case(const json_t *list, const char *label);

/* Four digits that count, "-" for what was not measured. */
enum { RECORD_DIGITS = 32 };
const char *record_digits(char text[RECORD_DIGITS], double value);

/* "iemocap train H=1024 16 dialogues" */
const char *record_case_label(char label[RECORD_LABEL], const json_t *object);
/* "NT 752 x 1024 x 1024", with "+C" where it adds to the old matrix and "+b" with a bias */
const char *record_product_label(char label[RECORD_LABEL], const json_t *product);

#endif
