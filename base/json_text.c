#include "base/json_text.h"

#include "base/text.h"

/* Jansson prints and reads reals with printf and strtod and corrects a decimal separator of one byte only; in some
 * locales it has more. */

char *json_text_print(const json_t *value, size_t flags)
{
    const locale_t previous = text_enter_c_locale();
    char *text = json_dumps(value, flags);
    text_leave_c_locale(previous);
    return text;
}

json_t *json_text_read(const char *text, size_t flags, json_error_t *why)
{
    const locale_t previous = text_enter_c_locale();
    json_t *value = json_loads(text, flags, why);
    text_leave_c_locale(previous);
    return value;
}

json_t *json_text_read_bytes(const char *bytes, size_t size, size_t flags, json_error_t *why)
{
    const locale_t previous = text_enter_c_locale();
    json_t *value = json_loadb(bytes, size, flags, why);
    text_leave_c_locale(previous);
    return value;
}

json_t *json_text_read_stream(FILE *stream, size_t flags, json_error_t *why)
{
    const locale_t previous = text_enter_c_locale();
    json_t *value = json_loadf(stream, flags, why);
    text_leave_c_locale(previous);
    return value;
}

json_t *json_text_read_file(const char *path, size_t flags, json_error_t *why)
{
    const locale_t previous = text_enter_c_locale();
    json_t *value = json_load_file(path, flags, why);
    text_leave_c_locale(previous);
    return value;
}
