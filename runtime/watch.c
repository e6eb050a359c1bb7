/* A thread that sends a notice if the watched work takes longer than a second. */
#include "runtime/watch.h"

#include <stdlib.h>
#include <threads.h>

#include "base/latch.h"
#include "runtime/context_state.h"

static const double patience_seconds = 1;

struct rt_watch {
    const struct rt_context *context;
    const char *sentence;
    thrd_t thread;
    latch finished;
};

static int watch(void *argument)
{
    rt_watch *w = argument;
    if (!latch_wait(&w->finished, patience_seconds)) w->context->notice(w->context->notice_user, w->sentence);
    return 0;
}

rt_watch *rt_watch_start(const struct rt_context *context, const char *sentence)
{
    if (!context->notice) return NULL;
    rt_watch *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->context = context;
    w->sentence = sentence;
    const bool made = latch_create(&w->finished);
    if (made && thrd_create(&w->thread, watch, w) == thrd_success) return w;
    if (made) latch_destroy(&w->finished);
    free(w);
    return NULL;
}

void rt_watch_stop(rt_watch **watch_)
{
    rt_watch *w = *watch_;
    if (!w) return;
    latch_open(&w->finished);
    thrd_join(w->thread, NULL);
    latch_destroy(&w->finished);
    free(w);
    *watch_ = NULL;
}
