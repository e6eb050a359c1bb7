/* The results of `bench` (result_json.h) drawn on one self-contained HTML page: bars per device, and for every device
 * a roofline: what its bandwidth and its best matrix product allow, and where the model's products lie under it. */
#ifndef SAFSD_BENCH_RESULT_PAGE_H
#define SAFSD_BENCH_RESULT_PAGE_H

#include <jansson.h>

#include "base/status.h"

/* ST_FAILED where the file cannot be written; it appears whole or not at all. */
st_status page_write(const char *path, const json_t *root, st_error *error);

#endif
