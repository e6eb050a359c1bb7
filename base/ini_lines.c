#include "base/ini_lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

typedef struct scan {
    const char *name; /* of the text, in messages */
    int line;
    char *section;  /* as written; NULL before the first one */
    bool continues; /* the last entry continues on this line */
    bool parts;     /* and has quoted parts */
    ini_file *ini;
    FILE *plain;
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

/* ---- sections and keys ---- */

/* Takes ownership of key_name, which is NULL for the line of a section. */
static st_status add_entry(scan *s, char *key_name)
{
    ini_file *ini = s->ini;
    ini_entry *grown = realloc(ini->entries, (ini->count + 1) * sizeof *grown);
    if (!grown) {
        free(key_name);
        return out_of_memory(s->error);
    }
    ini->entries = grown;
    ini_entry *entry = &grown[ini->count++];
    *entry = (ini_entry){.key_name = key_name, .line = s->line, .last_line = s->line};
    entry->section = copy_trimmed(s->section, strlen(s->section), true);
    entry->section_name = copy_trimmed(s->section, strlen(s->section), false);
    if (key_name) entry->key = copy_trimmed(key_name, strlen(key_name), true);
    return entry->section && entry->section_name && (entry->key || !key_name) ? ST_OK : out_of_memory(s->error);
}

static st_status scan_section(scan *s, const char *text)
{
    const char *end = strchr(text, ']');
    if (!end || !ends_here(end + 1))
        return st_fail(s->error, ST_USAGE, "%s:%d: \"%s\" is not a section; write [name] on a line of its own", s->name,
                       s->line, text);
    free(s->section);
    s->section = copy_trimmed(text + 1, (size_t)(end - text - 1), false);
    if (!s->section) return out_of_memory(s->error);
    fprintf(s->plain, "%.*s", (int)(end + 1 - text), text);
    return add_entry(s, NULL);
}

/* Checks that an entry is allowed here and that its name is unique to iniparser, which calls it section:key. */
static st_status check_key(scan *s, const char *key)
{
    const ini_file *ini = s->ini;
    const bool nameless = s->section && !*s->section && ini->count > 0 && !ini->entries[ini->count - 1].key;
    if (!s->section || nameless)
        return st_fail(s->error, ST_USAGE, "%s:%d: \"%s\" is %s", s->name, s->line, key,
                       nameless ? "in a section without a name" : "before the first [section]");
    if (!*key) return st_fail(s->error, ST_USAGE, "%s:%d: there is no key before the =", s->name, s->line);
    if (strchr(key, ':'))
        return st_fail(s->error, ST_USAGE, "%s:%d: the key \"%s\" has a colon, which no key may have", s->name, s->line,
                       key);
    if (strlen(s->section) + strlen(key) > INI_LINE_LIMIT)
        return st_fail(s->error, ST_USAGE, "%s:%d: section and key have more than %d bytes together", s->name, s->line,
                       INI_LINE_LIMIT);
    for (size_t i = 0; i < ini->count; i++) {
        const ini_entry *old = &ini->entries[i];
        if (!old->key || !text_same_word(old->key, key) || !text_same_word(old->section, s->section)) continue;
        return st_fail(s->error, ST_USAGE, "%s:%d: %s%s%s%s is given twice, first in line %d; keep one of them",
                       s->name, s->line, *old->section ? "[" : "", old->section, *old->section ? "] " : "", old->key,
                       old->line);
    }
    return ST_OK;
}

/* ---- values ---- */

/* One line of a value, without its comment and without the backslash that continues it. */
typedef struct value_line {
    const char *text;
    size_t length;
    bool whole;     /* the whole line is quoted; `text` includes the quotes */
    bool parts;     /* some parts are quoted */
    bool continues; /* a backslash ends it */
} value_line;

static bool is_backslash_at_end(const char *text)
{
    return *text == '\\' && *skip_blanks(text + 1) == '\0';
}

/* The quote that closes a quoted part: a comma, a comment or the end of the line follows it. NULL if the opening quote
 * is part of the text. */
static const char *closing_quote(const char *part)
{
    for (const char *at = strchr(part + 1, *part); at; at = strchr(at + 1, *part)) {
        const char *next = skip_blanks(at + 1);
        if (*next == ',' || ends_here(next) || is_backslash_at_end(next)) return at;
    }
    return NULL;
}

static st_status refuse_quote(const scan *s, const char *text)
{
    const char *close = strchr(text + 1, *text);
    if (!close)
        return st_fail(s->error, ST_USAGE, "%s:%d: the quote before %s is not closed", s->name, s->line, text + 1);
    return st_fail(s->error, ST_USAGE, "%s:%d: \"%s\" follows a closing quote; put the whole value in quotes", s->name,
                   s->line, skip_blanks(close + 1));
}

static st_status read_line(const scan *s, const char *text, value_line *line)
{
    const char *at = skip_blanks(text);
    *line = (value_line){.text = at};
    if (*at == '"' || *at == '\'') {
        const char *close = strchr(at + 1, *at);
        const char *next = close ? skip_blanks(close + 1) : NULL;
        if (!next || (*next != ',' && !ends_here(next) && !is_backslash_at_end(next))) return refuse_quote(s, at);
        line->whole = *next != ',';
        line->parts = !line->whole;
        at = line->whole ? next : close + 1;
    }
    while (*at && *at != ';' && *at != '#' && !line->whole) {
        const bool begins = *at == ',';
        at = begins ? skip_blanks(at + 1) : at + 1;
        if (!begins || (*at != '"' && *at != '\'')) continue;
        const char *close = closing_quote(at);
        if (!close) continue;
        line->parts = true;
        at = close + 1;
    }
    const char *end = at;
    if (line->whole && is_backslash_at_end(at)) line->continues = true;
    while (end > line->text && is_blank(end[-1])) end--;
    if (!line->whole && *at == '\0' && end > line->text && end[-1] == '\\') {
        line->continues = true;
        for (end--; end > line->text && is_blank(end[-1]);) end--;
    }
    line->length = (size_t)(end - line->text);
    return ST_OK;
}

int ini_quote_for(const char *text, size_t length)
{
    if (length == 0) return 0;
    const bool sign = memchr(text, ';', length) || memchr(text, '#', length);
    if (!sign && text[0] != '"' && text[0] != '\'' && text[length - 1] != '\\') return 0;
    if (!memchr(text, '"', length)) return '"';
    return memchr(text, '\'', length) ? -1 : '\'';
}

/* Adds a line to a continued value. */
static st_status join(scan *s, ini_entry *entry, const value_line *line)
{
    const char *text = line->text;
    size_t length = line->length;
    if (line->whole && !s->parts && ini_quote_for(text + 1, length - 2) != 0) text++, length -= 2;
    if (length == 0) return ST_OK;
    const size_t used = entry->value ? strlen(entry->value) : 0;
    const bool space = used > 0;
    char *grown = realloc(entry->value, used + space + length + 1);
    if (!grown) return out_of_memory(s->error);
    entry->value = grown;
    if (space) grown[used] = ' ';
    memcpy(grown + used + space, text, length);
    grown[used + space + length] = '\0';
    return ST_OK;
}

/* Reads the first or a further line of a value. `start` is the start of the entry on its line. */
static st_status scan_value(scan *s, const char *start, const char *text)
{
    value_line line;
    ini_entry *entry = &s->ini->entries[s->ini->count - 1];
    const bool first = !s->continues;
    ST_FORWARD(read_line(s, text, &line));
    s->continues = line.continues;
    s->parts = line.parts || (!first && s->parts);
    entry->last_line = s->line;
    if (!first || line.continues || line.parts) ST_FORWARD(join(s, entry, &line));
    if (!first || line.continues) return ST_OK;
    entry->quoted = line.whole && line.length > 2 && ini_quote_for(line.text + 1, line.length - 2) == 0;
    fprintf(s->plain, "%.*s", (int)(line.text + line.length - start), start);
    return ST_OK;
}

static st_status scan_entry(scan *s, const char *text)
{
    const char *equals = strchr(text, '=');
    const size_t length = equals ? (size_t)(equals - text) : 0;
    if (!equals || strcspn(text, ";#") < length)
        return st_fail(s->error, ST_USAGE, "%s:%d: \"%s\" is neither [section] nor key = value", s->name, s->line,
                       text);
    char *key = copy_trimmed(text, length, false);
    if (!key) return out_of_memory(s->error);
    const st_status status = check_key(s, key);
    if (status != ST_OK) {
        free(key);
        return status;
    }
    ST_FORWARD(add_entry(s, key));
    ini_entry *entry = &s->ini->entries[s->ini->count - 1];
    entry->written = copy_trimmed(equals + 1, strlen(equals + 1), false);
    return entry->written ? scan_value(s, text, equals + 1) : out_of_memory(s->error);
}

/* ---- lines ---- */

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
    if (s->continues) return scan_value(s, line, line);
    if (ends_here(line)) return ST_OK;
    return *line == '[' ? scan_section(s, line) : scan_entry(s, line);
}

st_status ini_lines_index(ini_file *ini, const char *text, const char *name, ini_form form, FILE *plain,
                          st_error *error)
{
    scan s = {.name = name, .ini = ini, .plain = plain, .error = error};
    st_status status = ST_OK;
    if (form == INI_FLAT && !(s.section = calloc(1, 1))) return out_of_memory(error);
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    while (*text && status == ST_OK) {
        const size_t length = strcspn(text, "\n");
        s.line++;
        status = scan_line(&s, text, length);
        fputc('\n', plain);
        text += length + (text[length] == '\n');
    }
    if (status == ST_OK && s.continues)
        status = st_fail(error, ST_USAGE, "%s:%d: the line ends in a backslash, but no line follows", name, s.line);
    free(s.section);
    return status;
}
