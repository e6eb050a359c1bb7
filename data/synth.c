#include "data/synth.h"

#include "data/assemble.h"
#include "data/philox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const iemocap_classes[] = {"happy", "sad", "neutral", "angry", "excited", "frustrated"};
static const char *const meld_classes[] = {"neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"};
static const char *const iemocap_speakers[] = {"M", "F"};

/* Sizes as published (docs/model.md 1 and 11). */
static const struct corpus {
    size_t training, validation, test; /* dialogues */
    int shortest, longest;
    size_t dims[DS_MODALITIES];
    size_t classes, speakers;
    const char *const *class_names, *const *speaker_names;
    unsigned first_code; /* class c has the code first_code + c */
} corpora[DS_CORPORA] = {
    [DS_IEMOCAP] = {108, 12, 31, 8, 110, {1024, 1582, 342}, 6, 2, iemocap_classes, iemocap_speakers, 1},
    [DS_MELD] = {1038, 114, 280, 1, 33, {1024, 300, 342}, 7, 9, meld_classes, NULL, 0},
};

/* In units of the noise of a single feature: half the distance between the two values of a bit, and the deviation of
 * the levels of dialogues. */
static const double signal = 3.0;
static const double level_deviation = 9.0;

typedef enum stream {
    LENGTHS,
    SPEAKERS,
    CLASSES,
    DIRECTIONS,
    LEVELS = DIRECTIONS + DS_MODALITIES,
    NOISE = LEVELS + DS_MODALITIES
} stream;

static ds_stream stream_of(const ds_synth_options *options, size_t number)
{
    return (ds_stream){options->seed, DS_SITE_SYNTH + (uint32_t)number, 0};
}

static double uniform(const ds_synth_options *options, size_t number, size_t index)
{
    return ds_unit(ds_philox_word(stream_of(options, number), index));
}

const char *const *ds_corpus_classes(ds_corpus corpus, size_t *count)
{
    *count = corpora[corpus].classes;
    return corpora[corpus].class_names;
}

/* IEMOCAP is bell-shaped about 49 utterances, MELD falls off from 1 with a mean near 9.6. */
static int32_t length_of(const ds_synth_options *options, size_t dialogue)
{
    const struct corpus *corpus = &corpora[options->like];
    float normal = 0.0f;
    ds_fill_normal(stream_of(options, LENGTHS), dialogue, &normal, 1);
    const double length = options->like == DS_IEMOCAP ? floor(49.5 + 20.0 * (double)normal)
                                                      : ceil(-9.5 * log(uniform(options, LENGTHS, dialogue)));
    if (length < corpus->shortest) return corpus->shortest;
    return length > corpus->longest ? corpus->longest : (int32_t)length;
}

/* A share of the dialogues as in the corpus, at least 1. */
static size_t share(const struct corpus *corpus, size_t dialogues, size_t part)
{
    const size_t all = corpus->training + corpus->validation + corpus->test;
    const size_t rounded = (size_t)floor((double)dialogues * (double)part / (double)all + 0.5);
    return rounded > 0 ? rounded : 1;
}

/* Two speakers mostly take turns; of more, a few take part in each dialogue. */
static void draw_speakers(const ds_synth_options *options, ds_dataset *data, size_t dialogue)
{
    const size_t all = corpora[options->like].speakers;
    int32_t *speakers = data->storage->speakers;
    const size_t first = data->starts[dialogue];
    const double draw = uniform(options, SPEAKERS, first);
    const size_t present = 1 + (size_t)(draw * draw * (double)all);
    for (size_t i = first; i < data->starts[dialogue + 1]; i++) {
        const double u = uniform(options, SPEAKERS, i);
        if (all > 2)
            speakers[i] = (int32_t)(uniform(options, SPEAKERS, data->utterances + i) * (double)present);
        else if (i == first)
            speakers[i] = u < 0.5;
        else
            speakers[i] = u < 0.75 ? 1 - speakers[i - 1] : speakers[i - 1];
    }
}

static st_status name_dialogue(ds_dataset *data, size_t dialogue, st_error *error)
{
    char text[64];
    snprintf(text, sizeof text, "synth%04zu", dialogue);
    data->storage->dialogue_ids[dialogue] = ds_keep_text(data, text, strlen(text));
    bool kept = data->dialogue_ids[dialogue] != NULL;
    for (size_t i = data->starts[dialogue]; kept && i < data->starts[dialogue + 1]; i++) {
        snprintf(text, sizeof text, "synth%04zu_%zu", dialogue, i - data->starts[dialogue]);
        data->storage->utterance_ids[i] = ds_keep_text(data, text, strlen(text));
        kept = data->utterance_ids[i] != NULL;
    }
    return kept ? ST_OK : st_fail(error, ST_FAILED, "out of memory for a data set of %zu utterances", data->utterances);
}

/* Noise everywhere; along one direction the bit of the class, seen from the level of the dialogue. */
static st_status draw_features(const ds_synth_options *options, ds_dataset *data, size_t modality, size_t width,
                               st_error *error)
{
    ST_FORWARD(ds_create_features(data, modality, width, error));
    float *x = data->storage->x[modality];
    float *direction = malloc(width * sizeof *direction);
    if (!direction) return st_fail(error, ST_FAILED, "out of memory for %zu features", width);
    double squares = 0.0;
    ds_fill_normal(stream_of(options, DIRECTIONS + modality), 0, direction, width);
    for (size_t k = 0; k < width; k++) squares += (double)direction[k] * (double)direction[k];
    ds_fill_normal(stream_of(options, NOISE + modality), 0, x, data->utterances * width);
    for (size_t d = 0; d < data->dialogues; d++) {
        float level = 0.0f;
        ds_fill_normal(stream_of(options, LEVELS + modality), d, &level, 1);
        for (size_t i = data->starts[d]; i < data->starts[d + 1]; i++) {
            const unsigned code = corpora[options->like].first_code + (unsigned)data->labels[i];
            const double bit = code >> modality & 1 ? signal : -signal;
            const double shift = (bit + level_deviation * (double)level) / sqrt(squares);
            for (size_t k = 0; k < width; k++) x[i * width + k] += (float)(shift * (double)direction[k]);
        }
    }
    free(direction);
    return ST_OK;
}

static st_status draw(const ds_synth_options *options, ds_dataset *data, st_error *error)
{
    const struct corpus *corpus = &corpora[options->like];
    const size_t test = share(corpus, data->dialogues, corpus->test);
    const size_t validation = share(corpus, data->dialogues, corpus->validation);
    const bool given = options->dims[0] || options->dims[1] || options->dims[2];
    const size_t *dims = given ? options->dims : corpus->dims;
    for (size_t d = 0; d < data->dialogues; d++) {
        data->storage->lengths[d] = length_of(options, d);
        const size_t left = data->dialogues - d;
        data->storage->split[d] = left <= test ? DS_TEST : left <= test + validation ? DS_VALID : DS_TRAIN;
    }
    ST_FORWARD(ds_place_dialogues(data, "synth", error));
    for (size_t d = 0; d < data->dialogues; d++) {
        draw_speakers(options, data, d);
        ST_FORWARD(name_dialogue(data, d, error));
    }
    for (size_t i = 0; i < data->utterances; i++)
        data->storage->labels[i] = (int32_t)(uniform(options, CLASSES, i) * (double)corpus->classes);
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        if (dims[m] > 0) ST_FORWARD(draw_features(options, data, m, dims[m], error));
    }
    ST_FORWARD(ds_name_speakers(data, corpus->speaker_names, corpus->speakers, error));
    return ds_complete(data, "synth", corpus->class_names, corpus->classes, error);
}

st_status ds_synth(ds_dataset **data, const ds_synth_options *options, st_error *error)
{
    const struct corpus *corpus = &corpora[options->like];
    const size_t all = corpus->training + corpus->validation + corpus->test;
    const size_t dialogues = options->dialogues > 0 ? options->dialogues : all;
    *data = NULL;
    if (dialogues < DS_SPLITS)
        return st_fail(error, ST_USAGE,
                       "%zu dialogues cannot be split into training, validation and test; ask for 3 or more",
                       dialogues);
    size_t utterances = 0;
    for (size_t d = 0; d < dialogues; d++) utterances += (size_t)length_of(options, d);
    ds_dataset *made = NULL;
    ST_FORWARD(ds_create(&made, dialogues, utterances, false, error));
    const st_status status = draw(options, made, error);
    if (status == ST_OK)
        *data = made;
    else
        ds_destroy(&made);
    return status;
}
