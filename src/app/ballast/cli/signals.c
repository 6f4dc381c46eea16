/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

enum { SIGNALS = 3 };
static const int numbers[SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

static struct sigaction before[SIGNALS];
static bool catching;
static volatile sig_atomic_t came;
static volatile sig_atomic_t goes_to;

static void take_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    int kept = errno;
    bool again = came == number;
    if (came == 0)
        came = number;
    /* The kernel sends a terminal's signal to all of its foreground processes at once. */
    if (goes_to > 0 && info->si_code != SI_KERNEL)
        (void)kill((pid_t)goes_to, number);
    else if (goes_to == 0 && again) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    errno = kept;
}

void cli_signals_catch(void)
{
    struct sigaction action = {.sa_sigaction = take_signal, .sa_flags = SA_SIGINFO};
    if (catching)
        return;
    catching = true;
    for (int i = 0; i < SIGNALS; i++) {
        (void)sigaction(numbers[i], NULL, &before[i]);
        /* A signal that is ignored, as by nohup, stays so. */
        if (before[i].sa_handler != SIG_IGN)
            (void)sigaction(numbers[i], &action, NULL);
    }
}

int cli_signal(void)
{
    return came;
}

void cli_signals_pass_to(pid_t pid)
{
    goes_to = pid;
    if (pid > 0 && came)
        (void)kill(pid, came);
}

void cli_signals_restore(void)
{
    for (int i = 0; catching && i < SIGNALS; i++)
        (void)sigaction(numbers[i], &before[i], NULL);
    catching = false;
}
