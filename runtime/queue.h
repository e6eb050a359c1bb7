/* The context's queue: it runs what is enqueued in order. */
#ifndef SAFSD_RUNTIME_QUEUE_H
#define SAFSD_RUNTIME_QUEUE_H

#include "runtime/handle.h"

/* Blocks until everything enqueued is done. rt_flush only makes sure that the device begins. */
st_status rt_finish(rt_context *context);
st_status rt_flush(rt_context *context);

#endif
