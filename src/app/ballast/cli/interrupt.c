/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/cli/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/eventfd.h>

static volatile sig_atomic_t caught;
static volatile sig_atomic_t wake_fd = -1;

static void remember_interrupt(int number)
{
    (void)number;
    int kept = errno;
    caught = 1;
    if (wake_fd >= 0)
        (void)eventfd_write(wake_fd, 1);
    errno = kept;
}

void cli_interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = remember_interrupt, .sa_flags = (int)SA_RESETHAND};
    if (wake_fd < 0)
        wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void)
{
    return caught != 0;
}

int cli_interrupt_fd(void)
{
    return wake_fd;
}
