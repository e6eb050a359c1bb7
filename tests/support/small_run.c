#include "tests/support/small_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "data/synth.h"

void ts_small_run_create(ts_small_run *run, nn_weights_form weights)
{
    double frequencies[16];
    st_error error = {.status = ST_OK};
    const nn_class_options options = {.weights = weights};
    const ds_synth_options synth = {.like = DS_MELD, .dialogues = 16, .dims = {6, 5, 4}, .seed = 5};
    *run = (ts_small_run){0};
    if (ds_synth(&run->data, &synth, &error) != ST_OK) fail_msg("%s", error.text);
    ds_class_frequencies(run->data, frequencies);
    if (nn_class_tables_create(&run->tables, &options, frequencies, run->data->classes, &error) != ST_OK)
        fail_msg("%s", error.text);
}

void ts_small_run_destroy(ts_small_run *run)
{
    ds_destroy(&run->data);
    nn_class_tables_destroy(&run->tables);
}

nn_trainer_options ts_small_run_options(const ts_small_run *run)
{
    const ds_dataset *data = run->data;
    const nn_config config = {.uses = {true, true, true},
                              .dims = {data->dims[0], data->dims[1], data->dims[2]},
                              .hidden = 16,
                              .graph_hidden = 16,
                              .ffn = 16,
                              .heads = 2,
                              .layers = 1,
                              .gcn_layers = 2,
                              .classes = data->classes,
                              .speakers = data->speaker_count,
                              .gate = NN_GATE_LEARNED,
                              .dropout = 0.3,
                              .gcn_mask = 0.5,
                              .seed = 99,
                              .lambda_ce = 1,
                              .lambda_saf = 0.5,
                              .lambda_kl = 0.25,
                              .gamma = 2,
                              .temperature = 2,
                              .teacher_gradient = true};
    return (nn_trainer_options){.data = data,
                                .config = config,
                                .tables = run->tables.tables,
                                .epochs = 2,
                                .batch = TS_BATCH,
                                .adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .clip = 5},
                                .lr = 3e-3,
                                .configuration = "[train]\n"};
}
