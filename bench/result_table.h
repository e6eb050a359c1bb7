/* The tables of `bench`, from its JSON (result_json.h), for a terminal of 80 columns. */
#ifndef SAFSD_BENCH_RESULT_TABLE_H
#define SAFSD_BENCH_RESULT_TABLE_H

#include <jansson.h>
#include <stdio.h>

/* Everything measured on one device. */
void table_print_device(FILE *out, const json_t *entry);

/* What differs from an older run by more than the noise of both: the ranges from p10 to p90 do not meet. Devices are
 * paired by name, or in their order where the names are new. */
void table_print_changes(FILE *out, const json_t *old, const json_t *root);

#endif
