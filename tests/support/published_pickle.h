/* A data set in a published layout as a pickle of protocol 2, lists of lists, with one thing wrong where wanted. */
#ifndef SAFSD_TESTS_SUPPORT_PUBLISHED_PICKLE_H
#define SAFSD_TESTS_SUPPORT_PUBLISHED_PICKLE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum voice { M_AND_F, ONE_HOT, NUMBERS, NAMES } voice;

typedef enum fault {
    NO_FAULT,
    NAN_FEATURE,
    LARGE_FEATURE,
    TEXT_FEATURE,
    NARROW_ROW,
    FLAT_ROW,
    SHORT_FEATURES,
    SHORT_LABELS,
    SHORT_SENTENCES,
    LABELS_NO_LIST,
    LABEL_TEXT,
    LABEL_HALF,
    LABEL_LOW,
    LABEL_UNKNOWN,
    UNLABELLED,
    EMPTY_DIALOGUE,
    LONG_DIALOGUE,
    LISTED_TWICE,
    IN_BOTH_LISTS,
    NOT_THERE,
    NO_LABELS_OF_ONE,
    LABELS_NONE,
    LABELS_OF_ONE_NONE,
    LABEL_NONE,
    LABEL_NAN,
    SPEAKERS_IN_ROWS_OF_ONE,
    UNLISTED,
    TWO_HOT,
    NONE_HOT,
    NEGATIVE_SPEAKER,
    MIXED_SPEAKERS,
    FORBIDDEN_CLASS,
    ID_IS_A_LIST,
    NO_TRAINING,
    NO_DIALOGUES,
} fault;

typedef struct spec {
    size_t size;    /* fields of the tuple */
    int places[9];  /* ids, speakers, labels, text, audio, visual, sentences, training, test; -1: none */
    int sentiments; /* a dict of no use there; -1: none */
    bool number_ids;
    voice voice;
    size_t widths[3];
    fault wrong;
    int validation; /* the place of a list that has dialogue 1, which the training list has otherwise; 0: none */
} spec;

enum { DIALOGUES = 3, TRAINING = 2 };

/* 3, 1 and 4 utterances; the pickle's dicts hold the dialogues in the order 2, 0, 1. */
extern const size_t ts_published_lengths[DIALOGUES], ts_published_starts[DIALOGUES];

double ts_published_feature(size_t modality, size_t row, size_t k);

/* The pickle, in memory to be freed. */
unsigned char *ts_published_pickle(const spec *s, size_t *size);

#endif
