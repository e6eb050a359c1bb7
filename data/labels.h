/* Labels of a data set: how many there are of each class, and whether a model can learn from them. */
#ifndef SAFSD_DATA_LABELS_H
#define SAFSD_DATA_LABELS_H

#include <stdbool.h>

#include "data/dataset.h"

/* Where nobody named the classes, C is the largest label + 1. More than this times as many as there are different
 * labels are no classes: a label is a stray one. */
enum { DS_MOST_CLASSES_A_LABEL = 4 };

/* Adds the labels of a part to counts [classes]; returns how many those are. */
size_t ds_count_labels(const ds_dataset *data, ds_split split, size_t *counts);

/* For a training. ST_USAGE where the training part has no label, or a label is a stray one, with place and counts. */
st_status ds_check_labels(const ds_dataset *data, st_error *error);

/* Which classes have no label in the parts that are `included`, with the counts of the others, as a sentence that
 * begins with "WHOSE has"; empty where every class has one, or nothing is labelled. */
void ds_describe_absent(const ds_dataset *data, const bool included[DS_SPLITS], const char *whose,
                        char sentence[ST_TEXT_SIZE]);

#endif
