/* The published pickles of the field as a data set (docs/model.md 11). */
#ifndef SAFSD_DATA_PUBLISHED_H
#define SAFSD_DATA_PUBLISHED_H

#include "data/dataset_fields.h"
#include "data/value.h"

/* Reads a tuple of dicts by dialogue: 12 fields (IEMOCAP), 13 (MELD), and relatives with 9, 10, 13 and 14 fields; which
 * one it is follows from the number of fields and from where the two lists of dialogues stand. Features may be arrays
 * [utterances, width] or lists of rows; a modality of width 0 is absent. Speakers are texts ('M' and 'F' are speakers 0
 * and 1 of two, other names count by first appearance), one-hot rows (as many speakers as the rows are wide), or
 * numbers. Sentences that are missing or do not fit their dialogue are left empty. */
st_status ds_published_read(ds_dataset **data, const ds_value *root, const char *file, const ds_load_options *options,
                            st_error *error);

#endif
