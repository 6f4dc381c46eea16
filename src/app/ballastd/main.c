/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "app/ballastd/engine/clock.h"
#include "app/ballastd/daemon.h"
#include "app/ballastd/engine/log.h"

int main(int argc, char **argv)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    if (!daemon) {
        perror("ballastd");
        return EXIT_FAILURE;
    }
    int status = daemon_options_parse(argc, argv, &daemon->options);
    if (status == 0) {
        if (daemon->options.verbose)
            engine_log_upto(LOG_DEBUG);
        status =
            daemon->options.set_clock_back ? clock_set_back(&daemon->options) : daemon_run(daemon);
    } else {
        status--;
    }
    free(daemon);
    return status;
}
