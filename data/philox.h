/* Philox4x32-10 on the host: the same draws as on every device (docs/model.md 7).
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

/* Site numbers of what the host draws; those below are of masks, which devices draw. */
enum {
    DS_SITE_INITIALISATION = 65536, /* + number of the parameter (docs/model.md 9), from 0; step 0 */
    DS_SITE_SHUFFLE = 131072,       /* step = epoch, from 0 */
    DS_SITE_VALIDATION = 131073,    /* step 0 */
    DS_SITE_SYNTH = 131328,         /* + 0 .. 255: made-up data, outside docs/model.md 7 */
};

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
