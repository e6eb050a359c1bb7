#include "config/drivers.h"

#include <string.h>

#include "base/ini.h"
#include "base/embedded.h"

static const char file_name[] = "drivers.ini";

static st_status read_flag(const ini_entry *entry, bool *flag, st_error *error)
{
    if (strcmp(entry->value, "yes") != 0 && strcmp(entry->value, "no") != 0)
        return st_fail(error, ST_USAGE, "%s:%d: %s = %s: it takes yes or no", file_name, entry->line, entry->key,
                       entry->value);
    *flag = strcmp(entry->value, "yes") == 0;
    return ST_OK;
}

static st_status read_variable(const ini_entry *entry, char *name, size_t room, st_error *error)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const size_t length = strlen(entry->value);
    if (length == 0 || length >= room || strspn(entry->value, letters) != length)
        return st_fail(error, ST_USAGE, "%s:%d: %s = %s: it takes the name of a variable", file_name, entry->line,
                       entry->key, entry->value);
    memcpy(name, entry->value, length + 1);
    return ST_OK;
}

static st_status read_folder(const ini_entry *entry, char *folder, size_t room, st_error *error)
{
    const size_t length = strlen(entry->value);
    if (length >= room || (strncmp(entry->value, "HOME/", 5) != 0 && strncmp(entry->value, "XDG_CACHE_HOME/", 15) != 0))
        return st_fail(error, ST_USAGE, "%s:%d: %s = %s: it takes a folder below HOME/ or XDG_CACHE_HOME/", file_name,
                       entry->line, entry->key, entry->value);
    memcpy(folder, entry->value, length + 1);
    return ST_OK;
}

/* A key of what a driver needs. */
static st_status read_need(const ini_entry *entry, cfg_driver *says, st_error *error)
{
    if (strcmp(entry->key, "program_cache") == 0) return read_flag(entry, &says->program_cache, error);
    if (strcmp(entry->key, "emulator") == 0) return read_flag(entry, &says->emulator, error);
    if (strcmp(entry->key, "cache_variable") == 0)
        return read_variable(entry, says->cache_variable, sizeof says->cache_variable, error);
    if (strcmp(entry->key, "cache_folder") == 0)
        return read_folder(entry, says->cache_folder, sizeof says->cache_folder, error);
    return st_fail(error, ST_USAGE,
                   "%s:%d: there is no key %s; there are platform, device, driver, program_cache, emulator, "
                   "cache_variable and cache_folder",
                   file_name, entry->line, entry->key);
}

/* One section: whether it names the driver, and what it says. */
static st_status read_section(const ini_file *ini, const ini_entry *section, cfg_driver_of of, cfg_driver *driver,
                              st_error *error)
{
    cfg_driver says = *driver;
    bool named = false, meant = true;
    for (size_t i = 0; i < ini->count; i++) {
        const ini_entry *entry = &ini->entries[i];
        if (!entry->key || strcmp(entry->section, section->section) != 0) continue;
        if (strcmp(entry->key, "platform") == 0) {
            named = true;
            meant = meant && strstr(of.platform, entry->value);
        } else if (strcmp(entry->key, "device") == 0) {
            meant = meant && strstr(of.device, entry->value);
        } else if (strcmp(entry->key, "driver") == 0) {
            meant = meant && strncmp(of.version, entry->value, strlen(entry->value)) == 0;
        } else {
            ST_FORWARD(read_need(entry, &says, error));
        }
    }
    if (!named)
        return st_fail(error, ST_USAGE, "%s:%d: [%s] names no platform", file_name, section->line, section->section);
    if (meant) *driver = says;
    return ST_OK;
}

st_status cfg_driver_find(cfg_driver *driver, const char *text, cfg_driver_of of, st_error *error)
{
    *driver = (cfg_driver){.program_cache = false};
    for (const embedded_text *file = embedded_config; !text && file->name; file++)
        if (strcmp(file->name, file_name) == 0) text = file->text;
    if (!text) return ST_OK;
    ini_file ini;
    ST_FORWARD(ini_parse(&ini, text, file_name, INI_SECTIONS, error));
    st_status status = ST_OK;
    for (size_t i = 0; i < ini.count && status == ST_OK; i++)
        if (!ini.entries[i].key) status = read_section(&ini, &ini.entries[i], of, driver, error);
    ini_destroy(&ini);
    return status;
}
