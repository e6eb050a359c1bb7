#include "data/pickle_machine.h"

#include <stdlib.h>
#include <string.h>

st_status ds_machine_bad(ds_machine *m, const char *what)
{
    return st_fail(m->builder.error, ST_FAILED, "%s is no pickle or a damaged one: %s at byte %zu", m->builder.name,
                   what, m->at);
}

st_status ds_machine_truncated(ds_machine *m)
{
    return st_fail(m->builder.error, ST_FAILED,
                   "%s is truncated: a pickle ends with a stop, this one in the middle, at"
                   " byte %zu",
                   m->builder.name, m->size);
}

st_status ds_machine_no_memory(ds_machine *m)
{
    return st_fail(m->builder.error, ST_FAILED, "out of memory while reading %s", m->builder.name);
}

/* ---- bytes ---- */

st_status ds_machine_take(ds_machine *m, size_t count, const unsigned char **bytes)
{
    if (count > m->size - m->at) return ds_machine_truncated(m);
    *bytes = m->bytes + m->at;
    m->at += count;
    return ST_OK;
}

/* A little-endian number of 1 to 8 bytes. */
st_status ds_machine_number(ds_machine *m, size_t width, uint64_t *number)
{
    const unsigned char *bytes = NULL;
    ST_FORWARD(ds_machine_take(m, width, &bytes));
    *number = 0;
    for (size_t i = 0; i < width; i++) *number |= (uint64_t)bytes[i] << (8 * i);
    return ST_OK;
}

/* A count of `width` bytes, then that many bytes. */
st_status ds_machine_counted(ds_machine *m, size_t width, const unsigned char **bytes, size_t *count)
{
    uint64_t number = 0;
    ST_FORWARD(ds_machine_number(m, width, &number));
    if (number > m->size - m->at) return ds_machine_truncated(m);
    *count = (size_t)number;
    return ds_machine_take(m, *count, bytes);
}

/* Up to the end of the line, which is passed over. */
st_status ds_machine_line(ds_machine *m, const char **text, size_t *size)
{
    const unsigned char *start = m->bytes + m->at;
    const unsigned char *end = m->at < m->size ? memchr(start, '\n', m->size - m->at) : NULL;
    if (!end) return ds_machine_truncated(m);
    *text = (const char *)start;
    *size = (size_t)(end - start);
    m->at += *size + 1;
    return ST_OK;
}

/* ---- stack, marks, memo ---- */

/* Room for one more element of an array of pointers or sizes. */
static st_status grow(ds_machine *m, void **array, size_t *room, size_t needed, size_t element)
{
    if (needed <= *room) return ST_OK;
    const size_t wanted = needed > 2 * *room ? needed + 64 : 2 * *room;
    void *grown = wanted > SIZE_MAX / element ? NULL : realloc(*array, wanted * element);
    if (!grown) return ds_machine_no_memory(m);
    memset((unsigned char *)grown + *room * element, 0, (wanted - *room) * element);
    *array = grown;
    *room = wanted;
    return ST_OK;
}

st_status ds_machine_push(ds_machine *m, ds_value *value)
{
    if (!value) return ds_machine_no_memory(m);
    void *stack = m->stack;
    const st_status status = grow(m, &stack, &m->room, m->height + 1, sizeof *m->stack);
    m->stack = stack;
    if (status == ST_OK) m->stack[m->height++] = value;
    return status;
}

size_t ds_machine_floor(const ds_machine *m)
{
    return m->mark_count > 0 ? m->marks[m->mark_count - 1] : 0;
}

/* The uppermost `count` values above the last mark; they are taken off. */
st_status ds_machine_pop(ds_machine *m, size_t count, ds_value ***values)
{
    if (m->height - ds_machine_floor(m) < count) return ds_machine_bad(m, "an operation without its values");
    m->height -= count;
    *values = m->stack + m->height;
    return ST_OK;
}

st_status ds_machine_push_mark(ds_machine *m)
{
    void *marks = m->marks;
    const st_status status = grow(m, &marks, &m->mark_room, m->mark_count + 1, sizeof *m->marks);
    m->marks = marks;
    if (status == ST_OK) m->marks[m->mark_count++] = m->height;
    return status;
}

/* All values above the last mark; they and the mark are taken off. */
st_status ds_machine_pop_mark(ds_machine *m, ds_value ***values, size_t *count)
{
    if (m->mark_count == 0) return ds_machine_bad(m, "an operation without its mark");
    const size_t from = m->marks[--m->mark_count];
    *values = m->stack ? m->stack + from : NULL; /* a mark on an empty stack */
    *count = m->height - from;
    m->height = from;
    return ST_OK;
}

st_status ds_machine_top(ds_machine *m, ds_value **value)
{
    if (m->height == ds_machine_floor(m)) return ds_machine_bad(m, "an operation without its value");
    *value = m->stack[m->height - 1];
    return ST_OK;
}

/* Programs number their memos one by one, and each costs two bytes at least: greater numbers are an attack on memory.
 */
st_status ds_machine_memo_put(ds_machine *m, uint64_t number)
{
    ds_value *value = NULL;
    ST_FORWARD(ds_machine_top(m, &value));
    if (number > m->size / 2) return ds_machine_bad(m, "a memo number beyond reason");
    void *memo = m->memo;
    const st_status status = grow(m, &memo, &m->memo_room, (size_t)number + 1, sizeof *m->memo);
    m->memo = memo;
    if (status != ST_OK) return status;
    if (!m->memo[number]) m->memo_count++;
    m->memo[number] = value;
    return ST_OK;
}

st_status ds_machine_memo_get(ds_machine *m, uint64_t number)
{
    if (number >= m->memo_room || !m->memo[number]) return ds_machine_bad(m, "a memo that was never written");
    return ds_machine_push(m, m->memo[number]);
}
