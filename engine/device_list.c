#include "engine/device_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "engine/json.h"
#include "engine/tuned.h"

st_status en_driver_of(cfg_driver *driver, const rt_device_info *device, st_error *error)
{
    const cfg_driver_of of = {.platform = device->platform_name, .device = device->name, .version = device->driver};
    return cfg_driver_find(driver, NULL, of, error);
}

st_status en_list_devices(rt_device_list *list, st_error *error)
{
    ST_FORWARD(rt_device_list_create(list, error));
    for (size_t i = 0; i < list->count; ++i) {
        cfg_driver driver;
        const st_status status = en_driver_of(&driver, &list->items[i], error);
        if (status != ST_OK) {
            rt_device_list_destroy(list);
            return status;
        }
        list->items[i].emulator = driver.emulator;
    }
    return ST_OK;
}

bool en_driver_cache(char *path, size_t size, const rt_device_info *device)
{
    cfg_driver driver;
    st_error ignored = {.status = ST_OK};
    if (en_driver_of(&driver, device, &ignored) != ST_OK) return false;
    const char *named = driver.cache_variable[0] ? getenv(driver.cache_variable) : NULL;
    const char *below = strchr(driver.cache_folder, '/');
    if (named && *named) return text_format(path, size, "%s", named) < (int)size;
    if (!below) return false;
    return driver.cache_folder[0] == 'X' ? path_in_cache(path, size, below + 1) : path_in_home(path, size, below + 1);
}

size_t en_cached_programs(const rt_cache_entry *entries, size_t count, const rt_device_info *device)
{
    size_t found = 0;
    for (size_t i = 0; i < count; ++i)
        found += entries[i].whole && strcmp(entries[i].device, device->name) == 0 &&
                 strcmp(entries[i].driver, device->driver) == 0;
    return found;
}

st_status en_devices_json(char **text, const rt_device_list *list, st_error *error)
{
    rt_cache_entry *entries = NULL;
    size_t count = 0;
    ST_FORWARD(rt_cache_list(&entries, &count, error));
    json_t *devices = json_array();
    for (size_t i = 0; i < list->count; ++i) {
        rt_tuning tuning;
        json_t *device = en_json_device(&list->items[i]);
        const char *tuned = en_tuned(&tuning, &list->items[i], NULL);
        json_object_set_new(device, "cached_programs",
                            json_integer((json_int_t)en_cached_programs(entries, count, &list->items[i])));
        json_object_set_new(device, "tuning", tuned ? json_string(tuned) : json_null());
        json_array_append_new(devices, device);
    }
    free(entries);
    return en_json_pretty(json_pack("{s:o}", "devices", devices), text, error);
}
