#include "engine/tuned.h"

#include <string.h>

#include "base/embedded.h"

/* A file that cannot be used is no reason not to work. */
static void leave_out(const en_events *events, st_error *error)
{
    if (error->text[0]) en_say(events, EN_NOTICE, "%s; continuing without it (tune again)", error->text);
    st_clear(error);
}

const char *en_tuned(rt_tuning *tuning, const rt_device_info *device, const en_events *events)
{
    st_error error = {0};
    bool found = false;
    rt_tuning_load(tuning, device, &found, &error);
    leave_out(events, &error);
    if (found) return "stored";
    for (const embedded_text *file = embedded_config; file->name; ++file) {
        if (strncmp(file->name, "gemm-", 5) != 0) continue;
        rt_tuning_parse(tuning, file->text, file->name, device, true, &found, &error);
        leave_out(events, &error);
        if (found) return "shipped";
    }
    memset(tuning, 0, sizeof *tuning);
    return NULL;
}
