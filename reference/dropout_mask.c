#include "reference/dropout_mask.h"

#include <math.h>

void ref_philox(uint32_t word[4], const uint32_t counter[4], const uint32_t key[2])
{
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]};
    uint32_t k[2] = {key[0], key[1]};
    for (int round = 0; round < 10; ++round) {
        const uint64_t a = (uint64_t)0xD2511F53 * c[0], b = (uint64_t)0xCD9E8D57 * c[2];
        const uint32_t next[4] = {(uint32_t)(b >> 32) ^ c[1] ^ k[0], (uint32_t)b, (uint32_t)(a >> 32) ^ c[3] ^ k[1],
                                  (uint32_t)a};
        for (int i = 0; i < 4; ++i) c[i] = next[i];
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
    }
    for (int i = 0; i < 4; ++i) word[i] = c[i];
}

uint32_t ref_random_word(uint64_t seed, uint32_t site, uint32_t step, uint64_t element)
{
    const uint64_t q = element / 4;
    const uint32_t counter[4] = {(uint32_t)q, (uint32_t)(q >> 32), site, step};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t word[4];
    ref_philox(word, counter, key);
    return word[element % 4];
}

bool ref_dropout_mask_kept(uint64_t seed, uint32_t site, uint32_t step, double p, uint64_t element)
{
    return (double)ref_random_word(seed, site, step, element) >= floor(p * 4294967296.0);
}
