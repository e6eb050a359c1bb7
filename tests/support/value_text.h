/* A value of a pickle as text, the same as text_of of make_pickles.py. */
#ifndef SAFSD_TESTS_SUPPORT_VALUE_TEXT_H
#define SAFSD_TESTS_SUPPORT_VALUE_TEXT_H

#include "data/value.h"

/* Text that grows; starts as zeros. free() the text. */
typedef struct ts_sink {
    char *text;
    size_t size, room;
} ts_sink;

void ts_put_value(ts_sink *sink, const ds_value *value, int depth);

#endif
