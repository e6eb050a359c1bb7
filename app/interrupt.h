/* Ctrl-C and friends (SIGINT, SIGTERM, and SIGHUP unless it is ignored): a run that is armed is asked to stop at the
 * next step, so that it can save; a second signal, or one before that, ends the program at once with status 130.
 *
 * A thread of its own waits for the signals, which all other threads block: start it before any other thread exists.
 * From then on a pipe that nobody reads does not end the program either. */
#ifndef SAFSD_APP_INTERRUPT_H
#define SAFSD_APP_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/status.h"

typedef struct app_interrupt app_interrupt;

st_status app_interrupt_start(app_interrupt **interrupt, bool quiet, st_error *error);

/* From here on the first signal only asks. */
void app_interrupt_arm(app_interrupt *interrupt);

bool app_interrupt_asked(const app_interrupt *interrupt);

/* The same as a flag, for the engine. */
const atomic_bool *app_interrupt_flag(const app_interrupt *interrupt);

/* Lets those signals do what they did before. */
void app_interrupt_stop(app_interrupt **interrupt);

#endif
