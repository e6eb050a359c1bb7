/* safsd-cl synth: a made-up data set. */
#include <stdio.h>

#include "app/app.h"
#include "app/overrides.h"
#include "engine/data_source.h"
#include "app/summary.h"

static st_status read_options(cfg_config *config, const opt_line *line, st_error *error)
{
    ST_FORWARD(app_override_option(config, line, "like", "data", "synth_like", error));
    ST_FORWARD(app_override_option(config, line, "dialogues", "data", "synth_dialogues", error));
    ST_FORWARD(app_override_option(config, line, "dims", "data", "synth_dims", error));
    return app_override_option(config, line, "seed", "data", "synth_seed", error);
}

static st_status run(app_state *app, const opt_line *line)
{
    st_error *error = &app->error;
    const char *path = opt_value(line, "out");
    if (!path) return st_fail(error, ST_USAGE, "synth needs the file to write: -o OUT.safetensors");
    cfg_config config = {0};
    ds_dataset *data = NULL;
    st_status status = ST_OK;
    ST_TRY(cfg_defaults(&config, error));
    ST_TRY(read_options(&config, line, error));
    ST_TRY(en_data_synth(&data, &config.data, error));
    ST_TRY(ds_save(data, path, error));
    printf("%s\n", path);
    summary_data(data);
done:
    ds_destroy(&data);
    cfg_destroy(&config);
    return status;
}

static const opt_option options[] = {
    {"out", 'o', "OUT", "the container to write"},
    {"like", 0, "iemocap|meld", "the corpus whose dialogues to imitate (default: iemocap)"},
    {"dialogues", 0, "N", "training, validation and test together (default: as many as the corpus has)"},
    {"dims", 0, "T,A,V", "widths of text, audio and visual (default: those of the corpus); 0 leaves one out"},
    {"seed", 0, "N", "another seed, other data"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_synth = {
    .name = "synth",
    .synopsis = "-o OUT.safetensors [OPTIONS]",
    .summary = "make up a data set whose labels need context and all modalities",
    .description = "Writes made-up dialogues in the shape of a corpus. The label of an utterance can be told only from "
                   "all three modalities together and from the rest of its dialogue, so that a model that learns it "
                   "has used both. The same options always make the same data.",
    .example = "  safsd-cl synth --like meld --dialogues 60 --dims 32,24,16 -o made.safetensors\n"
               "  safsd-cl train --set data.format=auto --set data.path=made.safetensors\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 0,
    .run = run,
};
