/* What a pickle holds, as plain data: a graph of values. Values belong to the pickle they were read from.
 *
 * Values may be shared, and a hostile file can make a list that holds itself: whoever walks deep must limit the depth.
 */
#ifndef SAFSD_DATA_VALUE_H
#define SAFSD_DATA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ds_kind {
    DS_NONE,
    DS_BOOL,
    DS_INT,
    DS_BIG_INT, /* beyond 64 bits: its two's complement bytes, little-endian */
    DS_FLOAT,
    DS_BYTES, /* bytes, and the strings of Python 2 */
    DS_TEXT,  /* UTF-8 as written by Python: lone surrogates may occur */
    DS_LIST,
    DS_TUPLE,
    DS_SET,
    DS_DICT,
    DS_ARRAY,
    DS_GLOBAL, /* a permitted name of a module that stands for itself; in data only as a mention of a type */
} ds_kind;

enum { DS_ARRAY_RANK = 8 };

typedef struct ds_value ds_value;

typedef struct ds_array {
    char type;    /* 'f' 'i' 'u' 'b' numbers, 'S' bytes, 'U' text of fixed width, 'O' values, 0: not filled yet */
    size_t width; /* bytes of one element: f 2, 4, 8; i and u 1, 2, 4, 8; b 1 */
    bool big_endian;
    bool fortran; /* first index runs fastest */
    size_t rank, shape[DS_ARRAY_RANK], elements;
    const unsigned char *data; /* not aligned */
    ds_value **values;         /* type 'O', as `data` otherwise */
} ds_array;

struct ds_value {
    ds_kind kind;
    union {
        int64_t integer; /* DS_BOOL, DS_INT */
        double real;
        struct {
            const unsigned char *bytes; /* not terminated */
            size_t size;
        } string; /* DS_BYTES, DS_TEXT, DS_BIG_INT */
        struct {
            ds_value **items; /* DS_DICT: key, value, key, value ... */
            size_t count;     /* pointers in `items` */
            size_t capacity;
        } list; /* DS_LIST, DS_TUPLE, DS_SET, DS_DICT */
        ds_array array;
        int global;
    } as;
};

/* "a list of 14", "an array of shape 14 x 100, float32": for messages and inspection. Returns `text`. */
const char *ds_value_describe(const ds_value *value, char *text, size_t size);

/* Number of entries of a list, tuple, set, or of the first dimension of an array; false for anything else. */
bool ds_value_length(const ds_value *value, size_t *length);

/* Single numbers: of a bool, int, float, or an array of one element. An integer must be exact. */
bool ds_value_integer(const ds_value *value, int64_t *integer);
bool ds_value_real(const ds_value *value, double *real);

/* Text as clean UTF-8 without NUL: bytes are latin1, ints become decimal, what is no character becomes U+FFFD.
 * Returns the length and writes at most `size` bytes, ending with NUL; SIZE_MAX where the value is no text or int. */
size_t ds_value_text(const ds_value *value, char *text, size_t size);

/* Entry `index` of a list, tuple, set, or of a one-dimensional array. Text of an array lies in `spare`, which must
 * outlive the result. NULL where there is none. */
const ds_value *ds_value_entry(const ds_value *value, size_t index, ds_value *spare);

/* Elements of a numeric array by their row-major index. */
double ds_array_real(const ds_array *array, size_t index);
void ds_array_floats(const ds_array *array, size_t first, size_t count, float *x);

#endif
