/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef APP_AGENT_OPTIONS_H
#define APP_AGENT_OPTIONS_H

struct agent_options {
    const char *xenbus; /* NULL: where the kernel has it */
    const char *proc;
    const char *sys;
};

/* 0; or the exit status + 1 of a program that has done what was asked, or was called wrongly. */
int agent_options_parse(int argc, char **argv, struct agent_options *out);

#endif
