/* The one table of keys. Everything that reads, checks, documents or writes a configuration walks over it. */
#ifndef SAFSD_CONFIG_SCHEMA_H
#define SAFSD_CONFIG_SCHEMA_H

#include "config/values.h"

typedef enum cfg_type {
    CFG_TYPE_INT,        /* int */
    CFG_TYPE_REAL,       /* double */
    CFG_TYPE_SEED,       /* uint64_t */
    CFG_TYPE_FLAG,       /* bool: true or false, yes or no, on or off, 1 or 0 */
    CFG_TYPE_CHOICE,     /* an enumeration stored as int; one of `words`, in the order of its values */
    CFG_TYPE_TEXT,       /* char * */
    CFG_TYPE_NAME,       /* char *, fit to name a folder */
    CFG_TYPE_PATH,       /* char *, relative to the folder of the file */
    CFG_TYPE_NAMES,      /* cfg_names, separated by commas */
    CFG_TYPE_IDS,        /* cfg_names, separated by commas, with ranges such as 1039..1152 */
    CFG_TYPE_SEEDS,      /* cfg_seeds, separated by commas, with ranges such as 1..5 */
    CFG_TYPE_MODALITIES, /* unsigned bits: auto, or some of t, a, v */
    CFG_TYPE_WIDTHS,     /* int[3]: auto, or three integers */
    CFG_TYPE_GCN_EVAL,   /* cfg_gcn_eval: expected, sample or mean:R */
    CFG_TYPE_WEIGHTS,    /* cfg_class_weights or cfg_alpha: one of `words`, or a list of numbers */
    CFG_TYPE_SIMILARITY  /* cfg_similarity: one of `words`, or rows separated by / */
} cfg_type;

typedef struct cfg_key {
    const char *section;
    const char *key;
    cfg_type type;
    size_t offset;              /* of the value in cfg_config */
    const char *standard;       /* the default as an INI file would write it; "" where the key has no value */
    double low, high;           /* range of a number, or of every number of a list; ends included ... */
    bool above_low, below_high; /* ... unless these say that the end itself is excluded */
    const char *const *words;   /* ends with NULL; NULL where the type has none */
    const char *help;           /* one line */
} cfg_key;

extern const cfg_key cfg_keys[];
extern const size_t cfg_key_count;

/* The key of that name, or NULL; both names in lower case. */
const cfg_key *cfg_key_find(const char *section, const char *key);
bool cfg_section_exists(const char *section);

/* Says what is wrong with a name that cfg_key_find or cfg_section_exists does not know, and which known name comes
 * nearest. `key` is NULL for an unknown section. `place` begins the sentence ("file:line" or "--set name"). */
st_status cfg_unknown_name(const char *place, const char *section, const char *key, st_error *error);

#endif
