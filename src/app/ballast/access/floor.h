/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain cannot be asked below without risking its life, as far as a command can know it. */
#ifndef APP_BALLAST_ACCESS_FLOOR_H
#define APP_BALLAST_ACCESS_FLOOR_H

#include <stddef.h>
#include <stdint.h>

#include "app/ballast/access/host_access.h"

enum { CLI_FLOOR_WHY = 256 };

/*
 * The size, video included, and in `why` what it is, without a full stop; 0 and "" where nothing is
 * known. What a daemon has learned of it where the access is through it, else what can be seen at
 * once: what the domain says it uses, and where an idle Linux stops. dom0 has a least of its own
 * elsewhere.
 */
uint64_t cli_floor_of(const struct host_access *access, const struct cli_domain *domain,
                      char why[CLI_FLOOR_WHY]);

#endif
