/* How near a misspelt name is to a known one. */
#ifndef SAFSD_BASE_NAME_H
#define SAFSD_BASE_NAME_H

/* Edits (insertion, deletion, exchange of one letter, or of two neighbours) from what was written to the known name.
 * A name inside the other (batch_size, batch) and its initials (learning_rate, lr) count as one edit; names of more
 * than 64 bytes are far from everything. */
int name_distance(const char *written, const char *known);

#endif
