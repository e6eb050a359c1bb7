/* How a reader fills a data set: memory of its own, names, and the checks that every data set passes. */
#ifndef SAFSD_DATA_ASSEMBLE_H
#define SAFSD_DATA_ASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/dataset_fields.h"
#include "data/pool.h"
#include "data/safetensors.h"

enum { DS_MOST_CLASSES = 1024, DS_MOST_SPEAKERS = 1024 };

/* What the fields of the data set point to, as far as it may be written. */
struct ds_storage {
    ds_pool pool;
    sf_file *file;           /* the container whose map x may point into */
    float *x[DS_MODALITIES]; /* NULL where absent or in the map */
    int32_t *speakers, *labels, *lengths, *split, *speaker_rows;
    size_t *starts;
    struct {
        bool found;
        size_t place; /* in x */
        double value;
    } beyond[DS_MODALITIES]; /* the first feature that is finite in the file and infinite as a float */
    const char **class_names, **speaker_names, **dialogue_ids, **utterance_ids, **sentences;
};

/* "text", "audio", "visual" */
const char *ds_modality_name(size_t modality);

/* A data set of zeros with all its arrays but features, speaker names and class names; sentences only where wanted. */
st_status ds_create(ds_dataset **data, size_t dialogues, size_t utterances, bool sentences, st_error *error);

/* The public fields follow the storage. */
void ds_publish(ds_dataset *data);

/* Memory for the features of a modality. */
st_status ds_create_features(ds_dataset *data, size_t modality, size_t width, st_error *error);

/* Tells what an infinite feature, at `place` of x, is in the file. */
void ds_note_beyond(ds_dataset *data, size_t modality, size_t place, double value);

/* Computes `starts`; ST_FAILED, naming dialogue and file, where a length is not in 1 .. DS_LONGEST_DIALOGUE or the sum
 * is not the number of utterances. */
st_status ds_place_dialogues(ds_dataset *data, const char *file, st_error *error);

/* Utterance ids of a file without them: that of the dialogue, and behind it the number in it, from 0. */
st_status ds_number_utterances(ds_dataset *data, st_error *error);

/* A text that lives as long as the data set; NULL for exhausted memory. */
const char *ds_keep_text(ds_dataset *data, const char *text, size_t size);

/* "FILE: dialogue 'Ses01F', utterance 3 (Ses01F_2)", or without a file from "dialogue" on. */
void ds_locate(const ds_dataset *data, const char *file, size_t row, char *text, size_t size);

/* Names 0 .. count - 1 of speakers; NULL: their numbers. */
st_status ds_name_speakers(ds_dataset *data, const char *const *names, size_t count, st_error *error);

/* The last step of a reader: every check of data/dataset.h; class names, `classes` of them, or numbers up to the
 * largest label where that is 0. */
st_status ds_complete(ds_dataset *data, const char *file, const char *const *class_names, size_t classes,
                      st_error *error);

#endif
