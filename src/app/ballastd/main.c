/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <syslog.h>

#include "app/ballastd/daemon.h"
#include "app/ballastd/engine/set_back.h"
#include "app/ballastd/log.h"

int main(int argc, char **argv)
{
    struct daemon_options options;
    int status = daemon_options_parse(argc, argv, &options);
    if (status != 0)
        return status - 1;
    log_open(options.engine.verbose ? LOG_DEBUG : LOG_INFO);
    return options.set_clock_back ? set_back_run(options.engine.state_dir) : daemon_run(&options);
}
