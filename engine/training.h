/* A training run, from a configuration to the files of its directory.
 *
 *     ST_TRY(en_training_open(&run, &options, error));              configuration and data
 *     ST_TRY(en_devices_open(&devices, &list, &wanted, ...));       as en_training_devices wants them
 *     ST_TRY(en_training_prepare(run, devices.contexts, count));    self-test, run directory
 *     ST_TRY(en_training_begin(run));                               the model
 *     status = en_training_run(run);                                epochs, summary.json, predictions.csv
 * done:
 *     en_training_close(&run);
 *     en_devices_close(&devices);
 *
 * Several runs may share devices, one after the other.
 */
#ifndef SAFSD_ENGINE_TRAINING_H
#define SAFSD_ENGINE_TRAINING_H

#include <stdatomic.h>

#include "config/config.h"
#include "engine/devices.h"
#include "engine/events.h"
#include "engine/run_directory.h"
#include "model/training/class_tables.h"

typedef struct en_training_options {
    /* The configuration: one of a file, a text, and a run to resume. */
    const char *file;          /* INI */
    const char *text;          /* INI */
    const char *text_name;     /* what messages call the text */
    const char *resume;        /* directory */
    cfg_overrides overrides;   /* SECTION.KEY=VALUE */
    const ds_dataset *data;    /* instead of the data set of the configuration; its features are borrowed */
    const char *directory;     /* where the run writes; NULL: runs/NAME, runs/NAME-2, ... */
    bool force;                /* train although the self-test says that a device computes wrongly */
    const atomic_bool *cancel; /* true: save and stop, between two steps; NULL: never */
    const en_events *events;   /* may be NULL */
} en_training_options;

/* Fields are for reading. */
typedef struct en_training {
    en_training_options options;
    cfg_config config;
    char *configuration; /* the effective one, as text */
    ds_dataset *data;
    ds_statistics statistics; /* that the features are standardised with */
    nn_class_tables tables;
    en_directory directory;
    rt_context *const *devices; /* the first leads */
    size_t device_count;
    nn_trainer *trainer;
    double seconds; /* of this training, earlier parts of a resumed run included; set when it ends */
    struct en_training_state *state;
} en_training;

/* Reads the configuration and the data. Options and what they point to are borrowed until the run is closed, `error` is
 * where every function below records its failures, and has to be the slot of the devices. ST_USAGE, ST_FAILED. */
st_status en_training_open(en_training **run, const en_training_options *options, st_error *error);
void en_training_close(en_training **run);

/* What devices are to be opened with: the configuration's choice, or what a resumed run began with. `selector`,
 * `origin` and `profile` are the caller's to set. Texts live as long as the run. */
en_device_options en_training_devices(const en_training *run);

/* Checks the devices and makes the run directory. ST_CHECK where a device computes wrongly; ST_USAGE where the
 * directory exists, or a run to be resumed had another number of devices. */
st_status en_training_prepare(en_training *run, rt_context *const *devices, size_t count);

/* Creates the model, or restores that of the run to be resumed, checks one product of its largest shape on every
 * device (ST_CHECK), and writes config.ini. */
st_status en_training_begin(en_training *run);

/* Trains to the end, then writes summary.json and predictions.csv of the best epoch. ST_INTERRUPTED after a cancel,
 * with the state saved and a summary of what there is. */
st_status en_training_run(en_training *run);

/* Files of the run directory: "best.safetensors", "last.safetensors". */
const char *en_training_best(const en_training *run);

#endif
