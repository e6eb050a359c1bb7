#include "tests/support/small_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "data/assemble.h"

float ts_small_feature(size_t modality, size_t i, size_t k)
{
    return 10.0f * (float)modality + 0.5f * (float)((i * 7 + k * 3) % 11) - (float)k;
}

static const char *text(ds_dataset *data, const char *format, size_t number)
{
    char made[64];
    snprintf(made, sizeof made, format, number);
    const char *kept = ds_keep_text(data, made, strlen(made));
    assert_non_null(kept);
    return kept;
}

ds_dataset *ts_small_data(void)
{
    static const int32_t lengths[TS_DIALOGUES] = {3, 1, 6, 2, 3};
    static const int32_t split[TS_DIALOGUES] = {DS_TRAIN, DS_TRAIN, DS_TRAIN, DS_VALID, DS_TEST};
    static const size_t dims[DS_MODALITIES] = {5, 3, 2};
    st_error error = {0};
    ds_dataset *data = NULL;
    assert_int_equal(ds_create(&data, TS_DIALOGUES, TS_UTTERANCES, true, &error), ST_OK);
    struct ds_storage *s = data->storage;
    memcpy(s->lengths, lengths, sizeof lengths);
    memcpy(s->split, split, sizeof split);
    for (size_t d = 0; d < TS_DIALOGUES; d++) s->dialogue_ids[d] = text(data, "d%zu", d);
    for (size_t i = 0; i < TS_UTTERANCES; i++) {
        s->labels[i] = i == 4 ? DS_UNLABELLED : (int32_t)(i % TS_CLASSES);
        s->speakers[i] = (int32_t)(i % TS_SPEAKERS);
        s->utterance_ids[i] = text(data, "u%zu", i);
        s->sentences[i] = text(data, "sentence\n%zu \xc3\xa4", i);
    }
    for (size_t m = 0; m < DS_MODALITIES; m++) {
        assert_int_equal(ds_create_features(data, m, dims[m], &error), ST_OK);
        for (size_t i = 0; i < TS_UTTERANCES; i++)
            for (size_t k = 0; k < dims[m]; k++) s->x[m][i * dims[m] + k] = ts_small_feature(m, i, k);
    }
    assert_int_equal(ds_place_dialogues(data, "small", &error), ST_OK);
    assert_int_equal(ds_name_speakers(data, (const char *const[]){"M", "F"}, TS_SPEAKERS, &error), ST_OK);
    assert_int_equal(
        ds_complete(data, "small", (const char *const[]){"glad", "\"sad\"", "w\xc3\xbctend"}, TS_CLASSES, &error),
        ST_OK);
    return data;
}
