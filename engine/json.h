/* JSON as this program writes it. */
#ifndef SAFSD_ENGINE_JSON_H
#define SAFSD_ENGINE_JSON_H

#include <jansson.h>

#include "runtime/device.h"
#include "base/status.h"

/* Everything known about a device. */
json_t *en_json_device(const rt_device_info *info);

/* Text of any origin as a JSON string; what is not UTF-8 is taken as latin1. */
json_t *en_json_text(const char *text);

/* A number, or null where it is not finite. */
json_t *en_json_real(double value);

/* Each gives the text of `value`, indented over lines or on one line, ending with a line feed, and releases `value`;
 * free() the text. ST_FAILED where `value` is NULL: memory was exhausted. */
st_status en_json_pretty(json_t *value, char **text, st_error *error);
st_status en_json_line(json_t *value, char **text, st_error *error);

#endif
