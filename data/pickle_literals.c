#include "data/pickle_literals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* ---- numbers ---- */

st_status ds_op_push_integer(ds_machine *m, ds_kind kind, int64_t integer)
{
    ds_value *value = ds_build(&m->builder, kind);
    if (value) value->as.integer = integer;
    return ds_machine_push(m, value);
}

static st_status push_string(ds_machine *m, ds_kind kind, const unsigned char *bytes, size_t size)
{
    ds_value *value = ds_build(&m->builder, kind);
    if (value) {
        value->as.string.bytes = bytes;
        value->as.string.size = size;
    }
    return ds_machine_push(m, value);
}

static st_status push_real(ds_machine *m, double real)
{
    ds_value *value = ds_build(&m->builder, DS_FLOAT);
    if (value) value->as.real = real;
    return ds_machine_push(m, value);
}

st_status ds_op_small_int(ds_machine *m, size_t width, bool is_signed)
{
    uint64_t number = 0;
    ST_FORWARD(ds_machine_number(m, width, &number));
    const int64_t integer =
        is_signed && number >= UINT64_C(1) << 31 ? (int64_t)number - (INT64_C(1) << 32) : (int64_t)number;
    return ds_op_push_integer(m, DS_INT, integer);
}

/* LONG1 and LONG4: two's complement, little-endian, of any length */
st_status ds_op_long(ds_machine *m, size_t width)
{
    const unsigned char *bytes = NULL;
    size_t size = 0;
    ST_FORWARD(ds_machine_counted(m, width, &bytes, &size));
    const unsigned char sign = size > 0 && bytes[size - 1] & 0x80 ? 0xff : 0;
    size_t needed = size;
    while (needed > 8 && bytes[needed - 1] == sign && (bytes[needed - 2] & 0x80) == (sign & 0x80)) needed--;
    if (needed > 8) return push_string(m, DS_BIG_INT, bytes, size);
    uint64_t bits = sign ? UINT64_MAX : 0;
    for (size_t i = 0; i < needed; i++) bits = (bits & ~(UINT64_C(0xff) << (8 * i))) | (uint64_t)bytes[i] << (8 * i);
    const int64_t integer = sign ? -(int64_t)~bits - 1 : (int64_t)bits;
    return ds_op_push_integer(m, DS_INT, integer);
}

/* INT and LONG of protocol 0: "I42", "I01" for True, "L42L" */
st_status ds_op_decimal(ds_machine *m, bool is_long)
{
    const char *text = NULL;
    size_t size = 0;
    ST_FORWARD(ds_machine_line(m, &text, &size));
    if (!is_long && size == 2 && text[0] == '0' && (text[1] == '0' || text[1] == '1'))
        return ds_op_push_integer(m, DS_BOOL, text[1] == '1');
    if (is_long && size > 0 && text[size - 1] == 'L') size--;
    size_t digits = size;
    for (size_t i = 0; i < size; i++) {
        if (i == 0 && size > 1 && (text[i] == '-' || text[i] == '+'))
            digits--;
        else if (text[i] < '0' || text[i] > '9')
            return ds_machine_bad(m, "a number that is none");
    }
    if (digits == 0) return ds_machine_bad(m, "a number that is none");
    char copy[24] = "";
    if (digits > 19) return push_string(m, DS_BIG_INT, (const unsigned char *)text, size);
    memcpy(copy, text, size);
    errno = 0;
    const int64_t integer = strtoll(copy, NULL, 10);
    if (errno == ERANGE) return push_string(m, DS_BIG_INT, (const unsigned char *)text, size);
    return ds_op_push_integer(m, DS_INT, integer);
}

st_status ds_op_float_text(ds_machine *m)
{
    const char *text = NULL;
    size_t size = 0;
    ST_FORWARD(ds_machine_line(m, &text, &size));
    char copy[64] = "";
    if (size == 0 || size >= sizeof copy) return ds_machine_bad(m, "a number that is none");
    memcpy(copy, text, size);
    char *end = NULL;
    const double real = number_scan(copy, &end);
    return end == copy + size ? push_real(m, real) : ds_machine_bad(m, "a number that is none");
}

st_status ds_op_float(ds_machine *m)
{
    const unsigned char *bytes = NULL;
    ST_FORWARD(ds_machine_take(m, 8, &bytes));
    uint64_t bits = 0;
    for (size_t i = 0; i < 8; i++) bits = bits << 8 | bytes[i];
    double real = 0.0;
    memcpy(&real, &bits, sizeof real);
    return push_real(m, real);
}

/* ---- strings ---- */

st_status ds_op_string(ds_machine *m, ds_kind kind, size_t width)
{
    const unsigned char *bytes = NULL;
    size_t size = 0;
    ST_FORWARD(ds_machine_counted(m, width, &bytes, &size));
    return push_string(m, kind, bytes, size);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* `count` hexadecimal digits at the start of `text`; -1 where there are fewer. */
static int64_t hex_number(const char *text, size_t size, size_t count)
{
    if (size < count) return -1;
    int64_t number = 0;
    for (size_t i = 0; i < count; i++) {
        const int digit = hex_digit(text[i]);
        if (digit < 0) return -1;
        number = 16 * number + digit;
    }
    return number;
}

/* One escape of a Python 2 string, behind its backslash; returns the characters used, 0 for a broken one. */
static size_t unescape(const char *text, size_t size, unsigned char *byte)
{
    static const char plain[] = "\\'\"abfnrtv";
    static const char meant[] = "\\'\"\a\b\f\n\r\t\v";
    if (size == 0) return 0;
    if (text[0] == 'x') {
        const int64_t number = hex_number(text + 1, size - 1, 2);
        *byte = (unsigned char)number;
        return number < 0 ? 0 : 3;
    }
    size_t used = 0;
    unsigned octal = 0;
    while (used < size && used < 3 && text[used] >= '0' && text[used] <= '7')
        octal = 8 * octal + (unsigned)(text[used++] - '0');
    *byte = (unsigned char)octal;
    if (used > 0) return used;
    const char *known = memchr(plain, text[0], sizeof plain - 1);
    if (!known) return 0;
    *byte = (unsigned char)meant[known - plain];
    return 1;
}

/* STRING: a quoted Python 2 literal on a line */
st_status ds_op_quoted(ds_machine *m)
{
    const char *text = NULL;
    size_t size = 0;
    ST_FORWARD(ds_machine_line(m, &text, &size));
    if (size < 2 || (text[0] != '\'' && text[0] != '"') || text[size - 1] != text[0])
        return ds_machine_bad(m, "a string without quotes");
    unsigned char *bytes = ds_pool_take(m->builder.pool, size);
    if (!bytes) return ds_machine_no_memory(m);
    size_t count = 0;
    for (size_t i = 1; i + 1 < size; i++) {
        bytes[count] = (unsigned char)text[i];
        if (text[i] == '\\') {
            const size_t used = unescape(text + i + 1, size - i - 2, &bytes[count]);
            if (used == 0) return ds_machine_bad(m, "a string with a broken escape");
            i += used;
        }
        count++;
    }
    return push_string(m, DS_BYTES, bytes, count);
}

static size_t put_utf8(unsigned char *to, uint32_t c)
{
    static const unsigned char leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    const size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (size == 1) to[0] = (unsigned char)c;
    for (size_t i = size; size > 1 && i-- > 0;) {
        to[i] = (unsigned char)(i > 0 ? 0x80 | (c & 0x3f) : leads[size] | c);
        c >>= 6;
    }
    return size;
}

/* UNICODE: latin1 with \uXXXX and \UXXXXXXXX on a line; pairs of surrogates are one character. */
st_status ds_op_unicode_text(ds_machine *m)
{
    const char *text = NULL;
    size_t size = 0;
    ST_FORWARD(ds_machine_line(m, &text, &size));
    unsigned char *bytes = ds_pool_array(m->builder.pool, size + 1, 2);
    if (!bytes) return ds_machine_no_memory(m);
    size_t count = 0;
    uint32_t high = 0; /* a first surrogate that was just written */
    for (size_t i = 0; i < size;) {
        int64_t c = (unsigned char)text[i];
        size_t used = 1;
        if (c == '\\' && i + 1 < size && (text[i + 1] == 'u' || text[i + 1] == 'U')) {
            const size_t digits = text[i + 1] == 'u' ? 4 : 8;
            c = hex_number(text + i + 2, size - i - 2, digits);
            used = 2 + digits;
        }
        if (c < 0 || c > 0x10ffff) return ds_machine_bad(m, "a string with a broken escape");
        if (high && c >= 0xdc00 && c <= 0xdfff) {
            count -= 3;
            c = 0x10000 + ((int64_t)(high - 0xd800) << 10) + (c - 0xdc00);
        }
        high = c >= 0xd800 && c <= 0xdbff ? (uint32_t)c : 0;
        count += put_utf8(bytes + count, (uint32_t)c);
        i += used;
    }
    return push_string(m, DS_TEXT, bytes, count);
}
