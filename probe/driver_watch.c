#include "probe/driver_watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/latch.h"
#include "probe/driver_crash.h"
#include "probe/icd_probe.h"
#include "engine/device_list.h"

enum { NAMES_SIZE = 900, ADVICE_SIZE = 600 };
static const double patience_seconds = 2, probe_seconds = 4, crash_seconds = 30;

struct watch_listing {
    const en_events *events;
    pthread_t thread;
    latch finished;
};

static bool is_finished(void *user)
{
    watch_listing *w = user;
    return latch_is_open(&w->finished);
}

/* The list of devices is late: which drivers are asked, then which of them does not answer. */
static void speak(watch_listing *w)
{
    icd_list list;
    char names[NAMES_SIZE], advice[ADVICE_SIZE];
    icd_list_create(&list);
    icd_outcome *outcomes = calloc(list.count + 1, sizeof *outcomes);
    icd_names(names, sizeof names, &list, NULL, ICD_UNKNOWN);
    en_say(w->events, EN_NOTICE,
           "waiting for the OpenCL drivers to list their devices: %s; to leave some out, set OCL_ICD_VENDORS to "
           "one .icd file or to a folder of them",
           list.count ? names : "no .icd file names one");
    if (outcomes && list.count > 1) {
        icd_probe(&list, outcomes, probe_seconds, is_finished, w);
        const size_t silent = icd_names(names, sizeof names, &list, outcomes, ICD_SILENT);
        icd_advice(advice, sizeof advice, &list, outcomes);
        if (silent > 0 && !is_finished(w)) en_say(w->events, EN_NOTICE, "no answer yet from %s; %s", names, advice);
    }
    free(outcomes);
    icd_list_destroy(&list);
}

static void *watch(void *argument)
{
    watch_listing *w = argument;
    if (!latch_wait(&w->finished, patience_seconds)) speak(w);
    return NULL;
}

/* The thread takes no signals: they are the program's. */
static bool start_thread(watch_listing *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const bool started = pthread_create(&w->thread, NULL, watch, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

watch_listing *watch_listing_begin(const en_events *events)
{
    crash_stage_listing(WATCH_CRASH_ARGUMENT);
    watch_listing *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->events = events;
    const bool made = latch_create(&w->finished);
    if (made && start_thread(w)) return w;
    if (made) latch_destroy(&w->finished);
    free(w);
    return NULL;
}

void watch_listing_end(watch_listing **listing)
{
    watch_listing *w = *listing;
    crash_stage_listed();
    if (!w) return;
    latch_open(&w->finished);
    pthread_join(w->thread, NULL);
    latch_destroy(&w->finished);
    free(w);
    *listing = NULL;
}

void watch_device(const rt_device_info *device)
{
    char what[sizeof device->name + sizeof device->driver + 32], folder[CRASH_FOLDER_SIZE];
    snprintf(what, sizeof what, "%s (driver %s)", device->name, device->driver);
    crash_stage_device(what, en_driver_cache(folder, sizeof folder, device) ? folder : NULL);
}

st_status watch_explain_crash(const char *how, st_error *error)
{
    icd_list list;
    char names[NAMES_SIZE], advice[ADVICE_SIZE];
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL); /* as they were in the process that crashed */
    icd_list_create(&list);
    icd_outcome *outcomes = calloc(list.count + 1, sizeof *outcomes);
    if (outcomes) icd_probe(&list, outcomes, crash_seconds, NULL, NULL);
    const size_t guilty = outcomes ? icd_names(names, sizeof names, &list, outcomes, ICD_CRASHES) : 0;
    if (guilty > 0) {
        icd_advice(advice, sizeof advice, &list, outcomes);
        st_fail(error, ST_DEVICE, "listing the devices ended in %.32s: the OpenCL driver%s %s crash%s; %s", how,
                guilty == 1 ? "" : "s", names, guilty == 1 ? "es" : "", advice);
    } else {
        icd_names(names, sizeof names, &list, NULL, ICD_UNKNOWN);
        st_fail(error, ST_DEVICE,
                "listing the devices ended in %.32s, in one of the OpenCL drivers %s, none of which crashes alone; to "
                "leave some out, set OCL_ICD_VENDORS to one .icd file or to a folder of them",
                how, names);
    }
    free(outcomes);
    icd_list_destroy(&list);
    return ST_DEVICE;
}
