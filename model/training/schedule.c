#include "model/training/schedule.h"

#include <math.h>

double nn_schedule_rate(const nn_schedule *schedule, uint64_t step)
{
    const double pi = 3.14159265358979323846;
    if (step < schedule->warmup) return schedule->lr * ((double)step + 1) / ((double)schedule->warmup + 1);
    if (schedule->form == NN_SCHEDULE_CONSTANT) return schedule->lr;
    if (step >= schedule->steps) return 0;
    const double done = (double)(step - schedule->warmup) / (double)(schedule->steps - schedule->warmup);
    return schedule->lr * 0.5 * (1 + cos(pi * done));
}
