#include "base/ini.h"

#include <errno.h>
#include <iniparser/iniparser.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

/* The scan below decides what is a section, a key and a value, and keeps the lines. Each line of a value then goes
 * to iniparser as an entry of its own, named by its line number and closed by a comment sign:
 *
 *     [line]
 *     12 = a, "b;c", ;
 *     13 = d ;
 *
 * so that its silent overwriting of duplicates, its limit of 1024 bytes for all lines of a value together, and its
 * reading of a last backslash cannot bite. */

typedef struct scan {
    const char *name; /* of the text, for messages */
    int line;
    char *section;  /* NULL before the first one */
    bool continues; /* the last entry goes on in this line */
    ini_file *ini;
    FILE *normal; /* what iniparser reads */
    st_error *error;
} scan;

static st_status out_of_memory(st_error *error)
{
    return st_fail(error, ST_FAILED, "out of memory while reading the configuration");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text)) text++;
    return text;
}

static char *copy_trimmed(const char *text, size_t length, bool lower)
{
    while (length > 0 && is_blank(*text)) text++, length--;
    while (length > 0 && is_blank(text[length - 1])) length--;
    char *copy = malloc(length + 1);
    if (!copy) return NULL;
    for (size_t i = 0; i < length; i++) copy[i] = lower ? text_lower(text[i]) : text[i];
    copy[length] = '\0';
    return copy;
}

static bool ends_here(const char *text)
{
    text = skip_blanks(text);
    return *text == '\0' || *text == ';' || *text == '#';
}

static st_status add_entry(scan *s, char *section, char *key)
{
    ini_file *ini = s->ini;
    ini_entry *grown = section ? realloc(ini->entries, (ini->count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        free(section);
        free(key);
        return out_of_memory(s->error);
    }
    ini->entries = grown;
    grown[ini->count++] = (ini_entry){.section = section, .key = key, .line = s->line, .last_line = s->line};
    return ST_OK;
}

static st_status scan_section(scan *s, const char *text)
{
    const char *end = strchr(text, ']');
    if (!end || !ends_here(end + 1))
        return st_fail(s->error, ST_USAGE, "%s:%d: \"%s\" is not a section; write [name] on a line of its own", s->name,
                       s->line, text);
    free(s->section);
    s->section = copy_trimmed(text + 1, (size_t)(end - text - 1), true);
    return add_entry(s, s->section ? copy_trimmed(s->section, strlen(s->section), false) : NULL, NULL);
}

/* Looks at one line of a value: refuses bad quotes, and takes away the backslash that continues it. */
static st_status scan_value(scan *s, char *value)
{
    const char *text = skip_blanks(value);
    s->continues = false;
    if (*text == '"' || *text == '\'') {
        const char *close = strchr(text + 1, *text);
        if (!close)
            return st_fail(s->error, ST_USAGE, "%s:%d: the quote before %s is not closed", s->name, s->line, text + 1);
        text = close + 1;
    }
    const bool quoted = text != skip_blanks(value);
    const size_t length = strcspn(text, ";#");
    size_t end = strlen(text);
    while (end > 0 && is_blank(text[end - 1])) end--;
    if (length >= end && end > 0 && text[end - 1] == '\\') {
        s->continues = true;
        value[text - value + (ptrdiff_t)end - 1] = '\0';
    }
    if (quoted && !ends_here(text))
        return st_fail(s->error, ST_USAGE, "%s:%d: \"%s\" follows a closing quote; put the whole value in quotes",
                       s->name, s->line, skip_blanks(text));
    fprintf(s->normal, "%d = %s ;\n", s->line, value);
    return ST_OK;
}

static st_status scan_entry(scan *s, char *text)
{
    char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    if (!equals || strcspn(text, ";#") < length)
        return st_fail(s->error, ST_USAGE, "%s:%d: \"%s\" is neither [section] nor key = value", s->name, s->line,
                       text);
    while (length > 0 && is_blank(text[length - 1])) length--;
    if (!s->section)
        return st_fail(s->error, ST_USAGE, "%s:%d: \"%.*s\" stands before the first [section]", s->name, s->line,
                       (int)length, text);
    char *key = copy_trimmed(text, length, true);
    if (!key) return out_of_memory(s->error);
    if (!*key) {
        free(key);
        return st_fail(s->error, ST_USAGE, "%s:%d: there is no key before the =", s->name, s->line);
    }
    for (size_t i = 0; i < s->ini->count; i++) {
        const ini_entry *old = &s->ini->entries[i];
        if (!old->key || strcmp(old->key, key) != 0 || strcmp(old->section, s->section) != 0) continue;
        st_fail(s->error, ST_USAGE, "%s:%d: [%s] %s is given twice, first in line %d; keep one of them", s->name,
                s->line, s->section, key, old->line);
        free(key);
        return ST_USAGE;
    }
    ST_FORWARD(add_entry(s, copy_trimmed(s->section, strlen(s->section), false), key));
    return scan_value(s, equals + 1);
}

static st_status scan_line(scan *s, const char *start, size_t length)
{
    char line[INI_LINE_LIMIT + 1];
    while (length > 0 && is_blank(start[length - 1])) length--;
    while (length > 0 && is_blank(*start)) start++, length--;
    if (length > INI_LINE_LIMIT)
        return st_fail(s->error, ST_USAGE,
                       "%s:%d: the line has %zu bytes, more than %d; break it with a backslash at its end", s->name,
                       s->line, length, INI_LINE_LIMIT);
    if (s->line > INI_LINE_COUNT)
        return st_fail(s->error, ST_USAGE, "%s:%d: more than %d lines; this is not a configuration", s->name, s->line,
                       INI_LINE_COUNT);
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)start[i];
        if ((c < ' ' && c != '\t') || c == 127)
            return st_fail(s->error, ST_USAGE, "%s:%d: a control character (0x%02x); a configuration is plain text",
                           s->name, s->line, c);
    }
    memcpy(line, start, length);
    line[length] = '\0';
    if (s->continues) {
        s->ini->entries[s->ini->count - 1].last_line = s->line;
        return scan_value(s, line);
    }
    if (ends_here(line)) return ST_OK;
    return *line == '[' ? scan_section(s, line) : scan_entry(s, line);
}

static st_status scan_text(scan *s, const char *text)
{
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    fputs("[line]\n", s->normal);
    while (*text) {
        const size_t length = strcspn(text, "\n");
        s->line++;
        ST_FORWARD(scan_line(s, text, length));
        text += length + (text[length] == '\n');
    }
    if (s->continues)
        return st_fail(s->error, ST_USAGE, "%s:%d: the line ends in a backslash, but no line follows", s->name,
                       s->line);
    return ST_OK;
}

/* The value of an entry: its lines as iniparser reads them, joined by a space. */
static st_status join_value(ini_entry *entry, const dictionary *values, const char *name, st_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *joined = open_memstream(&text, &size);
    if (!joined) return out_of_memory(error);
    bool complete = true;
    for (int line = entry->line; line <= entry->last_line; line++) {
        char label[32];
        snprintf(label, sizeof label, "line:%d", line);
        const char *value = iniparser_getstring(values, label, NULL);
        if (!value)
            complete = false; /* iniparser says nothing when its memory runs out */
        else if (*value)
            fprintf(joined, "%s%s", line > entry->line ? " " : "", value);
    }
    if (fclose(joined) != 0 || !text || !complete) {
        free(text);
        return out_of_memory(error);
    }
    entry->value = text;
    if (*skip_blanks(text)) return ST_OK;
    return st_fail(error, ST_USAGE, "%s:%d: [%s] %s has no value; write one, or delete the line to keep the default",
                   name, entry->line, entry->section, entry->key);
}

static int say_nothing(const char *format, ...)
{
    (void)format;
    return 0;
}

/* iniparser opens files by name only. */
static FILE *create_temporary(char *path, size_t size, st_error *error)
{
    const char *folder = getenv("TMPDIR");
    const int length = snprintf(path, size, "%s/safsd-cl-XXXXXX", folder && *folder ? folder : "/tmp");
    const int file = length > 0 && (size_t)length < size ? mkstemp(path) : -1;
    FILE *stream = file >= 0 ? fdopen(file, "w") : NULL;
    if (stream) return stream;
    st_fail(error, ST_FAILED, "the temporary file %s cannot be made: %s; set TMPDIR to a folder that can be written",
            path, strerror(errno));
    if (file >= 0) {
        close(file);
        unlink(path);
    }
    return NULL;
}

static st_status load_values(scan *s, const char *path)
{
    iniparser_set_error_callback(say_nothing);
    dictionary *values = iniparser_load(path);
    iniparser_set_error_callback(NULL);
    if (!values) return st_fail(s->error, ST_FAILED, "%s: iniparser could not read it through %s", s->name, path);
    st_status status = ST_OK;
    for (size_t i = 0; i < s->ini->count && status == ST_OK; i++) {
        ini_entry *entry = &s->ini->entries[i];
        if (entry->key) status = join_value(entry, values, s->name, s->error);
    }
    iniparser_freedict(values);
    return status;
}

st_status ini_parse(ini_file *ini, const char *text, const char *name, st_error *error)
{
    char path[4096];
    *ini = (ini_file){0};
    FILE *normal = create_temporary(path, sizeof path, error);
    if (!normal) return ST_FAILED;
    scan s = {.name = name, .ini = ini, .normal = normal, .error = error};
    st_status status = scan_text(&s, text);
    free(s.section);
    const bool failed = ferror(normal) != 0;
    if ((fclose(normal) != 0 || failed) && status == ST_OK)
        status = st_fail(error, ST_FAILED, "the temporary file %s cannot be written: %s", path, strerror(errno));
    if (status == ST_OK) status = load_values(&s, path);
    unlink(path);
    if (status != ST_OK) ini_destroy(ini);
    return status;
}

void ini_destroy(ini_file *ini)
{
    if (!ini) return;
    for (size_t i = 0; i < ini->count; i++) {
        free(ini->entries[i].section);
        free(ini->entries[i].key);
        free(ini->entries[i].value);
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
