/* Speakers of a data set among those that a model knows: by name.
 *
 * A model has a row for each speaker of its training data, and the names of these in a list. A speaker of other data
 * takes the row of the same name. Two things stand for a name: the number of a speaker in data that have no names for
 * theirs (names "0", "1", ... in order), and 'M' and 'F' of the published files, rows 0 and 1, where the list has no
 * names.
 */
#ifndef SAFSD_DATA_SPEAKERS_H
#define SAFSD_DATA_SPEAKERS_H

#include <stdbool.h>

#include "data/dataset.h"

/* What becomes of speakers that are not in the list: an error; the row S behind the last, which adds nothing; or, for
 * the i-th of them in file order, from 0, row i mod S. */
typedef enum ds_unknown { DS_UNKNOWN_REFUSE, DS_UNKNOWN_PADDING, DS_UNKNOWN_POSITION } ds_unknown;

typedef struct ds_known_speakers {
    const char *const *names; /* [count]; NULL: it has no names */
    size_t count;             /* S, at least 1 */
    ds_unknown unknown;
    const char *owner;         /* the file that knows them, for sentences */
    bool concerned[DS_SPLITS]; /* the parts whose speakers are refused or told of */
} ds_known_speakers;

/* Sets data->speaker_rows. `notice` receives a sentence for the user where unknown speakers were given a row, or where
 * numbers were taken for names; else it is empty. ST_USAGE, listing the names, where they are refused. */
st_status ds_match_speakers(ds_dataset *data, const ds_known_speakers *known, char notice[ST_TEXT_SIZE],
                            st_error *error);

#endif
