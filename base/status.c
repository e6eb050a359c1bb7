#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static st_status record(st_error *error, st_status status, bool too_large, const char *format, va_list arguments)
{
    if (error->status != ST_OK) return status;
    text_vformat(error->text, sizeof error->text, format, arguments);
    error->status = status;
    error->too_large = too_large;
    return status;
}

st_status st_fail(st_error *error, st_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(error, status, false, format, arguments);
    va_end(arguments);
    return status;
}

st_status st_too_large(st_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    record(error, ST_DEVICE, true, format, arguments);
    va_end(arguments);
    return ST_DEVICE;
}

void st_prefix(st_error *error, const char *format, ...)
{
    if (error->status == ST_OK) return;
    char sentence[ST_TEXT_SIZE];
    memcpy(sentence, error->text, sizeof sentence);
    va_list arguments;
    va_start(arguments, format);
    const int used = text_vformat(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    if (used < 0 || (size_t)used >= sizeof error->text) return;
    snprintf(error->text + used, sizeof error->text - (size_t)used, ": %.*s", ST_TEXT_SIZE - used - 3, sentence);
}

void st_append(st_error *error, const char *format, ...)
{
    const size_t used = strlen(error->text);
    if (error->status == ST_OK) return;
    va_list arguments;
    va_start(arguments, format);
    text_vformat(error->text + used, sizeof error->text - used, format, arguments);
    va_end(arguments);
}

void st_clear(st_error *error)
{
    error->status = ST_OK;
    error->text[0] = '\0';
    error->too_large = false;
}
