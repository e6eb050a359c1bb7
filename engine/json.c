#include "engine/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"

json_t *en_json_text(const char *text)
{
    json_t *plain = json_string(text);
    if (plain) return plain;
    char *utf8 = malloc(2 * strlen(text) + 1);
    if (!utf8) return NULL;
    char *to = utf8;
    for (const unsigned char *at = (const unsigned char *)text; *at; ++at) {
        if (*at >= 0x80) *to++ = (char)(0xc0 | *at >> 6);
        *to++ = (char)(*at >= 0x80 ? 0x80 | (*at & 0x3f) : *at);
    }
    *to = '\0';
    json_t *converted = json_string(utf8);
    free(utf8);
    return converted;
}

json_t *en_json_real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *en_json_device(const rt_device_info *info)
{
    json_t *device = json_pack("{s:i, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:b, s:b, s:b, s:b}",
                               "index", info->index, "selector", info->selector, "platform", info->platform, "ordinal",
                               info->ordinal, "name", en_json_text(info->name), "vendor", en_json_text(info->vendor),
                               "platform_name", en_json_text(info->platform_name), "driver", en_json_text(info->driver),
                               "version", en_json_text(info->version), "c_version", en_json_text(info->c_version),
                               "type", rt_device_type_name(info->type), "available", info->available, "compiler",
                               info->compiler, "fp16", info->fp16, "fp64", info->fp64, "unified_memory",
                               info->unified_memory, "native_kernels", info->native_kernels);
    json_t *sizes = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "memory_bytes", (json_int_t)info->memory_bytes,
                              "largest_block_bytes", (json_int_t)info->largest_block_bytes, "local_bytes",
                              (json_int_t)info->local_bytes, "compute_units", (json_int_t)info->compute_units,
                              "clock_mhz", (json_int_t)info->clock_mhz, "max_group", (json_int_t)info->max_group,
                              "vector_width", (json_int_t)info->vector_width);
    json_object_update(device, sizes);
    json_decref(sizes);
    json_object_set_new(device, "emulator", json_boolean(info->emulator));
    json_object_set_new(device, "bus", info->bus[0] ? en_json_text(info->bus) : json_null());
    json_object_set_new(device, "same_as", info->same_as >= 0 ? json_integer(info->same_as) : json_null());
    json_object_set_new(device, "error", info->error[0] ? en_json_text(info->error) : json_null());
    return device;
}

static st_status text_of(json_t *value, size_t flags, char **text, st_error *error)
{
    char *dumped = value ? json_text_print(value, flags | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(value);
    const size_t length = dumped ? strlen(dumped) : 0;
    *text = dumped ? realloc(dumped, length + 2) : NULL;
    if (!*text) {
        free(dumped);
        return st_fail(error, ST_FAILED, "out of memory while writing JSON");
    }
    memcpy(*text + length, "\n", 2);
    return ST_OK;
}

st_status en_json_pretty(json_t *value, char **text, st_error *error)
{
    return text_of(value, JSON_INDENT(2), text, error);
}

st_status en_json_line(json_t *value, char **text, st_error *error)
{
    return text_of(value, 0, text, error);
}
