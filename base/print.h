/* Text for people: wrapped to the width of the terminal, padded by characters instead of bytes, with sizes and times in
 * round units. */
#ifndef SAFSD_BASE_PRINT_H
#define SAFSD_BASE_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PRINT_COLUMNS = 80, PRINT_WORD_SIZE = 32 };

/* Columns of a terminal: $COLUMNS if it is a number from 20 to 10000, else the terminal's own value. PRINT_COLUMNS if
 * `out` is not a terminal. */
size_t print_columns(FILE *out);

/* Prints the words of `text` and ends the line. The cursor is at `column`. Lines after the first begin at column
 * `indent`; a line feed in the text begins a new line. */
void print_wrapped(FILE *out, size_t column, size_t indent, const char *text);

/* Number of characters of UTF-8 text. */
size_t print_width(const char *text);

/* Prints exactly `width` characters: padded with blanks (on the left if `right`), or cut with a final "~". Control
 * characters are printed as "?". */
void print_padded(FILE *out, const char *text, size_t width, bool right);

/* The same without padding, cut after `most` characters. */
void print_plain(FILE *out, const char *text, size_t most);

/* Quotes a word for a shell, if needed. Returns `quoted`, truncated if it does not fit. */
const char *print_quoted(char *quoted, size_t size, const char *word);

/* "13.6 GiB"; "1:02:03", "4:05" or "3.2 s". Each returns `text`. */
const char *print_bytes(char text[PRINT_WORD_SIZE], uint64_t bytes);
const char *print_duration(char text[PRINT_WORD_SIZE], double seconds);

/* Whether a stream is a terminal, and whether to print colours (a terminal, NO_COLOR not set, TERM not "dumb"). */
bool print_is_terminal(FILE *out);
bool print_in_colour(FILE *out);

#endif
