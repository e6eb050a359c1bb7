/* Files of what was found to be fastest: a plain-text file per device, driver and program version.
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
 * Lines of `key = value`; `#` begins a comment line. The files are $XDG_CACHE_HOME/safsd-cl/tuning/NAME.ini, else
 * $HOME/.cache/safsd-cl/tuning/NAME.ini, and appear by rename. Files that come with the program look the same, but name
 * their devices by the beginning of `platform`, `device` and `driver` and by `vector_width`, each where it is given.
 */
#ifndef SAFSD_RUNTIME_TUNING_FILE_H
#define SAFSD_RUNTIME_TUNING_FILE_H

#include "runtime/tuning.h"

enum { RT_TUNING_PATH = 4096 };

/* Reads a file's text, called `name` in messages: ST_USAGE, with the line, for anything that is not as above, and
 * `tuning` is then zero. *meant says whether it is for that device: exactly, or with `shipped` as the program's
 * files. */
st_status rt_tuning_parse(rt_tuning *tuning, const char *text, const char *name, const rt_device_info *device,
                          bool shipped, bool *meant, st_error *error);

/* The device's file; false where the environment names no folder. */
bool rt_tuning_path(const rt_device_info *device, char path[RT_TUNING_PATH]);

/* What is stored for a device; *found is false, and `tuning` zero, where nothing is. ST_USAGE, naming the file, where
 * it is damaged or another device's: nothing of it is to be used. */
st_status rt_tuning_load(rt_tuning *tuning, const rt_device_info *device, bool *found, st_error *error);

/* What was stored for the same device with another driver or version of the program, the newest of it: its gain, and
 * the driver. It does not hold any more, but says what tuning was worth. False where nothing is. */
bool rt_tuning_earlier(const rt_device_info *device, size_t *gain, char driver[256]);

/* Stores it, replacing what was there; `remark` is a line of comment. ST_FAILED, naming the file, where it cannot be
 * written, and where there is no folder. */
st_status rt_tuning_store(const rt_tuning *tuning, const rt_device_info *device, const char *remark, st_error *error);

#endif
