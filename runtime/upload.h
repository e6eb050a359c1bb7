/* Double-buffered uploads: inputs that the host makes for one step while the device still computes the one before.
 *
 *     rt_upload_create(&upload, rt, "the batch", elements);  rt_upload_commit(upload);
 *     rt_upload_open(upload, &host);        ... fill the first n elements of host ...
 *     rt_upload_send(upload, n);            launches from here on read rt_upload_view(upload)
 *
 * Two pieces of device memory take turns: opening waits for the work that read the piece before last, never for what
 * was enqueued since. Where host and device share memory the host fills the device's own, mapped. Elsewhere it fills
 * pinned memory, copied on a queue of its own, beside the work of the context.
 */
#ifndef SAFSD_RUNTIME_UPLOAD_H
#define SAFSD_RUNTIME_UPLOAD_H

#include "runtime/buffer.h"

typedef struct rt_upload rt_upload;

/* Plans uploads of at most `elements`; ST_DEVICE where they exceed the largest block. `what` lives as long as it. */
st_status rt_upload_create(rt_upload **upload, rt_context *context, const char *what, size_t elements);
/* Allocates. The view is that of the first piece until something is sent. */
st_status rt_upload_commit(rt_upload *upload);
void rt_upload_destroy(rt_upload **upload);

/* Bytes on the device. */
uint64_t rt_upload_bytes(const rt_upload *upload);

/* The memory to fill; the same again where nothing was sent since. */
st_status rt_upload_open(rt_upload *upload, void **host);
/* Sends the first `elements` of the memory that is open. The view keeps its contents until the next sending. */
st_status rt_upload_send(rt_upload *upload, size_t elements);
rt_view rt_upload_view(rt_upload *upload);

#endif
