/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef APP_WEB_LOG_H
#define APP_WEB_LOG_H

/* One line on standard error; control characters in it become '?'. */
__attribute__((format(printf, 1, 2))) void web_log(const char *format, ...);

#endif
