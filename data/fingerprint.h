/* One number that tells two data sets apart. */
#ifndef SAFSD_DATA_FINGERPRINT_H
#define SAFSD_DATA_FINGERPRINT_H

#include "data/dataset.h"

/* XXH3-64 over sizes, lengths, splits, speakers, labels and all features as they stand (standardised or not). Names and
 * sentences do not count. */
uint64_t ds_fingerprint(const ds_dataset *data);

#endif
