/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who else moves memory on this host, as far as processes, sockets and configuration tell. */
#ifndef APP_BALLAST_HOST_OTHERS_H
#define APP_BALLAST_HOST_OTHERS_H

#include <stdbool.h>
#include <stddef.h>

/* What libvirt's driver for Xen does for a new guest. */
enum cli_libvirt {
    CLI_LIBVIRT_NONE,    /* no daemon of it runs */
    CLI_LIBVIRT_AUTO,    /* shrinks dom0 unless dom0_mem is given to Xen; its default */
    CLI_LIBVIRT_SHRINKS, /* autoballoon = 1 in libxl.conf */
    CLI_LIBVIRT_KEEPS,   /* autoballoon = 0 */
};

struct cli_others {
    char **balancers; /* "squeezed runs (process 812)" ... */
    size_t count;
    bool ours; /* ballastd manages this host: it has its lock */
    enum cli_libvirt libvirt;
};

/* `root` goes before every path: "" is the system itself. What cannot be read is not there. */
void cli_others_look(struct cli_others *out, const char *root);
/* One that somebody else saw, in a sentence. */
void cli_others_add(struct cli_others *others, const char *what);
void cli_others_release(struct cli_others *others);

#endif
