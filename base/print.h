/* Text for people: wrapped to the width of the terminal, padded by characters and not by bytes, sizes and times in
 * round units. */
#ifndef SAFSD_BASE_PRINT_H
#define SAFSD_BASE_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PRINT_COLUMNS = 80, PRINT_WORD_SIZE = 32 };

/* Columns of a terminal: COLUMNS where it is a number of at least 20, else what the terminal says. PRINT_COLUMNS where
 * `out` is no terminal. */
size_t print_columns(FILE *out);

/* Prints words of `text` from `column`, where the cursor stands, and ends the line. Lines after the first begin at
 * column `indent`; a line feed in the text begins a new one. */
void print_wrapped(FILE *out, size_t column, size_t indent, const char *text);

/* Characters of UTF-8 text. */
size_t print_width(const char *text);

/* Exactly `width` characters: padded with blanks (before the text with `right`), or cut with a final "~". Control
 * characters are printed as "?". */
void print_padded(FILE *out, const char *text, size_t width, bool right);

/* The same without padding, cut after `most` characters. */
void print_plain(FILE *out, const char *text, size_t most);

/* A word as a shell takes it: quoted where need be, apostrophes too. Returns `quoted`, cut where it has no room. */
const char *print_quoted(char *quoted, size_t size, const char *word);

/* "13.6 GiB"; "1:02:03", "4:05" or "3.2 s". Each returns `text`. */
const char *print_bytes(char text[PRINT_WORD_SIZE], uint64_t bytes);
const char *print_duration(char text[PRINT_WORD_SIZE], double seconds);

/* Whether a stream is a terminal, and whether it wants colour (a terminal, NO_COLOR not set, TERM not "dumb"). */
bool print_is_terminal(FILE *out);
bool print_in_colour(FILE *out);

#endif
