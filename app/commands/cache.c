/* safsd-cl cache: the programs that were kept for drivers that keep none. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "app/app.h"
#include "base/print.h"
#include "runtime/program_cache.h"

static void print_entry(const rt_cache_entry *entry)
{
    enum { INDENT = 4 };
    char text[1024], size[PRINT_WORD_SIZE], when[32] = "?";
    const time_t used = (time_t)entry->used;
    struct tm local;
    if (localtime_r(&used, &local)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
    puts(entry->file);
    if (entry->whole)
        snprintf(text, sizeof text, "    %s, last used %s: %s, driver %s, %s", print_bytes(size, entry->bytes), when,
                 entry->device, entry->driver, entry->options);
    else
        snprintf(text, sizeof text, "    %s, damaged: it will not be used", print_bytes(size, entry->bytes));
    print_wrapped(stdout, 0, INDENT, text);
}

static st_status list(st_error *error)
{
    rt_cache_entry *entries = NULL;
    size_t count = 0;
    uint64_t bytes = 0;
    char folder[4096], size[PRINT_WORD_SIZE], limit[PRINT_WORD_SIZE];
    if (!rt_cache_folder(folder, sizeof folder)) {
        puts("no folder: neither XDG_CACHE_HOME nor HOME is set");
        return ST_OK;
    }
    ST_FORWARD(rt_cache_list(&entries, &count, error));
    for (size_t i = 0; i < count; ++i) {
        print_entry(&entries[i]);
        bytes += entries[i].bytes;
    }
    free(entries);
    printf("%zu program%s, %s of at most %s, in\n%s\n", count, count == 1 ? "" : "s", print_bytes(size, bytes),
           print_bytes(limit, RT_CACHE_BYTES), folder);
    return ST_OK;
}

static st_status clear(st_error *error)
{
    size_t removed = 0;
    ST_FORWARD(rt_cache_clear(&removed, error));
    printf("%zu program%s removed\n", removed, removed == 1 ? "" : "s");
    return ST_OK;
}

static st_status run(app_state *app, const opt_line *line)
{
    if (opt_has(line, "list") == opt_has(line, "clear"))
        return st_fail(&app->error, ST_USAGE, "cache takes one of --list and --clear");
    return opt_has(line, "list") ? list(&app->error) : clear(&app->error);
}

static const opt_option options[] = {
    {"list", 0, NULL, "the programs that are kept, last used first"},
    {"clear", 0, NULL, "remove them all"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_cache = {
    .name = "cache",
    .synopsis = "--list | --clear",
    .summary = "list or remove the kernels that were kept compiled",
    .description =
        "Kernels are kept compiled for drivers that compile them again in every process; most drivers keep them "
        "themselves, and then nothing is kept here. SAFSD_CL_CACHE=always keeps them for every driver, "
        "SAFSD_CL_CACHE=never for none. A damaged program is never used, but built again. The folder is "
        "safsd-cl/programs in XDG_CACHE_HOME, or in .cache at home.",
    .example = "  safsd-cl cache --list\n  safsd-cl cache --clear\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 0,
    .run = run,
};
