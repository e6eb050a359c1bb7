/* What a checkpoint carries of a configuration, and what the command line or a file says of it.
 *
 * A checkpoint is evaluated with the model, the losses, the modalities, the standardisation and the classes that it was
 * trained with, and a run resumes with the configuration that `last` carries, whatever a file says: a file also names
 * the data set, and config.ini is what a run has written. In an evaluation another value of --set would have no effect,
 * and en_carried_check refuses it. In a resumed run it has one: creating the trainer refuses what would change the
 * numbers (run_fingerprint.h).
 */
#ifndef SAFSD_ENGINE_CHECKPOINT_CONFIG_H
#define SAFSD_ENGINE_CHECKPOINT_CONFIG_H

#include "config/schema.h"
#include "engine/events.h"
#include "model/training/checkpoint.h"

/* Whether a value is the checkpoint's in an evaluation: all of the model but for the way of evaluating, all of its
 * loss, the modalities and the standardisation; and in a resumed run: every one. Classes are not among the former:
 * they name the labels of the data set, of a pickle above all, and are compared with the checkpoint's once it is
 * read. */
bool en_carried_by_model(const cfg_key *key);
bool en_carried_by_run(const cfg_key *key);

/* For evaluations: ST_USAGE where one of the overrides, which `config` has, is another value than the checkpoint's
 * (en_carried_by_model), or names other classes. */
st_status en_carried_check(const cfg_config *config, cfg_overrides overrides, const nn_checkpoint *checkpoint,
                           st_error *error);

/* `config` was read from `file`. Says which values of the file are not used, because they are `carried_by` the
 * checkpoint and differ from its own. Keys that the overrides give are passed over. */
st_status en_carried_warn(const en_events *events, const char *file, const cfg_config *config, cfg_overrides overrides,
                          const nn_checkpoint *checkpoint, bool carried_by(const cfg_key *key), st_error *error);

#endif
