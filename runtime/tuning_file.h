/* Tuning files: one text file per device, driver and program version.
 *
 *     # safsd-cl tune: 203.1 GFLOP/s
 *     program = 0.1.0
 *     platform = Portable Computing Language
 *     device = cpu-...
 *     driver = 3.1
 *     gain = 7
 *     gemm = panel
 *     panel.rows = 12
 *     clblast.Xgemm.MWG = 64
 *
 * The lines are `key = value`; `#` begins a comment line. A file is stored as $XDG_CACHE_HOME/safsd-cl/tuning/NAME.ini,
 * or $HOME/.cache/safsd-cl/tuning/NAME.ini, and is written atomically. Files that are shipped with the program have the
 * same format, but choose devices by prefixes of `platform`, `device` and `driver` and by `vector_width`; a missing key
 * matches every device.
 */
#ifndef SAFSD_RUNTIME_TUNING_FILE_H
#define SAFSD_RUNTIME_TUNING_FILE_H

#include "runtime/tuning.h"

enum { RT_TUNING_PATH = 4096 };

/* Reads the text of a file; `name` is its name in messages. ST_USAGE, with the line, for any other format; `tuning` is
 * then zero. *meant is whether the file is for the device: by its exact identity, or, with `shipped`, by prefixes. */
st_status rt_tuning_parse(rt_tuning *tuning, const char *text, const char *name, const rt_device_info *device,
                          bool shipped, bool *meant, st_error *error);

/* The path of the device's file; false if the environment names no folder. */
bool rt_tuning_path(const rt_device_info *device, char path[RT_TUNING_PATH]);

/* Loads the stored tuning of a device. If there is none, *found is false and `tuning` zero. ST_USAGE, naming the file,
 * if it is damaged or for another device; do not use it then. */
st_status rt_tuning_load(rt_tuning *tuning, const rt_device_info *device, bool *found, st_error *error);

/* The gain and the driver of the newest tuning of the same device with another driver or program version. It is no
 * longer valid but tells what tuning gained. False if there is none. */
bool rt_tuning_earlier(const rt_device_info *device, size_t *gain, char driver[256]);

/* Stores a tuning, replacing an older one; `remark` is written as a comment. ST_FAILED, naming the file, if it cannot
 * be written, or if there is no folder. */
st_status rt_tuning_store(const rt_tuning *tuning, const rt_device_info *device, const char *remark, st_error *error);

#endif
