/* What a pickle holds, as plain data: a graph of values. Values belong to the pickle they were read from.
 *
 * Values may be shared, and a hostile file can make a list that holds itself: a deep walk must limit its depth.
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
    DS_BIG_INT, /* beyond 64 bits, as its file writes it */
    DS_FLOAT,
    DS_BYTES,     /* bytes, and the strings of Python 2 */
    DS_TEXT,      /* UTF-8 as Python writes it: lone surrogates may occur */
    DS_WIDE_TEXT, /* UTF-32: a string of a numpy array, zeros at the end not cut off */
    DS_LIST,
    DS_TUPLE,
    DS_SET,
    DS_DICT,
    DS_ARRAY,
    DS_DTYPE,  /* the type of an array, by itself */
    DS_GLOBAL, /* a permitted name of a module, by itself */
} ds_kind;

enum { DS_ARRAY_RANK = 8 };

typedef struct ds_value ds_value;

/* A numpy array; as the value of a DS_DTYPE only type, width and byte order mean something. */
typedef struct ds_array {
    char type;    /* 'f' 'i' 'u' 'b' numbers, 'S' bytes, 'U' UTF-32, 'O' values; 0: announced and never filled */
    size_t width; /* bytes of one element: f 2, 4, 8; i and u 1, 2, 4, 8; b 1; S and U any, at least 1 */
    bool big_endian;
    bool fortran; /* the first index runs fastest */
    size_t rank, shape[DS_ARRAY_RANK], elements;
    const unsigned char *data; /* elements * width bytes, not aligned */
    ds_value **values;         /* type 'O': the elements, in place of `data` */
} ds_array;

struct ds_value {
    ds_kind kind;
    bool big_endian; /* DS_WIDE_TEXT */
    union {
        int64_t integer; /* DS_BOOL, DS_INT; DS_GLOBAL: its number in data/pickle_build.h */
        double real;
        struct {
            const unsigned char *bytes; /* not terminated */
            size_t size;
        } string; /* DS_BYTES, DS_TEXT, DS_WIDE_TEXT, DS_BIG_INT */
        struct {
            ds_value **items; /* DS_DICT: key, value, key, value ... as the file sets them, the last of a key counts */
            size_t count;     /* pointers in `items` */
            size_t room;
        } list; /* DS_LIST, DS_TUPLE, DS_SET, DS_DICT */
        ds_array *array;
    } as;
};

/* "a list of 14", "an array of 14 x 100 float32": for messages and inspection. Returns `text`. */
const char *ds_value_describe(const ds_value *value, char *text, size_t size);

/* Number of entries of a list, tuple or set, or the first dimension of an array; false for anything else. */
bool ds_value_length(const ds_value *value, size_t *length);

/* Entry `index` of a list, tuple or set, or of a one-dimensional array; an array's is made in `spare`, which must
 * outlive the result. NULL where there is none. */
const ds_value *ds_value_entry(const ds_value *value, size_t index, ds_value *spare);

/* The number that a bool, int, float, or an array of one element is; an integer must be exact. */
bool ds_value_integer(const ds_value *value, int64_t *integer);
bool ds_value_real(const ds_value *value, double *real);

/* The text of a string, or of an integer in decimal, as valid UTF-8 without NUL: bytes are latin1, what is no
 * character becomes U+FFFD. Returns its length and writes what fits into `size` bytes, a NUL at the end (size 0: writes
 * nothing); SIZE_MAX where the value has no text. */
size_t ds_value_text(const ds_value *value, char *text, size_t size);

/* Elements of a numeric array, `index` in row-major order. */
double ds_array_real(const ds_array *array, size_t index);
void ds_array_floats(const ds_array *array, size_t first, size_t count, float *x);

/* "float32", "big-endian int16", "str of 5 bytes". Returns `text`. */
const char *ds_array_type(const ds_array *array, char *text, size_t size);

#endif
