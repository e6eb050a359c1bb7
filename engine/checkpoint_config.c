#include "engine/checkpoint_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/settings.h"
#include "base/ini.h"
#include "base/text.h"
#include "config/list.h"
#include "config/value_print.h"

static bool is_key(const cfg_key *key, const char *section, const char *name)
{
    return strcmp(key->section, section) == 0 && strcmp(key->key, name) == 0;
}

bool en_carried_by_model(const cfg_key *key)
{
    if (strcmp(key->section, "model") == 0) return strcmp(key->key, "gcn_eval") != 0;
    return strcmp(key->section, "loss") == 0 || is_key(key, "data", "standardize") || is_key(key, "data", "modalities");
}

bool en_carried_by_run(const cfg_key *key)
{
    return key != NULL;
}

/* The configuration of the checkpoint. Classes and modalities that `given` names are compared with those that the model
 * has, which may have come from the data. */
static st_status load_carried(cfg_config *carried, const cfg_config *given, const nn_checkpoint *checkpoint,
                              st_error *error)
{
    const nn_checkpoint_about *about = &checkpoint->about;
    ST_FORWARD(
        cfg_load_text(carried, about->configuration, sf_path(checkpoint->file), NULL, (cfg_overrides){NULL, 0}, error));
    if (given->data.modalities != CFG_MODALITIES_AUTO)
        carried->data.modalities = en_settings_modalities(&about->config);
    if (given->data.classes.count == 0) return ST_OK;
    cfg_names *classes = &carried->data.classes;
    cfg_names_clear(classes);
    for (size_t c = 0; c < about->config.classes; ++c)
        if (!cfg_names_add(classes, (cfg_piece){about->class_names[c], strlen(about->class_names[c])}))
            return st_fail(error, ST_FAILED, "out of memory for the names of classes");
    return ST_OK;
}

static const char *value_text(const cfg_config *config, const cfg_key *key, char text[ST_TEXT_SIZE])
{
    FILE *out = fmemopen(text, ST_TEXT_SIZE, "w");
    text[0] = '\0';
    if (!out) return text;
    cfg_value_print(config, key, out);
    fclose(out);
    text[ST_TEXT_SIZE - 1] = '\0';
    return text;
}

/* One value in two configurations, as text. */
typedef struct two_values {
    char given[ST_TEXT_SIZE], carried[ST_TEXT_SIZE];
} two_values;

static bool differs(two_values *values, const cfg_key *key, const cfg_config *given, const cfg_config *carried)
{
    return strcmp(value_text(given, key, values->given), value_text(carried, key, values->carried)) != 0;
}

static void lower(char *name)
{
    for (; *name; ++name) *name = text_lower(*name);
}

/* The key of "section.key=value", or NULL. */
static const cfg_key *key_of(const char *override)
{
    char section[64], key[64];
    if (sscanf(override, " %63[^.= ].%63[^.= ]", section, key) != 2) return NULL;
    lower(section);
    lower(key);
    return cfg_key_find(section, key);
}

/* Whether another value of --set would be without effect. No classes are those of the data set. */
static bool is_fixed(const cfg_key *key, const cfg_config *config)
{
    return en_carried_by_model(key) || (is_key(key, "data", "classes") && config->data.classes.count > 0);
}

st_status en_carried_check(const cfg_config *config, cfg_overrides overrides, const nn_checkpoint *checkpoint,
                           st_error *error)
{
    cfg_config carried = {0};
    two_values values;
    st_status status = load_carried(&carried, config, checkpoint, error);
    for (size_t i = 0; i < overrides.count && status == ST_OK; ++i) {
        const cfg_key *key = key_of(overrides.items[i]);
        if (!key || !is_fixed(key, config) || !differs(&values, key, config, &carried)) continue;
        status =
            st_fail(error, ST_USAGE,
                    "--set %s.%s: %.200s was trained with %.400s, and cannot be evaluated with %.400s: leave it out",
                    key->section, key->key, sf_path(checkpoint->file), values.carried, values.given);
    }
    cfg_destroy(&carried);
    return status;
}

static bool is_overridden(const cfg_key *key, cfg_overrides overrides)
{
    for (size_t i = 0; i < overrides.count; ++i)
        if (key_of(overrides.items[i]) == key) return true;
    return false;
}

st_status en_carried_warn(const en_events *events, const char *file, const cfg_config *config, cfg_overrides overrides,
                          const nn_checkpoint *checkpoint, bool carried_by(const cfg_key *key), st_error *error)
{
    cfg_config carried = {0};
    ini_file ini = {0};
    char *text = NULL;
    two_values values;
    st_status status = ST_OK;
    ST_TRY(ini_read_file(&text, file, error));
    ST_TRY(ini_parse(&ini, text, file, INI_SECTIONS, error));
    ST_TRY(load_carried(&carried, config, checkpoint, error));
    for (size_t i = 0; i < ini.count; ++i) {
        const ini_entry *entry = &ini.entries[i];
        const cfg_key *key = entry->key ? cfg_key_find(entry->section, entry->key) : NULL;
        if (!key || !carried_by(key) || is_overridden(key, overrides)) continue;
        if (!differs(&values, key, config, &carried)) continue;
        en_say(events, EN_NOTICE, "%s:%d: [%s] %s = %.200s is not used: %s was trained with %.200s", file, entry->line,
               key->section, key->key, values.given, sf_path(checkpoint->file), values.carried);
    }
done:
    cfg_destroy(&carried);
    ini_destroy(&ini);
    free(text);
    return status;
}
