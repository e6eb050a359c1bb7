/* Passes a sentence ("compiling ...") to the context's notice function if the work between the calls takes longer than
 * a second. Private to runtime/. */
#ifndef SAFSD_RUNTIME_WATCH_H
#define SAFSD_RUNTIME_WATCH_H

struct rt_context;
typedef struct rt_watch rt_watch;

/* Returns NULL, which rt_watch_stop accepts, if the context has no notice function. */
rt_watch *rt_watch_start(const struct rt_context *context, const char *sentence);
void rt_watch_stop(rt_watch **watch);

#endif
