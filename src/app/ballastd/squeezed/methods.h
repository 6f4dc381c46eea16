/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each method of squeezed's interface does. Each replies, or sets the task's step. */
#ifndef APP_BALLASTD_SQUEEZED_METHODS_H
#define APP_BALLASTD_SQUEEZED_METHODS_H

struct squeezed_task;

void squeezed_method_run(struct squeezed_task *task);

void squeezed_reserve(struct squeezed_task *task);
void squeezed_balance(struct squeezed_task *task);

#endif
