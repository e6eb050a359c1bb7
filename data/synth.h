/* Made-up dialogues in the shape of a corpus, whose labels can be told only from context and all three modalities.
 *
 * The class of an utterance is a code of three bits and each modality shows one of them: any two modalities leave at
 * best four groups of classes apart. The bit is shown relative to a level that every dialogue draws again for each
 * modality and that is larger than the bit itself: an utterance alone says little, its dialogue says which level is
 * meant. The signal lies along one direction of the features, under noise in all of them.
 * Deterministic: Philox draws of the seed at DS_SITE_SYNTH.
 */
#ifndef SAFSD_DATA_SYNTH_H
#define SAFSD_DATA_SYNTH_H

#include <stddef.h>
#include <stdint.h>

#include "data/dataset.h"
#include "base/status.h"

typedef enum ds_corpus { DS_IEMOCAP, DS_MELD, DS_CORPORA } ds_corpus;

typedef struct ds_synth_options {
    ds_corpus like;             /* lengths, speakers, classes, shares of the splits */
    size_t dialogues;           /* training, validation and test together, at least 3; 0: as many as the corpus */
    size_t dims[DS_MODALITIES]; /* 0, 0, 0: the widths of the corpus; a single 0: modality absent */
    uint64_t seed;
} ds_synth_options;

/* ST_USAGE for fewer than 3 dialogues, ST_FAILED where memory does not suffice. */
st_status ds_synth(ds_dataset **data, const ds_synth_options *options, st_error *error);

/* The emotions of a corpus in label order, as published (docs/model.md 6): 6 for IEMOCAP, 7 for MELD. */
const char *const *ds_corpus_classes(ds_corpus corpus, size_t *count);

#endif
