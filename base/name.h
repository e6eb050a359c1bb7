/* The distance of a misspelt name from a known one. */
#ifndef SAFSD_BASE_NAME_H
#define SAFSD_BASE_NAME_H

/* The number of edits (insertion, deletion or replacement of a letter, or exchange of two neighbours) from the written
 * to the known name. It is 1 if one name contains the other (batch_size, batch) or is its initials (learning_rate, lr).
 * Names of more than 64 bytes are far from every other name. */
int name_distance(const char *written, const char *known);

#endif
