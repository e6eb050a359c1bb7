/* What a checkpoint and a data set disagree about though both are right: said before they meet. What cannot be right is
 * refused where it is found (scoring.c). */
#ifndef SAFSD_ENGINE_DISAGREEMENTS_H
#define SAFSD_ENGINE_DISAGREEMENTS_H

#include "engine/scoring.h"

/* Names and number of classes, while the data set has its own; nothing for weights without names. */
void en_say_classes(const en_scoring *scoring);

/* Classes without a label in the parts to be scored, and features that the model does not use. */
void en_say_data(const en_scoring *scoring);

#endif
