/* The claim of one process on a directory: a lock on a file in it. It ends with the process, however that ends; a file
 * that is left behind claims nothing. On file systems that know no locks every claim succeeds. */
#ifndef SAFSD_APP_CLAIM_H
#define SAFSD_APP_CLAIM_H

#include <stdbool.h>

#include "base/status.h"

typedef struct app_claim app_claim;

/* Makes and locks the file `path`. ST_USAGE where another process holds it, ST_FAILED where it cannot be made; both say
 * so of `directory`. */
st_status app_claim_take(app_claim **claim, const char *path, const char *directory, st_error *error);

/* Removes the file and gives the claim up. */
void app_claim_release(app_claim **claim);

/* Whether another process holds `path`. Not for a process that holds it itself: to ask would end its claim. */
bool app_claim_held(const char *path);

#endif
