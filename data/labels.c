#include "data/labels.h"

#include "data/assemble.h"
#include "data/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t ds_count_labels(const ds_dataset *data, ds_split split, size_t *counts)
{
    size_t labelled = 0;
    for (size_t d = 0; d < data->dialogues; d++) {
        if (data->split[d] != (int32_t)split) continue;
        for (size_t i = data->starts[d]; i < data->starts[d + 1]; i++) {
            if (data->labels[i] == DS_UNLABELLED) continue;
            counts[data->labels[i]]++;
            labelled++;
        }
    }
    return labelled;
}

/* ---- what a training refuses ---- */

static st_status refuse_stray(const ds_dataset *data, size_t occurring, st_error *error)
{
    char where[512];
    size_t row = 0, count = 0;
    for (size_t i = data->utterances; i > 0; i--) {
        if (data->labels[i - 1] != (int32_t)data->classes - 1) continue;
        row = i - 1;
        count++;
    }
    ds_locate(data, NULL, row, where, sizeof where);
    return st_fail(error, ST_USAGE,
                   "%s: the label is %zu, as of %zu utterance%s in all, which makes %zu classes where %zu different "
                   "labels occur: mend it, or name the classes with [data] classes or import --classes",
                   where, data->classes - 1, count, count == 1 ? "" : "s", data->classes, occurring);
}

st_status ds_check_labels(const ds_dataset *data, st_error *error)
{
    size_t *counts = calloc(data->classes + 1, sizeof *counts);
    if (!counts) return st_fail(error, ST_FAILED, "out of memory while counting labels");
    const size_t labelled = ds_count_labels(data, DS_TRAIN, counts);
    ds_count_labels(data, DS_VALID, counts);
    ds_count_labels(data, DS_TEST, counts);
    size_t occurring = 0;
    for (size_t c = 0; c < data->classes; c++) occurring += counts[c] > 0;
    free(counts);
    if (labelled == 0)
        return st_fail(error, ST_USAGE,
                       "no utterance of the training part has a label, and without labels no emotion can be learnt: "
                       "train with data that have them");
    if (data->classes > DS_MOST_CLASSES_A_LABEL * occurring && ds_names_numbered(data->class_names, data->classes))
        return refuse_stray(data, occurring, error);
    return ST_OK;
}

/* ---- classes without a label ---- */

enum { LISTED = 600 /* characters of a list of classes */ };

/* "happy (3), sad (5)", or "happy, sad" without counts: classes that have a label, or those that have none. */
static void list_classes(const ds_dataset *data, const size_t *counts, bool occurring, char text[LISTED])
{
    size_t used = 0, listed = 0, all = 0;
    text[0] = '\0';
    for (size_t c = 0; c < data->classes; c++) all += (counts[c] > 0) == occurring;
    for (size_t c = 0; c < data->classes; c++) {
        char entry[200], count[32] = "";
        if ((counts[c] > 0) != occurring) continue;
        if (occurring) snprintf(count, sizeof count, " (%zu)", counts[c]);
        snprintf(entry, sizeof entry, "%s%.120s%s", listed ? ", " : "", data->class_names[c], count);
        if (used + strlen(entry) + 32 > LISTED) break;
        used += (size_t)snprintf(text + used, LISTED - used, "%s", entry);
        listed++;
    }
    if (listed < all) snprintf(text + used, LISTED - used, " and %zu more", all - listed);
}

void ds_describe_absent(const ds_dataset *data, const bool included[DS_SPLITS], const char *whose,
                        char sentence[ST_TEXT_SIZE])
{
    char with[LISTED], without[LISTED];
    size_t labelled = 0, occurring = 0;
    size_t *counts = calloc(data->classes + 1, sizeof *counts);
    sentence[0] = '\0';
    for (ds_split split = DS_TRAIN; counts && split < DS_SPLITS; ++split)
        if (included[split]) labelled += ds_count_labels(data, split, counts);
    for (size_t c = 0; counts && c < data->classes; c++) occurring += counts[c] > 0;
    if (labelled > 0 && occurring < data->classes) {
        list_classes(data, counts, true, with);
        list_classes(data, counts, false, without);
        snprintf(sentence, ST_TEXT_SIZE, "%.160s has labels of %zu of the %zu classes: %s; and none of %s", whose,
                 occurring, data->classes, with, without);
    }
    free(counts);
}
