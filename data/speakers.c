#include "data/speakers.h"

#include "data/assemble.h"
#include "data/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_ROW = -1, LISTED = 1200 /* characters of a list of names */ };

/* A matching under way. */
typedef struct match {
    const ds_dataset *data;
    const ds_known_speakers *known;
    int32_t *rows;   /* [speakers of the data] */
    bool *concerned; /* [speakers of the data] they speak in a part that counts */
} match;

/* ---- one speaker ---- */

static bool has_no_names(const ds_known_speakers *known)
{
    return !known->names || ds_names_numbered(known->names, known->count);
}

static int32_t row_of_name(const ds_known_speakers *known, const char *name)
{
    for (size_t s = 0; s < known->count; s++)
        if (known->names ? strcmp(known->names[s], name) == 0 : ds_name_is_number(name, s)) return (int32_t)s;
    if (!has_no_names(known)) return NO_ROW;
    const int32_t published = strcmp(name, "M") == 0 ? 0 : strcmp(name, "F") == 0 ? 1 : NO_ROW;
    return published < (int32_t)known->count ? published : NO_ROW;
}

static int32_t row_of(const match *m, size_t speaker, bool by_number)
{
    if (by_number) return speaker < m->known->count ? (int32_t)speaker : NO_ROW;
    return row_of_name(m->known, m->data->speaker_names[speaker]);
}

/* ---- those without a row ---- */

/* The rule, in the order in which they first speak; those who never do come last. */
static size_t place_unknown(match *m, const bool *unknown, bool *placed)
{
    const size_t S = m->known->count;
    const bool by_position = m->known->unknown == DS_UNKNOWN_POSITION;
    size_t met = 0, concerned = 0;
    for (size_t d = 0; d < m->data->dialogues; d++)
        for (size_t i = m->data->starts[d]; i < m->data->starts[d + 1]; i++) {
            const size_t s = (size_t)m->data->speakers[i];
            if (!unknown[s]) continue;
            if (!placed[s]) m->rows[s] = (int32_t)(by_position ? met++ % S : S);
            placed[s] = true;
            concerned += !m->concerned[s] && m->known->concerned[m->data->split[d]];
            m->concerned[s] = m->concerned[s] || m->known->concerned[m->data->split[d]];
        }
    for (size_t s = 0; s < m->data->speaker_count; s++)
        if (m->rows[s] == NO_ROW) m->rows[s] = (int32_t)S;
    return concerned;
}

/* "'Carol', 'Dave' and 3 more", with "as 'Alice'" behind each that has the row of a name. */
static void list_unknown(const match *m, const bool *unknown, size_t count, char text[LISTED])
{
    const bool by_position = m->known->unknown == DS_UNKNOWN_POSITION;
    size_t used = 0, listed = 0;
    text[0] = '\0';
    for (size_t s = 0; s < m->data->speaker_count; s++) {
        char entry[400], row[24];
        if (!unknown[s] || !m->concerned[s]) continue;
        snprintf(row, sizeof row, "%d", (int)m->rows[s]);
        const char *as = m->known->names && by_position ? m->known->names[m->rows[s]] : row;
        snprintf(entry, sizeof entry, by_position ? "%s'%.160s' as '%.160s'" : "%s'%.160s'", listed ? ", " : "",
                 m->data->speaker_names[s], as);
        if (used + strlen(entry) + 32 > LISTED) break;
        used += (size_t)snprintf(text + used, LISTED - used, "%s", entry);
        listed++;
    }
    if (listed < count) snprintf(text + used, LISTED - used, " and %zu more", count - listed);
}

static st_status tell_unknown(const match *m, const bool *unknown, size_t count, char notice[ST_TEXT_SIZE],
                              st_error *error)
{
    char names[LISTED];
    const ds_known_speakers *known = m->known;
    const char *plural = count == 1 ? "" : "s";
    const size_t used = strlen(notice);
    char *const text = notice + used;
    const char *const and = used > 0 ? "; " : "";
    list_unknown(m, unknown, count, names);
    switch (known->unknown) {
    case DS_UNKNOWN_PADDING:
        snprintf(text, ST_TEXT_SIZE - used,
                 "%s%zu speaker%s of the data set that %.400s does not know get%s no embedding: %s", and, count, plural,
                 known->owner, count == 1 ? "s" : "", names);
        return ST_OK;
    case DS_UNKNOWN_POSITION:
        snprintf(text, ST_TEXT_SIZE - used,
                 "%swarning: %zu speaker%s of the data set that %.400s does not know take%s the embedding of another: "
                 "%s",
                 and, count, plural, known->owner, count == 1 ? "s" : "", names);
        return ST_OK;
    default:
        return st_fail(error, ST_USAGE,
                       "%.400s does not know %zu speaker%s of the data set: %s; [data] unknown_speakers = padding "
                       "leaves their embedding out, position gives them those of others",
                       known->owner, count, plural, names);
    }
}

/* ---- all of them ---- */

static st_status match_all(match *m, bool *unknown, bool *placed, char notice[ST_TEXT_SIZE], st_error *error)
{
    const ds_dataset *data = m->data;
    const ds_known_speakers *known = m->known;
    const bool by_number = ds_names_numbered(data->speaker_names, data->speaker_count);
    for (size_t s = 0; s < data->speaker_count; s++) {
        m->rows[s] = row_of(m, s, by_number);
        unknown[s] = m->rows[s] == NO_ROW;
    }
    const bool named =
        !has_no_names(known) && !(known->count == 2 && row_of_name(known, "M") == 0 && row_of_name(known, "F") == 1);
    if (by_number && named)
        snprintf(notice, ST_TEXT_SIZE,
                 "warning: the data set numbers its speakers, but %.400s knows names: speaker 0 is taken for '%.160s', "
                 "and so on",
                 known->owner, known->names[0]);
    const size_t concerned = place_unknown(m, unknown, placed);
    return concerned > 0 ? tell_unknown(m, unknown, concerned, notice, error) : ST_OK;
}

st_status ds_match_speakers(ds_dataset *data, const ds_known_speakers *known, char notice[ST_TEXT_SIZE],
                            st_error *error)
{
    const size_t count = data->speaker_count;
    struct ds_storage *storage = data->storage;
    bool *marks = calloc(3 * count + 1, sizeof *marks);
    match m = {data, known, ds_pool_array(&storage->pool, count + 1, sizeof *m.rows), marks};
    notice[0] = '\0';
    const st_status status = marks && m.rows ? match_all(&m, marks + count, marks + 2 * count, notice, error)
                                             : st_fail(error, ST_FAILED, "out of memory for %zu speakers", count);
    free(marks);
    ST_FORWARD(status);
    storage->speaker_rows = m.rows;
    ds_publish(data);
    return ST_OK;
}
