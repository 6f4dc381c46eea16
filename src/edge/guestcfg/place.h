/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where each of a guest's attributes is in its file, so that a refusal of the model can name the
 * line and the key: "web.cfg:7: maxmem: ...".
 */
#ifndef EDGE_GUESTCFG_PLACE_H
#define EDGE_GUESTCFG_PLACE_H

#include "edge/guestcfg/guestcfg.h"

/*
 * The largest file that holds one guest. libxlutil's time and libxml2's memory grow with the size,
 * and no configuration reaches a tenth of it.
 */
enum { GUESTCFG_MAX_ONE_GUEST = 1 << 20 };

struct guestcfg_place {
    const char *key; /* NULL: the file does not have it */
    unsigned line;   /* 0: not known */
};

/* A guest that is being read. */
struct guestcfg_draft {
    const char *name; /* of the file */
    struct ballast_guest guest;
    struct guestcfg_place places[BALLAST_GUEST_ATTRS];
    const char *const *keys; /* the name of each attribute in this format */
    struct guestcfg_remarks remarks;
};

/* Returns -EINVAL, with "name:line: key: " before the message; without a line of 0, a NULL key. */
__attribute__((format(printf, 5, 6))) int guestcfg_fail(struct ballast_error *err, const char *name,
                                                        unsigned line, const char *key,
                                                        const char *format, ...);

/* -EFBIG for more than GUESTCFG_MAX_ONE_GUEST, -EINVAL for a NUL byte. */
int guestcfg_check_text(const char *name, const char *data, size_t length,
                        struct ballast_error *err);

/* Only the check for a NUL byte. */
int guestcfg_check_nul(const char *name, const char *data, size_t length,
                       struct ballast_error *err);

/* Sets an attribute and records its place. */
int guestcfg_set(struct guestcfg_draft *draft, enum ballast_guest_attr attr, uint64_t value,
                 struct guestcfg_place place, struct ballast_error *err);

/* Adds a key to GUESTCFG_REMARK_NOT_COUNTED or GUESTCFG_REMARK_UNKNOWN_KEYS, once. */
void guestcfg_remark_key(struct guestcfg_remarks *remarks, enum guestcfg_remark remark,
                         const char *key, size_t length);

/*
 * Checks the guest as a whole: ballast_settle() on the host of the options. The error names the key
 * and the line of err->subject.
 */
int guestcfg_settle(const struct guestcfg_draft *draft, const struct guestcfg_options *options,
                    struct ballast_error *err);

#endif
