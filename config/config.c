#include "config/config.h"

#include "config/check.h"
#include "base/ini.h"
#include "config/list.h"
#include "config/schema.h"
#include "config/value_read.h"
#include "base/embedded.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One load: defaults, then the text, then the overrides, then what follows from them. */
typedef struct loading {
    cfg_config *config;
    const char *name;   /* of the text, for messages */
    const char *folder; /* for relative paths; NULL: the working directory */
    char **places;      /* per key of the table, see check.h */
    st_error *error;
} loading;

static st_status out_of_memory(st_error *error)
{
    return st_fail(error, ST_FAILED, "out of memory while loading a configuration");
}

static char *print_place(const char *format, ...) ST_PRINTF(1, 2);

/* A place as text of its own; NULL where memory is exhausted. */
static char *print_place(const char *format, ...)
{
    char place[ST_TEXT_SIZE / 2];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(place, sizeof place, format, arguments);
    va_end(arguments);
    return cfg_piece_copy((cfg_piece){place, strlen(place)});
}

/* Reads the value and remembers its place, which it takes over. */
static st_status set_value(const loading *load, const cfg_key *key, const char *text, char *place, const char *folder)
{
    if (!place) return out_of_memory(load->error);
    char **slot = &load->places[key - cfg_keys];
    free(*slot);
    *slot = place;
    return cfg_value_read(load->config, key, text, place, folder, load->error);
}

static st_status load_defaults(const loading *load)
{
    for (size_t i = 0; i < cfg_key_count; i++)
        ST_FORWARD(cfg_value_read(load->config, &cfg_keys[i], cfg_keys[i].standard, "the defaults", NULL, load->error));
    return ST_OK;
}

/* Whether commas do not divide the value of a list: it stands in quotes that only they can need. */
static bool is_one_name(const cfg_key *key, const ini_entry *entry)
{
    const bool list = key->type == CFG_TYPE_NAMES || key->type == CFG_TYPE_IDS;
    return list && entry->quoted && strchr(entry->value, ',');
}

/* The value in the quotes of the file, as lists of names take it. */
static char *quoted_name(const ini_entry *entry)
{
    const size_t length = strlen(entry->value);
    char *text = malloc(length + 3);
    if (!text) return NULL;
    text[0] = text[length + 1] = entry->written[0];
    memcpy(text + 1, entry->value, length);
    text[length + 2] = '\0';
    return text;
}

static st_status load_entry(const loading *load, const ini_entry *entry)
{
    const cfg_key *key = entry->key ? cfg_key_find(entry->section, entry->key) : NULL;
    if (!key && (entry->key || !cfg_section_exists(entry->section))) {
        char place[ST_TEXT_SIZE / 2];
        snprintf(place, sizeof place, "%s:%d", load->name, entry->line);
        return cfg_unknown_name(place, entry->section, entry->key, load->error);
    }
    if (!key) return ST_OK;
    char *name = NULL;
    if (is_one_name(key, entry) && !(name = quoted_name(entry))) return out_of_memory(load->error);
    const st_status status =
        set_value(load, key, name ? name : entry->value,
                  print_place("%s:%d: [%s] %s", load->name, entry->line, entry->section, entry->key), load->folder);
    free(name);
    return status;
}

static st_status load_ini(const loading *load, const char *text)
{
    ini_file ini = {0};
    ST_FORWARD(ini_parse(&ini, text, load->name, INI_SECTIONS, load->error));
    st_status status = ST_OK;
    for (size_t i = 0; i < ini.count && status == ST_OK; i++) status = load_entry(load, &ini.entries[i]);
    ini_destroy(&ini);
    return status;
}

/* Sets `value` for "section.key"; `name` is cut into its two parts. */
static st_status apply_override(const loading *load, char *name, const char *value)
{
    char place[ST_TEXT_SIZE / 2];
    char *point = strchr(name, '.');
    for (char *c = name; *c; c++) *c = text_lower(*c);
    snprintf(place, sizeof place, "--set %s", name);
    *point = '\0';
    for (const char *c = value; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            return st_fail(load->error, ST_USAGE, "%s: a control character (0x%02x)", place, (unsigned char)*c);
    const cfg_key *key = cfg_key_find(name, point + 1);
    if (!key) return cfg_unknown_name(place, name, point + 1, load->error);
    return set_value(load, key, value, print_place("%s", place), NULL);
}

static st_status load_override(const loading *load, const char *item)
{
    const char *rest = item;
    char *name = cfg_piece_copy(cfg_piece_next(&rest, "="));
    const bool has_value = rest != NULL;
    char *value = has_value ? cfg_piece_copy(cfg_piece_next(&rest, "")) : NULL;
    st_status status = ST_OK;
    if (!name || (has_value && !value))
        status = out_of_memory(load->error);
    else if (!value || !strchr(name, '.'))
        status = st_fail(load->error, ST_USAGE, "--set %s: this is not section.key=value, as in train.epochs=5", item);
    else
        status = apply_override(load, name, value);
    free(name);
    free(value);
    return status;
}

/* "iemocap" for "config/iemocap.ini"; the default stays where the file's name cannot name a folder. */
static st_status name_after_file(const loading *load)
{
    const cfg_key *key = cfg_key_find("experiment", "name");
    if (!load->name || load->places[key - cfg_keys]) return ST_OK;
    const char *slash = strrchr(load->name, '/');
    const char *base = slash ? slash + 1 : load->name;
    const char *end = strrchr(base, '.');
    const size_t length = end ? (size_t)(end - base) : strlen(base);
    if (length == 0 || *base == '.') return ST_OK;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)base[i] < ' ' || base[i] == 127) return ST_OK;
    char *name = cfg_piece_copy((cfg_piece){base, length});
    if (!name) return out_of_memory(load->error);
    const st_status status = cfg_value_read(load->config, key, name, load->name, NULL, load->error);
    free(name);
    return status;
}

static st_status load_all(const loading *load, const char *text, cfg_overrides overrides)
{
    ST_FORWARD(load_defaults(load));
    if (text) ST_FORWARD(load_ini(load, text));
    for (size_t i = 0; i < overrides.count; i++) ST_FORWARD(load_override(load, overrides.items[i]));
    ST_FORWARD(name_after_file(load));
    cfg_model *model = &load->config->model;
    if (model->graph_hidden == 0) model->graph_hidden = model->hidden;
    if (model->ffn == 0) model->ffn = model->hidden;
    return cfg_check(load->config, load->places, load->error);
}

st_status cfg_load_text(cfg_config *config, const char *text, const char *name, const char *folder,
                        cfg_overrides overrides, st_error *error)
{
    *config = (cfg_config){0};
    char **places = calloc(cfg_key_count, sizeof *places);
    if (!places) return out_of_memory(error);
    const loading load = {.config = config, .name = name, .folder = folder, .places = places, .error = error};
    const st_status status = load_all(&load, text, overrides);
    if (status != ST_OK) cfg_destroy(config);
    for (size_t i = 0; i < cfg_key_count; i++) free(places[i]);
    free(places);
    return status;
}

st_status cfg_defaults(cfg_config *config, st_error *error)
{
    return cfg_load_text(config, NULL, NULL, NULL, (cfg_overrides){0}, error);
}

st_status cfg_load(cfg_config *config, const char *path, cfg_overrides overrides, st_error *error)
{
    char *text = NULL;
    char *folder = NULL;
    st_status status = ST_OK;
    *config = (cfg_config){0};
    ST_TRY(ini_read_file(&text, path, error));
    const char *slash = strrchr(path, '/');
    if (slash) {
        folder = cfg_piece_copy((cfg_piece){path, (size_t)(slash - path)});
        if (!folder) ST_TRY(out_of_memory(error));
    }
    ST_TRY(cfg_load_text(config, text, path, folder, overrides, error));

done:
    free(folder);
    free(text);
    return status;
}

const char *cfg_demo_text(void)
{
    for (const embedded_text *file = embedded_config; file->name; file++)
        if (strcmp(file->name, "demo.ini") == 0) return file->text;
    return "";
}

void cfg_destroy(cfg_config *config)
{
    if (!config) return;
    for (size_t i = 0; i < cfg_key_count; i++) cfg_value_clear(config, &cfg_keys[i]);
    *config = (cfg_config){0};
}
