#include "engine/disagreements.h"

#include <stdio.h>
#include <string.h>

#include "data/assemble.h"
#include "data/index.h"
#include "data/labels.h"

enum { LISTED = 600 /* characters of a list of names */ };

static const char *list_names(const char *const *names, size_t count, char text[LISTED])
{
    size_t used = 0, listed = 0;
    text[0] = '\0';
    for (; listed < count; ++listed) {
        char entry[200];
        snprintf(entry, sizeof entry, "%s%.120s", listed ? ", " : "", names[listed]);
        if (used + strlen(entry) + 32 > LISTED) break;
        used += (size_t)snprintf(text + used, LISTED - used, "%s", entry);
    }
    if (listed < count) snprintf(text + used, LISTED - used, " and %zu more", count - listed);
    return text;
}

void en_say_classes(const nn_checkpoint *checkpoint, const ds_dataset *data, const en_events *events)
{
    const nn_checkpoint_about *about = &checkpoint->about;
    const char *file = sf_path(checkpoint->file);
    const size_t C = about->config.classes;
    char theirs[LISTED], ours[LISTED];
    if (!checkpoint->own || data->classes == 0 || ds_names_numbered(data->class_names, data->classes)) return;
    if (data->classes != C)
        en_say(events, EN_NOTICE, "warning: the data set has %zu classes (%s), %.400s %zu (%s)", data->classes,
               list_names(data->class_names, data->classes, theirs), file, C, list_names(about->class_names, C, ours));
    if (ds_names_numbered(about->class_names, C))
        en_say(events, EN_NOTICE,
               "warning: %.400s has numbers for classes that the data set names: 0 is taken for '%.160s', and so on",
               file, data->class_names[0]);
}

void en_say_passed_over(const ds_dataset *data, const en_events *events)
{
    if (data->passed_over)
        en_say(events, EN_NOTICE, "the data file has tensors that are no part of a data set; they are passed over: %s",
               data->passed_over);
}

void en_say_data(const nn_config *network, const ds_dataset *data, const bool concerned[DS_SPLITS], const char *name,
                 const en_events *events)
{
    char sentence[ST_TEXT_SIZE];
    ds_describe_absent(data, concerned, name, sentence);
    if (sentence[0]) en_say(events, EN_NOTICE, "%s", sentence);
    en_say_passed_over(data, events);
    for (size_t m = 0; m < DS_MODALITIES; ++m)
        if (data->dims[m] > 0 && !network->uses[m])
            en_say(events, EN_NOTICE, "the %s features of the data set are not used: the model has none",
                   ds_modality_name(m));
}
