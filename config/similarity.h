/* The published similarity tables between emotions (docs/model.md 6). */
#ifndef SAFSD_CONFIG_SIMILARITY_H
#define SAFSD_CONFIG_SIMILARITY_H

#include "config/values.h"

/* Gives the table of a corpus, [*classes, *classes], row = true class; NULL and 0 for the forms that have none.
 *   iemocap: happy, sad, neutral, angry, excited, frustrated
 *   meld: neutral, surprise, fear, sadness, joy, disgust, anger (from distances in the NRC-VAD lexicon) */
const double *cfg_similarity_published(cfg_similarity_form form, size_t *classes);

#endif
