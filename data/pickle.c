#include "data/pickle.h"

#include "data/foreign.h"
#include "data/mapping.h"
#include "data/pickle_build.h"
#include "data/pickle_literals.h"
#include "data/pickle_machine.h"
#include "data/pool.h"

#include <stdlib.h>
#include <string.h>

struct ds_pickle {
    ds_mapping mapping; /* of a file; empty where the bytes are borrowed */
    ds_pool pool;
    ds_value *root;
};

/* ---- containers ---- */

static st_status push_list(ds_machine *m, ds_kind kind, ds_value *const *items, size_t count)
{
    ds_value *list = ds_build(&m->builder, kind);
    if (!list) return ST_FAILED;
    if (kind == DS_DICT && count % 2 != 0) return ds_machine_bad(m, "a dict with half an entry");
    ST_FORWARD(ds_build_append(&m->builder, list, items, count));
    return ds_machine_push(m, list);
}

static st_status op_tuple(ds_machine *m, size_t count)
{
    ds_value **items = NULL;
    ST_FORWARD(ds_machine_pop(m, count, &items));
    return push_list(m, DS_TUPLE, items, count);
}

static st_status op_collect(ds_machine *m, ds_kind kind)
{
    ds_value **items = NULL;
    size_t count = 0;
    ST_FORWARD(ds_machine_pop_mark(m, &items, &count));
    return push_list(m, kind, items, count);
}

/* APPEND, SETITEM: `count` values; APPENDS, SETITEMS, ADDITEMS: those above the mark */
static st_status op_extend(ds_machine *m, ds_kind kind, size_t count)
{
    ds_value **items = NULL;
    ds_value *list = NULL;
    if (count > 0)
        ST_FORWARD(ds_machine_pop(m, count, &items));
    else
        ST_FORWARD(ds_machine_pop_mark(m, &items, &count));
    ST_FORWARD(ds_machine_top(m, &list));
    if (list->kind != kind) return ds_machine_bad(m, "entries for something that is no container of them");
    if (kind == DS_DICT && count % 2 != 0) return ds_machine_bad(m, "a dict with half an entry");
    return ds_build_append(&m->builder, list, items, count);
}

/* ---- names and what they make ---- */

static st_status op_global(ds_machine *m)
{
    const char *module = NULL;
    const char *name = NULL;
    size_t module_size = 0;
    size_t name_size = 0;
    ds_value *value = NULL;
    ST_FORWARD(ds_machine_line(m, &module, &module_size));
    ST_FORWARD(ds_machine_line(m, &name, &name_size));
    ST_FORWARD(ds_build_global(&m->builder, module, module_size, name, name_size, &value));
    return ds_machine_push(m, value);
}

static st_status op_stack_global(ds_machine *m)
{
    ds_value **items = NULL;
    ds_value *value = NULL;
    ST_FORWARD(ds_machine_pop(m, 2, &items));
    if (items[0]->kind != DS_TEXT || items[1]->kind != DS_TEXT) return ds_machine_bad(m, "a class without a name");
    ST_FORWARD(ds_build_global(&m->builder, (const char *)items[0]->as.string.bytes, items[0]->as.string.size,
                               (const char *)items[1]->as.string.bytes, items[1]->as.string.size, &value));
    return ds_machine_push(m, value);
}

/* REDUCE and NEWOBJ: callable, tuple of arguments */
static st_status op_call(ds_machine *m)
{
    ds_value **items = NULL;
    ds_value *value = NULL;
    ST_FORWARD(ds_machine_pop(m, 2, &items));
    ST_FORWARD(ds_build_call(&m->builder, items[0], items[1], &value));
    return ds_machine_push(m, value);
}

/* INST names its callable, OBJ has it first above the mark; the rest above the mark are arguments. */
static st_status op_instance(ds_machine *m, bool named)
{
    ds_value *callable = NULL;
    ds_value *value = NULL;
    ds_value **items = NULL;
    size_t count = 0;
    if (named) {
        ST_FORWARD(op_global(m));
        callable = m->stack[--m->height];
    }
    ST_FORWARD(ds_machine_pop_mark(m, &items, &count));
    if (!named) {
        if (count == 0) return ds_machine_bad(m, "a call without a callable");
        callable = *items++;
        count--;
    }
    ST_FORWARD(push_list(m, DS_TUPLE, items, count));
    const ds_value *arguments = m->stack[--m->height];
    ST_FORWARD(ds_build_call(&m->builder, callable, arguments, &value));
    return ds_machine_push(m, value);
}

static st_status op_build(ds_machine *m)
{
    ds_value **items = NULL;
    ds_value *value = NULL;
    ST_FORWARD(ds_machine_pop(m, 1, &items));
    const ds_value *state = items[0];
    ST_FORWARD(ds_machine_top(m, &value));
    return ds_build_state(&m->builder, value, state);
}

/* ---- the operations ---- */

static st_status op_protocol(ds_machine *m)
{
    uint64_t protocol = 0;
    ST_FORWARD(ds_machine_number(m, 1, &protocol));
    if (protocol <= 5) return ST_OK;
    return st_fail(m->builder.error, ST_FAILED, "%s is a pickle of protocol %d; protocols 0 to 5 are read",
                   m->builder.name, (int)protocol);
}

/* A frame only says how far to read ahead. */
static st_status op_frame(ds_machine *m)
{
    uint64_t length = 0;
    ST_FORWARD(ds_machine_number(m, 8, &length));
    return length > m->size - m->at ? ds_machine_truncated(m) : ST_OK;
}

static st_status op_memo(ds_machine *m, size_t width, bool put)
{
    uint64_t number = 0;
    if (width > 0) {
        ST_FORWARD(ds_machine_number(m, width, &number));
    } else { /* on a line, in decimal */
        const char *text = NULL;
        size_t size = 0;
        ST_FORWARD(ds_machine_line(m, &text, &size));
        if (size == 0 || size > 18) return ds_machine_bad(m, "a memo number that is none");
        for (size_t i = 0; i < size; i++) {
            if (text[i] < '0' || text[i] > '9') return ds_machine_bad(m, "a memo number that is none");
            number = 10 * number + (uint64_t)(text[i] - '0');
        }
    }
    return put ? ds_machine_memo_put(m, number) : ds_machine_memo_get(m, number);
}

static st_status op_discard(ds_machine *m)
{
    ds_value **items = NULL;
    if (m->mark_count > 0 && m->height == ds_machine_floor(m)) { /* a mark is discarded as a value is */
        m->mark_count--;
        return ST_OK;
    }
    return ds_machine_pop(m, 1, &items);
}

static st_status op_repeat(ds_machine *m)
{
    ds_value *value = NULL;
    ST_FORWARD(ds_machine_top(m, &value));
    return ds_machine_push(m, value);
}

static st_status outside(ds_machine *m)
{
    return st_fail(m->builder.error, ST_FAILED,
                   "%s refers to data outside the file, as torch.save and other programs do;"
                   " save it again as dicts, lists and numpy arrays",
                   m->builder.name);
}

/* The operations as Python's pickletools lists them, protocol by protocol. */
static st_status run_one(ds_machine *m, unsigned char operation)
{
    ds_value **items = NULL;
    size_t count = 0;
    switch (operation) {
    case '(':
        return ds_machine_push_mark(m);
    case '.':
        m->stopped = true;
        return ST_OK;
    case '0':
        return op_discard(m);
    case '1':
        return ds_machine_pop_mark(m, &items, &count);
    case '2':
        return op_repeat(m);
    case 'F':
        return ds_op_float_text(m);
    case 'I':
        return ds_op_decimal(m, false);
    case 'J':
        return ds_op_small_int(m, 4, true);
    case 'K':
        return ds_op_small_int(m, 1, false);
    case 'L':
        return ds_op_decimal(m, true);
    case 'M':
        return ds_op_small_int(m, 2, false);
    case 'N':
        return ds_machine_push(m, ds_build(&m->builder, DS_NONE));
    case 'P':
    case 'Q':
        return outside(m);
    case 'R':
        return op_call(m);
    case 'S':
        return ds_op_quoted(m);
    case 'T':
        return ds_op_string(m, DS_BYTES, 4);
    case 'U':
        return ds_op_string(m, DS_BYTES, 1);
    case 'V':
        return ds_op_unicode_text(m);
    case 'X':
        return ds_op_string(m, DS_TEXT, 4);
    case 'a':
        return op_extend(m, DS_LIST, 1);
    case 'b':
        return op_build(m);
    case 'c':
        return op_global(m);
    case 'd':
        return op_collect(m, DS_DICT);
    case '}':
        return push_list(m, DS_DICT, NULL, 0);
    case 'e':
        return op_extend(m, DS_LIST, 0);
    case 'g':
        return op_memo(m, 0, false);
    case 'h':
        return op_memo(m, 1, false);
    case 'i':
        return op_instance(m, true);
    case 'j':
        return op_memo(m, 4, false);
    case 'l':
        return op_collect(m, DS_LIST);
    case ']':
        return push_list(m, DS_LIST, NULL, 0);
    case 'o':
        return op_instance(m, false);
    case 'p':
        return op_memo(m, 0, true);
    case 'q':
        return op_memo(m, 1, true);
    case 'r':
        return op_memo(m, 4, true);
    case 's':
        return op_extend(m, DS_DICT, 2);
    case 't':
        return op_collect(m, DS_TUPLE);
    case ')':
        return push_list(m, DS_TUPLE, NULL, 0);
    case 'u':
        return op_extend(m, DS_DICT, 0);
    case 'G':
        return ds_op_float(m);
    case 0x80:
        return op_protocol(m);
    case 0x81:
        return op_call(m);
    case 0x85:
        return op_tuple(m, 1);
    case 0x86:
        return op_tuple(m, 2);
    case 0x87:
        return op_tuple(m, 3);
    case 0x88:
        return ds_op_push_integer(m, DS_BOOL, 1);
    case 0x89:
        return ds_op_push_integer(m, DS_BOOL, 0);
    case 0x8a:
        return ds_op_long(m, 1);
    case 0x8b:
        return ds_op_long(m, 4);
    case 'B':
        return ds_op_string(m, DS_BYTES, 4);
    case 'C':
        return ds_op_string(m, DS_BYTES, 1);
    case 0x8c:
        return ds_op_string(m, DS_TEXT, 1);
    case 0x8d:
        return ds_op_string(m, DS_TEXT, 8);
    case 0x8e:
        return ds_op_string(m, DS_BYTES, 8);
    case 0x8f:
        return push_list(m, DS_SET, NULL, 0);
    case 0x90:
        return op_extend(m, DS_SET, 0);
    case 0x91:
        return op_collect(m, DS_SET);
    case 0x93:
        return op_stack_global(m);
    case 0x94:
        return ds_machine_memo_put(m, m->memo_count);
    case 0x95:
        return op_frame(m);
    case 0x96:
        return ds_op_string(m, DS_BYTES, 8);
    case 0x97:
        return outside(m);
    case 0x98:
        return ST_OK; /* marks a buffer as read-only */
    default:
        return ds_machine_bad(m, "an unknown operation");
    }
}

static st_status run(ds_machine *m, ds_value **root)
{
    while (!m->stopped) {
        const unsigned char *operation = NULL;
        ST_FORWARD(ds_machine_take(m, 1, &operation));
        ST_FORWARD(run_one(m, *operation));
    }
    if (m->height != 1 || m->mark_count != 0) return ds_machine_bad(m, "something left over at the stop");
    *root = m->stack[0];
    return ST_OK;
}

static st_status parse(ds_pickle *pickle, const unsigned char *bytes, size_t size, const char *name, st_error *error)
{
    ds_machine m = {.builder = {&pickle->pool, size, name, error}, .bytes = bytes, .size = size};
    const st_status status = run(&m, &pickle->root);
    free(m.stack);
    free(m.marks);
    free(m.memo);
    return status;
}

st_status ds_pickle_parse(ds_pickle **pickle, const void *bytes, size_t size, const char *name, st_error *error)
{
    *pickle = NULL;
    ds_pickle *made = calloc(1, sizeof *made);
    if (!made) return st_fail(error, ST_FAILED, "out of memory while reading %s", name);
    const st_status status = parse(made, bytes, size, name, error);
    if (status == ST_OK)
        *pickle = made;
    else
        ds_pickle_close(&made);
    return status;
}

/* Whether a file begins as a data set would that was pickled: with the mark of protocols from 2 on, or in those before
 * with a container or with the name of a class. */
static bool begins_like_one(const unsigned char *bytes, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
    size_t at = 1;
    if (bytes[0] == 0x80 || memchr("(])}", bytes[0], 4)) return true;
    while (at < size && bytes[at] != '\0' && strchr(letters, bytes[at])) ++at;
    return bytes[0] == 'c' && at < size && bytes[at] == '\n';
}

st_status ds_pickle_open(ds_pickle **pickle, const char *path, st_error *error)
{
    st_status status = ST_OK;
    *pickle = NULL;
    ds_mapping mapping = {0};
    ST_FORWARD(ds_mapping_open(&mapping, path, error));
    const char *foreign = ds_foreign(mapping.bytes, mapping.size);
    if (foreign) ST_TRY(st_fail(error, ST_FAILED, "%s is no pickle but %s", path, foreign));
    st_error reason = {.status = ST_OK};
    status = ds_pickle_parse(pickle, mapping.bytes, mapping.size, path, &reason);
    if (status != ST_OK && !begins_like_one(mapping.bytes, mapping.size)) {
        const char *text = ds_foreign_text(mapping.bytes, mapping.size);
        ST_TRY(st_fail(error, ST_FAILED, "%s is neither a pickle nor a safetensors file%s%s", path, text ? " but " : "",
                       text ? text : ""));
    }
    if (status != ST_OK) ST_TRY(st_fail(error, status, "%s", reason.text));
    (*pickle)->mapping = mapping;
    mapping = (ds_mapping){0};
done:
    ds_mapping_close(&mapping);
    return status;
}

const ds_value *ds_pickle_root(const ds_pickle *pickle)
{
    return pickle->root;
}

void ds_pickle_close(ds_pickle **pickle)
{
    if (!*pickle) return;
    ds_pool_free(&(*pickle)->pool);
    ds_mapping_close(&(*pickle)->mapping);
    free(*pickle);
    *pickle = NULL;
}
