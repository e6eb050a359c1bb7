#include "config/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

cfg_piece cfg_piece_next(const char **rest, const char *separators)
{
    cfg_piece piece = {*rest, strcspn(*rest, separators)};
    *rest = piece.text[piece.length] ? piece.text + piece.length + 1 : NULL;
    while (piece.length > 0 && is_blank(*piece.text)) piece.text++, piece.length--;
    while (piece.length > 0 && is_blank(piece.text[piece.length - 1])) piece.length--;
    return piece;
}

char *cfg_piece_copy(cfg_piece piece)
{
    char *copy = malloc(piece.length + 1);
    if (!copy) return NULL;
    memcpy(copy, piece.text, piece.length);
    copy[piece.length] = '\0';
    return copy;
}

bool cfg_piece_is(cfg_piece piece, const char *word)
{
    return piece.length == strlen(word) && memcmp(piece.text, word, piece.length) == 0;
}

bool cfg_piece_is_word(cfg_piece piece, const char *word)
{
    if (piece.length != strlen(word)) return false;
    for (size_t i = 0; i < piece.length; i++)
        if (text_lower(piece.text[i]) != text_lower(word[i])) return false;
    return true;
}

/* The quote that closes the name that begins with one; NULL where it is none of a whole name. */
static const char *closing_quote(const char *name)
{
    for (const char *at = strchr(name + 1, *name); at; at = strchr(at + 1, *name)) {
        const char *next = at + 1;
        while (is_blank(*next)) next++;
        if (*next == ',' || !*next) return at;
    }
    return NULL;
}

cfg_piece cfg_name_next(const char **rest)
{
    const char *name = *rest;
    while (is_blank(*name)) name++;
    const char *close = *name == '"' || *name == '\'' ? closing_quote(name) : NULL;
    if (!close) return cfg_piece_next(rest, ",");
    const char *end = close + 1 + strcspn(close + 1, ",");
    *rest = *end ? end + 1 : NULL;
    return (cfg_piece){name + 1, (size_t)(close - name - 1)};
}

char cfg_name_quote(const char *name)
{
    const char *rest = name;
    const cfg_piece read = cfg_name_next(&rest);
    if (!rest && cfg_piece_is(read, name)) return 0;
    for (const char *at = strchr(name, '"'); at; at = strchr(at + 1, '"')) {
        const char *next = at + 1;
        while (is_blank(*next)) next++;
        if (*next == ',' || !*next) return '\'';
    }
    return '"';
}

bool cfg_names_add(cfg_names *names, cfg_piece name)
{
    char *copy = cfg_piece_copy(name);
    char **grown = copy ? realloc(names->items, (names->count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        free(copy);
        return false;
    }
    names->items = grown;
    grown[names->count++] = copy;
    return true;
}

bool cfg_reals_add(cfg_reals *reals, double real)
{
    double *grown = realloc(reals->items, (reals->count + 1) * sizeof *grown);
    if (!grown) return false;
    reals->items = grown;
    grown[reals->count++] = real;
    return true;
}

bool cfg_seeds_add(cfg_seeds *seeds, uint64_t seed)
{
    uint64_t *grown = realloc(seeds->items, (seeds->count + 1) * sizeof *grown);
    if (!grown) return false;
    seeds->items = grown;
    grown[seeds->count++] = seed;
    return true;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

const char *cfg_names_repeated(const cfg_names *names, bool *memory)
{
    *memory = true;
    if (names->count < 2) return NULL;
    char **sorted = malloc(names->count * sizeof *sorted);
    *memory = sorted != NULL;
    if (!sorted) return NULL;
    memcpy(sorted, names->items, names->count * sizeof *sorted);
    qsort(sorted, names->count, sizeof *sorted, compare_names);
    const char *repeated = NULL;
    for (size_t i = 1; i < names->count && !repeated; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0) repeated = sorted[i];
    free(sorted);
    return repeated;
}

void cfg_names_clear(cfg_names *names)
{
    for (size_t i = 0; i < names->count; i++) free(names->items[i]);
    free(names->items);
    *names = (cfg_names){0};
}

void cfg_reals_clear(cfg_reals *reals)
{
    free(reals->items);
    *reals = (cfg_reals){0};
}

void cfg_seeds_clear(cfg_seeds *seeds)
{
    free(seeds->items);
    *seeds = (cfg_seeds){0};
}
