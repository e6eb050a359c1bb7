/* Runs a notice ("compiling ...") through the context's listener if the work between the calls lasts longer than a
 * second; private to runtime/. */
#ifndef SAFSD_RUNTIME_WATCH_H
#define SAFSD_RUNTIME_WATCH_H

struct rt_context;
typedef struct rt_watch rt_watch;

/* NULL, which rt_watch_stop takes, where nobody listens. */
rt_watch *rt_watch_start(const struct rt_context *context, const char *sentence);
void rt_watch_stop(rt_watch **watch);

#endif
