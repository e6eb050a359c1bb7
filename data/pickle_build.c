#include "data/pickle_build.h"

#include <stdlib.h>
#include <string.h>

typedef enum known {
    KNOWN_TYPE, /* only ever mentioned, as the default of a defaultdict is */
    KNOWN_ARRAY,
    KNOWN_DTYPE,
    KNOWN_RECONSTRUCT,
    KNOWN_FROM_BUFFER,
    KNOWN_SCALAR,
    KNOWN_ENCODE,
    KNOWN_BYTES,
    KNOWN_SET,
    KNOWN_DICT,
    KNOWN_DEFAULTDICT,
} known;

static const struct {
    const char *module, *name;
    known what;
} names[] = {
    {"numpy", "ndarray", KNOWN_ARRAY},
    {"numpy", "dtype", KNOWN_DTYPE},
    {"numpy.core.multiarray", "_reconstruct", KNOWN_RECONSTRUCT},
    {"numpy._core.multiarray", "_reconstruct", KNOWN_RECONSTRUCT},
    {"numpy.core.multiarray", "scalar", KNOWN_SCALAR},
    {"numpy._core.multiarray", "scalar", KNOWN_SCALAR},
    {"numpy.core.numeric", "_frombuffer", KNOWN_FROM_BUFFER},
    {"numpy._core.numeric", "_frombuffer", KNOWN_FROM_BUFFER},
    {"_codecs", "encode", KNOWN_ENCODE},
    {"collections", "OrderedDict", KNOWN_DICT},
    {"collections", "Counter", KNOWN_DICT},
    {"collections", "defaultdict", KNOWN_DEFAULTDICT},
    {"builtins", "dict", KNOWN_DICT},
    {"__builtin__", "dict", KNOWN_DICT},
    {"builtins", "set", KNOWN_SET},
    {"__builtin__", "set", KNOWN_SET},
    {"builtins", "frozenset", KNOWN_SET},
    {"__builtin__", "frozenset", KNOWN_SET},
    {"builtins", "bytes", KNOWN_BYTES},
    {"__builtin__", "bytes", KNOWN_BYTES},
    {"builtins", "bytearray", KNOWN_BYTES},
    {"__builtin__", "bytearray", KNOWN_BYTES},
    {"builtins", "int", KNOWN_TYPE},
    {"__builtin__", "int", KNOWN_TYPE},
    {"__builtin__", "long", KNOWN_TYPE},
    {"builtins", "float", KNOWN_TYPE},
    {"__builtin__", "float", KNOWN_TYPE},
    {"builtins", "str", KNOWN_TYPE},
    {"__builtin__", "str", KNOWN_TYPE},
    {"builtins", "list", KNOWN_TYPE},
    {"__builtin__", "list", KNOWN_TYPE},
};

static st_status bad(const ds_builder *builder, const char *what)
{
    return st_fail(builder->error, ST_FAILED, "%s is damaged: %s", builder->name, what);
}

static st_status no_memory(const ds_builder *builder)
{
    return st_fail(builder->error, ST_FAILED, "out of memory while reading %s", builder->name);
}

/* Copies are charged, so that a small file that names one large value again and again cannot fill the memory. */
static st_status charge(ds_builder *builder, size_t amount)
{
    if (amount > builder->copies) return bad(builder, "it would unpack to far more than its own size");
    builder->copies -= amount;
    return ST_OK;
}

ds_value *ds_build(ds_builder *builder, ds_kind kind)
{
    ds_value *value = ds_pool_take(builder->pool, sizeof *value);
    if (value)
        value->kind = kind;
    else
        no_memory(builder);
    return value;
}

st_status ds_build_append(ds_builder *builder, ds_value *list, ds_value *const *items, size_t count)
{
    const size_t needed = list->as.list.count + count;
    if (needed > list->as.list.room) {
        const size_t room = needed > 2 * list->as.list.room ? needed : 2 * list->as.list.room;
        ds_value **grown = ds_pool_array(builder->pool, room, sizeof(ds_value *));
        if (!grown) return no_memory(builder);
        if (list->as.list.count > 0) memcpy(grown, list->as.list.items, list->as.list.count * sizeof(ds_value *));
        list->as.list.items = grown;
        list->as.list.room = room;
    }
    if (count > 0) memcpy(list->as.list.items + list->as.list.count, items, count * sizeof(ds_value *));
    list->as.list.count = needed;
    return ST_OK;
}

static bool same(const char *known_text, const char *text, size_t size)
{
    return strlen(known_text) == size && memcmp(known_text, text, size) == 0;
}

/* Names go into a message: only what is printed safely. */
static void printable(char *to, size_t room, const char *text, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < size && count + 1 < room; i++) to[count++] = text[i] > ' ' && text[i] < 127 ? text[i] : '?';
    to[count] = '\0';
}

st_status ds_build_global(ds_builder *builder, const char *module, size_t module_size, const char *name,
                          size_t name_size, ds_value **value)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!same(names[i].module, module, module_size) || !same(names[i].name, name, name_size)) continue;
        *value = ds_build(builder, DS_GLOBAL);
        if (!*value) return ST_FAILED;
        (*value)->as.integer = names[i].what;
        return ST_OK;
    }
    char from[128];
    char what[128];
    printable(from, sizeof from, module, module_size);
    printable(what, sizeof what, name, name_size);
    return st_fail(builder->error, ST_FAILED,
                   "%s asks for %s.%s, which is code and not data; nothing was run. Save it again as dicts, lists and"
                   " numpy arrays",
                   builder->name, from, what);
}

/* ---- arguments ---- */

static const ds_value *argument(const ds_value *arguments, size_t index)
{
    return index < arguments->as.list.count ? arguments->as.list.items[index] : NULL;
}

static bool is(const ds_value *value, ds_kind kind)
{
    return value && value->kind == kind;
}

static bool is_known(const ds_value *value, known what)
{
    return is(value, DS_GLOBAL) && value->as.integer == (int64_t)what;
}

static bool is_string(const ds_value *value)
{
    return is(value, DS_TEXT) || is(value, DS_BYTES);
}

/* ---- dtypes ---- */

static bool width_allowed(char type, size_t width)
{
    switch (type) {
    case 'f':
        return width == 2 || width == 4 || width == 8;
    case 'i':
    case 'u':
        return width == 1 || width == 2 || width == 4 || width == 8;
    case 'b':
        return width == 1;
    case 'O':
        return true;
    default:
        return width > 0;
    }
}

/* "f4", "<i8", "S12", "U5", "O8", "b1" */
static bool parse_dtype(const char *text, size_t size, ds_array *dtype)
{
    size_t at = 0;
    if (size > 0 && strchr("<>=|", text[0])) dtype->big_endian = text[at++] == '>';
    if (at >= size || !strchr("fiubSUOa", text[at]) || text[at] == '\0') return false;
    dtype->type = text[at] == 'a' ? 'S' : text[at];
    size_t width = 0;
    for (at++; at < size && width < (size_t)1 << 32; at++) {
        if (text[at] < '0' || text[at] > '9') return false;
        width = 10 * width + (size_t)(text[at] - '0');
    }
    dtype->width = dtype->type == 'U' ? 4 * width : width;
    return at == size && width_allowed(dtype->type, dtype->width);
}

static st_status call_dtype(ds_builder *builder, const ds_value *arguments, ds_value **value)
{
    const ds_value *text = argument(arguments, 0);
    if (!is_string(text)) return bad(builder, "a dtype without a name");
    *value = ds_build(builder, DS_DTYPE);
    ds_array *dtype = ds_pool_take(builder->pool, sizeof *dtype);
    if (!*value || !dtype) return no_memory(builder);
    (*value)->as.array = dtype;
    if (!parse_dtype((const char *)text->as.string.bytes, text->as.string.size, dtype)) {
        char shown[32];
        printable(shown, sizeof shown, (const char *)text->as.string.bytes, text->as.string.size);
        return st_fail(
            builder->error, ST_FAILED,
            "%s holds an array of dtype '%s'; floats of 16 to 64 bits, integers, booleans and strings are read",
            builder->name, shown);
    }
    return ST_OK;
}

/* (version, byte order, subdtype, names, fields, ...) */
static st_status dtype_state(ds_builder *builder, ds_value *value, const ds_value *state)
{
    if (state->kind != DS_TUPLE || state->as.list.count < 5)
        return bad(builder, "a dtype with a state of another kind");
    const ds_value *order = argument(state, 1);
    if (!is_string(order) || order->as.string.size != 1) return bad(builder, "a dtype without a byte order");
    for (size_t i = 2; i < 5; i++) {
        if (!is(argument(state, i), DS_NONE))
            return st_fail(builder->error, ST_FAILED, "%s holds an array with named fields; plain arrays are read",
                           builder->name);
    }
    value->as.array->big_endian = order->as.string.bytes[0] == '>';
    return ST_OK;
}

/* ---- arrays ---- */

static st_status set_shape(ds_builder *builder, ds_array *array, const ds_value *shape)
{
    const bool tuple = is(shape, DS_TUPLE);
    if (!tuple && !is(shape, DS_INT)) return bad(builder, "an array without a shape");
    array->rank = tuple ? shape->as.list.count : 1;
    if (array->rank > DS_ARRAY_RANK) return bad(builder, "an array of more than 8 dimensions");
    array->elements = 1;
    bool empty = false;
    for (size_t i = 0; i < array->rank; i++) {
        const ds_value *size = tuple ? shape->as.list.items[i] : shape;
        int64_t count = 0;
        if (!ds_value_integer(size, &count) || count < 0 || (uint64_t)count > SIZE_MAX / 16)
            return bad(builder, "an array with an impossible shape");
        array->shape[i] = (size_t)count;
        empty = empty || count == 0;
    }
    for (size_t i = 0; i < array->rank && !empty; i++) {
        if (array->elements > SIZE_MAX / 16 / array->shape[i]) return bad(builder, "an array with an impossible shape");
        array->elements *= array->shape[i];
    }
    if (empty) array->elements = 0;
    return ST_OK;
}

/* Takes the elements where they lie; their number must fit the shape exactly. */
static st_status set_data(ds_builder *builder, ds_array *array, const ds_value *dtype, const ds_value *data)
{
    if (!is(dtype, DS_DTYPE)) return bad(builder, "an array without a dtype");
    const ds_array *type = dtype->as.array;
    if (type->type == 'O') {
        if (!is(data, DS_LIST) || data->as.list.count != array->elements)
            return bad(builder, "an array of objects without its objects");
        array->values = data->as.list.items;
    } else {
        if (!is(data, DS_BYTES)) return bad(builder, "an array without bytes");
        if (data->as.string.size / type->width != array->elements || data->as.string.size % type->width != 0)
            return bad(builder, "an array whose bytes do not fit its shape");
        array->data = data->as.string.bytes;
    }
    array->type = type->type;
    array->width = type->width;
    array->big_endian = type->big_endian;
    return ST_OK;
}

static st_status new_array(ds_builder *builder, ds_value **value)
{
    *value = ds_build(builder, DS_ARRAY);
    ds_array *array = ds_pool_take(builder->pool, sizeof *array);
    if (!*value || !array) return no_memory(builder);
    (*value)->as.array = array;
    return ST_OK;
}

/* (version, shape, dtype, Fortran order, data), in old files without the version */
static st_status array_state(ds_builder *builder, ds_value *value, const ds_value *state)
{
    if (state->kind != DS_TUPLE || state->as.list.count < 4 || state->as.list.count > 5)
        return bad(builder, "an array with a state of another kind");
    if (value->as.array->type != 0) return bad(builder, "an array that is filled twice");
    const size_t first = state->as.list.count - 4;
    int64_t fortran = 0;
    if (!ds_value_integer(argument(state, first + 2), &fortran)) return bad(builder, "an array without an order");
    value->as.array->fortran = fortran != 0;
    ST_FORWARD(set_shape(builder, value->as.array, argument(state, first)));
    return set_data(builder, value->as.array, argument(state, first + 1), argument(state, first + 3));
}

/* _frombuffer(bytes, dtype, shape, order), which protocol 5 uses */
static st_status call_from_buffer(ds_builder *builder, const ds_value *arguments, ds_value **value)
{
    const ds_value *order = argument(arguments, 3);
    if (!is_string(order) || order->as.string.size != 1) return bad(builder, "an array without an order");
    ST_FORWARD(new_array(builder, value));
    (*value)->as.array->fortran = order->as.string.bytes[0] == 'F';
    ST_FORWARD(set_shape(builder, (*value)->as.array, argument(arguments, 2)));
    return set_data(builder, (*value)->as.array, argument(arguments, 1), argument(arguments, 0));
}

/* scalar(dtype, bytes): a number or text by itself */
static st_status call_scalar(ds_builder *builder, const ds_value *arguments, ds_value **value)
{
    ds_array array = {.rank = 1, .shape = {1}, .elements = 1};
    ST_FORWARD(set_data(builder, &array, argument(arguments, 0), argument(arguments, 1)));
    *value = ds_build(builder, DS_NONE);
    if (!*value) return ST_FAILED;
    const ds_value holder = {.kind = DS_ARRAY, .as.array = &array};
    ds_value spare = {0};
    const ds_value *entry = ds_value_entry(&holder, 0, &spare);
    if (!entry) return bad(builder, "a number without a value");
    **value = *entry;
    return ST_OK;
}

/* ---- bytes and containers ---- */

/* _codecs.encode(text, 'latin1'), by which protocols below 3 write bytes: code points below 256 become bytes. */
static st_status call_encode(ds_builder *builder, const ds_value *arguments, ds_value **value)
{
    const ds_value *text = argument(arguments, 0);
    const ds_value *codec = argument(arguments, 1);
    if (!is(text, DS_TEXT) || !is_string(codec)) return bad(builder, "bytes that are no text");
    const char *name = (const char *)codec->as.string.bytes;
    const size_t name_size = codec->as.string.size;
    if (!same("latin1", name, name_size) && !same("latin-1", name, name_size))
        return bad(builder, "bytes in an encoding other than latin1");
    const size_t size = text->as.string.size;
    ST_FORWARD(charge(builder, size));
    *value = ds_build(builder, DS_BYTES);
    unsigned char *bytes = ds_pool_take(builder->pool, size + 1);
    if (!*value || !bytes) return no_memory(builder);
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        const unsigned char lead = text->as.string.bytes[i];
        if (lead < 0x80) {
            bytes[count++] = lead;
            continue;
        }
        const unsigned char next = i + 1 < size ? text->as.string.bytes[++i] : 0;
        if ((lead != 0xc2 && lead != 0xc3) || (next & 0xc0) != 0x80) return bad(builder, "bytes beyond latin1");
        bytes[count++] = (unsigned char)((lead & 3) << 6 | (next & 0x3f));
    }
    (*value)->as.string.bytes = bytes;
    (*value)->as.string.size = count;
    return ST_OK;
}

/* bytes(), bytearray(bytes), bytearray(text, 'latin-1') */
static st_status call_bytes(ds_builder *builder, const ds_value *arguments, ds_value **value)
{
    const ds_value *from = argument(arguments, 0);
    if (is(from, DS_TEXT)) return call_encode(builder, arguments, value);
    if (from && from->kind != DS_BYTES) return bad(builder, "bytes made of something else");
    *value = ds_build(builder, DS_BYTES);
    if (!*value) return ST_FAILED;
    if (from) (*value)->as.string = from->as.string;
    return ST_OK;
}

static st_status call_set(ds_builder *builder, const ds_value *arguments, ds_value **value)
{
    const ds_value *from = argument(arguments, 0);
    if (from && from->kind != DS_LIST && from->kind != DS_TUPLE && from->kind != DS_SET)
        return bad(builder, "a set made of something else");
    *value = ds_build(builder, DS_SET);
    if (!*value) return ST_FAILED;
    if (!from) return ST_OK;
    ST_FORWARD(charge(builder, from->as.list.count));
    return ds_build_append(builder, *value, from->as.list.items, from->as.list.count);
}

/* dict(), dict(another), dict of a list of pairs */
static st_status call_dict(ds_builder *builder, const ds_value *arguments, ds_value **value)
{
    const ds_value *from = argument(arguments, 0);
    *value = ds_build(builder, DS_DICT);
    if (!*value) return ST_FAILED;
    if (!from) return ST_OK;
    if (from->kind != DS_DICT && from->kind != DS_LIST) return bad(builder, "a dict made of something else");
    ST_FORWARD(charge(builder, from->as.list.count));
    if (from->kind == DS_DICT) return ds_build_append(builder, *value, from->as.list.items, from->as.list.count);
    for (size_t i = 0; i < from->as.list.count; i++) {
        const ds_value *pair = from->as.list.items[i];
        if ((pair->kind != DS_LIST && pair->kind != DS_TUPLE) || pair->as.list.count != 2)
            return bad(builder, "a dict made of something else than pairs");
        ST_FORWARD(ds_build_append(builder, *value, pair->as.list.items, 2));
    }
    return ST_OK;
}

st_status ds_build_call(ds_builder *builder, const ds_value *callable, const ds_value *arguments, ds_value **value)
{
    if (callable->kind != DS_GLOBAL || arguments->kind != DS_TUPLE)
        return bad(builder, "a call of something uncallable");
    switch ((known)callable->as.integer) {
    case KNOWN_RECONSTRUCT:
        if (!is_known(argument(arguments, 0), KNOWN_ARRAY)) return bad(builder, "an array of another class");
        return new_array(builder, value);
    case KNOWN_DTYPE:
        return call_dtype(builder, arguments, value);
    case KNOWN_FROM_BUFFER:
        return call_from_buffer(builder, arguments, value);
    case KNOWN_SCALAR:
        return call_scalar(builder, arguments, value);
    case KNOWN_ENCODE:
        return call_encode(builder, arguments, value);
    case KNOWN_BYTES:
        return call_bytes(builder, arguments, value);
    case KNOWN_SET:
        return call_set(builder, arguments, value);
    case KNOWN_DICT:
        return call_dict(builder, arguments, value);
    case KNOWN_DEFAULTDICT:
        *value = ds_build(builder, DS_DICT);
        return *value ? ST_OK : ST_FAILED;
    case KNOWN_TYPE:
    case KNOWN_ARRAY:
        break;
    }
    return bad(builder, "a call of a type that is only ever mentioned");
}

st_status ds_build_state(ds_builder *builder, ds_value *value, const ds_value *state)
{
    if (value->kind == DS_ARRAY) return array_state(builder, value, state);
    if (value->kind == DS_DTYPE) return dtype_state(builder, value, state);
    return bad(builder, "attributes on something that has none");
}
