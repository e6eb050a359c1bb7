/* A trace as a file that chrome://tracing and Perfetto open: the Trace Event Format, complete events ("ph": "X") in
 * microseconds from the first one; a track for the host's phases, one for the commands of each device, and one more for
 * what a device does beside them. */
#ifndef SAFSD_ENGINE_TRACE_FILE_H
#define SAFSD_ENGINE_TRACE_FILE_H

#include "engine/run_directory.h"
#include "runtime/profile.h"

/* Reads the traces of `count` devices that one host thread worked with, and writes them to a file of the directory. */
st_status en_trace_save(const en_directory *dir, const char *file, rt_context *const *devices, size_t count,
                        st_error *error);

#endif
