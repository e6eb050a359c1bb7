#include "app/scoring.h"

#include <stdlib.h>

#include "app/overrides.h"

static void message(void *user, en_level level, const char *sentence)
{
    const app_scoring *command = user;
    const en_events *events = &command->app->events;
    events->message(events->user, level, sentence);
}

static void while_evaluating(void *user, ds_split split, size_t rows, size_t of_rows)
{
    const app_scoring *command = user;
    (void)split;
    if (app_progress_due(&command->app->progress))
        app_progress_show(&command->app->progress, "%zu of %zu utterances", rows, of_rows);
}

/* The files that the command line does not name. */
static st_status enter_files(app_scoring *command)
{
    const en_scoring *scoring = &command->scoring;
    const cfg_data *data = &scoring->config.data;
    app_state *app = command->app;
    if (scoring->beside[0]) ST_FORWARD(app_files_read(&app->files, "the command", scoring->beside, &app->error));
    if (!data->path || data->format == CFG_FORMAT_SYNTH) return ST_OK;
    return app_files_read(&app->files, "[data] path", data->path, &app->error);
}

st_status app_scoring_open(app_scoring *command, app_state *app, const opt_line *line)
{
    static const char *const words[] = {"train", "valid", "test", "all", NULL}; /* the order of en_part */
    size_t part = EN_PART_USUAL;
    command->app = app;
    command->events = (en_events){.user = command, .message = message, .evaluating = while_evaluating};
    ST_FORWARD(opt_choice(line, "split", words, &part, &app->error));
    ST_FORWARD(app_overrides_read(&command->overrides, line, &app->error));
    const en_scoring_options options = {.checkpoint = line->operands[0],
                                        .file = opt_value(line, "config"),
                                        .data = opt_value(line, "data"),
                                        .overrides = command->overrides,
                                        .part = (en_part)part,
                                        .events = &command->events};
    ST_FORWARD(en_scoring_open(&command->scoring, &options, &app->error));
    ST_FORWARD(enter_files(command));
    ST_FORWARD(app_open_device(app, en_scoring_device(&command->scoring), &command->rt));
    return en_scoring_begin(&command->scoring, command->rt);
}

void app_scoring_close(app_scoring *command)
{
    en_scoring_close(&command->scoring);
    rt_context_destroy(&command->rt);
    free((void *)command->overrides.items);
}
