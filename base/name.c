#include "base/name.h"

#include <stdbool.h>
#include <string.h>

enum { NAME_LIMIT = 64, FAR = 1000 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The number of edits between two names (see name_distance); FAR for names of more than NAME_LIMIT bytes. */
static int edit_distance(const char *a, const char *b)
{
    const size_t n = strlen(a);
    const size_t m = strlen(b);
    if (n > NAME_LIMIT || m > NAME_LIMIT) return FAR;
    int rows[3][NAME_LIMIT + 1]; /* row i of the table is rows[i % 3] */
    for (size_t j = 0; j <= m; j++) rows[0][j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        int *row = rows[i % 3];
        const int *above = rows[(i - 1) % 3];
        row[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[n % 3][m];
}

/* Whether `known` consists of the initials of `written`: lr for learning_rate. */
static bool are_initials(const char *written, const char *known)
{
    for (const char *word = written; *word == *known && *known; known++) {
        word += strcspn(word, "_-");
        if (!*word) return !known[1];
        word++;
    }
    return false;
}

int name_distance(const char *written, const char *known)
{
    if (are_initials(written, known)) return 1;
    const bool inside = *written && (strstr(written, known) || strstr(known, written));
    return inside && strcmp(written, known) != 0 ? 1 : edit_distance(written, known);
}
