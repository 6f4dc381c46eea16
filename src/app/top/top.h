/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The screen as a whole: samples, draws, and does what keys say, until it is quit. */
#ifndef APP_TOP_TOP_H
#define APP_TOP_TOP_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>

#include "app/top/source.h"
#include "app/top/state.h"

struct top_options {
    uint64_t interval_usec; /* between two samples */
    bool colour;
    enum top_sort sort;
    bool reversed;
    const char *filter; /* NULL: none */
};

/*
 * 0: it was ended by a key; the number of a signal that ended it (SIGHUP: the terminal is gone).
 * -ENOTTY, -ENOTSUP, -ENODEV as term_open(); -ENOMEM. The terminal is as it was in any case; what
 * was written to standard error meanwhile is written there afterwards. The locale is the caller's.
 */
int top_run(const struct top_options *options, const struct top_source *source,
            struct ballast_error *err);

#endif
