/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How scarce memory is, as the balancer has it: each change of the state is an event. */
#ifndef APP_BALLASTD_ENGINE_OUTLOOK_H
#define APP_BALLASTD_ENGINE_OUTLOOK_H

struct engine;

/* After a tick. */
void outlook_follow(struct engine *engine);

#endif
