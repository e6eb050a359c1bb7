/* What was found to be fastest on a device: the provider of matrix products, and parameters of providers. */
#ifndef SAFSD_RUNTIME_TUNING_H
#define SAFSD_RUNTIME_TUNING_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/device.h"

enum {
    RT_TUNING_MOST = 64,
    RT_TUNING_TEXT = RT_TUNING_MOST * 48,
    RT_GEMM_VARIANT = 40, /* size of the name of a variant, behind that of its provider */
};

/* One parameter of a provider, and where it has several kernels of one of them: panel.rows, clblast.Xgemm.MWG. */
typedef struct rt_parameter {
    char provider[16], kernel[20], name[28]; /* kernel: empty where the provider has but one */
    size_t value;
} rt_parameter;

/* All bytes zero: nothing was tuned. */
typedef struct rt_tuning {
    char gemm[16];                           /* provider; empty: by the fixed rule */
    rt_parameter parameters[RT_TUNING_MOST]; /* those of one kernel stand together, and so do those of a provider */
    size_t count;
    size_t gain; /* percent by which a step's products were faster than untuned; 0: not, or not known */
} rt_tuning;

/* Adds a parameter, or replaces its value. False where there is no room, or a name is none. */
bool rt_tuning_set(rt_tuning *tuning, const char *provider, const char *kernel, const char *name, size_t value);

/* The value of a provider's parameter without a kernel; `otherwise` where it is not set. */
size_t rt_tuning_get(const rt_tuning *tuning, const char *provider, const char *name, size_t otherwise);

/* A provider's parameters: how many, whether two tunings have the same, and those of `from` instead of its own. */
size_t rt_tuning_count(const rt_tuning *tuning, const char *provider);
bool rt_tuning_same(const rt_tuning *a, const rt_tuning *b, const char *provider);
void rt_tuning_copy(rt_tuning *tuning, const rt_tuning *from, const char *provider);

/* A provider's parameters as one line, "Xgemm.MWG=64 Xgemm.NWG=128", empty where there are none; and back, instead of
 * those it had. ST_USAGE for text that is no such line; none are left then. */
void rt_tuning_print(const rt_tuning *tuning, const char *provider, char text[RT_TUNING_TEXT]);
st_status rt_tuning_parse_parameters(rt_tuning *tuning, const char *provider, const char *text, st_error *error);

/* Reads "KERNEL.NAME" or "NAME", and a whole number below 2^24, digits only. False where they are not. */
bool rt_parameter_read(rt_parameter *parameter, const char *provider, const char *name, const char *value);
bool rt_tuning_read_number(const char *text, size_t *value);

#endif
