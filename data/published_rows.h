/* One row of numbers per utterance, as published files hold them: an array [rows, width], or a list of rows, each an
 * array or a list of numbers. */
#ifndef SAFSD_DATA_PUBLISHED_ROWS_H
#define SAFSD_DATA_PUBLISHED_ROWS_H

#include <stddef.h>

#include "data/value.h"
#include "base/status.h"

/* For messages: "FILE: the FIELD of dialogue 'DIALOGUE' ..." */
typedef struct ds_rows_where {
    const char *file, *dialogue, *field;
    st_error *error;
} ds_rows_where;

/* Width of the first row; 0 where there is none. */
st_status ds_rows_width(const ds_value *value, const ds_rows_where *where, size_t *width);

/* Reads `rows` rows of exactly this width. */
st_status ds_rows_read(const ds_value *value, size_t rows, size_t width, float *x, const ds_rows_where *where);

/* Number `k` of row `row` of a value that ds_rows_read has read, before it became a float. */
double ds_rows_number(const ds_value *value, size_t row, size_t k);

#endif
