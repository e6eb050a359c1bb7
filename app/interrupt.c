#include "app/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct app_interrupt {
    pthread_t thread;
    sigset_t signals, before;
    atomic_bool armed, asked, over; /* over: the thread is to end */
    bool quiet;
};

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

static void *wait_for_signals(void *argument)
{
    app_interrupt *interrupt = argument;
    for (;;) {
        int number = 0;
        if (sigwait(&interrupt->signals, &number) != 0) continue;
        if (atomic_load(&interrupt->over)) return NULL;
        if (!atomic_load(&interrupt->armed)) {
            say(interrupt->quiet ? "" : "\nsafsd-cl: interrupted before anything was computed\n");
            _exit(ST_INTERRUPTED);
        }
        if (atomic_exchange(&interrupt->asked, true)) _exit(ST_INTERRUPTED);
        if (!interrupt->quiet)
            say("\nsafsd-cl: finishing this step, then saving; another Ctrl-C quits at once without saving\n");
    }
}

static void choose_signals(sigset_t *signals)
{
    struct sigaction hangup;
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) sigaddset(signals, SIGHUP);
}

st_status app_interrupt_start(app_interrupt **interrupt, bool quiet, st_error *error)
{
    app_interrupt *i = calloc(1, sizeof *i);
    if (!i) return st_fail(error, ST_FAILED, "out of memory while starting");
    i->quiet = quiet;
    atomic_init(&i->armed, false);
    atomic_init(&i->asked, false);
    atomic_init(&i->over, false);
    choose_signals(&i->signals);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &i->signals, &i->before);
    if (pthread_create(&i->thread, NULL, wait_for_signals, i) != 0) {
        pthread_sigmask(SIG_SETMASK, &i->before, NULL);
        free(i);
        return st_fail(error, ST_FAILED, "the thread that waits for Ctrl-C could not be started");
    }
    *interrupt = i;
    return ST_OK;
}

void app_interrupt_arm(app_interrupt *interrupt)
{
    atomic_store(&interrupt->armed, true);
}

bool app_interrupt_asked(const app_interrupt *interrupt)
{
    return atomic_load(&interrupt->asked);
}

const atomic_bool *app_interrupt_flag(const app_interrupt *interrupt)
{
    return &interrupt->asked;
}

void app_interrupt_stop(app_interrupt **interrupt)
{
    app_interrupt *i = *interrupt;
    if (!i) return;
    atomic_store(&i->over, true);
    pthread_kill(i->thread, SIGTERM); /* wakes the thread, which alone receives it */
    pthread_join(i->thread, NULL);
    pthread_sigmask(SIG_SETMASK, &i->before, NULL);
    free(i);
    *interrupt = NULL;
}
