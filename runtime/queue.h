/* The in-order queue of a context. */
#ifndef SAFSD_RUNTIME_QUEUE_H
#define SAFSD_RUNTIME_QUEUE_H

#include "runtime/handle.h"

/* Blocks until all enqueued work is done. rt_flush only makes sure that the device starts it. */
st_status rt_finish(rt_context *context);
st_status rt_flush(rt_context *context);

#endif
