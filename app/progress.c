#include "app/progress.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/print.h"
#include "base/text.h"

/* Seconds between two lines. */
static const double TERMINAL_PACE = 0.1, PLAIN_PACE = 15.0;

void app_progress_start(app_progress *progress, bool quiet)
{
    *progress = (app_progress){.quiet = quiet, .terminal = print_is_terminal(stderr), .last = clock_seconds()};
}

bool app_progress_due(const app_progress *progress)
{
    if (progress->quiet) return false;
    return clock_seconds() - progress->last >= (progress->terminal ? TERMINAL_PACE : PLAIN_PACE);
}

void app_progress_show(app_progress *progress, const char *format, ...)
{
    if (progress->quiet) return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(line, sizeof line, format, arguments);
    va_end(arguments);
    if (progress->terminal) fputs("\r\033[K", stderr);
    /* One column of a terminal stays free: it wraps when its last one is written. */
    print_plain(stderr, line, print_columns(stderr) - (progress->terminal ? 1 : 0));
    if (!progress->terminal) fputc('\n', stderr);
    fflush(stderr);
    progress->shown = progress->terminal;
    progress->last = clock_seconds();
}

void app_progress_clear(app_progress *progress)
{
    if (!progress->shown) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->shown = false;
}

void app_progress_say(app_progress *progress, const char *format, ...)
{
    if (progress->quiet) return;
    app_progress_clear(progress);
    char text[ST_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    text_vformat(text, sizeof text, format, arguments);
    va_end(arguments);
    if (progress->terminal)
        print_wrapped(stderr, 0, 0, text);
    else
        fprintf(stderr, "%s\n", text);
    fflush(stderr);
}
