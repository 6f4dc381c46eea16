/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * squeezed.conf and the files of squeezed.conf.d, by the rules of the reader that XAPI's services
 * share (xen-api, ocaml/xapi-idl/lib/xcp_service.ml): KEY = VALUE, '#' begins a comment anywhere,
 * one pair of quotes round a value is taken off, what is no key or an unknown one is left out.
 */
#ifndef EDGE_SQUEEZED_CONF_H
#define EDGE_SQUEEZED_CONF_H

#include <stddef.h>
#include <stdint.h>

#include <ballast/error.h>

#define SQUEEZED_CONF_AUTO UINT64_MAX

enum squeezed_conf_key {
    SQUEEZED_CONF_INTERVAL, /* balance-check-interval: usec */
    SQUEEZED_CONF_MANAGE,   /* manage-domain-zero: 0 or 1 */
    SQUEEZED_CONF_DOM0_MIN, /* domain-zero-dynamic-min: KiB */
    SQUEEZED_CONF_DOM0_MAX, /* domain-zero-dynamic-max: KiB, or SQUEEZED_CONF_AUTO */
    SQUEEZED_CONF_USE_SWITCH,
    SQUEEZED_CONF_SWITCH_PATH,
    SQUEEZED_CONF_BOOT_COUNT, /* this and the next ones are not used, and have no number */
    SQUEEZED_CONF_PIDFILE,
    SQUEEZED_CONF_LOG,
    SQUEEZED_CONF_LOGLEVEL,
    SQUEEZED_CONF_DISABLE_LOGGING,
    SQUEEZED_CONF_SEARCH_PATH,
    SQUEEZED_CONF_TIMESLICE,
    SQUEEZED_CONF_KEYS,
};

enum { SQUEEZED_CONF_TEXT = 108, SQUEEZED_CONF_WHERE = 512 };

struct squeezed_conf_setting {
    char where[SQUEEZED_CONF_WHERE]; /* "FILE:LINE"; "": not given */
    char text[SQUEEZED_CONF_TEXT];   /* the value, printable; of a path as it is */
    uint64_t number;
};

struct squeezed_conf {
    struct squeezed_conf_setting settings[SQUEEZED_CONF_KEYS];
};

const char *squeezed_conf_key_name(enum squeezed_conf_key key);
/*
 * Adds what a file of that name has, which goes before what *conf has from earlier ones; zeros to
 * begin with. -EINVAL: "NAME:LINE: KEY: what is wrong: what to use instead"; *conf is then as it
 * was.
 */
int squeezed_conf_read(const char *name, const char *data, size_t length,
                       struct squeezed_conf *conf, struct ballast_error *err);

#endif
