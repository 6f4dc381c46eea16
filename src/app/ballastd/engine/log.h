/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the engine and the rooms above it have to say, a line at a time. Where it goes is the
 * program's to choose; until it has, nowhere.
 */
#ifndef APP_BALLASTD_ENGINE_LOG_H
#define APP_BALLASTD_ENGINE_LOG_H

#include <syslog.h>

/* Every line from now on, without its end, with its level as syslog(3) has it. */
void engine_log_to(void (*sink)(int level, const char *line));
/* One line; control characters in it become '?', for guests choose their names. */
__attribute__((format(printf, 2, 3))) void engine_log(int level, const char *format, ...);

#endif
