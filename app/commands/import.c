/* safsd-cl import: what users have, into the data container. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "engine/predictions.h"
#include "app/overrides.h"
#include "engine/data_source.h"
#include "app/summary.h"

/* --fix nonfinite=zero or nonfinite=mean */
static st_status read_fix(ds_load_options *options, const opt_line *line, st_error *error)
{
    const char *rule = opt_value(line, "fix");
    if (!rule) return ST_OK;
    options->nonfinite = strcmp(rule, "nonfinite=zero") == 0   ? DS_NONFINITE_ZERO
                         : strcmp(rule, "nonfinite=mean") == 0 ? DS_NONFINITE_MEAN
                                                               : DS_NONFINITE_STOP;
    if (options->nonfinite != DS_NONFINITE_STOP) return ST_OK;
    return st_fail(error, ST_USAGE, "--fix %.64s: it takes nonfinite=zero or nonfinite=mean", rule);
}

static st_status run(app_state *app, const opt_line *line)
{
    st_error *error = &app->error;
    const char *from = line->operands[0];
    const char *to = opt_value(line, "out");
    if (!to) return st_fail(error, ST_USAGE, "import needs the file to write: -o OUT.safetensors");
    cfg_config config = {0};
    ds_dataset *data = NULL;
    st_status status = ST_OK;
    ST_TRY(cfg_defaults(&config, error));
    ST_TRY(app_override_option(&config, line, "classes", "data", "classes", error));
    ds_load_options options = {.class_names = (const char *const *)config.data.classes.items,
                               .classes = config.data.classes.count};
    ST_TRY(read_fix(&options, line, error));
    ST_TRY(ds_load(&data, from, &options, error));
    en_say_replaced(data, options.nonfinite, &app->events);
    ST_TRY(en_predictions_check_names(data->class_names, data->classes, error));
    ST_TRY(ds_save(data, to, error));
    printf("%s -> %s\n", from, to);
    summary_data(data);
done:
    ds_destroy(&data);
    cfg_destroy(&config);
    return status;
}

static const opt_option options[] = {
    {"out", 'o', "OUT", "the container to write"},
    {"classes", 0, "NAMES", "names of the classes in the order of their labels: happy,sad,neutral"},
    {"fix", 0, "RULE",
     "replace features that are not finite: nonfinite=zero, or nonfinite=mean, their mean in training"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_import = {
    .name = "import",
    .synopsis = "FILE -o OUT.safetensors [--classes NAMES] [--fix RULE]",
    .summary = "read a published pickle into the data container",
    .description = "Reads the pickles that the field hands out (IEMOCAP with 12 fields, MELD with 13, and relatives) "
                   "and writes one safetensors file that opens at once. The pickle is only read as data: nothing in "
                   "it is ever run. `train` takes the pickle itself, too.",
    .example = "  safsd-cl import IEMOCAP_features.pkl -o iemocap.safetensors \\\n"
               "      --classes happy,sad,neutral,angry,excited,frustrated\n",
    .options = options,
    .least_operands = 1,
    .most_operands = 1,
    .run = run,
};
