/* A small data set with everything in it, whose every value follows from its row: for tests. */
#ifndef SAFSD_TESTS_SUPPORT_SMALL_DATA_H
#define SAFSD_TESTS_SUPPORT_SMALL_DATA_H

#include "data/dataset.h"

enum { TS_DIALOGUES = 5, TS_UTTERANCES = 15, TS_CLASSES = 3, TS_SPEAKERS = 2 };

/* Dialogues d0 .. d4 of 3, 1, 6, 2, 3 utterances, train, train, train, valid, test; widths 5, 3, 2; row i has label
 * i % 3, but -1 for i = 4; speaker i % 2; ids u0 ..; sentences. Failure ends the test. */
ds_dataset *ts_small_data(void);

/* What feature k of row i is in it. */
float ts_small_feature(size_t modality, size_t i, size_t k);

#endif
