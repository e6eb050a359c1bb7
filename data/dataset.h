/* A data set in memory: the dialogues of a corpus, their utterances packed one dialogue after another (docs/model.md 1,
 * 10, 11).
 *
 * Dialogues stand in file order: the training list of a pickle, its validation list, its test list; a container as it
 * was saved. Utterances of dialogue d are the rows starts[d] .. starts[d + 1] - 1 of every array.
 *
 *     ds_dataset *data = NULL;
 *     ST_TRY(ds_load(&data, path, &(ds_load_options){0}, error));
 *     ST_TRY(ds_hold_out_fraction(data, 0.15, seed, error));
 *     ST_TRY(ds_statistics_measure(data, &statistics, error));
 *     ST_TRY(ds_standardize(data, &statistics, error));
 *     ...
 *     ds_destroy(&data);
 *
 * Errors are ST_FAILED for what a file holds, ST_USAGE for what a caller asked for that the data set does not have.
 */
#ifndef SAFSD_DATA_DATASET_H
#define SAFSD_DATA_DATASET_H

#include "base/status.h"
#include "data/dataset_fields.h"

/* ---- reading and writing ---- */

/* Reads a published pickle (docs/model.md 11: 12 or 13 fields, and the relatives with 9 to 14 that can be told apart,
 * published_layout.h) or a container. A label that is None, NaN or missing is none. Everything is checked: row counts
 * per dialogue, dialogues without utterances or longer than DS_LONGEST_DIALOGUE, features that are not finite, labels
 * outside [-1, C), ids that are twice or nowhere. The sentence names file, dialogue, utterance and modality. */
st_status ds_load(ds_dataset **data, const char *path, const ds_load_options *options, st_error *error);

/* Writes the container: one safetensors file with x_t, x_a, x_v (present ones), speakers, labels, lengths, split as in
 * docs/model.md 12; dialogue_ids, utterance_ids, sentences as U8 tensors of NUL-terminated UTF-8; metadata format =
 * "safsd-data-1", class_names and speaker_names as JSON arrays. Written under a temporary name and renamed. */
st_status ds_save(const ds_dataset *data, const char *path, st_error *error);

/* A data set of its own with the features and the texts of another, which has to outlive it: what is done to the copy
 * (splits, names, standardisation) leaves the other as it is. */
st_status ds_share(ds_dataset **data, const ds_dataset *of, st_error *error);

/* Gives the classes new names, fixing C. ST_FAILED, naming the utterance, where a label is not below `classes`. */
st_status ds_name_classes(ds_dataset *data, const char *const *class_names, size_t classes, st_error *error);

/* ---- splits (docs/model.md 7, 10) ---- */

/* Moves training dialogues to the validation part: those named, or round(fraction * n), at least 1, of the n training
 * dialogues, drawn by the seed (site 131073). ST_USAGE for an id that does not exist or is a test dialogue, and where
 * no training dialogue would be left. Ids that are held out already are left there. */
st_status ds_hold_out(ds_dataset *data, const char *const *ids, size_t count, st_error *error);
st_status ds_hold_out_fraction(ds_dataset *data, double fraction, uint64_t seed, st_error *error);

/* Dialogues of a split, in file order, into `dialogues` (room for as many as data->dialogues; NULL: only count).
 * Returns their number; `utterances` (or NULL) receives the sum of their lengths. */
size_t ds_select(const ds_dataset *data, ds_split split, size_t *dialogues, size_t *utterances);

/* f_c of docs/model.md 6: share of each class among the labelled training utterances, [classes]. Returns how many those
 * are; without any, all shares are 0. */
size_t ds_class_frequencies(const ds_dataset *data, double *frequencies);

/* ---- standardisation ---- */

/* Mean and standard deviation of every feature over the training utterances; deviation 1 for a constant feature. */
typedef struct ds_statistics {
    size_t dims[DS_MODALITIES];
    float *mean[DS_MODALITIES], *deviation[DS_MODALITIES]; /* [dims[m]], NULL where absent */
} ds_statistics;

/* Arrays of zeros and ones for these widths, to be filled from a checkpoint. */
st_status ds_statistics_create(ds_statistics *statistics, const size_t dims[DS_MODALITIES], st_error *error);

/* Measures them, in two passes of double arithmetic. ST_USAGE where there is no training utterance. */
st_status ds_statistics_measure(const ds_dataset *data, ds_statistics *statistics, st_error *error);

void ds_statistics_destroy(ds_statistics *statistics);

/* x = (x - mean) / deviation for all splits, into memory of the data set's own. Values that are not finite stay so
 * (finite.h): they are of modalities that are not used. ST_USAGE where widths differ. */
st_status ds_standardize(ds_dataset *data, const ds_statistics *statistics, st_error *error);

/* ---- batches ---- */

/* A batch: dialogues of a data set, which stay where they are, or packed arrays of the caller. Everything is borrowed.
 */
typedef struct ds_batch {
    size_t dialogues, rows;
    const ds_dataset *data;  /* NULL: the arrays below */
    const size_t *chosen;    /* [dialogues] of `data`, in the order of the batch */
    float *x[DS_MODALITIES]; /* [rows, D_m] */
    int32_t *speakers;       /* [rows] of a model's tables */
    int32_t *labels;         /* [rows] */
    int32_t *lengths;        /* [dialogues] */
} ds_batch;

/* `count` dialogues, in the order given. */
ds_batch ds_batch_of(const ds_dataset *data, const size_t *dialogues, size_t count);

/* One dialogue of a batch, where it lies. */
typedef struct ds_dialogue {
    size_t rows;
    const float *x[DS_MODALITIES]; /* [rows, D_m]; NULL where absent */
    const int32_t *labels;         /* [rows] */
    const int32_t *speakers;       /* [rows], for ds_speaker_of */
    const int32_t *speaker_rows;   /* of a model's tables, by speaker; NULL: the speakers are these themselves */
} ds_dialogue;

/* Dialogue number `index`, which begins at row `row` of the batch; `dims` are the widths of its features. */
ds_dialogue ds_batch_dialogue(const ds_batch *batch, size_t index, size_t row, const size_t dims[DS_MODALITIES]);

static inline int32_t ds_speaker_of(const ds_dialogue *dialogue, size_t row)
{
    const int32_t speaker = dialogue->speakers[row];
    return dialogue->speaker_rows ? dialogue->speaker_rows[speaker] : speaker;
}

static inline size_t ds_batch_length(const ds_batch *batch, size_t index)
{
    return (size_t)(batch->data ? batch->data->lengths[batch->chosen[index]] : batch->lengths[index]);
}

/* Upper bounds over every batch of at most `count` dialogues of one split. */
typedef struct ds_extent {
    size_t rows;    /* sum of L */
    size_t pairs;   /* sum of L * L */
    size_t longest; /* largest L */
} ds_extent;

ds_extent ds_largest_batch(const ds_dataset *data, size_t count);

#endif
