/* The configuration of a run: plain values, checked, with every default filled in.
 *
 * Every key, its type, range, default and meaning stands in one table (config/schema.c), which reads, checks,
 * documents and writes them; config/reference.ini is that table printed. This layer knows no tensor and no
 * OpenCL: lists are handed over as doubles and names.
 *
 *     cfg_config config = {0};
 *     const char *sets[] = {"train.epochs=5"};
 *     if (cfg_load(&config, "config/iemocap.ini", (cfg_overrides){sets, 1}, &error) != ST_OK) ...
 *     cfg_destroy(&config);
 *
 * Errors: ST_USAGE with one sentence that begins with FILE:LINE or "--set SECTION.KEY", or with the file where it
 * cannot be read; ST_FAILED for exhausted memory or no place for a temporary file. After a failure the
 * configuration is empty (all bytes zero).
 * docs/model.md 5 to 8 and 10 define what the values mean.
 */
#ifndef SAFSD_CONFIG_CONFIG_H
#define SAFSD_CONFIG_CONFIG_H

#include "config/values.h"

/* Each of these fills `config`, which must be zero or destroyed. */
st_status cfg_defaults(cfg_config *config, st_error *error);
st_status cfg_load(cfg_config *config, const char *path, cfg_overrides overrides, st_error *error);

/* Reads a configuration from memory: the built-in one, or the one a checkpoint carries. Messages call it `name`;
 * its relative paths stand on `folder` (NULL: the working directory). */
st_status cfg_load_text(cfg_config *config, const char *text, const char *name, const char *folder,
                        cfg_overrides overrides, st_error *error);

/* The demonstration configuration compiled into the program, as text. */
const char *cfg_demo_text(void);

/* The effective configuration as an INI file with all keys, paths absolute; loading it gives the same values.
 * ST_USAGE where a text holds both kinds of quotes beside a comment sign. free() the text. */
st_status cfg_write(const cfg_config *config, char **text, st_error *error);

/* Every key with type, range, default and meaning: for `--help-keys`, and as the contents of config/reference.ini.
 * free() the text. */
st_status cfg_help_keys(char **text, st_error *error);
st_status cfg_reference(char **text, st_error *error);

/* The words of an enumerated value as the INI files write them, for example cfg_word("model.gate", 0) = "learned";
 * NULL where key or value does not exist. */
const char *cfg_word(const char *section_dot_key, int value);

/* Frees what the configuration holds and sets it to zero. NULL is allowed. */
void cfg_destroy(cfg_config *config);

#endif
