/* The lists of a configuration: growing, emptying, and the words of a text that is a list. */
#ifndef SAFSD_CONFIG_LIST_H
#define SAFSD_CONFIG_LIST_H

#include "config/values.h"

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

/* The same for the words of a configuration, whose letters may be large or small. */
bool cfg_piece_is_word(cfg_piece piece, const char *word);

/* As cfg_piece_next with commas, but a name in quotes may hold commas: `"very, very happy", sad` has two. A quote that
 * no comma or end of the text follows belongs to the name. */
cfg_piece cfg_name_next(const char **rest);

/* The quote that a name needs to stand in such a list: none (0), or one of the two. */
char cfg_name_quote(const char *name);

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
