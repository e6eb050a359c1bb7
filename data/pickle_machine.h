/* The stack machine that a pickle is a program for: bytes come in, values go on a stack, marks are heights of the
 * stack, memos are numbered values. Nothing in it recurses or runs anything. Every function records its failure, naming
 * the file and the byte.
 */
#ifndef SAFSD_DATA_PICKLE_MACHINE_H
#define SAFSD_DATA_PICKLE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data/pickle_build.h"
#include "data/value.h"
#include "base/status.h"

typedef struct ds_machine {
    ds_builder builder;
    const unsigned char *bytes;
    size_t size, at;
    ds_value **stack;
    size_t height, room;
    size_t *marks;
    size_t mark_count, mark_room;
    ds_value **memo;
    size_t memo_count, memo_room; /* memo_count: the next number of MEMOIZE */
    bool stopped;
} ds_machine;

/* Record "FILE is no pickle or a damaged one: WHAT at byte N", "... is truncated ...", "out of memory ...". */
st_status ds_machine_bad(ds_machine *m, const char *what);
st_status ds_machine_truncated(ds_machine *m);
st_status ds_machine_no_memory(ds_machine *m);

/* The next bytes: `count` of them; a little-endian number of 1 to 8 bytes; such a number and as many bytes as it says;
 * a line, without its end. They lie in the file. */
st_status ds_machine_take(ds_machine *m, size_t count, const unsigned char **bytes);
st_status ds_machine_number(ds_machine *m, size_t width, uint64_t *number);
st_status ds_machine_counted(ds_machine *m, size_t width, const unsigned char **bytes, size_t *count);
st_status ds_machine_line(ds_machine *m, const char **text, size_t *size);

/* Push takes NULL for a value that could not be made. Values that are popped lie above the stack: they are there until
 * the next push. Nothing below the last mark can be reached. */
st_status ds_machine_push(ds_machine *m, ds_value *value);
st_status ds_machine_pop(ds_machine *m, size_t count, ds_value ***values);
st_status ds_machine_top(ds_machine *m, ds_value **value);
st_status ds_machine_push_mark(ds_machine *m);
st_status ds_machine_pop_mark(ds_machine *m, ds_value ***values, size_t *count);

/* Height of the stack at the last mark, 0 without marks. */
size_t ds_machine_floor(const ds_machine *m);

/* Memo `number` of the uppermost value, and back onto the stack. */
st_status ds_machine_memo_put(ds_machine *m, uint64_t number);
st_status ds_machine_memo_get(ds_machine *m, uint64_t number);

#endif
