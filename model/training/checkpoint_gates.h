/* Gates of models that learn none, in the files of models that do.
 *
 * The published modules always have gates, g = sigmoid(x Wᵀ + b). A checkpoint of a model without learned gates holds
 * what computes the same there: W = I and b = 0 with gate = identity; W = 0 and b = 32, whose sigmoid is 1 in float32,
 * with gate = off. They are m_n_gate.gate.0.weight [H, H] and .bias [H], behind the parameters, in the order of
 * docs/model.md 3. */
#ifndef SAFSD_MODEL_TRAINING_CHECKPOINT_GATES_H
#define SAFSD_MODEL_TRAINING_CHECKPOINT_GATES_H

#include "data/safetensors.h"
#include "model/network/params.h"

/* Declares, and then writes, those of a model; nothing where gates are parameters. */
st_status nn_gates_declare(sf_writer *writer, const nn_params *params, st_error *error);
st_status nn_gates_write(sf_writer *writer, const nn_params *params, st_error *error);

/* What a tensor of a file is to a model that learns no gates. */
typedef enum nn_gate_verdict {
    NN_GATE_FOREIGN, /* no gate of an encoder that the model has */
    NN_GATE_SAME,    /* it computes what the model computes without it */
    NN_GATE_SIGMOID, /* W = I or b = 0: sigmoid(x), where the model has gate = off */
    NN_GATE_TRAINED, /* anything else: the file is of another model */
} nn_gate_verdict;

/* Whether a name is that of the gate of an encoder of a model that learns none. */
bool nn_gate_named(const nn_params *params, const char *name);

/* ST_FAILED for exhausted memory. */
st_status nn_gate_judge(const nn_params *params, const sf_tensor *tensor, nn_gate_verdict *verdict, st_error *error);

#endif
