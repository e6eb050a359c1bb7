#include "data/fingerprint.h"

#include <xxhash.h>

/* Each array counts with the hash of those before it as its seed. */
uint64_t ds_fingerprint(const ds_dataset *data)
{
    const uint64_t sizes[] = {data->dialogues, data->utterances, data->classes, data->speaker_count,
                              data->dims[0],   data->dims[1],    data->dims[2]};
    uint64_t hash = XXH3_64bits(sizes, sizeof sizes);
    hash = XXH3_64bits_withSeed(data->lengths, data->dialogues * sizeof *data->lengths, hash);
    hash = XXH3_64bits_withSeed(data->split, data->dialogues * sizeof *data->split, hash);
    hash = XXH3_64bits_withSeed(data->speakers, data->utterances * sizeof *data->speakers, hash);
    if (data->speaker_rows)
        hash = XXH3_64bits_withSeed(data->speaker_rows, data->speaker_count * sizeof *data->speaker_rows, hash);
    hash = XXH3_64bits_withSeed(data->labels, data->utterances * sizeof *data->labels, hash);
    for (size_t m = 0; m < DS_MODALITIES; ++m)
        if (data->x[m]) hash = XXH3_64bits_withSeed(data->x[m], data->utterances * data->dims[m] * sizeof(float), hash);
    return hash;
}
