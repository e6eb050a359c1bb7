/* The program: a table of commands, the options that all of them share, and the only exit. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "probe/driver_watch.h"
#include "probe/icd_probe.h"
#include "base/outfile.h"
#include "base/print.h"
#include "base/name.h"

/* Every command, in the order of the help; cmd_<name>.c defines it. */
/* clang-format off */
#define COMMANDS(X) \
    X(devices)  \
    X(selftest) \
    X(verify)   \
    X(import)   \
    X(inspect)  \
    X(synth)    \
    X(train)    \
    X(eval)     \
    X(predict)  \
    X(bench)    \
    X(tune)     \
    X(kernels)  \
    X(cache)
/* clang-format on */

#define DECLARE(name) extern const app_command cmd_##name;
#define ENTRY(name) &cmd_##name,
COMMANDS(DECLARE)
static const app_command *const commands[] = {COMMANDS(ENTRY) NULL};

static const opt_option global_options[] = {
    {"device", 'd', "SEL",
     "the device to work on: its index, P:D, gpu, cpu, accelerator, auto or a part of its name "
     "(default: SAFSD_CL_DEVICE, then the configuration, then auto)"},
    {"program", 0, "FILE", "kernels that were built elsewhere, or a folder of such: see `" APP_NAME " kernels`"},
    {"verbose", 'v', NULL, "say more"},
    {"quiet", 'q', NULL, "no progress and no messages, errors only"},
    {"help", 'h', NULL, "this help; behind a command, that of the command"},
    {"version", 'V', NULL, "the version"},
    {NULL, 0, NULL, NULL},
};

static const usage_exit exits[] = {
    {"0", "done"},
    {"1", "failed while running"},
    {"2", "usage or configuration"},
    {"3", "no such device, no OpenCL platform, or the device failed"},
    {"4", "a check did not hold"},
    {"130", "interrupted (after saving)"},
    {NULL, NULL},
};

static const usage_variable environment[] = {
    {"SAFSD_CL_DEVICE", "the device, where --device does not name one"},
    {"SAFSD_CL_CACHE", "always or never: whether compiled kernels are kept, whatever is known of the driver"},
    {"SAFSD_CL_KERNELS", "a folder to read the kernels from instead of those in the program"},
    {"XDG_CACHE_HOME", "where kept kernels and the results of tune lie; ~/.cache without it"},
    {"OCL_ICD_VENDORS", "the OpenCL loader's: a folder of drivers instead of /etc/OpenCL/vendors"},
    {"NO_COLOR", "no colours on a terminal"},
    {NULL, NULL},
};

static const usage_program program = {
    .name = APP_NAME,
    .version = SAFSD_VERSION,
    .released = SAFSD_RELEASED,
    .sentence = "emotion recognition in conversations (SAFSD-GLNet) on any OpenCL device",
    .example = "  " APP_NAME " devices\n"
               "  " APP_NAME " --device 0 train\n",
    .commands = commands,
    .options = global_options,
    .exits = exits,
    .environment = environment,
};

/* `help --man` and `help --completion SHELL`, which the build installs. */
static st_status write_pages(int count, char *const *words, st_error *error)
{
    if (count == 1 && strcmp(words[0], "--man") == 0) {
        usage_write_man_page(stdout, &program);
        return ST_OK;
    }
    if (count == 2 && strcmp(words[0], "--completion") == 0 && usage_write_completion(stdout, &program, words[1]))
        return ST_OK;
    return st_fail(error, ST_USAGE, "help takes a command, --man, or --completion with bash, zsh or fish");
}

static st_status find_command(const char *name, const app_command **command, st_error *error)
{
    const app_command *likely = NULL;
    int least = 4;
    for (size_t i = 0; commands[i]; ++i) {
        const int distance = name_distance(name, commands[i]->name);
        if (strcmp(name, commands[i]->name) == 0) {
            *command = commands[i];
            return ST_OK;
        }
        if (distance >= least) continue;
        least = distance;
        likely = commands[i];
    }
    if (likely) return st_fail(error, ST_USAGE, "there is no command %.64s; did you mean %s?", name, likely->name);
    return st_fail(error, ST_USAGE, "there is no command %.64s; `" APP_NAME " --help` lists those there are", name);
}

static st_status check_operands(const app_command *command, const opt_line *line, st_error *error)
{
    if (line->operand_count < command->least_operands)
        return st_fail(error, ST_USAGE, "%s needs an argument: " APP_NAME " %s %s", command->name, command->name,
                       command->synopsis);
    if (line->operand_count > command->most_operands)
        return st_fail(error, ST_USAGE, "%s cannot do anything with \"%.200s\": " APP_NAME " %s %s", command->name,
                       line->operands[command->most_operands], command->name, command->synopsis);
    return ST_OK;
}

static st_status run_command(app_state *app, const app_command *command, const opt_line *line)
{
    if (opt_has(line, "help")) {
        usage_print_command_help(stdout, &program, command);
        return ST_OK;
    }
    ST_FORWARD(check_operands(command, line, &app->error));
    app->device = opt_value(line, "device");
    app->program = opt_value(line, "program");
    app->verbose = opt_has(line, "verbose");
    app->quiet = opt_has(line, "quiet");
    if (app->verbose && app->quiet) return st_fail(&app->error, ST_USAGE, "--verbose and --quiet exclude each other");
    ST_FORWARD(app_files_enter(&app->files, line, &app->error));
    app_progress_start(&app->progress, app->quiet);
    app_events_start(app);
    const st_status status = command->run(app, line);
    app_progress_clear(&app->progress);
    return status;
}

static st_status run(app_state *app, opt_line *line, int argc, char *const *argv)
{
    st_error *error = &app->error;
    const app_command *command = NULL;
    char what[64] = APP_NAME;
    int at = 1;
    ST_FORWARD(opt_read(line, (opt_tables){NULL, global_options}, argc, argv, &at, true, what, error));
    if (opt_has(line, "version")) {
        puts(APP_NAME " " SAFSD_VERSION);
        return ST_OK;
    }
    if (at == argc) {
        usage_print_help(opt_has(line, "help") ? stdout : stderr, &program);
        return opt_has(line, "help") ? ST_OK : st_fail(error, ST_USAGE, "name a command");
    }
    if (strcmp(argv[at], "version") == 0) { /* as --version */
        puts(APP_NAME " " SAFSD_VERSION);
        return ST_OK;
    }
    const bool help = strcmp(argv[at], "help") == 0; /* `help` and `help train`, as --help */
    if (help && ++at == argc) {
        usage_print_help(stdout, &program);
        return ST_OK;
    }
    if (help && argv[at][0] == '-') return write_pages(argc - at, argv + at, error);
    ST_FORWARD(find_command(argv[at++], &command, error));
    if (help) {
        usage_print_command_help(stdout, &program, command);
        return ST_OK;
    }
    snprintf(what, sizeof what, APP_NAME " %s", command->name);
    ST_FORWARD(opt_read(line, (opt_tables){command->options, global_options}, argc, argv, &at, false, what, error));
    if (opt_has(line, "version")) {
        puts(APP_NAME " " SAFSD_VERSION);
        return ST_OK;
    }
    return run_command(app, command, line);
}

/* The sentence of a failure; bytes from files and drivers must not steer the terminal. */
static void print_error(const st_error *error)
{
    fputs(print_in_colour(stderr) ? "\033[1;31m" APP_NAME ":\033[0m " : APP_NAME ": ", stderr);
    if (print_is_terminal(stderr)) {
        print_wrapped(stderr, sizeof APP_NAME + 1, 0, error->text);
        return;
    }
    for (const char *text = error->text; *text; ++text) {
        const unsigned char byte = (unsigned char)*text;
        fputc((byte < 32 && byte != '\n') || byte == 127 ? '?' : byte, stderr);
    }
    fputc('\n', stderr);
}

int main(int argc, char **argv)
{
    app_state app = {0};
    opt_line line = {NULL, 0, NULL, 0};
    st_status status = opt_line_create(&line, argc, &app.error);
    if (argc == 2 && strcmp(argv[1], ICD_PROBE_ARGUMENT) == 0) return icd_answer();
    if (argc == 3 && strcmp(argv[1], WATCH_CRASH_ARGUMENT) == 0)
        status = watch_explain_crash(argv[2], &app.error);
    else if (status == ST_OK)
        status = run(&app, &line, argc, argv);
    opt_line_destroy(&line);
    app_files_destroy(&app.files);
    const int lost = outfile_flush(stdout);
    if (lost != 0 && lost != EPIPE && status == ST_OK)
        status = st_fail(&app.error, ST_FAILED, "the results could not be written: %s", strerror(lost));
    if (app.error.text[0] != '\0') print_error(&app.error);
    return (int)status;
}
