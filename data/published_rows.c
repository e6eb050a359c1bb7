#include "data/published_rows.h"

#include <stdbool.h>

static bool is_numeric(const ds_array *array)
{
    return array->type == 'f' || array->type == 'i' || array->type == 'u' || array->type == 'b';
}

static bool is_matrix(const ds_value *value)
{
    return value->kind == DS_ARRAY && value->as.array->rank == 2 && is_numeric(value->as.array);
}

/* Width of one row: all elements of an array count, so that [1, width] is a row as well. */
static bool row_width(const ds_value *row, size_t *width)
{
    if (row->kind == DS_ARRAY && row->as.array->rank > 0 && is_numeric(row->as.array)) {
        *width = row->as.array->elements;
        return *width == row->as.array->shape[row->as.array->rank - 1];
    }
    *width = row->kind == DS_LIST || row->kind == DS_TUPLE ? row->as.list.count : 0;
    return row->kind == DS_LIST || row->kind == DS_TUPLE;
}

static bool read_row(const ds_value *row, size_t width, float *x)
{
    if (row->kind == DS_ARRAY) {
        ds_array_floats(row->as.array, 0, width, x);
        return true;
    }
    for (size_t k = 0; k < width; k++) {
        double number = 0.0;
        if (!ds_value_real(row->as.list.items[k], &number)) return false;
        x[k] = (float)number;
    }
    return true;
}

static st_status no_rows(const ds_value *value, const ds_rows_where *where)
{
    char found[128];
    return st_fail(where->error, ST_FAILED, "%s: the %s of dialogue '%s' are no rows of numbers but %s", where->file,
                   where->field, where->dialogue, ds_value_describe(value, found, sizeof found));
}

st_status ds_rows_width(const ds_value *value, const ds_rows_where *where, size_t *width)
{
    ds_value spare = {0};
    size_t rows = 0;
    *width = 0;
    if (is_matrix(value)) {
        *width = value->as.array->shape[1];
        return ST_OK;
    }
    if (ds_value_length(value, &rows) && rows == 0) return ST_OK;
    const ds_value *first = ds_value_entry(value, 0, &spare);
    return first && row_width(first, width) ? ST_OK : no_rows(value, where);
}

st_status ds_rows_read(const ds_value *value, size_t rows, size_t width, float *x, const ds_rows_where *where)
{
    const bool matrix = is_matrix(value);
    for (size_t i = 0; i < rows; i++) {
        ds_value spare = {0};
        size_t found = matrix ? value->as.array->shape[1] : 0;
        const ds_value *row = matrix ? NULL : ds_value_entry(value, i, &spare);
        if (!matrix && (!row || !row_width(row, &found))) return no_rows(value, where);
        if (found != width)
            return st_fail(where->error, ST_FAILED,
                           "%s: the %s of dialogue '%s' have width %zu at utterance %zu, but %zu before", where->file,
                           where->field, where->dialogue, found, i + 1, width);
        if (width == 0) continue;
        if (matrix)
            ds_array_floats(value->as.array, i * width, width, x + i * width);
        else if (!read_row(row, width, x + i * width))
            return no_rows(value, where);
    }
    return ST_OK;
}

double ds_rows_number(const ds_value *value, size_t row, size_t k)
{
    ds_value spare = {0};
    double number = 0.0;
    if (is_matrix(value)) return ds_array_real(value->as.array, row * value->as.array->shape[1] + k);
    const ds_value *entry = ds_value_entry(value, row, &spare);
    if (entry->kind == DS_ARRAY) return ds_array_real(entry->as.array, k);
    ds_value_real(entry->as.list.items[k], &number);
    return number;
}
