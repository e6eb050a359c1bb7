/* What a checkpoint and a data set disagree about though both are right: said before they meet. What cannot be right is
 * refused where it is found (model.c). */
#ifndef SAFSD_ENGINE_DISAGREEMENTS_H
#define SAFSD_ENGINE_DISAGREEMENTS_H

#include "engine/events.h"
#include "model/training/checkpoint.h"

/* Names and number of classes, while the data set has its own; nothing for weights without names. */
void en_say_classes(const nn_checkpoint *checkpoint, const ds_dataset *data, const en_events *events);

/* Tensors of a container that are no part of a data set. */
void en_say_passed_over(const ds_dataset *data, const en_events *events);

/* The same; classes without a label in the parts that are `concerned`, which are called `name`, and features that the
 * model does not use. */
void en_say_data(const nn_config *network, const ds_dataset *data, const bool concerned[DS_SPLITS], const char *name,
                 const en_events *events);

#endif
