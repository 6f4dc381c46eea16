/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file of xl (xl.cfg, xl.conf), read by libxlutil, xl's own parser, with our errors. The last
 * setting of a key counts. Where xl warns about a value and uses the default, these functions
 * refuse it, since such a default misleads.
 */
#ifndef EDGE_GUESTCFG_XL_FILE_H
#define EDGE_GUESTCFG_XL_FILE_H

#include <libxlutil.h>

#include "edge/guestcfg/guestcfg.h"
#include "edge/load/load.h"

#define XLUTIL(X)                                                                                  \
    X(xlu_cfg_init)                                                                                \
    X(xlu_cfg_destroy)                                                                             \
    X(xlu_cfg_readdata)                                                                            \
    X(xlu_cfg_get_string)                                                                          \
    X(xlu_cfg_get_long)                                                                            \
    X(xlu_cfg_get_list)                                                                            \
    X(xlu_cfg_get_listitem)                                                                        \
    X(xlu_cfg_get_listitem2)                                                                       \
    X(xlu_cfg_value_get_string)                                                                    \
    X(xlu_cfg_value_get_list)

/* libxlutil, loaded on first use. */
struct guestcfg_xlutil {
    XLUTIL(LOAD_POINTER)
};

struct guestcfg_xl_file {
    const char *name;
    const struct guestcfg_xlutil *lib;
    XLU_Config *config;
    FILE *report; /* libxlutil's messages, stored in `text` */
    char *text;
    size_t text_length;
};

/*
 * Checks that libxlutil's lexer will accept the file; xl_scan.c says why. -EINVAL names the line
 * and what xl would refuse.
 */
int guestcfg_xl_scan(const char *name, const char *data, size_t length, struct ballast_error *err);

/* Parses. Release with guestcfg_xl_close(). -EINVAL, -EFBIG, -ENOMEM; -ENOTSUP: no libxlutil. */
int guestcfg_xl_open(struct guestcfg_xl_file *file, const char *name, const char *data,
                     size_t length, struct ballast_error *err);
void guestcfg_xl_close(struct guestcfg_xl_file *file);

/* Whether the file has the key. */
bool guestcfg_xl_has(const struct guestcfg_xl_file *file, const char *key);
/* The line of the key's last setting; 0: absent or unknown. */
unsigned guestcfg_xl_line(const struct guestcfg_xl_file *file, const char *key);
/* -EINVAL at the key's line. */
__attribute__((format(printf, 4, 5))) int guestcfg_xl_fail(const struct guestcfg_xl_file *file,
                                                           const char *key,
                                                           struct ballast_error *err,
                                                           const char *format, ...);

/* Each: -ENOENT (no text): the key is absent; -EINVAL: its value has another type or range. */
int guestcfg_xl_string(const struct guestcfg_xl_file *file, const char *key, const char **out,
                       struct ballast_error *err);
int guestcfg_xl_long(const struct guestcfg_xl_file *file, const char *key, long *out,
                     struct ballast_error *err);
/* A number that is not negative. */
int guestcfg_xl_count(const struct guestcfg_xl_file *file, const char *key, uint64_t *out,
                      struct ballast_error *err);
/* A number of MiB, as KiB. */
int guestcfg_xl_mib(const struct guestcfg_xl_file *file, const char *key, uint64_t *out_kib,
                    struct ballast_error *err);
int guestcfg_xl_list(const struct guestcfg_xl_file *file, const char *key,
                     const XLU_ConfigList **out, int *entries, struct ballast_error *err);

#endif
