/* The tables of the loss, computed from the configuration and the class frequencies (docs/model.md 6). */
#ifndef SAFSD_MODEL_TRAINING_CLASS_TABLES_H
#define SAFSD_MODEL_TRAINING_CLASS_TABLES_H

#include "model/layers/losses.h"

typedef enum nn_weights_form { NN_WEIGHTS_NONE, NN_WEIGHTS_INVERSE_FREQUENCY, NN_WEIGHTS_LIST } nn_weights_form;
typedef enum nn_alpha_form { NN_ALPHA_AUTO, NN_ALPHA_LIST } nn_alpha_form;

typedef struct nn_class_options {
    nn_weights_form weights;   /* none: 1; inverse_frequency: 1 / f_c, or 0 if f_c is 0 */
    nn_alpha_form alpha;       /* auto: (1 - f_c) / (C - 1) */
    const double *weight_list; /* [weight_count] with NN_WEIGHTS_LIST */
    size_t weight_count;
    const double *alpha_list; /* [alpha_count] with NN_ALPHA_LIST */
    size_t alpha_count;
    const double *similarity; /* [similarity_classes, similarity_classes], row = true class; NULL: identity */
    size_t similarity_classes;
} nn_class_options;

typedef struct nn_class_tables {
    size_t classes;
    float *memory;
    nn_loss_tables tables; /* views into memory */
} nn_class_tables;

/* `frequencies` [C]: f_c, the share of class c among the labelled training utterances (ds_class_frequencies); all 0 if
 * there are none. ST_USAGE if a list does not have one number per class. */
st_status nn_class_tables_create(nn_class_tables *made, const nn_class_options *options, const double *frequencies,
                                 size_t classes, st_error *error);

/* Allocates tables of zeros, to be filled. */
st_status nn_class_tables_allocate(nn_class_tables *made, size_t classes, st_error *error);
void nn_class_tables_destroy(nn_class_tables *made);

#endif
