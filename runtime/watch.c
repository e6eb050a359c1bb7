/* A thread that speaks only when the work it watches lasts longer than a second. */
#include "runtime/watch.h"

#include <stdlib.h>
#include <threads.h>
#include <time.h>

#include "runtime/context_state.h"

struct rt_watch {
    const struct rt_context *context;
    const char *sentence;
    thrd_t thread;
    mtx_t mutex;
    cnd_t finished_changed;
    bool finished;
};

static int watch(void *argument)
{
    rt_watch *w = argument;
    struct timespec deadline;
    timespec_get(&deadline, TIME_UTC);
    deadline.tv_sec += 1;
    mtx_lock(&w->mutex);
    int waited = thrd_success;
    while (!w->finished && waited == thrd_success) waited = cnd_timedwait(&w->finished_changed, &w->mutex, &deadline);
    const bool late = !w->finished;
    mtx_unlock(&w->mutex);
    if (late) w->context->notice(w->context->notice_user, w->sentence);
    return 0;
}

rt_watch *rt_watch_start(const struct rt_context *context, const char *sentence)
{
    if (!context->notice) return NULL;
    rt_watch *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->context = context;
    w->sentence = sentence;
    mtx_init(&w->mutex, mtx_plain);
    cnd_init(&w->finished_changed);
    if (thrd_create(&w->thread, watch, w) == thrd_success) return w;
    cnd_destroy(&w->finished_changed);
    mtx_destroy(&w->mutex);
    free(w);
    return NULL;
}

void rt_watch_stop(rt_watch **watch_)
{
    rt_watch *w = *watch_;
    if (!w) return;
    mtx_lock(&w->mutex);
    w->finished = true;
    cnd_signal(&w->finished_changed);
    mtx_unlock(&w->mutex);
    thrd_join(w->thread, NULL);
    cnd_destroy(&w->finished_changed);
    mtx_destroy(&w->mutex);
    free(w);
    *watch_ = NULL;
}
