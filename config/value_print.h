/* Values of a configuration as the text that an INI file would hold, and in words. */
#ifndef SAFSD_CONFIG_VALUE_PRINT_H
#define SAFSD_CONFIG_VALUE_PRINT_H

#include "config/schema.h"

#include <stdio.h>

/* Prints the value of `key`, without quotes, on one line; nothing where it has none. */
void cfg_value_print(const cfg_config *config, const cfg_key *key, FILE *out);

enum { CFG_DESCRIPTION_SIZE = 320 };

/* What the key takes, to follow "it takes": "an integer from 1 to 64", "learned, identity or off". */
void cfg_value_describe(const cfg_key *key, char text[CFG_DESCRIPTION_SIZE]);

#endif
