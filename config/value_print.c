#include "config/value_print.h"

#include "base/number.h"
#include "base/text.h"
#include "config/list.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print_real(FILE *out, double value)
{
    char text[NUMBER_TEXT_SIZE];
    number_print(text, value);
    fputs(text, out);
}

static void print_reals(FILE *out, const double *values, size_t count, const char *separator)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) fputs(separator, out);
        print_real(out, values[i]);
    }
}

static const char *word_of(const cfg_key *key, int index)
{
    for (int i = 0; key->words[i]; i++)
        if (i == index) return key->words[i];
    return NULL;
}

static void print_choice(const cfg_key *key, const void *value, FILE *out)
{
    int index = 0;
    memcpy(&index, value, sizeof index);
    const char *word = word_of(key, index);
    if (word) fputs(word, out);
}

static void print_weights(const cfg_key *key, const cfg_per_class *value, FILE *out)
{
    const char *word = word_of(key, value->form);
    if (word)
        fputs(word, out);
    else
        print_reals(out, value->list.items, value->list.count, ", ");
}

static void print_similarity(const cfg_key *key, const cfg_similarity *value, FILE *out)
{
    const char *word = word_of(key, (int)value->form);
    if (word) {
        fputs(word, out);
        return;
    }
    for (size_t row = 0; row < value->classes; row++) {
        if (row > 0) fputs(" / ", out);
        print_reals(out, value->rows + row * value->classes, value->classes, " ");
    }
}

static void print_name(const char *name, FILE *out)
{
    const char quote = cfg_name_quote(name);
    if (quote) fputc(quote, out);
    fputs(name, out);
    if (quote) fputc(quote, out);
}

static void print_names(const cfg_names *names, FILE *out)
{
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0) fputs(", ", out);
        print_name(names->items[i], out);
    }
}

/* Whether `name` is a whole number in its one usual form, as the ends of a range are. */
static bool as_index(const char *name, uint64_t *index)
{
    return (name[0] != '0' || !name[1]) && number_uint64(name, index) == NUMBER_OK && *index < UINT64_MAX;
}

/* Runs of three and more consecutive numbers become ranges again. */
static void print_ids(const cfg_names *ids, FILE *out)
{
    for (size_t i = 0; i < ids->count;) {
        uint64_t first = 0;
        uint64_t next = 0;
        size_t run = 1;
        if (as_index(ids->items[i], &first))
            while (i + run < ids->count && as_index(ids->items[i + run], &next) && next == first + run) run++;
        if (run < 3) run = 1;
        if (i > 0) fputs(", ", out);
        print_name(ids->items[i], out);
        if (run > 1) fprintf(out, "..%s", ids->items[i + run - 1]);
        i += run;
    }
}

static void print_seeds(const cfg_seeds *seeds, FILE *out)
{
    for (size_t i = 0; i < seeds->count; i++) fprintf(out, "%s%" PRIu64, i > 0 ? ", " : "", seeds->items[i]);
}

static void print_modalities(unsigned bits, FILE *out)
{
    const char *separator = "";
    for (int i = 0; i < 3; i++) {
        if (!(bits & (1u << i))) continue;
        fprintf(out, "%s%c", separator, "tav"[i]);
        separator = ", ";
    }
    if (bits == CFG_MODALITIES_AUTO) fputs("auto", out);
}

static void print_widths(const int widths[3], FILE *out)
{
    if (widths[0] == 0 && widths[1] == 0 && widths[2] == 0)
        fputs("auto", out);
    else
        fprintf(out, "%d, %d, %d", widths[0], widths[1], widths[2]);
}

static void print_gcn_eval(const cfg_key *key, const cfg_gcn_eval *value, FILE *out)
{
    if (value->mode == CFG_GCN_MEAN)
        fprintf(out, "mean:%d", value->repetitions);
    else
        print_choice(key, &value->mode, out);
}

void cfg_value_print(const cfg_config *config, const cfg_key *key, FILE *out)
{
    const void *value = (const char *)config + key->offset;
    switch (key->type) {
    case CFG_TYPE_INT:
        fprintf(out, "%d", *(const int *)value);
        break;
    case CFG_TYPE_REAL:
        print_real(out, *(const double *)value);
        break;
    case CFG_TYPE_SEED:
        fprintf(out, "%" PRIu64, *(const uint64_t *)value);
        break;
    case CFG_TYPE_FLAG:
        fputs(*(const bool *)value ? "true" : "false", out);
        break;
    case CFG_TYPE_CHOICE:
        print_choice(key, value, out);
        break;
    case CFG_TYPE_TEXT:
    case CFG_TYPE_NAME:
    case CFG_TYPE_PATH:
        if (*(char *const *)value) fputs(*(char *const *)value, out);
        break;
    case CFG_TYPE_NAMES:
        print_names(value, out);
        break;
    case CFG_TYPE_IDS:
        print_ids(value, out);
        break;
    case CFG_TYPE_SEEDS:
        print_seeds(value, out);
        break;
    case CFG_TYPE_MODALITIES:
        print_modalities(*(const unsigned *)value, out);
        break;
    case CFG_TYPE_WIDTHS:
        print_widths(value, out);
        break;
    case CFG_TYPE_GCN_EVAL:
        print_gcn_eval(key, value, out);
        break;
    case CFG_TYPE_WEIGHTS:
        print_weights(key, value, out);
        break;
    case CFG_TYPE_SIMILARITY:
        print_similarity(key, value, out);
        break;
    }
}

/* " from 1 to 64", " of at least 0 and below 1", " above 0": the range of a key behind its kind. */
static void describe_range(const cfg_key *key, char *text, size_t size)
{
    char low[NUMBER_TEXT_SIZE];
    char high[NUMBER_TEXT_SIZE];
    const bool integer = key->type == CFG_TYPE_INT || key->type == CFG_TYPE_WIDTHS || key->type == CFG_TYPE_GCN_EVAL;
    number_print(low, key->low);
    number_print(high, key->high);
    if (integer) {
        text_format(low, sizeof low, "%.0f", key->low);
        text_format(high, sizeof high, "%.0f", key->high);
    }
    const bool bounded = !isinf(key->high) && !(integer && key->high >= INT_MAX);
    if (bounded && !key->above_low && !key->below_high)
        snprintf(text, size, " from %s to %s", low, high);
    else if (bounded)
        snprintf(text, size, "%s%s and %s%s", key->above_low ? " above " : " of at least ", low,
                 key->below_high ? "below " : "at most ", high);
    else
        snprintf(text, size, "%s%s", key->above_low ? " above " : " of at least ", low);
}

/* "a, b or c", or "a, b, " where something else is to follow. */
static void describe_words(const cfg_key *key, bool more, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; key->words[i] && used < size; i++) {
        const bool last = !key->words[i + 1];
        const bool before_last = !last && !key->words[i + 2];
        const char *behind = more ? ", " : last ? "" : before_last ? " or " : ", ";
        const int length = snprintf(text + used, size - used, "%s%s", key->words[i], behind);
        used += length > 0 ? (size_t)length : 0;
    }
}

/* The types that need neither words nor range to be described, and the kinds of number. */
static const char *const kinds[] = {
    [CFG_TYPE_INT] = "an integer",
    [CFG_TYPE_REAL] = "a number",
    [CFG_TYPE_SEED] = "an integer from 0 to 18446744073709551615",
    [CFG_TYPE_FLAG] = "true or false",
    [CFG_TYPE_TEXT] = "text",
    [CFG_TYPE_NAME] = "the name of a folder, without / and not beginning with a point",
    [CFG_TYPE_PATH] = "a path",
    [CFG_TYPE_NAMES] = "different names, separated by commas",
    [CFG_TYPE_IDS] = "different dialogue ids, separated by commas, with ranges such as 1039..1152",
    [CFG_TYPE_SEEDS] = "different integers, separated by commas, with ranges such as 1..5",
    [CFG_TYPE_MODALITIES] = "auto, or some of t, a, v",
};

void cfg_value_describe(const cfg_key *key, char text[CFG_DESCRIPTION_SIZE])
{
    enum { SIZE = CFG_DESCRIPTION_SIZE };
    char words[SIZE / 2] = "";
    char range[2 * NUMBER_TEXT_SIZE + 32] = "";
    if (key->words) describe_words(key, key->type != CFG_TYPE_CHOICE, words, sizeof words);
    describe_range(key, range, sizeof range);
    if (key->type == CFG_TYPE_CHOICE)
        snprintf(text, SIZE, "%s", words);
    else if (key->type == CFG_TYPE_WIDTHS)
        snprintf(text, SIZE, "auto, or three integers%s: text, audio, visual", range);
    else if (key->type == CFG_TYPE_GCN_EVAL)
        snprintf(text, SIZE, "%sor mean:R with an integer R%s", words, range);
    else if (key->type == CFG_TYPE_WEIGHTS)
        snprintf(text, SIZE, "%sor one number%s per class", words, range);
    else if (key->type == CFG_TYPE_SIMILARITY)
        snprintf(text, SIZE, "%sor a row of numbers%s per class, rows separated by /", words, range);
    else
        snprintf(text, SIZE, "%s%s", kinds[key->type], key->low < key->high ? range : "");
}
