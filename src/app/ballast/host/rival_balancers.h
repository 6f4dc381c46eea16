/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What else moves memory on this host, as far as processes, sockets and configuration tell. */
#ifndef APP_BALLAST_HOST_RIVAL_BALANCERS_H
#define APP_BALLAST_HOST_RIVAL_BALANCERS_H

#include <stdbool.h>
#include <stddef.h>

/* What libvirt's driver for Xen does for a new guest. */
enum cli_libvirt {
    CLI_LIBVIRT_NONE,    /* no daemon of it runs */
    CLI_LIBVIRT_AUTO,    /* shrinks dom0 unless dom0_mem is given to Xen; its default */
    CLI_LIBVIRT_SHRINKS, /* autoballoon = 1 in libxl.conf */
    CLI_LIBVIRT_KEEPS,   /* autoballoon = 0 */
};

struct cli_rival_balancers {
    char **balancers; /* "squeezed runs (process 812)" ... */
    size_t count;
    bool ours; /* ballastd manages this host: it has its lock */
    enum cli_libvirt libvirt;
};

/* `root` goes before every path: "" is the system itself. What cannot be read is not there. */
void cli_rival_balancers_find(struct cli_rival_balancers *out, const char *root);
/* One that was found elsewhere, in a sentence. */
void cli_rival_balancers_add(struct cli_rival_balancers *rivals, const char *what);
void cli_rival_balancers_release(struct cli_rival_balancers *rivals);

#endif
