/* safsd-cl devices: every OpenCL device of this machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "engine/device_list.h"
#include "base/print.h"
#include "engine/tuned.h"
#include "runtime/program_cache.h"

static void print_device(const rt_device_info *info, size_t programs)
{
    enum { INDENT = 5 };
    char text[1024], memory[PRINT_WORD_SIZE], block[PRINT_WORD_SIZE], local[PRINT_WORD_SIZE];
    printf("%3d  ", info->index);
    print_wrapped(stdout, INDENT, INDENT, info->name);
    snprintf(text, sizeof text, "%s; select it with --device %s", rt_device_type_name(info->type), info->selector);
    print_wrapped(stdout, 0, INDENT, text);
    if (info->error[0] != '\0') {
        print_wrapped(stdout, 0, INDENT, info->platform_name);
        snprintf(text, sizeof text, "cannot be used: %s", info->error);
        print_wrapped(stdout, 0, INDENT, text);
        return;
    }
    snprintf(text, sizeof text, "%s: %s, driver %s, %s", info->platform_name, info->vendor, info->driver,
             info->version);
    print_wrapped(stdout, 0, INDENT, text);
    snprintf(text, sizeof text, "memory %s, largest block %s, local %s%s", print_bytes(memory, info->memory_bytes),
             print_bytes(block, info->largest_block_bytes), print_bytes(local, info->local_bytes),
             info->unified_memory ? ", shared with the host" : "");
    print_wrapped(stdout, 0, INDENT, text);
    char clock[PRINT_WORD_SIZE] = ""; /* some drivers do not tell */
    if (info->clock_mhz > 1) snprintf(clock, sizeof clock, " at %u MHz", (unsigned)info->clock_mhz);
    snprintf(text, sizeof text, "%u unit%s%s, native vectors of %u float%s, groups of up to %u",
             (unsigned)info->compute_units, info->compute_units == 1 ? "" : "s", clock, (unsigned)info->vector_width,
             info->vector_width == 1 ? "" : "s", (unsigned)info->max_group);
    print_wrapped(stdout, 0, INDENT, text);
    snprintf(text, sizeof text, "compiler %s, fp16 %s, fp64 %s", info->compiler ? "yes" : "no",
             info->fp16 ? "yes" : "no", info->fp64 ? "yes" : "no");
    print_wrapped(stdout, 0, INDENT, text);
    rt_tuning tuning;
    const char *tuned = en_tuned(&tuning, info, NULL);
    snprintf(text, sizeof text, "tuning %s", tuned ? tuned : "none");
    print_wrapped(stdout, 0, INDENT, text);
    if (programs > 0) {
        snprintf(text, sizeof text, "%zu compiled programs are kept for it", programs);
        print_wrapped(stdout, 0, INDENT, text);
    }
    if (info->emulator) print_wrapped(stdout, 0, INDENT, "an emulator: auto takes it last");
    if (info->same_as >= 0) {
        snprintf(text, sizeof text, "probably the same device as %d, offered by another driver", info->same_as);
        print_wrapped(stdout, 0, INDENT, text);
    }
}

static st_status print_json(const rt_device_list *list, st_error *error)
{
    char *text = NULL;
    ST_FORWARD(en_devices_json(&text, list, error));
    fputs(text, stdout);
    free(text);
    return ST_OK;
}

static st_status run(app_state *app, const opt_line *line)
{
    rt_device_list list = {NULL, 0};
    rt_cache_entry *entries = NULL;
    size_t count = 0;
    ST_FORWARD(app_list_devices(app, &list));
    app_say_missing_drivers(app);
    st_status status = rt_cache_list(&entries, &count, &app->error);
    if (status == ST_OK && opt_has(line, "json"))
        status = print_json(&list, &app->error);
    else
        for (size_t i = 0; i < list.count && status == ST_OK; ++i) {
            if (i > 0) putchar('\n');
            print_device(&list.items[i], en_cached_programs(entries, count, &list.items[i]));
        }
    free(entries);
    rt_device_list_destroy(&list);
    return status;
}

static const opt_option options[] = {
    {"json", 0, NULL, "everything that is known, for programs"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_devices = {
    .name = "devices",
    .synopsis = "[--json]",
    .summary = "list the OpenCL devices of this machine",
    .description = "Lists every device of every OpenCL driver with the selector that names it again. Indices and "
                   "selectors stay the same as long as the installed drivers do.",
    .example = "  safsd-cl devices\n  safsd-cl devices --json\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 0,
    .run = run,
};
