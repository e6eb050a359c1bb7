#include "usage/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/name.h"
#include "base/text.h"
#include "config/schema.h"

st_status opt_line_create(opt_line *line, int argc, st_error *error)
{
    const size_t room = argc > 0 ? (size_t)argc : 1;
    *line = (opt_line){calloc(room, sizeof *line->given), 0, calloc(room, sizeof *line->operands), 0};
    if (line->given && line->operands) return ST_OK;
    opt_line_destroy(line);
    return st_fail(error, ST_FAILED, "out of memory while reading the command line");
}

void opt_line_destroy(opt_line *line)
{
    free(line->given);
    free(line->operands);
    *line = (opt_line){NULL, 0, NULL, 0};
}

static const opt_option *find_name(const opt_option *options, const char *name, size_t length)
{
    for (; options && options->name; ++options)
        if (strlen(options->name) == length && strncmp(options->name, name, length) == 0) return options;
    return NULL;
}

static const opt_option *find_letter(const opt_option *options, char letter)
{
    for (; options && options->name; ++options)
        if (options->letter == letter) return options;
    return NULL;
}

static const opt_option *nearest(opt_tables tables, const char *name)
{
    const opt_option *best = NULL;
    int least = 3 + (int)(strlen(name) / 4);
    for (int t = 0; t < 2; ++t) {
        for (const opt_option *option = t ? tables.global : tables.own; option && option->name; ++option) {
            const int distance = name_distance(name, option->name);
            if (distance >= least) continue;
            least = distance;
            best = option;
        }
    }
    return best;
}

/* Keys of the configuration are no options: "--lr 0.1" means "--set train.lr=0.1". */
static const cfg_key *key_called(const char *name)
{
    for (size_t i = 0; i < cfg_key_count; ++i) {
        const char *key = cfg_keys[i].key, *at = name;
        while (*key && (*at == *key || (*at == '-' && *key == '_'))) ++key, ++at;
        if (*key == '\0' && *at == '\0') return &cfg_keys[i];
    }
    return NULL;
}

static st_status unknown(opt_tables tables, const char *name, const char *what, st_error *error)
{
    const cfg_key *key = find_name(tables.own, "set", 3) ? key_called(name) : NULL;
    const opt_option *likely = nearest(tables, name);
    if (key)
        return st_fail(error, ST_USAGE, "there is no option --%s; did you mean --set %s.%s=VALUE?", name, key->section,
                       key->key);
    if (likely) return st_fail(error, ST_USAGE, "there is no option --%s; did you mean --%s?", name, likely->name);
    return st_fail(error, ST_USAGE, "there is no option --%s; `%s --help` lists those there are", name, what);
}

static st_status add(opt_line *line, const opt_option *option, const char *attached, int argc, char *const *argv,
                     int *at, st_error *error)
{
    if (!option->argument && attached) return st_fail(error, ST_USAGE, "--%s takes no value", option->name);
    if (option->argument && !attached) {
        if (*at >= argc)
            return st_fail(error, ST_USAGE, "--%s needs a value: --%s %s", option->name, option->name,
                           option->argument);
        attached = argv[(*at)++];
    }
    line->given[line->given_count++] = (opt_given){option, attached};
    return ST_OK;
}

static st_status read_long(opt_line *line, opt_tables tables, int argc, char *const *argv, int *at, const char *what,
                           st_error *error)
{
    const char *name = argv[(*at)++] + 2;
    const size_t length = strcspn(name, "=");
    const opt_option *option = find_name(tables.own, name, length);
    if (!option) option = find_name(tables.global, name, length);
    if (!option) {
        char wrong[64];
        snprintf(wrong, sizeof wrong, "%.*s", (int)(length < sizeof wrong ? length : sizeof wrong), name);
        return unknown(tables, wrong, what, error);
    }
    return add(line, option, name[length] ? name + length + 1 : NULL, argc, argv, at, error);
}

static st_status read_short(opt_line *line, opt_tables tables, int argc, char *const *argv, int *at, const char *what,
                            st_error *error)
{
    const char *text = argv[(*at)++];
    const opt_option *option = find_letter(tables.own, text[1]);
    if (!option) option = find_letter(tables.global, text[1]);
    if (!option)
        return st_fail(error, ST_USAGE, "there is no option %.16s; `%s --help` lists those there are", text, what);
    return add(line, option, text[2] ? text + 2 : NULL, argc, argv, at, error);
}

st_status opt_read(opt_line *line, opt_tables tables, int argc, char *const *argv, int *at, bool stop_at_operand,
                   const char *what, st_error *error)
{
    bool options_end = false;
    while (*at < argc) {
        const char *text = argv[*at];
        if (options_end || text[0] != '-' || text[1] == '\0') {
            if (stop_at_operand) return ST_OK;
            line->operands[line->operand_count++] = text;
            ++*at;
        } else if (strcmp(text, "--") == 0) {
            options_end = true;
            ++*at;
        } else if (text[1] == '-') {
            ST_FORWARD(read_long(line, tables, argc, argv, at, what, error));
        } else {
            ST_FORWARD(read_short(line, tables, argc, argv, at, what, error));
        }
    }
    return ST_OK;
}

const char *opt_next(const opt_line *line, const char *name, size_t *cursor)
{
    while (*cursor < line->given_count) {
        const opt_given *given = &line->given[(*cursor)++];
        if (strcmp(given->option->name, name) == 0) return given->value ? given->value : "";
    }
    return NULL;
}

const char *opt_value(const opt_line *line, const char *name)
{
    const char *last = NULL;
    size_t cursor = 0;
    for (const char *value = NULL; (value = opt_next(line, name, &cursor));) last = value;
    return last;
}

bool opt_has(const opt_line *line, const char *name)
{
    return opt_value(line, name) != NULL;
}

st_status opt_choice(const opt_line *line, const char *name, const char *const *words, size_t *chosen, st_error *error)
{
    const char *text = opt_value(line, name);
    if (!text) return ST_OK;
    char all[256] = "";
    for (size_t i = 0; words[i]; ++i) {
        if (text_same_word(text, words[i])) {
            *chosen = i;
            return ST_OK;
        }
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
    }
    return st_fail(error, ST_USAGE, "--%s %.64s: it takes %s", name, text, all);
}

opt_use opt_file_use(const opt_option *option)
{
    static const struct {
        const char *word;
        opt_use use;
    } words[] = {{"FILE", OPT_READS}, {"OLD", OPT_READS}, {"OUT", OPT_WRITES}, {"DIR", OPT_WRITES_INTO}};
    const size_t length = option->argument ? strcspn(option->argument, ".") : 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
        if (strlen(words[i].word) == length && strncmp(option->argument, words[i].word, length) == 0)
            return words[i].use;
    return OPT_NO_FILE;
}

void opt_print(FILE *out, const opt_option *options)
{
    enum { HELP_COLUMN = 24 };
    for (; options && options->name; ++options) {
        char left[64];
        if (options->letter)
            snprintf(left, sizeof left, "  -%c, --%s %s", options->letter, options->name,
                     options->argument ? options->argument : "");
        else
            snprintf(left, sizeof left, "  --%s %s", options->name, options->argument ? options->argument : "");
        fputs(left, out);
        size_t column = strlen(left);
        if (column > HELP_COLUMN - 1) {
            fputc('\n', out);
            column = 0;
        }
        print_wrapped(out, column, HELP_COLUMN, options->help);
    }
}
