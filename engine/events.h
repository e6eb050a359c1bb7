/* What the engine tells its caller while it works. The engine itself never prints. */
#ifndef SAFSD_ENGINE_EVENTS_H
#define SAFSD_ENGINE_EVENTS_H

#include "base/status.h"
#include "model/training/trainer.h"

typedef enum en_level {
    EN_DETAIL, /* for a user who asked for details */
    EN_NOTICE,
} en_level;

/* Every callback may be NULL. They run on the thread that called the engine, `message` perhaps on another one while
 * that thread waits for a compiler. */
typedef struct en_events {
    void *user;
    void (*message)(void *user, en_level level, const char *sentence);
    void (*device)(void *user, const rt_device_info *device); /* is about to be opened; and once more when it is */
    void (*step)(void *user, const nn_step_report *report);
    void (*epoch)(void *user, const nn_epoch_report *report);
    void (*evaluating)(void *user, ds_split split, size_t rows, size_t of_rows);
} en_events;

/* Formats a sentence for `message`; `events` may be NULL. */
void en_say(const en_events *events, en_level level, const char *format, ...) ST_PRINTF(3, 4);

#endif
