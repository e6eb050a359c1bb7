/* Several devices side by side, from the JSON of `bench` (result_json.h), for a terminal of 80 columns. */
#ifndef SAFSD_BENCH_DEVICE_TABLE_H
#define SAFSD_BENCH_DEVICE_TABLE_H

#include <jansson.h>
#include <stdio.h>

/* Everything that was measured, one column per device, four at a time; losses and speeds against the first device. */
void devices_print(FILE *out, const json_t *root);

/* The devices as one: speed against the first alone and against all of them at their own best, deviation of the loss.
 */
void devices_print_together(FILE *out, const json_t *root);

#endif
