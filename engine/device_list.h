/* What config/tuning/drivers.ini knows of the devices that are here. */
#ifndef SAFSD_ENGINE_DEVICE_LIST_H
#define SAFSD_ENGINE_DEVICE_LIST_H

#include "config/drivers.h"
#include "runtime/device.h"
#include "runtime/program_cache.h"

st_status en_driver_of(cfg_driver *driver, const rt_device_info *device, st_error *error);

/* rt_device_list_create, with the emulators marked. */
st_status en_list_devices(rt_device_list *list, st_error *error);

/* The folder where the driver keeps what it compiled; false where none is known. It need not exist. */
bool en_driver_cache(char *path, size_t size, const rt_device_info *device);

/* Compiled programs that this program keeps for a device and its driver, among those of rt_cache_list. */
size_t en_cached_programs(const rt_cache_entry *entries, size_t count, const rt_device_info *device);

/* {"devices": [...]}, every device with what is tuned and kept for it; free() the text. */
st_status en_devices_json(char **text, const rt_device_list *list, st_error *error);

#endif
