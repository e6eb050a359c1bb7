/* The functions of config.h that write: the effective configuration, the help, the reference, single words. */
#include "config/config.h"

#include "base/ini.h"
#include "config/schema.h"
#include "config/value_print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 100, HELP_COLUMNS = 78 };

static st_status out_of_memory(st_error *error)
{
    return st_fail(error, ST_FAILED, "out of memory while writing a configuration");
}

static bool begins_section(size_t i)
{
    return i == 0 || strcmp(cfg_keys[i].section, cfg_keys[i - 1].section) != 0;
}

/* Closes the stream that wrote *text; an earlier failure stays and frees the text. */
static st_status finish_text(FILE *out, char **text, st_status status, st_error *error)
{
    const bool failed = ferror(out) != 0;
    if ((fclose(out) != 0 || failed) && status == ST_OK) status = out_of_memory(error);
    if (status != ST_OK) {
        free(*text);
        *text = NULL;
    }
    return status;
}

static bool breaks_at(const char *value, size_t i, bool any)
{
    return value[i] == ' ' && value[i - 1] != ' ' && value[i + 1] && value[i + 1] != ' ' &&
           (any || value[i - 1] == ',' || value[i - 1] == '/');
}

/* The length of the part of `value` that fits one line. It ends before a single blank, which the reader puts back:
 * best one behind a comma or slash, else any. */
static size_t line_length(const char *value)
{
    const size_t length = strlen(value);
    if (length <= COLUMNS) return length;
    for (int any = 0; any < 2; any++)
        for (size_t i = COLUMNS; i > 0; i--)
            if (breaks_at(value, i, any)) return i;
    for (size_t i = COLUMNS; i < length; i++)
        if (breaks_at(value, i, true)) return i;
    return length;
}

static st_status write_value(FILE *out, const cfg_key *key, const char *value, st_error *error)
{
    enum { ROOM = 64 }; /* beside the value: key, quotes, backslash */
    for (const char *c = value; *c; c++)
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 127)
            return st_fail(error, ST_USAGE, "[%s] %s cannot be written to an INI file, for it has a control character",
                           key->section, key->key);
    fprintf(out, "%s = ", key->key);
    while (*value) {
        const size_t length = line_length(value);
        const int quote = ini_quote_for(value, length);
        if (quote < 0 || length > INI_LINE_LIMIT - ROOM)
            return st_fail(error, ST_USAGE, "[%s] %s cannot be written to an INI file, for it %s: %.200s", key->section,
                           key->key, quote < 0 ? "has both kinds of quotes beside a ; or #" : "has too long a word",
                           value);
        if (quote) fputc(quote, out);
        fwrite(value, 1, length, out);
        if (quote) fputc(quote, out);
        value += length + (value[length] == ' ');
        fputs(*value ? " \\\n    " : "\n", out);
    }
    return ST_OK;
}

/* Puts the working directory before a relative path. free() the result. */
static st_status make_absolute(const char *path, char **absolute, st_error *error)
{
    char folder[4096] = "";
    if (*path != '/' && !getcwd(folder, sizeof folder))
        return st_fail(error, ST_FAILED, "the working directory has no name to write %s with: %s", path,
                       strerror(errno));
    const char *between = *path == '/' || !folder[1] ? "" : "/";
    while (strncmp(path, "./", 2) == 0) path += 2;
    const size_t size = strlen(folder) + strlen(path) + 2;
    *absolute = malloc(size);
    if (!*absolute) return out_of_memory(error);
    snprintf(*absolute, size, "%s%s%s", folder, between, path);
    return ST_OK;
}

/* The value as one line of text. free() it. */
static st_status print_value(const cfg_config *config, const cfg_key *key, char **text, st_error *error)
{
    if (key->type == CFG_TYPE_PATH) {
        const char *path = *(char *const *)((const char *)config + key->offset);
        if (path) return make_absolute(path, text, error);
    }
    size_t size = 0;
    FILE *out = open_memstream(text, &size);
    if (!out) return out_of_memory(error);
    cfg_value_print(config, key, out);
    return finish_text(out, text, ST_OK, error);
}

st_status cfg_write(const cfg_config *config, char **text, st_error *error)
{
    size_t size = 0;
    st_status status = ST_OK;
    *text = NULL;
    FILE *out = open_memstream(text, &size);
    if (!out) return out_of_memory(error);
    fputs("; The effective configuration: every key, with its default where none was given.\n", out);
    for (size_t i = 0; i < cfg_key_count && status == ST_OK; i++) {
        char *value = NULL;
        if (begins_section(i)) fprintf(out, "\n[%s]\n", cfg_keys[i].section);
        status = print_value(config, &cfg_keys[i], &value, error);
        if (status == ST_OK && *value) status = write_value(out, &cfg_keys[i], value, error);
        if (status == ST_OK && !*value) fprintf(out, "; %s is not set\n", cfg_keys[i].key);
        free(value);
    }
    return finish_text(out, text, status, error);
}

/* Prints words up to HELP_COLUMNS, every line behind `indent`. */
static void print_wrapped(FILE *out, const char *indent, const char *text)
{
    size_t column = 0;
    while (*text) {
        const size_t length = strcspn(text, " ");
        if (column > 0 && column + 1 + length > HELP_COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        fputs(column == 0 ? indent : " ", out);
        column += (column == 0 ? strlen(indent) : 1) + length;
        fwrite(text, 1, length, out);
        text += length;
        while (*text == ' ') text++;
    }
    fputc('\n', out);
}

static void print_description(FILE *out, const char *indent, const cfg_key *key)
{
    char takes[CFG_DESCRIPTION_SIZE];
    char line[CFG_DESCRIPTION_SIZE + 16];
    cfg_value_describe(key, takes);
    snprintf(line, sizeof line, "takes %s", takes);
    print_wrapped(out, indent, key->help);
    print_wrapped(out, indent, line);
}

st_status cfg_help_keys(char **text, st_error *error)
{
    size_t size = 0;
    *text = NULL;
    FILE *out = open_memstream(text, &size);
    if (!out) return out_of_memory(error);
    fputs("Keys of a configuration, with their defaults. In a file they stand under their\n"
          "[section]; on the command line --set section.key=value sets one.\n",
          out);
    for (size_t i = 0; i < cfg_key_count; i++) {
        const cfg_key *key = &cfg_keys[i];
        if (begins_section(i)) fprintf(out, "\n[%s]\n", key->section);
        if (*key->standard)
            fprintf(out, "  %s = %s\n", key->key, key->standard);
        else
            fprintf(out, "  %s (no default)\n", key->key);
        print_description(out, "      ", key);
    }
    return finish_text(out, text, ST_OK, error);
}

st_status cfg_reference(char **text, st_error *error)
{
    size_t size = 0;
    *text = NULL;
    FILE *out = open_memstream(text, &size);
    if (!out) return out_of_memory(error);
    fputs("; Every key of a configuration with its default. Copy the keys that you change into a file of your own.\n"
          ";\n"
          "; A ; or # begins a comment; a value that holds one goes in quotes. A line that ends in a backslash\n"
          "; continues in the next one. An unknown key, a key twice or a value out of its range stops the program.\n",
          out);
    for (size_t i = 0; i < cfg_key_count; i++) {
        const cfg_key *key = &cfg_keys[i];
        if (begins_section(i)) fprintf(out, "\n\n[%s]\n", key->section);
        fputc('\n', out);
        print_description(out, "; ", key);
        if (*key->standard)
            fprintf(out, "%s = %s\n", key->key, key->standard);
        else
            fprintf(out, ";%s =\n", key->key);
    }
    return finish_text(out, text, ST_OK, error);
}

const char *cfg_word(const char *section_dot_key, int value)
{
    for (size_t i = 0; i < cfg_key_count; i++) {
        const cfg_key *key = &cfg_keys[i];
        const size_t length = strlen(key->section);
        if (strncmp(section_dot_key, key->section, length) != 0 || section_dot_key[length] != '.' ||
            strcmp(section_dot_key + length + 1, key->key) != 0 || value < 0)
            continue;
        for (int w = 0; key->words && key->words[w]; w++)
            if (w == value) return key->words[w];
    }
    return NULL;
}
