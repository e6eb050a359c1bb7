/* A signal handler has no context: its state is of the file. All that it needs is prepared before, and it calls only
 * what may be called there: execve, write, sigaction, raise. */
#define _XOPEN_SOURCE 700 /* sigaltstack */

#include "probe/driver_crash.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

enum { SENTENCE_SIZE = 2048, STACK_SIZE = 64 * 1024 };

extern char **environ; /* POSIX has no header that declares it */

static const struct {
    int number;
    char name[8];
} signals[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGILL, "SIGILL"}, {SIGFPE, "SIGFPE"}, {SIGABRT, "SIGABRT"}};
enum { SIGNALS = sizeof signals / sizeof *signals };

static struct {
    bool installed;
    volatile sig_atomic_t listing, said;
    struct sigaction before[SIGNALS];
    char program[PROCESS_PATH_SIZE]; /* empty: not known */
    char argument[32];
    char sentence[SENTENCE_SIZE]; /* what follows the name of the signal; empty: nothing */
    char stack[STACK_SIZE];       /* of the handler: the other one may have overflowed */
} crash;

static void say(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        const ssize_t written = write(STDERR_FILENO, text, left);
        if (written <= 0) return;
        text += written;
        left -= (size_t)written;
    }
}

/* Returns where the program cannot be started. */
static void start_again(const char *how)
{
    char *const arguments[] = {(char *)"safsd-cl", crash.argument, (char *)how, NULL};
    crash.listing = 0;
    if (crash.program[0]) execve(crash.program, arguments, environ);
    say("\nsafsd-cl: one of the OpenCL drivers crashed while devices were listed; to leave some out, set "
        "OCL_ICD_VENDORS to one .icd file or to a folder of them\n");
}

/* The signal then does what it did before. */
static void at_crash(int number)
{
    const struct sigaction standard = {.sa_handler = SIG_DFL}, *before = &standard;
    const char *how = "a signal";
    for (size_t i = 0; i < SIGNALS; ++i) {
        if (signals[i].number != number) continue;
        how = signals[i].name;
        if (!crash.said) before = &crash.before[i];
    }
    if (crash.listing) {
        start_again(how);
    } else if (crash.sentence[0] && !crash.said) {
        say("\nsafsd-cl: ");
        say(how);
        say(crash.sentence);
    }
    crash.said = 1;
    sigaction(number, before, NULL);
    raise(number);
}

static void at_exit(void)
{
    if (crash.listing) start_again("an exit");
}

/* Drivers install handlers too. Those that look at where a fault was, to mend it, stay; the others only tidy up, and
 * are called after this one. */
static void install_handlers(void)
{
    struct sigaction action = {.sa_handler = at_crash, .sa_flags = SA_ONSTACK}, before;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; ++i) {
        if (sigaction(signals[i].number, NULL, &before) != 0 || (before.sa_flags & SA_SIGINFO)) continue;
        if (before.sa_handler == SIG_IGN || before.sa_handler == at_crash) continue;
        crash.before[i] = before;
        sigaction(signals[i].number, &action, NULL);
    }
}

static void install(void)
{
    if (!crash.installed) {
        const stack_t stack = {.ss_sp = crash.stack, .ss_size = sizeof crash.stack};
        sigaltstack(&stack, NULL);
        if (!process_program_path(crash.program)) crash.program[0] = '\0';
        atexit(at_exit);
    }
    crash.installed = true;
    install_handlers();
}

void crash_stage_listing(const char *argument)
{
    snprintf(crash.argument, sizeof crash.argument, "%s", argument);
    install();
    crash.listing = 1;
}

void crash_stage_listed(void)
{
    crash.listing = 0;
}

void crash_stage_device(const char *device, const char *cache_folder)
{
    static const char nothing_kept[] = "; `safsd-cl --device` can name another one\n";
    char text[SENTENCE_SIZE];
    const bool first = crash.sentence[0] == '\0';
    install();
    if (!first && (!cache_folder || strstr(crash.sentence, cache_folder))) return;
    if (cache_folder && first)
        snprintf(text, sizeof text,
                 " while %s was in use; where this happens again, what its driver keeps of compiled kernels may be "
                 "damaged: rm -r '%s' clears it\n",
                 device, cache_folder);
    else if (cache_folder)
        snprintf(text, sizeof text, "%.*s, rm -r '%s' that of %s\n", (int)strcspn(crash.sentence, "\n"), crash.sentence,
                 cache_folder, device);
    else
        snprintf(text, sizeof text, " while %s was in use%s", device, nothing_kept);
    memcpy(crash.sentence, text, sizeof crash.sentence);
}
