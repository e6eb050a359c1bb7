/* Double-buffered uploads: the host fills the inputs of a step while the device computes the previous one.
 *
 *     rt_upload_create(&upload, rt, "the batch", elements);  rt_upload_commit(upload);
 *     rt_upload_open(upload, &host);        ... fill the first n elements of host ...
 *     rt_upload_send(upload, n);            launches after this read rt_upload_view(upload)
 *
 * Two device buffers are used alternately. rt_upload_open waits for the work that reads the buffer to be filled, never
 * for later work. If host and device share memory, the host fills the mapped memory of the device. Otherwise it fills
 * pinned memory, which is copied on a separate queue, concurrently with the work of the context.
 */
#ifndef SAFSD_RUNTIME_UPLOAD_H
#define SAFSD_RUNTIME_UPLOAD_H

#include "runtime/buffer.h"

typedef struct rt_upload rt_upload;

/* Plans uploads of at most `elements`. ST_DEVICE if they exceed the largest block. `what` must live as long as the
 * upload. */
st_status rt_upload_create(rt_upload **upload, rt_context *context, const char *what, size_t elements);
/* Allocates the buffers. Until the first rt_upload_send, the view is that of the first buffer. */
st_status rt_upload_commit(rt_upload *upload);
void rt_upload_destroy(rt_upload **upload);

/* Bytes of device memory. */
uint64_t rt_upload_bytes(const rt_upload *upload);

/* Returns the memory to fill; the same memory again if nothing was sent since. */
st_status rt_upload_open(rt_upload *upload, void **host);
/* Sends the first `elements` of the open memory. The view is valid until the next rt_upload_send. */
st_status rt_upload_send(rt_upload *upload, size_t elements);
rt_view rt_upload_view(rt_upload *upload);

#endif
