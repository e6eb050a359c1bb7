/* The learning rate of every optimiser step: a linear warm-up, then a constant or a cosine decay. The published runs
 * use neither warm-up nor decay (docs/model.md 8). */
#ifndef SAFSD_MODEL_TRAINING_SCHEDULE_H
#define SAFSD_MODEL_TRAINING_SCHEDULE_H

#include <stdint.h>

typedef enum nn_schedule_form { NN_SCHEDULE_CONSTANT, NN_SCHEDULE_COSINE } nn_schedule_form;

typedef struct nn_schedule {
    nn_schedule_form form;
    double lr;       /* after the warm-up */
    uint64_t warmup; /* W: in step s < W the rate is lr * (s + 1) / (W + 1) */
    uint64_t steps;  /* T, of the whole run: from step W on, the cosine rate is
                        lr * (1 + cos(pi * (s - W) / (T - W))) / 2 */
} nn_schedule;

/* The learning rate of a step, from 0. It is 0 after the end of a cosine. */
double nn_schedule_rate(const nn_schedule *schedule, uint64_t step);

#endif
