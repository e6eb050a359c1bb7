/* What the user sees while work is under way, all of it on stderr: one line that is redrawn on a terminal and printed
 * at a slow pace elsewhere, and messages that never collide with it. */
#ifndef SAFSD_APP_PROGRESS_H
#define SAFSD_APP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct app_progress {
    bool quiet; /* neither the line nor messages */
    bool terminal;
    bool shown;  /* the line stands on the terminal */
    double last; /* when the line was last written, in seconds of clock_seconds */
} app_progress;

void app_progress_start(app_progress *progress, bool quiet);

/* Whether enough time has passed for another line; asking costs next to nothing. */
bool app_progress_due(const app_progress *progress);

/* Shows the line, cut to the width of the terminal and to 80 columns. */
void app_progress_show(app_progress *progress, const char *format, ...) ST_PRINTF(2, 3);

/* Takes the line off the terminal, before anything else is written. */
void app_progress_clear(app_progress *progress);

/* A message, wrapped on a terminal and one line elsewhere. */
void app_progress_say(app_progress *progress, const char *format, ...) ST_PRINTF(2, 3);

#endif
