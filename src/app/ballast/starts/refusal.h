/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a guest is not started, for the user that wanted to start it. */
#ifndef APP_BALLAST_STARTS_REFUSAL_H
#define APP_BALLAST_STARTS_REFUSAL_H

#include "app/ballast/explain/need.h"
#include "app/ballast/starts/reserving.h"

/*
 * Prints on stderr what the guest needs, why it was refused, and what the daemon says now: what is
 * missing, and which domains hold it.
 */
void cli_refusal_print(const struct cli_reserving *reserving, const struct cli_need *need);

#endif
