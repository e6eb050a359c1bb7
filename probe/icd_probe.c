#include "probe/icd_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "base/clock.h"
#include "runtime/device.h"

/* The exit status that no driver gives by ending the process itself. */
enum { ANSWERED = 42 };

int icd_answer(void)
{
    const struct rlimit no_core = {0, 0};
    rt_device_list list;
    st_error error = {.status = ST_OK};
    setrlimit(RLIMIT_CORE, &no_core);
    rt_device_list_create(&list, &error);
    rt_device_list_destroy(&list);
    return ANSWERED;
}

/* ---- one process for each driver ---- */

/* The process that asks one driver; 0 where it could not be started. Its signals are those of a new program. */
static pid_t ask(const char *program, const icd_file *file)
{
    pid_t child = 0;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    const size_t size = strlen(file->path) + sizeof "OCL_ICD_VENDORS=";
    char *vendors = malloc(size);
    if (!vendors) return 0;
    snprintf(vendors, size, "OCL_ICD_VENDORS=%s", file->path);
    char **variables = process_environment_with((char *[]){vendors}, 1);
    char *arguments[] = {(char *)"safsd-cl", (char *)ICD_PROBE_ARGUMENT, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
        posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (!variables || posix_spawn(&child, program, &actions, &attributes, arguments, variables) != 0) child = 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(variables);
    free(vendors);
    return child;
}

/* What has become of a process that may still run; SILENT where it does. */
static icd_outcome look(pid_t child)
{
    int state = 0;
    const pid_t ended = waitpid(child, &state, WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return ICD_SILENT;
    if (ended < 0) return ICD_UNKNOWN;
    return WIFEXITED(state) && WEXITSTATUS(state) == ANSWERED ? ICD_ANSWERS : ICD_CRASHES;
}

void icd_probe(const icd_list *list, icd_outcome *outcomes, double seconds, bool (*stop)(void *user), void *user)
{
    char program[PROCESS_PATH_SIZE];
    const struct timespec pause = {0, 20 * 1000 * 1000};
    const double end = clock_seconds() + seconds;
    pid_t *children = calloc(list->count + 1, sizeof *children);
    const bool able = children && process_program_path(program);
    for (size_t i = 0; i < list->count; ++i) {
        if (able) children[i] = ask(program, &list->items[i]);
        outcomes[i] = able && children[i] ? ICD_SILENT : ICD_UNKNOWN;
    }
    for (bool waiting = able; waiting && clock_seconds() < end && !(stop && stop(user));) {
        waiting = false;
        for (size_t i = 0; i < list->count; ++i) {
            if (outcomes[i] == ICD_SILENT) outcomes[i] = look(children[i]);
            waiting = waiting || outcomes[i] == ICD_SILENT;
        }
        if (waiting) nanosleep(&pause, NULL);
    }
    for (size_t i = 0; i < list->count; ++i) {
        if (outcomes[i] != ICD_SILENT) continue;
        kill(children[i], SIGKILL);
        while (waitpid(children[i], NULL, 0) < 0 && errno == EINTR) continue;
    }
    free(children);
}

/* ---- words ---- */

size_t icd_names(char *text, size_t size, const icd_list *list, const icd_outcome *outcomes, icd_outcome outcome)
{
    size_t used = 0, count = 0;
    text[0] = '\0';
    for (size_t i = 0; i < list->count; ++i) {
        const icd_file *file = &list->items[i];
        if (outcomes && outcomes[i] != outcome) continue;
        const bool itself = strcmp(file->path, file->library) == 0;
        const int length = snprintf(text + used, size - used, "%s%s%s%s%s", count++ ? ", " : "", icd_name(file),
                                    itself ? "" : " (", itself ? "" : file->library, itself ? "" : ")");
        if (length > 0) used = used + (size_t)length < size ? used + (size_t)length : size - 1;
    }
    return count;
}

void icd_advice(char *text, size_t size, const icd_list *list, const icd_outcome *outcomes)
{
    size_t healthy = 0, last = 0;
    for (size_t i = 0; i < list->count; ++i) {
        if (outcomes[i] != ICD_ANSWERS) continue;
        ++healthy;
        last = i;
    }
    const char *them = list->count - healthy == 1 ? "it" : "them";
    if (healthy == 0)
        snprintf(text, size, "no other driver answers: install one");
    else if (healthy == 1)
        snprintf(text, size, "to leave %s out, set OCL_ICD_VENDORS=%s", them, list->items[last].path);
    else
        snprintf(text, size, "to leave %s out, copy the other .icd files to a folder and set OCL_ICD_VENDORS to it",
                 them);
}
