/* A tuning: the provider of matrix products that is fastest on a device, and the parameters of providers. */
#ifndef SAFSD_RUNTIME_TUNING_H
#define SAFSD_RUNTIME_TUNING_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/device.h"

enum {
    RT_TUNING_MOST = 64,
    RT_TUNING_TEXT = RT_TUNING_MOST * 48,
    RT_GEMM_VARIANT = 40, /* size of the name of a variant, without its provider */
};

/* One parameter of a provider, or of one of its kernels if it has several: panel.rows, clblast.Xgemm.MWG. */
typedef struct rt_parameter {
    char provider[16], kernel[20], name[28]; /* kernel: empty if the provider has only one */
    size_t value;
} rt_parameter;

/* All bytes are zero if nothing is tuned. */
typedef struct rt_tuning {
    char gemm[16];                           /* provider; empty: chosen by the fixed rule */
    rt_parameter parameters[RT_TUNING_MOST]; /* grouped by provider, and by kernel */
    size_t count;
    size_t gain; /* percent by which the products of a step are faster than untuned; 0 if not, or unknown */
} rt_tuning;

/* Adds a parameter or replaces its value. False if the tuning is full or a name is not valid. */
bool rt_tuning_set(rt_tuning *tuning, const char *provider, const char *kernel, const char *name, size_t value);

/* The value of a provider's parameter without a kernel, or `otherwise` if it is not set. */
size_t rt_tuning_get(const rt_tuning *tuning, const char *provider, const char *name, size_t otherwise);

/* The parameters of a provider: their number, whether they are equal in two tunings, and a copy of those of `from`. */
size_t rt_tuning_count(const rt_tuning *tuning, const char *provider);
bool rt_tuning_same(const rt_tuning *a, const rt_tuning *b, const char *provider);
void rt_tuning_copy(rt_tuning *tuning, const rt_tuning *from, const char *provider);

/* Print the parameters of a provider as one line, "Xgemm.MWG=64 Xgemm.NWG=128" (empty if there are none), and replace
 * them by those of such a line. ST_USAGE for any other text; the provider then has no parameters. */
void rt_tuning_print(const rt_tuning *tuning, const char *provider, char text[RT_TUNING_TEXT]);
st_status rt_tuning_parse_parameters(rt_tuning *tuning, const char *provider, const char *text, st_error *error);

/* Read "KERNEL.NAME" or "NAME", and a whole number below 2^24 (digits only). False for any other text. */
bool rt_parameter_read(rt_parameter *parameter, const char *provider, const char *name, const char *value);
bool rt_tuning_read_number(const char *text, size_t *value);

#endif
