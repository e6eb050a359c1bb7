/* Readable summaries of what files hold, on stdout and within 80 columns. */
#ifndef SAFSD_APP_SUMMARY_H
#define SAFSD_APP_SUMMARY_H

#include "data/dataset.h"
#include "data/safetensors.h"
#include "data/value.h"

/* Splits, modalities with the range of their features, classes and speakers. */
void summary_data(const ds_dataset *data);

/* Every key of the metadata, long texts cut; every tensor with type and shape. */
void summary_metadata(const sf_file *file);
void summary_tensors(const sf_file *file);

/* The name of a tensor; of a longer one the end, which tells more than the start. */
void summary_name(const char *name, size_t most);

/* What a pickle holds, a few levels deep. */
void summary_value(const ds_value *value);

/* "%-12s text", wrapped: one line of a summary. */
void summary_line(const char *name, const char *text);

#endif
