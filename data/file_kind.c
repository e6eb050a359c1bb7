#include "data/file_kind.h"

#include <string.h>

#include "data/mapping.h"

static const struct {
    const char *format;
    ds_file_kind kind;
} formats[] = {
    {DS_DATA_FORMAT, DS_FILE_DATA},
    {DS_CHECKPOINT_FORMAT, DS_FILE_CHECKPOINT},
    {DS_GOLDEN_FORMAT, DS_FILE_GOLDEN},
};

static bool has_weights(const sf_file *file)
{
    for (size_t i = 0; i < sf_count(file); i++)
        if (strcmp(sf_without_prefixes(sf_at(file, i)->name), "speaker_embeddings.weight") == 0) return true;
    return false;
}

ds_file_kind ds_file_kind_of(const sf_file *file)
{
    const char *format = sf_metadata(file, "format");
    for (size_t i = 0; format && i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(format, formats[i].format) == 0) return formats[i].kind;
    if (sf_find(file, "lengths") && sf_find(file, "speakers")) return DS_FILE_DATA;
    if (sf_find(file, "batch/lengths")) return DS_FILE_GOLDEN;
    return has_weights(file) ? DS_FILE_WEIGHTS : DS_FILE_OTHER;
}

st_status ds_file_is_safetensors(const char *path, bool *is, st_error *error)
{
    ds_mapping mapping = {0};
    ST_FORWARD(ds_mapping_open(&mapping, path, error));
    *is = ds_mapping_is_safetensors(&mapping);
    ds_mapping_close(&mapping);
    return ST_OK;
}
