/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

static void remember_interrupt(int number)
{
    (void)number;
    caught = 1;
}

void cli_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = remember_interrupt, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void)
{
    return caught != 0;
}
