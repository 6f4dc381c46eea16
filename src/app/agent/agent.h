/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef APP_AGENT_AGENT_H
#define APP_AGENT_AGENT_H

#include "app/agent/options.h"

/* Reports until a signal ends it. The exit status: 0; 3 where there is nothing to read or no
 * xenstore. */
int agent_run(const struct agent_options *options);

#endif
