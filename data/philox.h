/* Philox4x32-10 on the host: the same draws as on every device (SPEC 7).
 *
 * A stream is a key (the seed), a site and a step; within it every element index has its own 32-bit word, so that
 * any part of a draw can be made alone and in any order. Nothing here can fail.
 *
 *     const ds_stream stream = {seed, DS_SITE_INITIALISATION + i, 0};
 *     ds_fill_uniform(stream, 0, weight, count, 1.0 / sqrt(fan_in));
 */
#ifndef SAFSD_DATA_PHILOX_H
#define SAFSD_DATA_PHILOX_H

#include <stddef.h>
#include <stdint.h>

typedef struct ds_stream {
    uint64_t seed;
    uint32_t site;
    uint32_t step; /* optimiser step, epoch or repetition, from 0 */
} ds_stream;

/* Site numbers; fixed whatever modalities are in use. */
enum {
    DS_SITE_STUDENT = 8192, /* + 0 t, 1 a, 2 v */
    DS_SITE_HEAD = 8200,
    DS_SITE_GCN = 8300,             /* + k, k from 1 */
    DS_SITE_GCN_EVALUATION = 12288, /* + k, k from 1; step = repetition */
    DS_SITE_INITIALISATION = 65536, /* + number of the parameter (SPEC 9), from 0; step 0 */
    DS_SITE_SHUFFLE = 131072,       /* step = epoch, from 0 */
    DS_SITE_VALIDATION = 131073,    /* step 0 */
    DS_SITE_SYNTH = 131328,         /* + 0 .. 255: made-up data, outside SPEC 7 */
};

/* What an encoder draws at; input_a and input_b only in layer 0. */
typedef enum ds_site_kind {
    DS_SITE_INPUT_B,
    DS_SITE_INPUT_A,
    DS_SITE_ATTENTION,
    DS_SITE_CONTEXT,
    DS_SITE_FFN_1,
    DS_SITE_FFN_2,
} ds_site_kind;

enum { DS_SITE_LAYERS = 64, DS_ATTENTION_STRIDE = 512 };

/* Number of encoder source_target, modalities t 0, a 1, v 2: t_t 0, a_t 1, v_t 2, a_a 3, t_a 4, v_a 5, v_v 6 ... */
static inline uint32_t ds_encoder_number(uint32_t source, uint32_t target)
{
    if (source == target) return 3 * target;
    return 3 * target + 1 + (source < target ? source : source - 1);
}

/* encoder 0 .. 8, layer 0 .. DS_SITE_LAYERS - 1 */
static inline uint32_t ds_encoder_site(uint32_t encoder, uint32_t layer, ds_site_kind kind)
{
    return (encoder * DS_SITE_LAYERS + layer) * 8 + (uint32_t)kind;
}

/* An element is kept iff word >= threshold; 0 <= p < 1. Kept elements of dropout are multiplied by the scale. */
static inline uint32_t ds_keep_threshold(double p)
{
    return (uint32_t)(p * 4294967296.0);
}

static inline float ds_keep_scale(double p)
{
    return (float)(1.0 / (1.0 - p));
}

/* A double strictly inside (0, 1). */
static inline double ds_unit(uint32_t word)
{
    return ((double)word + 0.5) / 4294967296.0;
}

/* The words of elements 4 * block .. 4 * block + 3, and the word of one element. */
void ds_philox_block(ds_stream stream, uint64_t block, uint32_t words[4]);
uint32_t ds_philox_word(ds_stream stream, uint64_t index);

/* Elements first .. first + count - 1 of the stream as Uniform(-bound, bound), or as standard normals; the draw is in
 * double, rounded once. Pieces of any size and order give the same values as one call. */
void ds_fill_uniform(ds_stream stream, uint64_t first, float *x, size_t count, double bound);
void ds_fill_normal(ds_stream stream, uint64_t first, float *x, size_t count);

/* order[0 .. count - 1] = 0 .. count - 1, shuffled: for i = count - 1 .. 1 swap places i and floor(u_i * (i + 1)). */
void ds_shuffle(ds_stream stream, size_t *order, size_t count);

#endif
