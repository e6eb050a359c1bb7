#include "base/print.h"

#include "base/number.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

size_t print_width(const char *text)
{
    size_t width = 0;
    for (; *text; ++text) width += begins_character(*text);
    return width;
}

/* Bytes of the first `characters` characters. */
static size_t bytes_of(const char *text, size_t characters)
{
    size_t at = 0;
    while (text[at]) {
        if (begins_character(text[at]) && characters-- == 0) break;
        ++at;
    }
    return at;
}

static void put_clean(FILE *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; ++i) {
        const unsigned char byte = (unsigned char)text[i];
        fputc(byte < 32 || byte == 127 ? '?' : byte, out);
    }
}

static void put_blanks(FILE *out, size_t count)
{
    while (count-- > 0) fputc(' ', out);
}

void print_wrapped(FILE *out, size_t column, size_t indent, const char *text)
{
    const size_t columns = print_columns(out);
    size_t at = column;
    bool fresh = true; /* nothing of the text is on this line yet */
    while (*text) {
        if (*text == '\n') {
            fputc('\n', out);
            at = 0;
            fresh = true;
            ++text;
            continue;
        }
        const size_t blanks = strspn(text, " ");
        const size_t bytes = strcspn(text + blanks, " \n");
        size_t width = 0;
        for (size_t i = 0; i < bytes; ++i) width += begins_character(text[blanks + i]);
        if (!fresh && at + blanks + width > columns) {
            fputc('\n', out);
            at = 0;
            fresh = true;
        }
        if (at < indent && fresh) {
            put_blanks(out, indent - at);
            at = indent;
        }
        if (!fresh) {
            put_blanks(out, blanks);
            at += blanks;
        }
        put_clean(out, text + blanks, bytes);
        at += width;
        fresh = false;
        text += blanks + bytes;
    }
    fputc('\n', out);
}

void print_plain(FILE *out, const char *text, size_t most)
{
    if (print_width(text) <= most) {
        put_clean(out, text, strlen(text));
        return;
    }
    if (most == 0) return;
    put_clean(out, text, bytes_of(text, most - 1));
    fputc('~', out);
}

void print_padded(FILE *out, const char *text, size_t width, bool right)
{
    const size_t used = print_width(text);
    if (right && used < width) put_blanks(out, width - used);
    print_plain(out, text, width);
    if (!right && used < width) put_blanks(out, width - used);
}

const char *print_quoted(char *quoted, size_t size, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@%";
    if (*word && word[strspn(word, plain)] == '\0') {
        snprintf(quoted, size, "%s", word);
        return quoted;
    }
    size_t used = (size_t)snprintf(quoted, size, "'");
    for (; *word && used + 6 < size; ++word)
        used += (size_t)snprintf(quoted + used, size - used, *word == '\'' ? "'\\''" : "%c", *word);
    snprintf(quoted + used, size - used, "'");
    return quoted;
}

const char *print_bytes(char text[PRINT_WORD_SIZE], uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = (double)bytes / 1024;
    size_t unit = 0;
    while (size >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1024;
        ++unit;
    }
    if (bytes < 1024)
        snprintf(text, PRINT_WORD_SIZE, "%u bytes", (unsigned)bytes);
    else
        text_format(text, PRINT_WORD_SIZE, size < 99.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
    return text;
}

const char *print_duration(char text[PRINT_WORD_SIZE], double seconds)
{
    if (!(seconds > 0)) seconds = 0;
    if (seconds < 59.95) {
        text_format(text, PRINT_WORD_SIZE, "%.1f s", seconds);
        return text;
    }
    const double most = 1e9; /* longer than any run; keeps the conversion defined */
    const unsigned long whole = (unsigned long)(seconds < most ? seconds + 0.5 : most);
    const unsigned long hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0)
        snprintf(text, PRINT_WORD_SIZE, "%lu:%02lu:%02lu", hours, minutes, whole % 60);
    else
        snprintf(text, PRINT_WORD_SIZE, "%lu:%02lu", minutes, whole % 60);
    return text;
}

size_t print_columns(FILE *out)
{
    enum { LEAST = 20, MOST = 10000 };
    struct winsize size = {0};
    const char *named = getenv("COLUMNS");
    uint64_t columns = 0;
    if (!print_is_terminal(out)) return PRINT_COLUMNS;
    if (named && number_uint64(named, &columns) == NUMBER_OK && columns >= LEAST && columns <= MOST)
        return (size_t)columns;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= LEAST) return size.ws_col;
    return PRINT_COLUMNS;
}

bool print_is_terminal(FILE *out)
{
    return isatty(fileno(out)) == 1;
}

bool print_in_colour(FILE *out)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (no_colour && *no_colour) return false;
    return print_is_terminal(out) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}
