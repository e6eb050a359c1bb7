/* The gates of models without learned gates, in checkpoints.
 *
 * The published modules always have gates, g = sigmoid(x Wᵀ + b). A checkpoint of a model without learned gates
 * contains gates that compute the same: W = I and b = 0 for gate = identity; W = 0 and b = 32, whose sigmoid is 1 in
 * float32, for gate = off. They are m_n_gate.gate.0.weight [H, H] and .bias [H], after the parameters, in the order of
 * docs/model.md 3. */
#ifndef SAFSD_MODEL_TRAINING_CHECKPOINT_GATES_H
#define SAFSD_MODEL_TRAINING_CHECKPOINT_GATES_H

#include "data/safetensors.h"
#include "model/network/params.h"

/* Declare and write the gates of a model; nothing if its gates are learned. */
st_status nn_gates_declare(sf_writer *writer, const nn_params *params, st_error *error);
st_status nn_gates_write(sf_writer *writer, const nn_params *params, st_error *error);

/* How a tensor of a file compares with a model without learned gates. */
typedef enum nn_gate_verdict {
    NN_GATE_FOREIGN, /* not a gate of an encoder of the model */
    NN_GATE_SAME,    /* a gate that computes the same as the model */
    NN_GATE_SIGMOID, /* W = I or b = 0: sigmoid(x), but the model has gate = off */
    NN_GATE_TRAINED, /* any other gate: the file is of another model */
} nn_gate_verdict;

/* Whether the model has no learned gates and `name` is that of a gate of one of its encoders. */
bool nn_gate_named(const nn_params *params, const char *name);

/* Reads the values of the tensor. ST_FAILED if out of memory. */
st_status nn_gate_judge(const nn_params *params, const sf_tensor *tensor, nn_gate_verdict *verdict, st_error *error);

#endif
