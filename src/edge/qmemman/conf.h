/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * qmemman.conf, by the rules of the parser that qmemman reads it with: sections, keys and comments
 * of Python's configparser, sizes of qubes.utils.parse_size(), where M is 10^6 and MiB 2^20, in
 * either case.
 */
#ifndef EDGE_QMEMMAN_CONF_H
#define EDGE_QMEMMAN_CONF_H

#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

struct qmemman_conf {
    uint64_t guest_min_kib;    /* vm-min-mem: what a guest prefers at least */
    uint64_t dom0_boost_kib;   /* dom0-mem-boost: what dom0 prefers more */
    uint64_t margin_permyriad; /* cache-margin-factor: how much of its use a guest prefers */
    unsigned log_level;        /* 0: not given */
};

/* What is in force without a file, or where it has no section [global]. */
extern const struct qmemman_conf qmemman_conf_default;

/*
 * `data` is the content of the file of that name. -EINVAL: "NAME:LINE: [SECTION] KEY: what is
 * wrong: what to use instead"; *out is then as it was. Sections and keys that qmemman does not read
 * are left out, as it does.
 */
int qmemman_conf_read(const char *name, const char *data, size_t length, struct qmemman_conf *out,
                      struct ballast_error *err);

#endif
