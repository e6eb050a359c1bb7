/* The self-test: does this device compute what the kernels say? Every operation runs on small fixed inputs, and what it
 * writes is compared, element by element, with answers that the build made from double-precision references.
 *
 *     nn_selftest_summary summary;
 *     status = nn_selftest(rt, &(nn_selftest_options){.answers = nn_known_answers, .brief = true}, &summary);
 */
#ifndef SAFSD_MODEL_CHECKS_SELFTEST_H
#define SAFSD_MODEL_CHECKS_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/context.h"

/* What a tensor holds after its operation: the bits of every nn_answer_stride-th element, rounded to float. */
typedef struct nn_known_answer {
    const char *operation, *tensor;
    size_t shape;    /* number of the operation's shape */
    size_t elements; /* of the tensor */
    const uint32_t *bits;
    const uint32_t *care; /* of words: the bits that count; NULL: floats */
} nn_known_answer;

/* Made by the build; ends without an operation. */
extern const nn_known_answer nn_known_answers[];

/* Answers of large tensors are samples, at an odd distance. */
static inline size_t nn_answer_stride(size_t elements)
{
    return elements <= 1024 ? 1 : (elements / 512) | 1;
}

typedef struct nn_selftest_line {
    const char *operation, *tensor;
    const char *kernel;  /* that wrote the tensor; several where only they together can be seen */
    const char *meaning; /* of a miss; NULL: nothing but that */
    size_t shape;
    double deviation; /* largest |x - expected| / max(|expected|, RMS); infinite: not finite, or bits differ */
    double limit;
} nn_selftest_line;

typedef struct nn_selftest_summary {
    size_t kernels;         /* tried */
    size_t tensors, missed; /* compared; beyond their limit */
    double worst;           /* largest deviation as a part of its limit */
    char worst_tensor[96];  /* "operation: tensor" */
} nn_selftest_summary;

typedef struct nn_selftest_options {
    const nn_known_answer *answers;
    bool brief;                                               /* every kernel once: the part that precedes a training */
    const char *operation;                                    /* this one alone; NULL: all */
    void (*report)(void *user, const nn_selftest_line *line); /* for every tensor; may be NULL */
    void *user;
} nn_selftest_options;

/* ST_CHECK, naming the kernel, deviation and limit, where the device computes wrongly; others where it fails. */
st_status nn_selftest(rt_context *rt, const nn_selftest_options *options, nn_selftest_summary *summary);

#endif
