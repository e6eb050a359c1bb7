#define _XOPEN_SOURCE 700 /* nftw */

#include "bench/start_time.h"

#include <errno.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/clock.h"
#include "engine/device_list.h"
#include "runtime/tuning_file.h"

enum { MOST_ARGUMENTS = 20, NUMBER = 24, WARM_RUNS = 3, OPEN_FOLDERS = 16 };
static const double slow_seconds = 5; /* a run that takes longer is not repeated */

/* ---- a process of its own ---- */

static st_status spawn(pid_t *child, int pipes[2], const char *program, char *const *arguments, char *const *variables)
{
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) return ST_FAILED;
    int failed = posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
    if (!failed) failed = posix_spawn_file_actions_addclose(&actions, pipes[0]);
    if (!failed) failed = posix_spawn_file_actions_addclose(&actions, pipes[1]);
    if (!failed) failed = posix_spawn(child, program, &actions, NULL, arguments, variables);
    posix_spawn_file_actions_destroy(&actions);
    return failed ? ST_FAILED : ST_OK;
}

/* Seconds from the start of a program to its first output; it must end well. */
static st_status time_program(double *seconds, const char *program, char *const *arguments, char *const *variables,
                              st_error *error)
{
    int pipes[2];
    pid_t child = 0;
    char byte = 0;
    if (pipe(pipes) != 0) return st_fail(error, ST_FAILED, "no pipe to a process: %s", strerror(errno));
    const double begin = clock_seconds();
    const st_status status = spawn(&child, pipes, program, arguments, variables);
    close(pipes[1]);
    ssize_t got = 0;
    if (status == ST_OK) do
            got = read(pipes[0], &byte, 1);
        while (got < 0 && errno == EINTR);
    *seconds = clock_seconds() - begin;
    while (status == ST_OK && (read(pipes[0], &byte, 1) > 0 || errno == EINTR)) errno = 0;
    close(pipes[0]);
    int state = 0;
    while (status == ST_OK && waitpid(child, &state, 0) < 0 && errno == EINTR) continue;
    if (status == ST_OK && got == 1 && WIFEXITED(state) && WEXITSTATUS(state) == 0) return ST_OK;
    return st_fail(error, ST_FAILED, "the first step of %.200s was not timed: the program did not run to its end",
                   program);
}

/* ---- an empty folder for caches ---- */

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

/* What was tuned is found under XDG_CACHE_HOME: a link keeps it there. */
static bool keep_tuning(const char *folder, const rt_device_info *device)
{
    char tuning[RT_TUNING_PATH], inner[RT_TUNING_PATH], link[RT_TUNING_PATH];
    if (!rt_tuning_path(device, tuning)) return true;
    *strrchr(tuning, '/') = '\0';
    snprintf(inner, sizeof inner, "%s/safsd-cl", folder);
    snprintf(link, sizeof link, "%s/safsd-cl/tuning", folder);
    return mkdir(inner, 0700) == 0 && symlink(tuning, link) == 0;
}

static st_status make_folder(char path[256], const rt_device_info *device, st_error *error)
{
    const char *temporary = getenv("TMPDIR");
    const int length = snprintf(path, 256, "%s/safsd-cl-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (length > 0 && length < 256 && mkdtemp(path)) {
        if (keep_tuning(path, device)) return ST_OK;
        remove_folder(path);
    }
    return st_fail(error, ST_FAILED, "no empty folder for compiled kernels at %.200s: %s", path, strerror(errno));
}

/* ---- cold and warm ---- */

typedef struct command {
    char program[PROCESS_PATH_SIZE];
    char hidden[NUMBER], dialogues[NUMBER];
    char *arguments[MOST_ARGUMENTS];
} command;

/* False where the system does not say which file this program is. */
static bool describe(command *c, const char *kernels, const rt_device_info *device, const bench_case *of)
{
    if (!process_program_path(c->program)) return false;
    snprintf(c->hidden, sizeof c->hidden, "%zu", of->hidden);
    snprintf(c->dialogues, sizeof c->dialogues, "%zu", of->dialogues ? of->dialogues : of->shape->dialogues);
    const char *const words[] = {
        "safsd-cl", "--quiet", "--device",      device->selector, "bench",
        "--once",   "--shape", of->shape->name, "--mode",         of->training ? "train" : "eval",
        "--hidden", c->hidden, "--dialogues",   c->dialogues,     kernels ? "--program" : NULL,
        kernels};
    size_t used = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words && words[i]; ++i) c->arguments[used++] = (char *)words[i];
    c->arguments[used] = NULL;
    return true;
}

static st_status time_runs(start_times *times, const command *c, char *const *variables, st_error *error)
{
    double warm[WARM_RUNS];
    size_t count = 0;
    ST_FORWARD(time_program(&times->cold_seconds, c->program, c->arguments, variables, error));
    do ST_FORWARD(time_program(&warm[count], c->program, c->arguments, variables, error));
    while (++count < WARM_RUNS && warm[count - 1] < slow_seconds);
    times->warm = bench_stats_of(warm, count);
    return ST_OK;
}

st_status start_measure(start_times *times, const char *program, const rt_device_info *device, const bench_case *of,
                        st_error *error)
{
    command c;
    cfg_driver driver;
    char folder[256], general[320], special[320];
    memset(times, 0, sizeof *times);
    if (!describe(&c, program, device, of)) return ST_OK;
    ST_FORWARD(en_driver_of(&driver, device, error));
    ST_FORWARD(make_folder(folder, device, error));
    snprintf(general, sizeof general, "XDG_CACHE_HOME=%s", folder);
    snprintf(special, sizeof special, "%s=%s/driver", driver.cache_variable, folder);
    char *const own[] = {general, special};
    char **variables = process_environment_with(own, driver.cache_variable[0] ? 2 : 1);
    const st_status status = variables ? time_runs(times, &c, variables, error)
                                       : st_fail(error, ST_FAILED, "out of memory for an environment");
    free(variables);
    remove_folder(folder);
    return status;
}
