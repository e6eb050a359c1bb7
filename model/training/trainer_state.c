#include "model/training/trainer_state.h"

st_status nn_trainer_save(nn_trainer *t, const char *path, const char *selection, bool state)
{
    const nn_trainer_options *o = &t->options;
    const nn_checkpoint_about about = {.configuration = o->configuration,
                                       .config = o->config,
                                       .class_names = o->data->class_names,
                                       .speaker_names = o->data->speaker_names,
                                       .selection = selection,
                                       .select = o->select,
                                       .epoch = t->history.epochs,
                                       .statistics = o->statistics,
                                       .tables = o->tables};
    const nn_run_state run = {t->progress, t->fingerprint, &t->history};
    if (!path) return ST_OK;
    return nn_checkpoint_save(path, nn_safsd_params(t->model), &about, state ? &run : NULL);
}

st_status nn_trainer_save_last(nn_trainer *t)
{
    return nn_trainer_save(t, t->options.last_path, "last", true);
}

/* Epochs since the best epoch of the selection; 0 if there is none. */
static size_t stalled(const nn_trainer *t)
{
    const long best = nn_history_best(&t->history, nn_history_selects(&t->history));
    return best == NN_NO_EPOCH ? 0 : t->history.epochs - 1 - (size_t)best;
}

bool nn_trainer_stopped_early(const nn_trainer *t)
{
    return t->options.patience > 0 && t->progress.epoch < t->options.epochs && stalled(t) >= t->options.patience;
}

bool nn_trainer_finished(const nn_trainer *t)
{
    return t->progress.epoch >= t->options.epochs || nn_trainer_stopped_early(t);
}
