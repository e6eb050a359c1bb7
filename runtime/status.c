#include "runtime/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

st_status st_fail(st_error *error, st_status status, const char *format, ...)
{
    if (error->status != ST_OK) return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->status = status;
    return status;
}

void st_prefix(st_error *error, const char *format, ...)
{
    if (error->status == ST_OK) return;
    char sentence[ST_TEXT_SIZE];
    memcpy(sentence, error->text, sizeof sentence);
    va_list arguments;
    va_start(arguments, format);
    const int used = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    if (used < 0 || (size_t)used >= sizeof error->text) return;
    snprintf(error->text + used, sizeof error->text - (size_t)used, ": %.*s", ST_TEXT_SIZE - used - 3, sentence);
}

void st_clear(st_error *error)
{
    error->status = ST_OK;
    error->text[0] = '\0';
}
