/* What a checkpoint carries of a configuration, and what the command line or a file says of it.
 *
 * A checkpoint is evaluated with the model and the losses that it was trained with, and a run goes on with the
 * configuration that `last` carries, whatever a file says: a file also names the data set, and config.ini is what a run
 * has written. Another value of --set would have no effect, and is refused.
 */
#ifndef SAFSD_APP_CARRIED_H
#define SAFSD_APP_CARRIED_H

#include "app/app.h"
#include "config/schema.h"
#include "model/training/checkpoint.h"

/* Whether a value is the checkpoint's in an evaluation: all of the model and of its loss, but for the way of
 * evaluating; and in a run that goes on: every one. */
bool carried_by_model(const cfg_key *key);
bool carried_by_run(const cfg_key *key);

/* ST_USAGE where one of the overrides, which `config` has, is another value of the model than the checkpoint's. */
st_status carried_check(const cfg_config *config, cfg_overrides overrides, const nn_checkpoint *checkpoint,
                        st_error *error);

/* Says which values that stand in `file`, and that `config` has read from it, are not the checkpoint's, which count.
 * Keys that the overrides give anew are passed over. */
st_status carried_warn(app_state *app, const char *file, const cfg_config *config, cfg_overrides overrides,
                       const nn_checkpoint *checkpoint, bool counts(const cfg_key *key));

#endif
