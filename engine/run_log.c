#include "engine/run_log.h"

#include <math.h>

#include "engine/json.h"

const char *en_split_name(ds_split split)
{
    static const char *const names[DS_SPLITS] = {"train", "valid", "test"};
    return names[split];
}

double en_known_loss(const nn_split_losses *losses, double loss)
{
    return losses->utterances > 0 ? loss : (double)NAN;
}

st_status en_log_step(const en_directory *directory, const nn_step_report *report, st_error *error)
{
    const nn_step_result *r = &report->result;
    return en_directory_append(directory, "steps.jsonl",
                               json_pack("{s:I, s:o, s:o, s:o, s:o}", "step", (json_int_t)report->step, "loss",
                                         en_json_real((double)r->loss), "ce", en_json_real((double)r->ce), "saf",
                                         en_json_real((double)r->saf), "kl", en_json_real((double)r->kl)),
                               error);
}

/* Losses that count labels do not exist for a part without labels. */
static json_t *supervised(ds_split which, const nn_split_report *split, double loss)
{
    const bool labelled = which == DS_TRAIN || split->metrics.rows > 0;
    return labelled ? en_json_real(en_known_loss(&split->losses, loss)) : json_null();
}

static json_t *percent(const nn_split_report *split, double fraction)
{
    return split->measured ? en_json_real(100 * fraction) : json_null();
}

static st_status log_split(const en_directory *directory, size_t epoch, ds_split which, const nn_split_report *split,
                           st_error *error)
{
    const nn_split_losses *losses = &split->losses;
    const double rate = split->utterances_per_second;
    return en_directory_append(
        directory, "metrics.jsonl",
        json_pack("{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "epoch", (json_int_t)epoch, "split",
                  en_split_name(which), "loss", supervised(which, split, losses->loss), "ce",
                  supervised(which, split, losses->ce), "saf", supervised(which, split, losses->saf), "kl",
                  en_json_real(en_known_loss(losses, losses->kl)), "accuracy", percent(split, split->metrics.accuracy),
                  "weighted_f1", percent(split, split->metrics.weighted.f1), "macro_f1",
                  percent(split, split->metrics.macro.f1), "utterances_per_second",
                  rate > 0 ? en_json_real(rate) : json_null()),
        error);
}

st_status en_log_epoch(const en_directory *directory, const nn_epoch_report *report, st_error *error)
{
    for (ds_split split = DS_TRAIN; split < DS_SPLITS; ++split)
        if (split == DS_TRAIN || report->splits[split].losses.utterances > 0)
            ST_FORWARD(log_split(directory, report->epoch, split, &report->splits[split], error));
    return ST_OK;
}
