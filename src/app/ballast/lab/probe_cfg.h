/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xl.cfg of a guest that is measured. */
#ifndef APP_BALLAST_LAB_PROBE_CFG_H
#define APP_BALLAST_LAB_PROBE_CFG_H

#include "core/model/guest.h"

/*
 * Writes what is set of `guest`, under that name. With a message: CLI_BAD: it has something that
 * such a guest cannot have (a device, a stubdomain, a size that is not in whole MiB);
 * CLI_UNREACHABLE: the file cannot be written.
 */
int cli_probe_write_cfg(const char *path, const char *name, const char *kernel,
                        const struct ballast_guest *guest);

#endif
