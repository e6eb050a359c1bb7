/* A data set that shares the features and the texts of another. */
#include <string.h>

#include "data/assemble.h"

st_status ds_share(ds_dataset **data, const ds_dataset *of, st_error *error)
{
    ST_FORWARD(ds_create(data, of->dialogues, of->utterances, of->sentences != NULL, error));
    ds_dataset *copy = *data;
    struct ds_storage *s = copy->storage;
    memcpy(s->speakers, of->speakers, of->utterances * sizeof *s->speakers);
    memcpy(s->labels, of->labels, of->utterances * sizeof *s->labels);
    memcpy(s->lengths, of->lengths, of->dialogues * sizeof *s->lengths);
    memcpy(s->split, of->split, of->dialogues * sizeof *s->split);
    memcpy(s->starts, of->starts, (of->dialogues + 1) * sizeof *s->starts);
    memcpy(s->dialogue_ids, of->dialogue_ids, of->dialogues * sizeof *s->dialogue_ids);
    memcpy(s->utterance_ids, of->utterance_ids, of->utterances * sizeof *s->utterance_ids);
    if (of->sentences) memcpy(s->sentences, of->sentences, of->utterances * sizeof *s->sentences);
    for (size_t m = 0; m < DS_MODALITIES; ++m) {
        copy->dims[m] = of->dims[m];
        copy->x[m] = of->x[m];
    }
    copy->classes = of->classes;
    copy->speaker_count = of->speaker_count;
    s->class_names = of->storage->class_names;
    s->speaker_names = of->storage->speaker_names;
    s->speaker_rows = of->storage->speaker_rows;
    ds_publish(copy);
    copy->unlisted = of->unlisted;
    copy->layout = of->layout;
    copy->ambiguous_layout = of->ambiguous_layout;
    copy->passed_over = of->passed_over;
    return ST_OK;
}
