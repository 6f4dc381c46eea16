/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/web.h"

int main(int argc, char **argv)
{
    struct web_options options;
    int status = web_options_parse(argc, argv, &options);
    return status == 0 ? web_run(&options) : status - 1;
}
