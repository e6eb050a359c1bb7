/* Text as the value of a key, checked against its type and range. */
#ifndef SAFSD_CONFIG_VALUE_READ_H
#define SAFSD_CONFIG_VALUE_READ_H

#include "config/schema.h"

/* Replaces the value of `key` in `config`. A sentence of error (ST_USAGE) begins with `place`, quotes what was read
 * and says what the key takes; the value is then empty. Empty text empties a key that has no default. A relative
 * path is put on `folder`, unless that is NULL. */
st_status cfg_value_read(cfg_config *config, const cfg_key *key, const char *text, const char *place,
                         const char *folder, st_error *error);

/* Frees what the value holds and sets it to zero. */
void cfg_value_clear(cfg_config *config, const cfg_key *key);

#endif
