/* The names of OpenCL error codes. Private to runtime/. */
#ifndef SAFSD_RUNTIME_CODES_H
#define SAFSD_RUNTIME_CODES_H

#include <CL/cl.h>

/* "CL_OUT_OF_RESOURCES" for -5; "an unknown code" for an unknown one. */
const char *rt_code_name(cl_int code);

#endif
