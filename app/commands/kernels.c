/* safsd-cl kernels: what a compiler needs that runs before the program does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/app.h"
#include "base/folder.h"
#include "base/outfile.h"
#include "base/path.h"
#include "runtime/program_given.h"

static const char guide[] =
    "Kernels of safsd-cl for devices without a compiler\n"
    "\n"
    "  " RT_EXPORT_SOURCE "     every kernel in one file of OpenCL C 1.2; it includes nothing\n"
    "  " RT_EXPORT_MANIFEST "  what the program checks before it uses a binary: interface, vector width, kernels\n"
    "\n"
    "1. Build " RT_EXPORT_SOURCE " with the compiler of the device's vendor into one binary that holds every kernel.\n"
    "   The manifest names the options; a definition of VW on the command line must be that of the manifest. Do not\n"
    "   allow relaxed or finite-only mathematics: checks for NaN rely on IEEE 754. For example:\n"
    "       aoc -cl-std=CL1.2 " RT_EXPORT_SOURCE " -o BOARD.aocx\n"
    "       v++ -t hw --platform BOARD -c " RT_EXPORT_SOURCE " -o BOARD.xo   then   v++ -l BOARD.xo -o BOARD.xclbin\n"
    "   Few units of a device suffice at first: any work-group size works, one work-item too.\n"
    "2. Lay the binary beside " RT_EXPORT_MANIFEST " and name it, or the folder:\n"
    "       safsd-cl --device SEL --program BOARD.aocx selftest\n"
    "       safsd-cl --device SEL --program FOLDER train\n"
    "   In a folder a binary is called as `safsd-cl devices` calls the device, with '-' for what is no letter, digit,\n"
    "   '.' or '_', and any ending. One that safsd-cl built has a manifest of its own, called as the binary with\n"
    "   " RT_MANIFEST_ENDING " behind, which holds for it instead of " RT_EXPORT_MANIFEST ".\n"
    "3. After an update of safsd-cl, export again where it says that the interface has changed.\n";

static st_status write_file(const char *folder, const char *name, const void *bytes, size_t size, st_error *error)
{
    char path[4096];
    outfile file;
    if (!path_join(path, sizeof path, folder, name))
        return st_fail(error, ST_FAILED, "the folder %.1000s has a name that is too long", folder);
    ST_FORWARD(outfile_open(&file, path, error));
    fwrite(bytes, 1, size, file.stream);
    const st_status status = outfile_finish(&file, error);
    outfile_close(&file);
    if (status == ST_OK) puts(path);
    return status;
}

static st_status write_text(const char *folder, const char *name, char *text, st_error *error)
{
    const st_status status = write_file(folder, name, text, strlen(text), error);
    free(text);
    return status;
}

static st_status write_manifest(const char *folder, const char *name, size_t width, const rt_exported *binary,
                                st_error *error)
{
    char *manifest = NULL;
    ST_FORWARD(rt_export_manifest(&manifest, width, binary, error));
    return write_text(folder, name, manifest, error);
}

/* The binary of the device with its manifest, and the width of its vectors. */
static st_status write_binary(app_state *app, const char *folder, size_t *width)
{
    rt_context *rt = NULL;
    unsigned char *binary = NULL;
    size_t size = 0;
    char name[RT_BINARY_NAME_SIZE + 8], own[sizeof name + sizeof RT_MANIFEST_ENDING];
    ST_FORWARD(app_open_device(app, (en_device_options){.vector_width = *width, .gemm = "panel"}, &rt));
    st_status status = rt_export_binary(rt, &binary, &size);
    if (status == ST_OK) {
        rt_binary_name(name, rt_device(rt));
        strcat(name, ".bin");
        snprintf(own, sizeof own, "%s" RT_MANIFEST_ENDING, name);
        *width = rt_vector_width(rt);
        status = write_file(folder, name, binary, size, &app->error);
    }
    if (status == ST_OK) status = write_manifest(folder, own, *width, &(rt_exported){name, binary, size}, &app->error);
    free(binary);
    rt_context_destroy(&rt);
    return status;
}

static st_status read_width(const char *text, size_t *width, st_error *error)
{
    static const char *const widths[] = {"1", "2", "4", "8", "16"};
    for (size_t i = 0; text && i < sizeof widths / sizeof *widths; ++i) {
        if (strcmp(text, widths[i]) != 0) continue;
        *width = (size_t)1 << i;
        return ST_OK;
    }
    return text ? st_fail(error, ST_USAGE, "--vector-width %.64s: it takes 1, 2, 4, 8 or 16", text) : ST_OK;
}

static st_status run(app_state *app, const opt_line *line)
{
    const char *folder = opt_value(line, "export");
    const bool binary = opt_has(line, "binary");
    size_t width = 0;
    char *source = NULL;
    if (!folder) return st_fail(&app->error, ST_USAGE, "kernels needs a folder to write to: --export DIR");
    if (app->program)
        return st_fail(&app->error, ST_USAGE, "kernels writes programs, it does not use one: leave out --program");
    ST_FORWARD(read_width(opt_value(line, "vector-width"), &width, &app->error));
    const int code = folder_make(folder, 0777);
    if (code != 0) return st_fail(&app->error, ST_FAILED, "the folder %s cannot be made: %s", folder, strerror(code));
    if (binary) ST_FORWARD(write_binary(app, folder, &width));
    if (width == 0) width = 4;
    ST_FORWARD(rt_export_source(&source, width, &app->error));
    ST_FORWARD(write_text(folder, RT_EXPORT_SOURCE, source, &app->error));
    ST_FORWARD(write_manifest(folder, RT_EXPORT_MANIFEST, width, NULL, &app->error));
    return write_file(folder, "GUIDE.txt", guide, sizeof guide - 1, &app->error);
}

static const opt_option options[] = {
    {"export", 0, "DIR", "the folder to write to; it is made where it is missing"},
    {"vector-width", 0, "1|2|4|8|16", "floats of a vector (default: what suits the device with --binary, else 4)"},
    {"binary", 0, NULL, "also build the kernels with the compiler of the chosen device, and write its binary"},
    {NULL, 0, NULL, NULL},
};

const app_command cmd_kernels = {
    .name = "kernels",
    .synopsis = "--export DIR [--vector-width W] [--binary]",
    .summary = "export the kernels for devices without a compiler",
    .description =
        "Writes every kernel as one file of OpenCL C, a manifest and a short guide for vendors' compilers, and "
        "prints the names of the files. What such a compiler makes is used with the option --program, which "
        "every command takes. No device is needed, unless its binary is asked for.",
    .example = "  safsd-cl kernels --export kernels --vector-width 4\n"
               "  safsd-cl --program kernels/board.aocx selftest\n",
    .options = options,
    .least_operands = 0,
    .most_operands = 0,
    .run = run,
};
