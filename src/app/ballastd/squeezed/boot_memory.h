/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory that dom0 and guests could have at boot, before the first guest. */
#ifndef APP_BALLASTD_SQUEEZED_BOOT_MEMORY_H
#define APP_BALLASTD_SQUEEZED_BOOT_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct ballast_host;

/*
 * squeezed's own figure of this boot where it left one and `is_machine`; else what `run_dir` keeps;
 * else what is free and the domains' footprints now, which is kept there. 0: the host is unread.
 */
int64_t squeezed_boot_bytes(const struct ballast_host *host, const char *run_dir, bool is_machine);

#endif
