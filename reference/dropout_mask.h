/* Philox4x32-10 and the masks of docs/model.md 7, one element at a time. */
#ifndef SAFSD_REFERENCE_DROPOUT_MASK_H
#define SAFSD_REFERENCE_DROPOUT_MASK_H

#include <stdbool.h>
#include <stdint.h>

void ref_philox(uint32_t word[4], const uint32_t counter[4], const uint32_t key[2]);

/* The random word of element `element` of `site`. */
uint32_t ref_random_word(uint64_t seed, uint32_t site, uint32_t step, uint64_t element);

bool ref_dropout_mask_kept(uint64_t seed, uint32_t site, uint32_t step, double p, uint64_t element);

#endif
