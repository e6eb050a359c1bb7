#include "tests/support/value_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(ts_sink *s, const char *text)
{
    const size_t size = strlen(text);
    if (s->size + size + 1 > s->room) {
        s->room = 2 * (s->size + size + 1);
        s->text = realloc(s->text, s->room);
        assert_non_null(s->text);
    }
    memcpy(s->text + s->size, text, size + 1);
    s->size += size;
}

static void put_real(ts_sink *s, double real)
{
    char text[64];
    snprintf(text, sizeof text, "%.17g", real);
    put(s, text);
}

static void put_character(ts_sink *s, uint32_t c)
{
    char text[16];
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\')
        snprintf(text, sizeof text, "%c", (int)c);
    else
        snprintf(text, sizeof text, "{%" PRIx32 "}", c);
    put(s, text);
}

/* Bytes as they are; text through ds_value_text, which the tests of that function check for its own part. */
static void put_string(ts_sink *s, const ds_value *value)
{
    put(s, value->kind == DS_BYTES ? "b\"" : "u\"");
    if (value->kind == DS_BYTES) {
        for (size_t i = 0; i < value->as.string.size; i++) put_character(s, value->as.string.bytes[i]);
    } else {
        char text[2048];
        const size_t size = ds_value_text(value, text, sizeof text);
        assert_true(size < sizeof text && strlen(text) == size);
        for (size_t i = 0; i < size;) {
            const unsigned char lead = (unsigned char)text[i];
            const size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
            uint32_t c = more == 0 ? lead : lead & (0x3fu >> more);
            for (size_t k = 1; k <= more; k++) c = c << 6 | ((unsigned char)text[i + k] & 0x3fu);
            put_character(s, c);
            i += more + 1;
        }
    }
    put(s, "\"");
}

static void put_entries(ts_sink *s, ds_value *const *items, size_t count, bool pairs, int depth)
{
    put(s, "(");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) put(s, pairs && i % 2 ? ":" : " ");
        ts_put_value(s, items[i], depth + 1);
    }
    put(s, ")");
}

static void put_array(ts_sink *s, const ds_array *array, int depth)
{
    char text[64];
    if (array->type == 'O')
        put(s, "array O ");
    else {
        snprintf(text, sizeof text, "array %c%zu ", array->type, array->width);
        put(s, text);
    }
    for (size_t i = 0; i < array->rank; i++) {
        snprintf(text, sizeof text, "%s%zu", i ? "x" : "", array->shape[i]);
        put(s, text);
    }
    if (array->type == 'O') {
        put_entries(s, array->values, array->elements, false, depth);
        return;
    }
    const ds_value holder = {.kind = DS_ARRAY, .as.array = (ds_array *)(uintptr_t)array};
    put(s, "(");
    for (size_t i = 0; i < array->elements; i++) {
        ds_value spare = {0};
        if (i > 0) put(s, " ");
        if (array->type == 'S' || array->type == 'U')
            ts_put_value(s, ds_value_entry(&holder, i, &spare), depth);
        else
            put_real(s, ds_array_real(array, i));
    }
    put(s, ")");
}

void ts_put_value(ts_sink *s, const ds_value *value, int depth)
{
    char text[32];
    if (depth > 20) fail_msg("too deep");
    switch (value->kind) {
    case DS_NONE:
        put(s, "None");
        break;
    case DS_BOOL:
        put(s, value->as.integer ? "True" : "False");
        break;
    case DS_INT:
        snprintf(text, sizeof text, "%" PRId64, value->as.integer);
        put(s, text);
        break;
    case DS_FLOAT:
        put_real(s, value->as.real);
        break;
    case DS_BYTES:
    case DS_TEXT:
    case DS_WIDE_TEXT:
        put_string(s, value);
        break;
    case DS_LIST:
    case DS_TUPLE:
    case DS_SET:
    case DS_DICT:
        put(s, value->kind == DS_LIST    ? "list"
               : value->kind == DS_TUPLE ? "tuple"
               : value->kind == DS_SET   ? "set"
                                         : "dict");
        put_entries(s, value->as.list.items, value->as.list.count, value->kind == DS_DICT, depth);
        break;
    case DS_ARRAY:
        put_array(s, value->as.array, depth);
        break;
    default:
        put(s, "?");
        break;
    }
}
