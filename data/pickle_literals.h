/* The operations of a pickle that write numbers and strings. */
#ifndef SAFSD_DATA_PICKLE_LITERALS_H
#define SAFSD_DATA_PICKLE_LITERALS_H

#include "data/pickle_machine.h"

st_status ds_op_push_integer(ds_machine *m, ds_kind kind, int64_t integer);

/* BININT, BININT1, BININT2; LONG1, LONG4; INT, LONG; BINFLOAT, FLOAT */
st_status ds_op_small_int(ds_machine *m, size_t width, bool is_signed);
st_status ds_op_long(ds_machine *m, size_t width);
st_status ds_op_decimal(ds_machine *m, bool is_long);
st_status ds_op_float(ds_machine *m);
st_status ds_op_float_text(ds_machine *m);

/* Bytes and text behind a count of `width` bytes; STRING, UNICODE */
st_status ds_op_string(ds_machine *m, ds_kind kind, size_t width);
st_status ds_op_quoted(ds_machine *m);
st_status ds_op_unicode_text(ds_machine *m);

#endif
