/* What the command lines of `eval` and `predict` share. */
#ifndef SAFSD_APP_SCORING_H
#define SAFSD_APP_SCORING_H

#include "app/app.h"
#include "engine/scoring.h"

typedef struct app_scoring {
    app_state *app;
    en_events events;
    cfg_overrides overrides;
    rt_context *rt;
    en_scoring scoring;
} app_scoring;

/* The options that both commands take, to be followed by their own. */
#define SCORING_OPTIONS                                                                                                \
    {"config", 0, "FILE", "configuration, instead of the config.ini beside the checkpoint"},                           \
        {"data", 0, "FILE", "data set, instead of that of the configuration"},                                         \
        {"split", 0, "train|valid|test|all", "the part (default: test; all where the data have no test part)"},        \
    {                                                                                                                  \
        "set", 0, "S.K=VALUE", "change one value of the configuration; may be repeated"                                \
    }

/* Loads everything and opens the device; to be closed in any case. `command` starts as zeros. */
st_status app_scoring_open(app_scoring *command, app_state *app, const opt_line *line);
void app_scoring_close(app_scoring *command);

#endif
