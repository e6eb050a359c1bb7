#include "config/value_read.h"

#include "config/list.h"
#include "base/number.h"
#include "config/similarity.h"
#include "config/value_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANGE_LIMIT = 100000, SEED_LIMIT = 1000 }; /* items that one range of ids, one list of seeds may have */

/* What every reader of a type needs beside the text. */
typedef struct reading {
    const cfg_key *key;
    const char *place;
    const char *folder;
    st_error *error;
} reading;

/* "FILE:LINE: [section] key: "12abc" is not an integer; it takes an integer from 1 to 64" */
static st_status refuse(const reading *in, cfg_piece read, const char *problem)
{
    enum { SHOWN = 80 };
    char takes[CFG_DESCRIPTION_SIZE];
    cfg_value_describe(in->key, takes);
    const bool cut = read.length > SHOWN;
    return st_fail(in->error, ST_USAGE, "%s: \"%.*s%s\" %s; it takes %s", in->place, (int)(cut ? SHOWN : read.length),
                   read.text, cut ? "..." : "", problem, takes);
}

static cfg_piece whole(const char *text)
{
    return (cfg_piece){text, strlen(text)};
}

/* Well-formed UTF-8 in the sense of RFC 3629, as the metadata of a checkpoint, which holds the configuration, needs. */
static bool is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        const unsigned first = *at++;
        if ((first >= 0x80 && first < 0xc2) || first > 0xf4) return false;
        const int more = (first >= 0xc2) + (first >= 0xe0) + (first >= 0xf0);
        const unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        const unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (more > 0 && (*at < low || *at > high)) return false;
        for (int i = 0; i < more; i++)
            if ((*at++ & 0xc0) != 0x80) return false;
    }
    return true;
}

static st_status out_of_memory(const reading *in)
{
    return st_fail(in->error, ST_FAILED, "%s: out of memory", in->place);
}

/* The index of the word that `text` is among the key's, or -1. */
static int find_word(const reading *in, cfg_piece text)
{
    for (int i = 0; in->key->words && in->key->words[i]; i++)
        if (cfg_piece_is_word(text, in->key->words[i])) return i;
    return -1;
}

static st_status read_real(const reading *in, cfg_piece text, double *value)
{
    const cfg_key *key = in->key;
    char *copy = cfg_piece_copy(text);
    if (!copy) return out_of_memory(in);
    double real = 0;
    const number_status found = number_real(copy, &real);
    free(copy);
    if (found == NUMBER_NONE) return refuse(in, text, "is not a number");
    if (found == NUMBER_HUGE || real < key->low || real > key->high || (key->above_low && real <= key->low) ||
        (key->below_high && real >= key->high))
        return refuse(in, text, "is out of range");
    *value = real;
    return ST_OK;
}

static st_status read_int(const reading *in, cfg_piece text, int *value)
{
    char *copy = cfg_piece_copy(text);
    if (!copy) return out_of_memory(in);
    int64_t integer = 0;
    const number_status found = number_int64(copy, &integer);
    free(copy);
    if (found == NUMBER_NONE) return refuse(in, text, "is not an integer");
    if (found == NUMBER_HUGE || (double)integer < in->key->low || (double)integer > in->key->high)
        return refuse(in, text, "is out of range");
    *value = (int)integer;
    return ST_OK;
}

static st_status read_seed(const reading *in, cfg_piece text, uint64_t *value)
{
    char *copy = cfg_piece_copy(text);
    if (!copy) return out_of_memory(in);
    const number_status found = number_uint64(copy, value);
    free(copy);
    if (found == NUMBER_NONE) return refuse(in, text, "is not an integer without sign");
    if (found == NUMBER_HUGE) return refuse(in, text, "is out of range");
    return ST_OK;
}

static st_status read_flag(const reading *in, cfg_piece text, bool *value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!cfg_piece_is_word(text, words[i])) continue;
        *value = i % 2 == 1;
        return ST_OK;
    }
    return refuse(in, text, "is neither true nor false");
}

static st_status read_choice(const reading *in, cfg_piece text, void *value)
{
    const int index = find_word(in, text);
    if (index < 0) return refuse(in, text, "is none of its words");
    memcpy(value, &index, sizeof index);
    return ST_OK;
}

static st_status read_text(const reading *in, const char *text, char **value)
{
    if (in->key->type == CFG_TYPE_NAME && (strchr(text, '/') || text[0] == '.'))
        return refuse(in, whole(text), "cannot name a folder");
    if (in->key->type == CFG_TYPE_PATH && text[0] == '~' && (text[1] == '/' || !text[1]))
        return refuse(in, whole(text), "begins with ~, which only a shell replaces; write $HOME or the whole path");
    if (in->key->type == CFG_TYPE_PATH && strcmp(text, "-") == 0)
        return refuse(in, whole(text), "is standard input, from which nothing is read");
    const bool moved = in->key->type == CFG_TYPE_PATH && in->folder && text[0] != '/';
    const size_t size = strlen(text) + (moved ? strlen(in->folder) + 1 : 0) + 1;
    *value = malloc(size);
    if (!*value) return out_of_memory(in);
    if (moved)
        snprintf(*value, size, "%s/%s", in->folder, text);
    else
        snprintf(*value, size, "%s", text);
    return is_utf8(*value) ? ST_OK : refuse(in, whole(*value), "is no valid UTF-8");
}

/* Splits "first..last" into its two ends; false where there is no "..". */
static bool split_range(cfg_piece text, cfg_piece *first, cfg_piece *last)
{
    for (size_t i = 0; i + 1 < text.length; i++) {
        if (text.text[i] != '.' || text.text[i + 1] != '.') continue;
        *first = (cfg_piece){text.text, i};
        *last = (cfg_piece){text.text + i + 2, text.length - i - 2};
        return true;
    }
    return false;
}

static st_status read_range(const reading *in, cfg_piece text, cfg_piece first, cfg_piece last, uint64_t ends[2])
{
    for (int i = 0; i < 2; i++) {
        const cfg_piece piece = i == 0 ? first : last;
        char *copy = cfg_piece_copy(piece);
        if (!copy) return out_of_memory(in);
        const number_status found = number_uint64(copy, &ends[i]);
        const bool usual = found == NUMBER_OK && (copy[0] != '0' || !copy[1]);
        free(copy);
        if (!usual) return refuse(in, text, "is not a range between two integers");
    }
    if (ends[0] > ends[1]) return refuse(in, text, "is a range that runs backwards");
    if (ends[1] - ends[0] >= RANGE_LIMIT) return refuse(in, text, "is a range of more than 100000 integers");
    return ST_OK;
}

static st_status add_id(const reading *in, cfg_piece text, cfg_names *ids)
{
    cfg_piece first;
    cfg_piece last;
    if (in->key->type != CFG_TYPE_IDS || !split_range(text, &first, &last))
        return cfg_names_add(ids, text) ? ST_OK : out_of_memory(in);
    uint64_t ends[2] = {0, 0};
    ST_FORWARD(read_range(in, text, first, last, ends));
    for (uint64_t i = 0; i <= ends[1] - ends[0]; i++) {
        char name[32];
        const int length = snprintf(name, sizeof name, "%llu", (unsigned long long)(ends[0] + i));
        if (!cfg_names_add(ids, (cfg_piece){name, (size_t)length})) return out_of_memory(in);
    }
    return ST_OK;
}

static st_status read_names(const reading *in, const char *text, cfg_names *names)
{
    for (const char *rest = text; rest;) {
        const cfg_piece piece = cfg_name_next(&rest);
        if (piece.length == 0) return refuse(in, whole(text), "has an empty place in its list");
        ST_FORWARD(add_id(in, piece, names));
    }
    bool memory = true;
    const char *repeated = cfg_names_repeated(names, &memory);
    if (!memory) return out_of_memory(in);
    return repeated ? refuse(in, whole(repeated), "is in the list twice") : ST_OK;
}

static st_status add_seed(const reading *in, cfg_piece text, uint64_t seed, cfg_seeds *seeds)
{
    for (size_t i = 0; i < seeds->count; i++)
        if (seeds->items[i] == seed) return refuse(in, text, "brings a seed that is in the list already");
    if (seeds->count >= SEED_LIMIT) return refuse(in, text, "makes more than 1000 seeds");
    return cfg_seeds_add(seeds, seed) ? ST_OK : out_of_memory(in);
}

static st_status read_seeds(const reading *in, const char *text, cfg_seeds *seeds)
{
    for (const char *rest = text; rest;) {
        const cfg_piece piece = cfg_piece_next(&rest, ",");
        cfg_piece first;
        cfg_piece last;
        uint64_t ends[2] = {0, 0};
        if (split_range(piece, &first, &last)) {
            ST_FORWARD(read_range(in, piece, first, last, ends));
        } else {
            ST_FORWARD(read_seed(in, piece, &ends[0]));
            ends[1] = ends[0];
        }
        for (uint64_t i = 0; i <= ends[1] - ends[0]; i++) ST_FORWARD(add_seed(in, piece, ends[0] + i, seeds));
    }
    return ST_OK;
}

/* Numbers separated by commas or blanks, or by one comma between blanks. */
static st_status read_reals(const reading *in, cfg_piece text, cfg_reals *reals)
{
    char *copy = cfg_piece_copy(text);
    if (!copy) return out_of_memory(in);
    st_status status = ST_OK;
    for (const char *rest = copy; rest && status == ST_OK;) {
        char *item = cfg_piece_copy(cfg_piece_next(&rest, ","));
        if (!item) status = out_of_memory(in);
        if (item && !*item) status = refuse(in, text, "has an empty place in its list");
        for (const char *words = item; words && status == ST_OK;) {
            const cfg_piece word = cfg_piece_next(&words, " \t");
            double real = 0;
            if (word.length == 0) continue;
            status = read_real(in, word, &real);
            if (status == ST_OK && !cfg_reals_add(reals, real)) status = out_of_memory(in);
        }
        free(item);
    }
    free(copy);
    return status;
}

static st_status read_modalities(const reading *in, const char *text, unsigned *bits)
{
    *bits = CFG_MODALITIES_AUTO;
    if (cfg_piece_is_word(whole(text), "auto")) return ST_OK;
    static const char *const names[] = {"t", "text", "a", "audio", "v", "visual"};
    for (const char *rest = text; rest;) {
        const cfg_piece piece = cfg_piece_next(&rest, ",");
        unsigned bit = 0;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (cfg_piece_is_word(piece, names[i])) bit = 1u << (i / 2);
        if (bit == 0) return refuse(in, piece, "is no modality");
        if (*bits & bit) return refuse(in, piece, "is in the list twice");
        *bits |= bit;
    }
    return ST_OK;
}

static st_status read_widths(const reading *in, const char *text, int widths[3])
{
    if (cfg_piece_is_word(whole(text), "auto")) return ST_OK;
    const char *rest = text;
    for (int i = 0; i < 3; i++) {
        if (!rest) return refuse(in, whole(text), "has less than three integers");
        ST_FORWARD(read_int(in, cfg_piece_next(&rest, ","), &widths[i]));
    }
    if (rest) return refuse(in, whole(text), "has more than three integers");
    if (widths[0] == 0 && widths[1] == 0 && widths[2] == 0) return refuse(in, whole(text), "leaves no modality");
    return ST_OK;
}

static st_status read_gcn_eval(const reading *in, const char *text, cfg_gcn_eval *value)
{
    *value = (cfg_gcn_eval){.mode = CFG_GCN_MEAN, .repetitions = 1};
    if (strlen(text) > 5 && cfg_piece_is_word((cfg_piece){text, 5}, "mean:"))
        return read_int(in, whole(text + 5), &value->repetitions);
    return read_choice(in, whole(text), &value->mode);
}

static st_status read_weights(const reading *in, const char *text, cfg_per_class *value)
{
    int words = 0;
    while (in->key->words[words]) words++;
    const int index = find_word(in, whole(text));
    value->form = index < 0 ? words : index;
    return index < 0 ? read_reals(in, whole(text), &value->list) : ST_OK;
}

static st_status read_rows(const reading *in, const char *text, cfg_similarity *value)
{
    cfg_reals values = {0};
    size_t rows = 0;
    size_t width = 0;
    st_status status = ST_OK;
    for (const char *rest = text; rest && status == ST_OK; rows++) {
        const cfg_piece row = cfg_piece_next(&rest, "/");
        const size_t before = values.count;
        status = read_reals(in, row, &values);
        if (rows == 0) width = values.count;
        if (status == ST_OK && values.count - before != width)
            status = refuse(in, row, "has another number of columns than the first row");
    }
    if (status == ST_OK && rows != width) status = refuse(in, whole(text), "has not as many rows as columns");
    if (status != ST_OK) {
        cfg_reals_clear(&values);
        return status;
    }
    *value = (cfg_similarity){.form = CFG_SIMILARITY_ROWS, .classes = rows, .rows = values.items};
    return ST_OK;
}

static st_status read_similarity(const reading *in, const char *text, cfg_similarity *value)
{
    const int index = find_word(in, whole(text));
    if (index < 0) return read_rows(in, text, value);
    value->form = (cfg_similarity_form)index;
    const double *published = cfg_similarity_published(value->form, &value->classes);
    if (!published) return ST_OK;
    const size_t size = value->classes * value->classes * sizeof *value->rows;
    value->rows = malloc(size);
    if (!value->rows) return out_of_memory(in);
    memcpy(value->rows, published, size);
    return ST_OK;
}

static st_status read_value(const reading *in, const char *text, void *value)
{
    switch (in->key->type) {
    case CFG_TYPE_INT:
        return read_int(in, whole(text), value);
    case CFG_TYPE_REAL:
        return read_real(in, whole(text), value);
    case CFG_TYPE_SEED:
        return read_seed(in, whole(text), value);
    case CFG_TYPE_FLAG:
        return read_flag(in, whole(text), value);
    case CFG_TYPE_CHOICE:
        return read_choice(in, whole(text), value);
    case CFG_TYPE_TEXT:
    case CFG_TYPE_NAME:
    case CFG_TYPE_PATH:
        return read_text(in, text, value);
    case CFG_TYPE_NAMES:
    case CFG_TYPE_IDS:
        return read_names(in, text, value);
    case CFG_TYPE_SEEDS:
        return read_seeds(in, text, value);
    case CFG_TYPE_MODALITIES:
        return read_modalities(in, text, value);
    case CFG_TYPE_WIDTHS:
        return read_widths(in, text, value);
    case CFG_TYPE_GCN_EVAL:
        return read_gcn_eval(in, text, value);
    case CFG_TYPE_WEIGHTS:
        return read_weights(in, text, value);
    case CFG_TYPE_SIMILARITY:
        return read_similarity(in, text, value);
    }
    return refuse(in, whole(text), "belongs to a key of no known type");
}

st_status cfg_value_read(cfg_config *config, const cfg_key *key, const char *text, const char *place,
                         const char *folder, st_error *error)
{
    const reading in = {.key = key, .place = place, .folder = folder, .error = error};
    text += strspn(text, " \t"); /* where the first line of a continued value is empty */
    cfg_value_clear(config, key);
    if (!*text) return *key->standard ? refuse(&in, whole(text), "is no value") : ST_OK;
    if (!is_utf8(text)) return refuse(&in, whole(text), "is no valid UTF-8");
    const st_status status = read_value(&in, text, (char *)config + key->offset);
    if (status != ST_OK) cfg_value_clear(config, key);
    return status;
}

void cfg_value_clear(cfg_config *config, const cfg_key *key)
{
    void *value = (char *)config + key->offset;
    switch (key->type) {
    case CFG_TYPE_INT:
        *(int *)value = 0;
        break;
    case CFG_TYPE_REAL:
        *(double *)value = 0;
        break;
    case CFG_TYPE_SEED:
        *(uint64_t *)value = 0;
        break;
    case CFG_TYPE_FLAG:
        *(bool *)value = false;
        break;
    case CFG_TYPE_CHOICE:
        memset(value, 0, sizeof(int));
        break;
    case CFG_TYPE_TEXT:
    case CFG_TYPE_NAME:
    case CFG_TYPE_PATH:
        free(*(char **)value);
        *(char **)value = NULL;
        break;
    case CFG_TYPE_NAMES:
    case CFG_TYPE_IDS:
        cfg_names_clear(value);
        break;
    case CFG_TYPE_SEEDS:
        cfg_seeds_clear(value);
        break;
    case CFG_TYPE_MODALITIES:
        *(unsigned *)value = CFG_MODALITIES_AUTO;
        break;
    case CFG_TYPE_WIDTHS:
        memset(value, 0, 3 * sizeof(int));
        break;
    case CFG_TYPE_GCN_EVAL:
        *(cfg_gcn_eval *)value = (cfg_gcn_eval){.mode = CFG_GCN_EXPECTED};
        break;
    case CFG_TYPE_WEIGHTS: {
        cfg_per_class *weights = value;
        cfg_reals_clear(&weights->list);
        weights->form = 0;
        break;
    }
    case CFG_TYPE_SIMILARITY: {
        cfg_similarity *similarity = value;
        free(similarity->rows);
        *similarity = (cfg_similarity){0};
        break;
    }
    }
}
