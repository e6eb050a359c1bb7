#include "app/overrides.h"

#include <stdlib.h>

#include "config/schema.h"
#include "config/value_read.h"

st_status app_override_option(cfg_config *config, const opt_line *line, const char *option, const char *section,
                              const char *key, st_error *error)
{
    const char *text = opt_value(line, option);
    if (!text) return ST_OK;
    char place[64];
    snprintf(place, sizeof place, "--%s", option);
    return cfg_value_read(config, cfg_key_find(section, key), text, place, NULL, error);
}

st_status app_overrides_read(cfg_overrides *overrides, const opt_line *line, st_error *error)
{
    const char **items = calloc(line->given_count + 1, sizeof *items);
    if (!items) return st_fail(error, ST_FAILED, "out of memory while reading the command line");
    size_t cursor = 0, count = 0;
    for (const char *value = NULL; (value = opt_next(line, "set", &cursor));) items[count++] = value;
    *overrides = (cfg_overrides){items, count};
    return ST_OK;
}
