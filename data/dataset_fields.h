/* What a data set holds; dataset.h says what is done with it. */
#ifndef SAFSD_DATA_DATASET_FIELDS_H
#define SAFSD_DATA_DATASET_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { DS_MODALITIES = 3, DS_LONGEST_DIALOGUE = 512, DS_UNLABELLED = -1 };

typedef enum ds_split { DS_TRAIN, DS_VALID, DS_TEST, DS_SPLITS } ds_split;

/* Fields are for reading; the functions of dataset.h change them. All memory belongs to the data set. */
typedef struct ds_dataset {
    size_t dialogues, utterances;
    size_t dims[DS_MODALITIES];       /* widths of t, a, v; 0: absent */
    const float *x[DS_MODALITIES];    /* [utterances, dims[m]], perhaps a read-only file map; NULL where absent */
    const int32_t *speakers;          /* [utterances], 0 .. speaker_count - 1 */
    const int32_t *labels;            /* [utterances], 0 .. classes - 1, or DS_UNLABELLED */
    const int32_t *lengths;           /* [dialogues], 1 .. DS_LONGEST_DIALOGUE */
    const size_t *starts;             /* [dialogues + 1] */
    const int32_t *split;             /* [dialogues], a ds_split */
    size_t classes, speaker_count;    /* C, S; C = 0 where no utterance is labelled and nobody names classes */
    const char *const *class_names;   /* [classes] "0", "1", ... where nobody named them */
    const char *const *speaker_names; /* [speaker_count] */
    const int32_t *speaker_rows;      /* [speaker_count] rows of a model's tables (speakers.h); NULL: their numbers */
    const char *const *dialogue_ids;  /* [dialogues], each once */
    const char *const *utterance_ids; /* [utterances] */
    const char *const *sentences;     /* [utterances], or NULL; empty where the file has none */
    size_t replaced[DS_MODALITIES];   /* features that were not finite (ds_nonfinite) */
    const char *passed_over;          /* names of a container's tensors that are no part of a data set; NULL: none */
    size_t unlisted;                  /* dialogues of a pickle that are in none of its lists, left out here */
    const char *layout;               /* of a pickle: its fields in their order, as a phrase; else NULL */
    bool ambiguous_layout;            /* it fits another layout as well */
    struct ds_storage *storage;
} ds_dataset;

/* Undoes whatever made it, ds_load, ds_share or ds_synth; assemble.c. */
void ds_destroy(ds_dataset **data);

/* How ds_load reads one. */
typedef enum ds_format { DS_FORMAT_AUTO, DS_FORMAT_PICKLE, DS_FORMAT_CONTAINER } ds_format;

/* What becomes of features that are not finite, or that float32 cannot hold: an error, 0, or the mean of the finite
 * values of that feature over the training part (over all parts where it has none). */
typedef enum ds_nonfinite { DS_NONFINITE_STOP, DS_NONFINITE_ZERO, DS_NONFINITE_MEAN } ds_nonfinite;

typedef struct ds_load_options {
    ds_format format;               /* auto: by the contents of the file */
    const char *const *class_names; /* [classes] in label order, fixing C; NULL: those of the file, else numbers */
    size_t classes;                 /* 0: as the file says, else the largest label + 1 */
    bool unused[DS_MODALITIES];     /* modalities whose features may be whatever they are */
    ds_nonfinite nonfinite;         /* of the others */
} ds_load_options;

#endif
