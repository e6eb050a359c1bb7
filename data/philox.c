#include "data/philox.h"

#include <math.h>
#include <string.h>

#include <Random123/philox.h>

void ds_philox_block(ds_stream stream, uint64_t block, uint32_t words[4])
{
    const philox4x32_ctr_t counter = {{(uint32_t)block, (uint32_t)(block >> 32), stream.site, stream.step}};
    const philox4x32_key_t key = {{(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32)}};
    const philox4x32_ctr_t output = philox4x32_R(10, counter, key);
    memcpy(words, output.v, sizeof output.v);
}

uint32_t ds_philox_word(ds_stream stream, uint64_t index)
{
    uint32_t words[4] = {0};
    ds_philox_block(stream, index >> 2, words);
    return words[index & 3];
}

static void uniform_block(ds_stream stream, uint64_t block, double bound, float x[4])
{
    uint32_t words[4] = {0};
    ds_philox_block(stream, block, words);
    for (size_t i = 0; i < 4; i++) x[i] = (float)((2.0 * ds_unit(words[i]) - 1.0) * bound);
}

static void normal_block(ds_stream stream, uint64_t block, double unused, float x[4])
{
    (void)unused;
    uint32_t words[4] = {0};
    ds_philox_block(stream, block, words);
    for (size_t i = 0; i < 4; i += 2) {
        const double radius = sqrt(-2.0 * log(ds_unit(words[i])));
        const double angle = 2.0 * 3.14159265358979323846 * ds_unit(words[i + 1]);
        x[i] = (float)(radius * cos(angle));
        x[i + 1] = (float)(radius * sin(angle));
    }
}

typedef void draw_block(ds_stream stream, uint64_t block, double bound, float x[4]);

/* Whole blocks go straight into place; a block that begins before `first` or ends after the last is cut. */
static inline void fill(draw_block *draw, ds_stream stream, uint64_t first, float *x, size_t count, double bound)
{
    uint64_t block = first >> 2;
    size_t skipped = (size_t)(first & 3);
    size_t done = 0;
    while (done < count) {
        if (skipped == 0 && count - done >= 4) {
            draw(stream, block++, bound, x + done);
            done += 4;
            continue;
        }
        float piece[4] = {0};
        draw(stream, block++, bound, piece);
        const size_t taken = 4 - skipped < count - done ? 4 - skipped : count - done;
        memcpy(x + done, piece + skipped, taken * sizeof *x);
        done += taken;
        skipped = 0;
    }
}

void ds_fill_uniform(ds_stream stream, uint64_t first, float *x, size_t count, double bound)
{
    fill(uniform_block, stream, first, x, count, bound);
}

void ds_fill_normal(ds_stream stream, uint64_t first, float *x, size_t count)
{
    fill(normal_block, stream, first, x, count, 1.0);
}

void ds_shuffle(ds_stream stream, size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) order[i] = i;
    for (size_t i = count; i-- > 1;) {
        const size_t j = (size_t)(ds_unit(ds_philox_word(stream, i)) * (double)(i + 1));
        const size_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}
