/* What host and device exchange, with as few copies as the device allows.
 *
 * Where both share memory (rt_device_info.unified_memory) the host sees the device's own memory, mapped, and nothing is
 * copied. Elsewhere it sees pinned memory, which the device copies from and to. Users need not know which it is.
 */
#ifndef SAFSD_RUNTIME_WINDOW_H
#define SAFSD_RUNTIME_WINDOW_H

#include "runtime/buffer.h"

/* ---- windows: to read results where they lie, and to make values where they are needed ---- */

typedef struct rt_window {
    void *host; /* the elements, until the window is closed; NULL: not open */
    rt_view view;
    size_t elements;
    bool writes;
} rt_window;

/* Waits for earlier work and opens a window on `elements` (at least 1): to read them, or to write them all. One window
 * of a context is open at a time, and between opening and closing nothing is enqueued that uses the view's block. What
 * was written is on the device for all work enqueued after the closing. Not to be called while planning. */
st_status rt_window_read(rt_context *context, rt_view from, size_t elements, rt_window *window);
st_status rt_window_write(rt_context *context, rt_view to, size_t elements, rt_window *window);
/* A window that is not open is left alone. */
st_status rt_window_close(rt_context *context, rt_window *window);

/* ---- feeds: inputs that the host makes for one step while the device still computes the one before ----
 *
 *     rt_feed_create(&feed, rt, "the batch", elements);  rt_feed_commit(feed);
 *     rt_feed_open(feed, &host);        ... fill the first n elements of host ...
 *     rt_feed_send(feed, n);            launches from here on read rt_feed_view(feed)
 *
 * Two pieces of device memory take turns: opening waits for the work that read the piece before last, never for what
 * was enqueued since. Pinned memory is copied on a queue of its own, beside the work of the context.
 */
typedef struct rt_feed rt_feed;

/* Plans a feed of at most `elements`; ST_DEVICE where they exceed the largest block. `what` lives as long as it. */
st_status rt_feed_create(rt_feed **feed, rt_context *context, const char *what, size_t elements);
/* Allocates. The view is that of the first piece until something is sent. */
st_status rt_feed_commit(rt_feed *feed);
void rt_feed_destroy(rt_feed **feed);

/* Bytes on the device. */
uint64_t rt_feed_bytes(const rt_feed *feed);

/* The memory to fill; the same again where nothing was sent since. */
st_status rt_feed_open(rt_feed *feed, void **host);
/* Sends the first `elements` of the memory that is open. The view keeps its contents until the next sending. */
st_status rt_feed_send(rt_feed *feed, size_t elements);
rt_view rt_feed_view(rt_feed *feed);

#endif
