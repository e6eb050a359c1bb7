/* The two selections of a finished run with the classification report of the one to trust, on stdout. */
#ifndef SAFSD_APP_SELECTIONS_H
#define SAFSD_APP_SELECTIONS_H

#include "engine/training.h"

st_status app_print_selections(const en_training *run, st_error *error);

/* "highest weighted F1": what makes an epoch the selected one. */
const char *app_select_words(nn_select select);

#endif
