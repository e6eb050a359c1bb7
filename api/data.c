/* Data sets of the library. */
#include <stdlib.h>

#include "api/internal.h"
#include "data/wrap.h"

static int keep(safsd_data **data, ds_dataset *set, st_error *slot, safsd_error *error)
{
    if (slot->status != ST_OK) return api_conclude(slot, error);
    safsd_data *kept = malloc(sizeof *kept);
    if (!kept) {
        ds_destroy(&set);
        st_fail(slot, ST_FAILED, "out of memory for a data set");
        return api_conclude(slot, error);
    }
    kept->set = set;
    *data = kept;
    return api_conclude(slot, error);
}

int safsd_data_load(safsd_data **data, const char *path, safsd_error *error)
{
    ds_dataset *set = NULL;
    st_error slot = {.status = ST_OK};
    if (!data || !path) return api_refuse(error, "safsd_data_load: %s is NULL", data ? "path" : "data");
    const ds_load_options unchecked = {.unused = {true, true, true}}; /* features are checked where they are used */
    (void)ds_load(&set, path, &unchecked, &slot);
    return keep(data, set, &slot, error);
}

int safsd_data_wrap(safsd_data **data, const safsd_arrays *arrays, safsd_error *error)
{
    safsd_arrays a;
    ds_dataset *set = NULL;
    st_error slot = {.status = ST_OK};
    if (!data) return api_refuse(error, "safsd_data_wrap: data is NULL");
    if (!api_options(&a, sizeof a, arrays, "safsd_arrays", error)) return SAFSD_USAGE;
    const ds_arrays wrapped = {.x = {a.x[0], a.x[1], a.x[2]},
                               .dims = {a.dims[0], a.dims[1], a.dims[2]},
                               .lengths = a.lengths,
                               .dialogues = a.dialogues,
                               .speakers = a.speakers,
                               .labels = a.labels,
                               .split = a.split,
                               .class_names = a.classes,
                               .classes = a.class_count,
                               .speaker_names = a.speaker_names,
                               .speaker_count = a.speaker_count};
    (void)ds_wrap(&set, &wrapped, &slot);
    return keep(data, set, &slot, error);
}

void safsd_data_size(const safsd_data *data, size_t *dialogues, size_t *utterances)
{
    if (dialogues) *dialogues = data ? data->set->dialogues : 0;
    if (utterances) *utterances = data ? data->set->utterances : 0;
}

void safsd_data_free(safsd_data **data)
{
    if (!data || !*data) return;
    ds_destroy(&(*data)->set);
    free(*data);
    *data = NULL;
}
