/* What a safetensors file is: one judgement for every command that opens one. */
#ifndef SAFSD_DATA_FILE_KIND_H
#define SAFSD_DATA_FILE_KIND_H

#include "data/safetensors.h"

#define DS_DATA_FORMAT "safsd-data-1"
#define DS_CHECKPOINT_FORMAT "safsd-checkpoint-1"
#define DS_GOLDEN_FORMAT "safsd-golden-1"

typedef enum ds_file_kind {
    DS_FILE_OTHER,      /* tensors of something else, or no safetensors file */
    DS_FILE_DATA,       /* a data container */
    DS_FILE_CHECKPOINT, /* written by this program */
    DS_FILE_GOLDEN,     /* inputs and expected outputs for `verify` */
    DS_FILE_WEIGHTS,    /* weights with the published names, under any prefix of sf_drop_prefixes */
} ds_file_kind;

/* The metadata `format` decides; without one of the three, the names of the tensors do: `lengths` and `speakers` make a
 * container, `batch/lengths` a golden case, `speaker_embeddings.weight` weights. */
ds_file_kind ds_file_kind_of(const sf_file *file);

/* True where the file begins as a safetensors file does; ST_FAILED where it cannot be read. */
st_status ds_file_is_safetensors(const char *path, bool *is, st_error *error);

#endif
