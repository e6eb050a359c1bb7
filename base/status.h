/* How every fallible function of the project reports: a status, and one sentence in an error slot.
 *
 * The caller that starts the work owns the slot (a context holds one). The first error wins: later failures, for
 * example during clean-up, do not overwrite the sentence of the cause. A sentence says what was tried, on what
 * (file:line, tensor, device), and what to do.
 */
#ifndef SAFSD_BASE_STATUS_H
#define SAFSD_BASE_STATUS_H

#include <stdbool.h>

#include "base/format.h"

/* The values are the exit statuses of the program. */
typedef enum st_status {
    ST_OK = 0,
    ST_FAILED = 1,        /* failed while running */
    ST_USAGE = 2,         /* wrong usage or configuration */
    ST_DEVICE = 3,        /* no such device, no platform, or the device failed */
    ST_CHECK = 4,         /* a check failed */
    ST_INTERRUPTED = 130, /* stopped by the user, after saving */
} st_status;

enum { ST_TEXT_SIZE = 2048 };

typedef struct st_error {
    st_status status;
    char text[ST_TEXT_SIZE]; /* empty while status is ST_OK */
    bool too_large;          /* with ST_DEVICE: something does not fit the device; less may fit */
} st_error;

/* Records the sentence unless an earlier one is recorded. Returns `status` for the caller to return. */
st_status st_fail(st_error *error, st_status status, const char *format, ...) ST_PRINTF(3, 4);

/* The same with ST_DEVICE, for what does not fit the device. */
st_status st_too_large(st_error *error, const char *format, ...) ST_PRINTF(2, 3);

/* Puts "prefix: " before a recorded sentence, for example the file or the stage of the work. */
void st_prefix(st_error *error, const char *format, ...) ST_PRINTF(2, 3);

/* Appends text to a recorded sentence, for example what to do. */
void st_append(st_error *error, const char *format, ...) ST_PRINTF(2, 3);

/* Empties the slot. */
void st_clear(st_error *error);

/* Returns the failure of `call` at once; for functions that own nothing yet. */
#define ST_FORWARD(call)                                                                                               \
    do {                                                                                                               \
        const st_status st_forward_ = (call);                                                                          \
        if (st_forward_ != ST_OK) return st_forward_;                                                                  \
    } while (0)

/* Keeps the failure of `call` in the local `status` and jumps to the label `done`. */
#define ST_TRY(call)                                                                                                   \
    do {                                                                                                               \
        status = (call);                                                                                               \
        if (status != ST_OK) goto done;                                                                                \
    } while (0)

#endif
