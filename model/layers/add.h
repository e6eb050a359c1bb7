/* Addition of flat arrays: z = x + y. */
#ifndef SAFSD_MODEL_LAYERS_ADD_H
#define SAFSD_MODEL_LAYERS_ADD_H

#include "model/glossary.h"

/* z may be x or y. */
st_status nn_add(rt_context *rt, rt_view z, rt_view x, rt_view y, size_t elements);

#endif
