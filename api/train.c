/* Training of the library. */
#define _XOPEN_SOURCE 700 /* nftw */

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "engine/training.h"
#include "runtime/gemm.h"

typedef struct training {
    safsd_device *device;
    safsd_train_options options;
    st_error *error;
    en_events events;
    atomic_bool cancel;
    char folder[EN_PATH_SIZE]; /* where the files of a run without a directory are until it ends; else empty */
    en_training *run;
} training;

/* ---- what the caller is told ---- */

static void report(training *t, const safsd_progress *progress)
{
    if (t->options.progress && t->options.progress(t->options.user, progress) != 0) atomic_store(&t->cancel, true);
}

static safsd_scores scores_of(const nn_split_losses *losses, const nn_metrics *metrics)
{
    const bool known = losses->utterances > 0;
    const double none = (double)NAN;
    return (safsd_scores){.loss = known ? losses->loss : none,
                          .ce = known ? losses->ce : none,
                          .saf = known ? losses->saf : none,
                          .kl = known ? losses->kl : none,
                          .accuracy = metrics ? 100 * metrics->accuracy : none,
                          .weighted_f1 = metrics ? 100 * metrics->weighted.f1 : none,
                          .macro_f1 = metrics ? 100 * metrics->macro.f1 : none};
}

static safsd_progress progress_of(int kind)
{
    const nn_split_losses none = {.utterances = 0};
    const safsd_scores unknown = scores_of(&none, NULL);
    return (safsd_progress){
        .size = sizeof(safsd_progress), .kind = kind, .train = unknown, .valid = unknown, .test = unknown};
}

static void told_message(void *user, en_level level, const char *sentence)
{
    safsd_progress progress = progress_of(SAFSD_PROGRESS_MESSAGE);
    progress.message = sentence;
    if (level == EN_NOTICE) report(user, &progress);
}

static void told_step(void *user, const nn_step_report *step)
{
    safsd_progress progress = progress_of(SAFSD_PROGRESS_STEP);
    progress.epoch = step->epoch;
    progress.epochs = step->epochs;
    progress.step = step->batch;
    progress.steps = step->batches;
    progress.train = scores_of(&step->mean, NULL);
    report(user, &progress);
}

static void told_epoch(void *user, const nn_epoch_report *epoch)
{
    training *t = user;
    safsd_progress progress = progress_of(SAFSD_PROGRESS_EPOCH);
    safsd_scores *const parts[DS_SPLITS] = {&progress.train, &progress.valid, &progress.test};
    progress.epoch = epoch->epoch;
    progress.epochs = (size_t)t->run->config.train.epochs;
    progress.steps = progress.step = nn_trainer_batches(t->run->trainer);
    progress.best = epoch->saved_best;
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split) {
        const nn_split_report *part = &epoch->splits[split];
        *parts[split] = scores_of(&part->losses, part->measured ? &part->metrics : NULL);
    }
    report(t, &progress);
}

/* ---- a run without a directory ---- */

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

static st_status make_folder(training *t)
{
    const char *temporary = getenv("TMPDIR");
    const int length =
        snprintf(t->folder, sizeof t->folder, "%s/safsd-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (length > 0 && (size_t)length < sizeof t->folder && mkdtemp(t->folder)) return ST_OK;
    const int code = errno;
    t->folder[0] = '\0';
    return st_fail(t->error, ST_FAILED,
                   "no temporary folder for a run without a directory: %s; name a directory, or set TMPDIR",
                   strerror(code));
}

static void remove_folder(const training *t)
{
    enum { OPEN_FOLDERS = 8 };
    if (t->folder[0]) nftw(t->folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* ---- training ---- */

/* The device is the caller's, with the products that it was opened with. */
static st_status check_products(const training *t)
{
    const en_device_options wanted = en_training_devices(t->run);
    const char *has = rt_gemm_provider(api_context(t->device));
    if (!wanted.gemm || strcmp(wanted.gemm, "auto") == 0 || strcmp(wanted.gemm, has) == 0) return ST_OK;
    return st_fail(t->error, ST_USAGE, "[runtime] gemm = %s, but the device was opened with %s: leave the key out",
                   wanted.gemm, has);
}

static st_status train(training *t, const safsd_data *data)
{
    if (!t->options.directory) ST_FORWARD(make_folder(t));
    const en_training_options options = {.text = t->options.config ? t->options.config : "",
                                         .text_name = "config",
                                         .data = data->set,
                                         .directory = t->options.directory ? t->options.directory : t->folder,
                                         .cancel = &t->cancel,
                                         .events = &t->events};
    ST_FORWARD(en_training_open(&t->run, &options, t->error));
    ST_FORWARD(check_products(t));
    ST_FORWARD(en_training_prepare(t->run, t->device->devices.contexts, t->device->devices.count));
    ST_FORWARD(en_training_begin(t->run));
    return en_training_run(t->run);
}

int safsd_train(safsd_device *device, const safsd_data *data, const safsd_train_options *options, safsd_error *error)
{
    training t = {.device = device};
    char best[EN_PATH_SIZE];
    if (!device || !data) return api_refuse(error, "safsd_train: %s is NULL", device ? "data" : "device");
    if (!api_options(&t.options, sizeof t.options, options, "safsd_train_options", error)) return SAFSD_USAGE;
    t.error = &device->error;
    t.events = (en_events){.user = &t, .message = told_message, .step = told_step, .epoch = told_epoch};
    atomic_init(&t.cancel, false);
    const st_status status = train(&t, data);
    if (status == ST_OK) snprintf(best, sizeof best, "%s", en_training_best(t.run));
    en_training_close(&t.run);
    int code = api_conclude(t.error, error);
    if (status == ST_OK && t.options.model) code = safsd_model_load(t.options.model, device, best, NULL, error);
    remove_folder(&t);
    return code;
}
