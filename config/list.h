/* The lists of a configuration: growing, emptying, and the words of a text that is a list. */
#ifndef SAFSD_CONFIG_LIST_H
#define SAFSD_CONFIG_LIST_H

#include "config/config.h"

/* A piece of a text that somebody else holds; not terminated. */
typedef struct cfg_piece {
    const char *text;
    size_t length;
} cfg_piece;

/* Takes the next piece of *rest up to a byte of `separators`, without blanks around it, and moves *rest behind
 * that byte; *rest becomes NULL with the last piece. A piece may be empty. Not to be called once *rest is NULL. */
cfg_piece cfg_piece_next(const char **rest, const char *separators);

/* The same as a string of its own, or NULL where memory is exhausted. free() it. */
char *cfg_piece_copy(cfg_piece piece);

bool cfg_piece_is(cfg_piece piece, const char *word);

/* Each appends one item, a copy where it is text; false where memory is exhausted. */
bool cfg_names_add(cfg_names *names, cfg_piece name);
bool cfg_reals_add(cfg_reals *reals, double real);
bool cfg_seeds_add(cfg_seeds *seeds, uint64_t seed);

/* A name that is there twice, or NULL; *memory is false where there was none left to look. */
const char *cfg_names_repeated(const cfg_names *names, bool *memory);

void cfg_names_clear(cfg_names *names);
void cfg_reals_clear(cfg_reals *reals);
void cfg_seeds_clear(cfg_seeds *seeds);

#endif
