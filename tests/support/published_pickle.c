#include "tests/support/published_pickle.h"

#include "tests/support/scratch.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const size_t ts_published_lengths[DIALOGUES] = {3, 1, 4};
const size_t ts_published_starts[DIALOGUES] = {0, 3, 4};

/* ---- a pickle written by hand: protocol 2, lists of lists ---- */

typedef struct writer {
    unsigned char *bytes;
    size_t size, room;
} writer;

static void put(writer *w, const void *bytes, size_t size)
{
    if (w->size + size > w->room) {
        w->room = 2 * (w->size + size) + 4096;
        w->bytes = realloc(w->bytes, w->room);
        assert_non_null(w->bytes);
    }
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

static void put_op(writer *w, const char *operation)
{
    put(w, operation, strlen(operation));
}

static void put_int(writer *w, long number)
{
    char text[32];
    snprintf(text, sizeof text, "I%ld\n", number);
    put_op(w, text);
}

static void put_float(writer *w, double number)
{
    uint64_t bits = 0;
    unsigned char bytes[9] = {'G'};
    memcpy(&bits, &number, sizeof bits);
    for (size_t i = 0; i < 8; i++) bytes[1 + i] = (unsigned char)(bits >> (56 - 8 * i));
    put(w, bytes, sizeof bytes);
}

static void put_text(writer *w, const char *text)
{
    const unsigned char head[2] = {'U', (unsigned char)strlen(text)};
    put(w, head, 2);
    put_op(w, text);
}

/* ---- a data set in a published layout, with one thing wrong where wanted ---- */

double ts_published_feature(size_t modality, size_t row, size_t k)
{
    return 1000.0 * (double)modality + (double)row + (double)k / 8.0;
}

static size_t length_of(const spec *s, size_t d)
{
    if (s->wrong == EMPTY_DIALOGUE && d == 1) return 0;
    if (s->wrong == LONG_DIALOGUE && d == 1) return 513;
    return ts_published_lengths[d];
}

static void put_id(writer *w, const spec *s, size_t d)
{
    char text[32];
    snprintf(text, sizeof text, "dia%zu", d);
    if (s->wrong == ID_IS_A_LIST)
        put_op(w, "]");
    else if (s->number_ids)
        put_int(w, (long)(100 + d));
    else
        put_text(w, text);
}

static void put_speaker(writer *w, const spec *s, size_t row)
{
    static const char *const names[] = {"Ross", "Joey", "Ross", "Phoebe"};
    if (s->wrong == SPEAKERS_IN_ROWS_OF_ONE) {
        put_op(w, "](");
        put_int(w, (long)(row % 2));
        put_op(w, "e");
        return;
    }
    if (s->wrong == MIXED_SPEAKERS && row == 6)
        put_int(w, 1);
    else if (s->voice == M_AND_F)
        put_text(w, row % 2 ? "M" : "F"); /* F first: still speaker 1 */
    else if (s->voice == NAMES)
        put_text(w, names[row % 4]);
    else if (s->voice == NUMBERS)
        put_int(w, s->wrong == NEGATIVE_SPEAKER && row == 6 ? -1 : (long)(row % 4));
    else {
        put_op(w, "](");
        for (size_t k = 0; k < 9; k++) {
            const bool second = s->wrong == TWO_HOT && row == 6 && k == 8;
            const bool none = s->wrong == NONE_HOT && row == 6;
            put_float(w, (k == row % 4 && !none) || second ? 1.0 : 0.0);
        }
        put_op(w, "e");
    }
}

static void put_label(writer *w, const spec *s, size_t row)
{
    if (row != 5)
        put_int(w, s->wrong == UNLABELLED ? -1 : (long)(row % 3));
    else if (s->wrong == LABEL_NONE)
        put_op(w, "N");
    else if (s->wrong == LABEL_NAN)
        put_float(w, NAN);
    else if (s->wrong == LABEL_TEXT)
        put_text(w, "sad");
    else if (s->wrong == LABEL_HALF)
        put_float(w, 1.5);
    else if (s->wrong == LABEL_LOW)
        put_int(w, -2);
    else if (s->wrong == LABEL_UNKNOWN || s->wrong == UNLABELLED)
        put_int(w, -1);
    else
        put_float(w, 2.0); /* a whole float is a label too */
}

static void put_row(writer *w, const spec *s, size_t modality, size_t row)
{
    const bool here = row == 5 && modality == 1;
    const size_t width = s->widths[modality] - (here && s->wrong == NARROW_ROW);
    if (here && s->wrong == FLAT_ROW) {
        put_float(w, 1.0);
        return;
    }
    put_op(w, "](");
    for (size_t k = 0; k < width; k++) {
        if (here && k == 1 && s->wrong == TEXT_FEATURE)
            put_text(w, "x");
        else if (here && k == 1 && s->wrong == NAN_FEATURE)
            put_float(w, NAN);
        else if (here && k == 1 && s->wrong == LARGE_FEATURE)
            put_float(w, 1e39);
        else
            put_float(w, ts_published_feature(modality, row, k));
    }
    put_op(w, "e");
}

/* Entry `row` of a field. */
static void put_entry(writer *w, const spec *s, size_t field, size_t row)
{
    char text[32];
    if (field == 1)
        put_speaker(w, s, row);
    else if (field == 2)
        put_label(w, s, row);
    else if (field >= 3 && field <= 5)
        put_row(w, s, field - 3, row);
    else {
        snprintf(text, sizeof text, "%s %zu", field == 0 ? "u" : "sentence", row);
        put_text(w, text);
    }
}

static void put_table(writer *w, const spec *s, size_t field)
{
    static const size_t order[DIALOGUES] = {2, 0, 1};
    put_op(w, "}(");
    for (size_t i = 0; i < DIALOGUES + (s->wrong == UNLISTED); i++) {
        const size_t d = i < DIALOGUES ? order[i] : 9;
        if (s->wrong == NO_LABELS_OF_ONE && field == 2 && d == 2) continue;
        put_id(w, s, d);
        if (s->wrong == LABELS_OF_ONE_NONE && field == 2 && d == 2) {
            put_op(w, "N");
            continue;
        }
        size_t length = d < DIALOGUES ? length_of(s, d) : 1;
        if (d == 2 && ((s->wrong == SHORT_FEATURES && field == 4) || (s->wrong == SHORT_LABELS && field == 2) ||
                       (s->wrong == SHORT_SENTENCES && field == 6)))
            length--;
        if (s->wrong == LABELS_NO_LIST && field == 2 && d == 2) {
            put_int(w, 4);
            continue;
        }
        put_op(w, "](");
        for (size_t k = 0; k < length; k++) put_entry(w, s, field, d < DIALOGUES ? ts_published_starts[d] + k : 0);
        put_op(w, "e");
    }
    put_op(w, "u");
}

static void put_ids(writer *w, const spec *s, bool training)
{
    put_op(w, "](");
    for (size_t d = 0; d < DIALOGUES && s->wrong != NO_DIALOGUES; d++) {
        if (s->validation > 0 && d == 1) continue;
        if ((d < TRAINING && s->wrong != NO_TRAINING) == training) put_id(w, s, d);
    }
    if (s->wrong == LISTED_TWICE && training) put_id(w, s, 0);
    if (s->wrong == IN_BOTH_LISTS && !training) put_id(w, s, 0);
    if (s->wrong == NOT_THERE && !training) put_id(w, s, 7);
    put_op(w, "e");
}

unsigned char *ts_published_pickle(const spec *s, size_t *size)
{
    writer w = {0};
    put_op(&w, "\x80\x02(");
    for (int place = 0; place < (int)s->size; place++) {
        size_t field = 0;
        while (field < 9 && s->places[field] != place) field++;
        if (place > 0 && place == s->validation) {
            put_op(&w, "](");
            put_id(&w, s, 1);
            put_op(&w, "e");
        } else if (field == 2 && s->wrong == LABELS_NONE)
            put_op(&w, "N");
        else if (field < 3 || field == 6)
            put_table(&w, s, field);
        else if (field < 6 && s->widths[field - 3] == 0)
            put_op(&w, place % 2 ? "N" : "}"); /* both say: none */
        else if (field < 6)
            put_table(&w, s, field);
        else if (field < 9)
            put_ids(&w, s, field == 7);
        else if (place == s->sentiments)
            put_op(&w, "}(I1\nI2\nu");
        else if (place < 9)
            put_op(&w, "}");
        else
            put_op(&w, s->wrong == FORBIDDEN_CLASS ? "cposix\nsystem\n" : "N");
    }
    put_op(&w, "t.");
    *size = w.size;
    return w.bytes;
}
