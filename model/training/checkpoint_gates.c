#include "model/training/checkpoint_gates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float fully_open = 32.0f; /* its sigmoid is 1 - 1.3e-14 */

static bool stands_in(const nn_params *params)
{
    return params->gate_kind != NN_GATE_LEARNED;
}

static size_t width_of(const nn_params *params, size_t encoder)
{
    return params->layers[encoder][0].output.out;
}

/* The names of an encoder's gate: `which` is 0 for the weight, 1 for the bias. */
static const char *name_of(size_t encoder, size_t which, char name[40])
{
    static const char *const ends[] = {"weight", "bias"};
    const nn_encoder_pair pair = nn_encoder_of(encoder);
    snprintf(name, 40, "%c_%c_gate.gate.0.%s", nn_modality_letter(pair.source), nn_modality_letter(pair.target),
             ends[which]);
    return name;
}

/* ---- writing ---- */

st_status nn_gates_declare(sf_writer *writer, const nn_params *params, st_error *error)
{
    char name[40];
    for (size_t e = 0; stands_in(params) && e < NN_ENCODERS; ++e) {
        if (!params->layers[e]) continue;
        const uint64_t H = width_of(params, e), square[2] = {H, H};
        ST_FORWARD(sf_writer_tensor(writer, name_of(e, 0, name), SF_F32, 2, square, error));
        ST_FORWARD(sf_writer_tensor(writer, name_of(e, 1, name), SF_F32, 1, &H, error));
    }
    return ST_OK;
}

/* Writes the weight row by row, then the bias. `row` [H] is zero before and after. */
static st_status write_gate(sf_writer *writer, float *row, size_t H, nn_gate_kind kind, st_error *error)
{
    st_status status = ST_OK;
    for (size_t i = 0; i < H && status == ST_OK; ++i) {
        if (kind == NN_GATE_IDENTITY) row[i] = 1.0f;
        status = sf_writer_data(writer, row, H * sizeof *row, error);
        row[i] = 0.0f;
    }
    if (kind == NN_GATE_OFF)
        for (size_t i = 0; i < H; ++i) row[i] = fully_open;
    if (status == ST_OK) status = sf_writer_data(writer, row, H * sizeof *row, error);
    memset(row, 0, H * sizeof *row);
    return status;
}

st_status nn_gates_write(sf_writer *writer, const nn_params *params, st_error *error)
{
    st_status status = ST_OK;
    for (size_t e = 0; stands_in(params) && e < NN_ENCODERS && status == ST_OK; ++e) {
        if (!params->layers[e]) continue;
        const size_t H = width_of(params, e);
        float *row = calloc(H, sizeof *row);
        if (!row) return st_fail(error, ST_FAILED, "out of memory for the gates of a checkpoint");
        status = write_gate(writer, row, H, params->gate_kind, error);
        free(row);
    }
    return status;
}

/* ---- reading ---- */

/* Finds the encoder of the model whose gate has this name, and which tensor it is; false if there is none. */
static bool find_gate(const nn_params *params, const char *name, size_t *encoder, size_t *which)
{
    char gate[40];
    for (size_t e = 0; e < NN_ENCODERS; ++e)
        for (size_t w = 0; params->layers[e] && w < 2; ++w) {
            if (strcmp(name, name_of(e, w, gate)) != 0) continue;
            *encoder = e;
            *which = w;
            return true;
        }
    return false;
}

/* Whether all values on the diagonal are `diagonal`, and all others `rest`. */
static bool is_filled(const float *values, size_t H, bool square, float diagonal, float rest)
{
    for (size_t i = 0; i < (square ? H * H : H); ++i)
        if (values[i] != (square && i % (H + 1) == 0 ? diagonal : rest)) return false;
    return true;
}

static bool is_open(const float *bias, size_t H)
{
    for (size_t i = 0; i < H; ++i)
        if (!(bias[i] >= fully_open)) return false;
    return true;
}

bool nn_gate_named(const nn_params *params, const char *name)
{
    size_t e = 0, which = 0;
    return stands_in(params) && find_gate(params, name, &e, &which);
}

st_status nn_gate_judge(const nn_params *params, const sf_tensor *tensor, nn_gate_verdict *verdict, st_error *error)
{
    size_t e = 0, which = 0;
    *verdict = NN_GATE_FOREIGN;
    if (!stands_in(params) || !find_gate(params, tensor->name, &e, &which)) return ST_OK;
    const size_t H = width_of(params, e);
    const uint64_t shape[2] = {H, H};
    const bool weight = which == 0, off = params->gate_kind == NN_GATE_OFF;
    *verdict = NN_GATE_TRAINED;
    if (!sf_has_shape(tensor, weight ? 2 : 1, shape) || !sf_is_floating(tensor->dtype)) return ST_OK;
    float *values = malloc(tensor->elements * sizeof *values);
    if (!values) return st_fail(error, ST_FAILED, "out of memory for the tensor '%s'", tensor->name);
    sf_read_floats(tensor, 0, tensor->elements, values);
    const bool sigmoid = is_filled(values, H, weight, 1.0f, 0.0f);
    if (off && (weight ? is_filled(values, H, true, 0.0f, 0.0f) : is_open(values, H)))
        *verdict = NN_GATE_SAME;
    else if (sigmoid)
        *verdict = off ? NN_GATE_SIGMOID : NN_GATE_SAME;
    free(values);
    return ST_OK;
}
