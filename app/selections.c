#include "app/selections.h"

#include <stdio.h>

#include "app/classification_report.h"
#include "base/print.h"
#include "base/text.h"
#include "engine/run_summary.h"

const char *app_select_words(nn_select select)
{
    static const char *const words[] = {[NN_SELECT_WEIGHTED_F1] = "highest weighted F1",
                                        [NN_SELECT_MACRO_F1] = "highest macro F1",
                                        [NN_SELECT_ACCURACY] = "highest accuracy",
                                        [NN_SELECT_LOSS] = "lowest loss"};
    return words[select];
}

static void print_selection(const en_training *run, const char *name, long epoch, ds_split split, const char *remark)
{
    if (epoch == NN_NO_EPOCH) return;
    const nn_metrics metrics = nn_history_metrics(nn_trainer_history(run->trainer), (size_t)epoch, split);
    text_print(stdout, "%-10s  %5ld  %8.2f  %11.2f  %8.2f   %s\n", name, epoch + 1, 100 * metrics.accuracy,
               100 * metrics.weighted.f1, 100 * metrics.macro.f1, remark);
}

st_status app_print_selections(const en_training *run, st_error *error)
{
    const nn_history *history = nn_trainer_history(run->trainer);
    const long valid = nn_history_best(history, DS_VALID), test = nn_history_best(history, DS_TEST);
    const ds_split shown = test == NN_NO_EPOCH ? DS_VALID : DS_TEST;
    if (valid == NN_NO_EPOCH && test == NN_NO_EPOCH) {
        puts("no labelled utterance outside the training part: there is nothing to report");
        return ST_OK;
    }
    printf("%-10s  %5s  %8s  %11s  %8s   (%s part, in percent)\n", "selection", "epoch", "accuracy", "weighted F1",
           "macro F1", shown == DS_TEST ? "test" : "validation");
    print_selection(run, "valid", valid, shown, "trust this one");
    print_selection(run, "test-best", test, DS_TEST, "what most papers print");
    if (valid == NN_NO_EPOCH)
        print_wrapped(stdout, 0, 0,
                      "\nThere is no validation part: the epoch is chosen on the test part, which flatters the model. "
                      "Hold dialogues out with [data] valid_fraction or valid_dialogues.");
    const long epoch = valid == NN_NO_EPOCH ? test : valid;
    printf("\n%s part at epoch %ld, which has the %s of the %s part\n\n", shown == DS_TEST ? "test" : "validation",
           epoch + 1, app_select_words(history->select), valid == NN_NO_EPOCH ? "test" : "validation");
    return report_print(en_epoch_confusion(history, run->data->class_names, epoch, shown), error);
}
