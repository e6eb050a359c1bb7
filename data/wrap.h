/* A data set made of arrays that somebody else owns. */
#ifndef SAFSD_DATA_WRAP_H
#define SAFSD_DATA_WRAP_H

#include "data/dataset.h"

typedef struct ds_arrays {
    const float *x[DS_MODALITIES]; /* [utterances, dims[m]]; borrowed by the data set; NULL: no such modality */
    size_t dims[DS_MODALITIES];
    const int32_t *lengths; /* [dialogues] */
    size_t dialogues;
    const int32_t *speakers;          /* [utterances] */
    const int32_t *labels;            /* [utterances]; NULL: none is labelled */
    const int32_t *split;             /* [dialogues]; NULL: all train */
    const char *const *class_names;   /* [classes]; NULL: numbers */
    size_t classes;                   /* 0: largest label + 1 */
    const char *const *speaker_names; /* [speaker_count]; NULL: numbers */
    size_t speaker_count;             /* 0: largest speaker + 1 */
} ds_arrays;

/* Dialogues are called "0", "1", ... and their utterances "0_0", "0_1", ... Everything is checked as ds_load does.
 * ST_USAGE. */
st_status ds_wrap(ds_dataset **data, const ds_arrays *arrays, st_error *error);

#endif
