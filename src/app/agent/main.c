/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/agent/agent.h"

int main(int argc, char **argv)
{
    struct agent_options options;
    int status = agent_options_parse(argc, argv, &options);
    return status == 0 ? agent_run(&options) : status - 1;
}
