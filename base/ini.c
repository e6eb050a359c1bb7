#define _GNU_SOURCE /* memfd_create */
#include "base/ini.h"

#include <errno.h>
#include <iniparser/iniparser.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

#include "base/ini_lines.h"
#include "base/text.h"

/* iniparser 4.1 opens files by name only, so the text is passed through a file in memory. It has one error callback per
 * process, which is set once, before the first text is read, and writes into a buffer of the calling thread. */
static _Thread_local char complaint[256];
static once_flag complaints_are_taken = ONCE_FLAG_INIT;

static int take_complaint(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!complaint[0]) vsnprintf(complaint, sizeof complaint, format, arguments);
    va_end(arguments);
    complaint[strcspn(complaint, "\n")] = '\0';
    return 0;
}

static void take_complaints(void)
{
    iniparser_set_error_callback(take_complaint);
}

static st_status out_of_memory(st_error *error)
{
    return st_fail(error, ST_FAILED, "out of memory while reading the configuration");
}

/* The value that iniparser read. iniparser uses the same name for a section [a:b] and the key b of [a]. */
static st_status take_value(ini_entry *entry, const dictionary *values, const char *name, ini_form form,
                            st_error *error)
{
    char label[INI_LINE_LIMIT + 2];
    if (!entry->value) {
        snprintf(label, sizeof label, "%s:%s", entry->section, entry->key);
        const char *value = iniparser_getstring(values, label, NULL);
        if (!value)
            return st_fail(error, ST_USAGE, "%s:%d: [%s] %s is called as the section [%s:%s]; rename one of them", name,
                           entry->line, entry->section, entry->key, entry->section, entry->key);
        entry->value = malloc(strlen(value) + 1);
        if (!entry->value) return out_of_memory(error);
        strcpy(entry->value, value);
    }
    if (form == INI_FLAT || entry->value[strspn(entry->value, " \t")]) return ST_OK;
    return st_fail(error, ST_USAGE, "%s:%d: [%s] %s has no value; write one, or delete the line to keep the default",
                   name, entry->line, entry->section, entry->key);
}

static st_status load_values(ini_file *ini, const char *path, const char *name, ini_form form, st_error *error)
{
    call_once(&complaints_are_taken, take_complaints);
    complaint[0] = '\0';
    dictionary *values = iniparser_load(path);
    st_status status = ST_OK;
    if (!values || complaint[0])
        status = st_fail(error, ST_FAILED, "%s cannot be read: %s", name,
                         complaint[0] ? complaint : "out of memory while reading the configuration");
    for (size_t i = 0; i < ini->count && status == ST_OK; i++)
        if (ini->entries[i].key) status = take_value(&ini->entries[i], values, name, form, error);
    if (values) iniparser_freedict(values);
    return status;
}

st_status ini_parse(ini_file *ini, const char *text, const char *name, ini_form form, st_error *error)
{
    char path[64];
    *ini = (ini_file){0};
    const int descriptor = memfd_create("ini", MFD_CLOEXEC);
    FILE *plain = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!plain) {
        const int code = errno;
        if (descriptor >= 0) close(descriptor);
        return st_fail(error, ST_FAILED, "%s cannot be read through a file in memory: %s", name, strerror(code));
    }
    st_status status = ini_lines_index(ini, text, name, form, plain, error);
    if (status == ST_OK && (fflush(plain) != 0 || ferror(plain)))
        status = st_fail(error, ST_FAILED, "%s cannot be copied to a file in memory: %s", name, strerror(errno));
    if (status == ST_OK) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
        const locale_t previous = text_enter_c_locale();
        status = load_values(ini, path, name, form, error);
        text_leave_c_locale(previous);
    }
    fclose(plain);
    if (status != ST_OK) ini_destroy(ini);
    return status;
}

void ini_destroy(ini_file *ini)
{
    if (!ini) return;
    for (size_t i = 0; i < ini->count; i++) {
        const ini_entry *entry = &ini->entries[i];
        char *const texts[] = {entry->section,  entry->key,   entry->section_name,
                               entry->key_name, entry->value, entry->written};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) free(texts[k]);
    }
    free(ini->entries);
    *ini = (ini_file){0};
}

st_status ini_read_file(char **text, const char *path, st_error *error)
{
    enum { BLOCK = 65536 };
    char *bytes = NULL;
    size_t length = 0;
    st_status status = ST_OK;
    *text = NULL;
    FILE *file = fopen(path, "rb");
    if (!file) return st_fail(error, ST_USAGE, "the configuration %s cannot be opened: %s", path, strerror(errno));
    for (size_t got = BLOCK; got == BLOCK; length += got) {
        char *grown = length <= (size_t)INI_LINE_LIMIT * INI_LINE_COUNT ? realloc(bytes, length + BLOCK + 1) : NULL;
        if (!grown && length > (size_t)INI_LINE_LIMIT * INI_LINE_COUNT) {
            status = st_fail(error, ST_USAGE, "%s is too large for a configuration", path);
            goto done;
        }
        if (!grown) {
            status = out_of_memory(error);
            goto done;
        }
        bytes = grown;
        got = fread(bytes + length, 1, BLOCK, file);
        bytes[length + got] = '\0';
        if (memchr(bytes + length, '\0', got)) {
            status = st_fail(error, ST_USAGE, "%s is not a text file; a configuration is an INI file", path);
            goto done;
        }
    }
    if (ferror(file))
        status = st_fail(error, ST_USAGE, "the configuration %s cannot be read: %s", path, strerror(errno));

done:
    fclose(file);
    if (status == ST_OK)
        *text = bytes;
    else
        free(bytes);
    return status;
}
