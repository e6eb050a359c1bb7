#include "data/value.h"

#include "base/text.h"
#include "data/half.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- arrays ---- */

/* Place of a row-major index in the data. */
static size_t place(const ds_array *array, size_t index)
{
    if (!array->fortran || array->rank < 2) return index;
    size_t strides[DS_ARRAY_RANK] = {0};
    size_t stride = 1;
    for (size_t i = 0; i < array->rank; i++) {
        strides[i] = stride;
        stride *= array->shape[i];
    }
    size_t at = 0;
    for (size_t i = array->rank; i-- > 0;) {
        at += index % array->shape[i] * strides[i];
        index /= array->shape[i];
    }
    return at;
}

/* The bits of an element of at most 8 bytes. */
static uint64_t bits_of(const ds_array *array, size_t index)
{
    const unsigned char *bytes = array->data + place(array, index) * array->width;
    uint64_t bits = 0;
    for (size_t i = 0; i < array->width; i++) {
        const size_t shift = array->big_endian ? array->width - 1 - i : i;
        bits |= (uint64_t)bytes[i] << (8 * shift);
    }
    return bits;
}

static int64_t signed_of(uint64_t bits, size_t width)
{
    const uint64_t top = UINT64_C(1) << (8 * width - 1);
    const uint64_t low = bits & (top - 1);
    return bits & top ? (int64_t)low - (int64_t)(top - 1) - 1 : (int64_t)low;
}

static double real_of(uint64_t bits, size_t width)
{
    if (width == 2) return (double)ds_float_of_half((uint16_t)bits);
    if (width == 4) return (double)ds_float_of_bits((uint32_t)bits);
    double value = 0.0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool is_numeric(const ds_array *array)
{
    return array->type == 'f' || array->type == 'i' || array->type == 'u' || array->type == 'b';
}

double ds_array_real(const ds_array *array, size_t index)
{
    const uint64_t bits = bits_of(array, index);
    switch (array->type) {
    case 'f':
        return real_of(bits, array->width);
    case 'i':
        return (double)signed_of(bits, array->width);
    case 'u':
        return (double)bits;
    case 'b':
        return bits != 0;
    default:
        return NAN;
    }
}

static bool is_native_float(const ds_array *array)
{
    const float one = 1.0f;
    uint32_t bits = 0;
    memcpy(&bits, &one, sizeof bits);
    unsigned char first = 0;
    memcpy(&first, &bits, 1);
    return array->type == 'f' && array->width == 4 && array->big_endian == (first != 0) &&
           (!array->fortran || array->rank < 2);
}

void ds_array_floats(const ds_array *array, size_t first, size_t count, float *x)
{
    if (count == 0) return;
    if (is_native_float(array)) {
        memcpy(x, array->data + first * sizeof *x, count * sizeof *x);
        return;
    }
    for (size_t i = 0; i < count; i++) x[i] = (float)ds_array_real(array, first + i);
}

const char *ds_array_type(const ds_array *array, char *text, size_t size)
{
    const char *order = array->big_endian && array->width > 1 ? "big-endian " : "";
    switch (array->type) {
    case 'f':
        snprintf(text, size, "%sfloat%zu", order, 8 * array->width);
        break;
    case 'i':
        snprintf(text, size, "%sint%zu", order, 8 * array->width);
        break;
    case 'u':
        snprintf(text, size, "%suint%zu", order, 8 * array->width);
        break;
    case 'b':
        snprintf(text, size, "bool");
        break;
    case 'S':
        snprintf(text, size, "bytes of length %zu", array->width);
        break;
    case 'U':
        snprintf(text, size, "%sstr of length %zu", order, array->width / 4);
        break;
    case 'O':
        snprintf(text, size, "objects");
        break;
    default:
        snprintf(text, size, "nothing");
        break;
    }
    return text;
}

/* ---- entries and numbers ---- */

bool ds_value_length(const ds_value *value, size_t *length)
{
    switch (value->kind) {
    case DS_LIST:
    case DS_TUPLE:
    case DS_SET:
        *length = value->as.list.count;
        return true;
    case DS_ARRAY:
        *length = value->as.array->rank > 0 ? value->as.array->shape[0] : 0;
        return value->as.array->rank > 0;
    default:
        return false;
    }
}

static const ds_value *element(const ds_array *array, size_t index, ds_value *spare)
{
    const unsigned char *bytes = array->data + place(array, index) * array->width;
    const uint64_t bits = is_numeric(array) ? bits_of(array, index) : 0;
    *spare = (ds_value){0};
    switch (array->type) {
    case 'f':
        spare->kind = DS_FLOAT;
        spare->as.real = real_of(bits, array->width);
        return spare;
    case 'b':
        spare->kind = DS_BOOL;
        spare->as.integer = bits != 0;
        return spare;
    case 'i':
        spare->kind = DS_INT;
        spare->as.integer = signed_of(bits, array->width);
        return spare;
    case 'u':
        spare->kind = bits > INT64_MAX ? DS_FLOAT : DS_INT;
        if (bits > INT64_MAX)
            spare->as.real = (double)bits;
        else
            spare->as.integer = (int64_t)bits;
        return spare;
    case 'S':
    case 'U':
        spare->kind = array->type == 'S' ? DS_BYTES : DS_WIDE_TEXT;
        spare->big_endian = array->big_endian;
        spare->as.string.bytes = bytes;
        spare->as.string.size = array->width;
        while (array->type == 'S' && spare->as.string.size > 0 && bytes[spare->as.string.size - 1] == 0)
            spare->as.string.size--;
        return spare;
    default:
        return NULL;
    }
}

const ds_value *ds_value_entry(const ds_value *value, size_t index, ds_value *spare)
{
    size_t length = 0;
    if (!ds_value_length(value, &length) || index >= length) return NULL;
    if (value->kind != DS_ARRAY) return value->as.list.items[index];
    const ds_array *array = value->as.array;
    if (array->rank != 1) return NULL;
    return array->type == 'O' ? array->values[index] : element(array, index, spare);
}

/* An array of one element stands for that element. */
static const ds_value *single(const ds_value *value, ds_value *spare)
{
    if (value->kind != DS_ARRAY || value->as.array->elements != 1 || !is_numeric(value->as.array)) return value;
    return element(value->as.array, 0, spare);
}

bool ds_value_integer(const ds_value *value, int64_t *integer)
{
    ds_value spare = {0};
    value = single(value, &spare);
    if (value->kind == DS_BOOL || value->kind == DS_INT) {
        *integer = value->as.integer;
        return true;
    }
    if (value->kind != DS_FLOAT) return false;
    const double real = value->as.real;
    if (!(real >= -0x1p62 && real <= 0x1p62) || real != floor(real)) return false;
    *integer = (int64_t)real;
    return true;
}

bool ds_value_real(const ds_value *value, double *real)
{
    ds_value spare = {0};
    value = single(value, &spare);
    if (value->kind == DS_BOOL || value->kind == DS_INT)
        *real = (double)value->as.integer;
    else if (value->kind == DS_FLOAT)
        *real = value->as.real;
    else
        return false;
    return true;
}

/* ---- text ---- */

enum { REPLACEMENT = 0xfffd };

typedef struct text_sink {
    char *text;
    size_t size, length;
} text_sink;

static void put_character(text_sink *sink, uint32_t c)
{
    char bytes[4] = {0};
    size_t count = 0;
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) c = REPLACEMENT;
    if (c < 0x80) {
        bytes[count++] = (char)c;
    } else if (c < 0x800) {
        bytes[count++] = (char)(0xc0 | c >> 6);
        bytes[count++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        bytes[count++] = (char)(0xe0 | c >> 12);
        bytes[count++] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[count++] = (char)(0x80 | (c & 0x3f));
    } else {
        bytes[count++] = (char)(0xf0 | c >> 18);
        bytes[count++] = (char)(0x80 | (c >> 12 & 0x3f));
        bytes[count++] = (char)(0x80 | (c >> 6 & 0x3f));
        bytes[count++] = (char)(0x80 | (c & 0x3f));
    }
    if (sink->length < sink->size && count < sink->size - sink->length) {
        memcpy(sink->text + sink->length, bytes, count);
        sink->text[sink->length + count] = '\0';
    } else {
        sink->size = sink->length < sink->size ? sink->length : sink->size; /* no later character may slip in */
    }
    sink->length += count;
}

/* One character of UTF-8 as a Python str is written; an invalid byte counts for itself. */
static uint32_t next_character(const unsigned char **at, const unsigned char *end)
{
    const unsigned char *p = *at;
    const size_t left = (size_t)(end - p);
    const unsigned char lead = *p;
    const size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    *at = p + 1;
    if (size == 1) return lead;
    if (size == 0 || size > left || lead > 0xf4) return REPLACEMENT;
    uint32_t c = lead & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80) return REPLACEMENT;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < smallest[size]) return REPLACEMENT;
    *at = p + size;
    return c;
}

static void put_wide(text_sink *sink, const ds_value *value)
{
    const unsigned char *bytes = value->as.string.bytes;
    size_t count = value->as.string.size / 4;
    while (count > 0 && memcmp(bytes + 4 * (count - 1), "\0\0\0", 4) == 0) count--;
    for (size_t i = 0; i < count; i++) {
        const unsigned char *b = bytes + 4 * i;
        const uint32_t low = (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
        const uint32_t high = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        put_character(sink, value->big_endian ? high : low);
    }
}

size_t ds_value_text(const ds_value *value, char *text, size_t size)
{
    text_sink sink = {text, size, 0};
    const unsigned char *at = value->as.string.bytes;
    char number[32];
    if (size > 0) text[0] = '\0';
    switch (value->kind) {
    case DS_BYTES:
        for (size_t i = 0; i < value->as.string.size; i++) put_character(&sink, at[i]);
        return sink.length;
    case DS_TEXT:
        for (const unsigned char *end = at + value->as.string.size; at < end;)
            put_character(&sink, next_character(&at, end));
        return sink.length;
    case DS_WIDE_TEXT:
        put_wide(&sink, value);
        return sink.length;
    case DS_INT:
        snprintf(number, sizeof number, "%" PRId64, value->as.integer);
        for (const char *c = number; *c; c++) put_character(&sink, (unsigned char)*c);
        return sink.length;
    default:
        return SIZE_MAX;
    }
}

/* ---- description ---- */

static void describe_array(const ds_array *array, char *text, size_t size)
{
    char shape[DS_ARRAY_RANK * 24] = "";
    char type[64] = "";
    size_t used = 0;
    for (size_t i = 0; i < array->rank; i++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%zu", i ? " x " : "", array->shape[i]);
    snprintf(text, size, "an array of %s%s%s", shape, array->rank > 0 ? " " : "one ",
             ds_array_type(array, type, sizeof type));
}

const char *ds_value_describe(const ds_value *value, char *text, size_t size)
{
    char piece[48] = "";
    bool whole = true;
    switch (value->kind) {
    case DS_NONE:
        snprintf(text, size, "None");
        break;
    case DS_BOOL:
        snprintf(text, size, "%s", value->as.integer ? "True" : "False");
        break;
    case DS_INT:
        snprintf(text, size, "the int %" PRId64, value->as.integer);
        break;
    case DS_BIG_INT:
        snprintf(text, size, "an int beyond 64 bits");
        break;
    case DS_FLOAT:
        text_format(text, size, "the float %g", value->as.real);
        break;
    case DS_BYTES:
    case DS_TEXT:
    case DS_WIDE_TEXT:
        whole = ds_value_text(value, piece, sizeof piece) < sizeof piece;
        for (char *c = piece; *c; c++) *c = (unsigned char)*c < ' ' ? ' ' : *c;
        snprintf(text, size, "'%s%s'", piece, whole ? "" : "...");
        break;
    case DS_LIST:
        snprintf(text, size, "a list of %zu", value->as.list.count);
        break;
    case DS_TUPLE:
        snprintf(text, size, "a tuple of %zu", value->as.list.count);
        break;
    case DS_SET:
        snprintf(text, size, "a set of %zu", value->as.list.count);
        break;
    case DS_DICT:
        snprintf(text, size, "a dict of %zu", value->as.list.count / 2);
        break;
    case DS_ARRAY:
        describe_array(value->as.array, text, size);
        break;
    case DS_DTYPE:
        snprintf(text, size, "a dtype");
        break;
    case DS_GLOBAL:
        snprintf(text, size, "a type");
        break;
    }
    return text;
}
