/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a guest's attributes come from, so that a refusal of the model can be told in the words of
 * the file: "web.cfg:7: maxmem: ...".
 */
#ifndef EDGE_GUESTCFG_PLACE_H
#define EDGE_GUESTCFG_PLACE_H

#include "edge/guestcfg/guestcfg.h"

/*
 * The largest file that holds one guest. libxlutil needs time and libxml2 memory in proportion, and
 * no configuration has a tenth of it.
 */
enum { GUESTCFG_MAX_ONE_GUEST = 1 << 20 };

struct guestcfg_place {
    const char *key; /* NULL: the file does not have it */
    unsigned line;   /* 0: not known */
};

/* A guest on its way in. */
struct guestcfg_draft {
    const char *name; /* of the file */
    struct ballast_guest guest;
    struct guestcfg_place places[BALLAST_GUEST_ATTRS];
    const char *const *keys; /* what each attribute is called in that format */
    struct guestcfg_remarks remarks;
};

/* -EINVAL with "name:line: key: " before the message; no line where it is 0, no key where NULL. */
__attribute__((format(printf, 5, 6))) int guestcfg_fail(struct ballast_error *err, const char *name,
                                                        unsigned line, const char *key,
                                                        const char *format, ...);

/* -EFBIG for more than GUESTCFG_MAX_ONE_GUEST, -EINVAL for a NUL byte. */
int guestcfg_check_text(const char *name, const char *data, size_t length,
                        struct ballast_error *err);

/* The second alone. */
int guestcfg_check_nul(const char *name, const char *data, size_t length,
                       struct ballast_error *err);

/* Sets an attribute and remembers where it came from. */
int guestcfg_set(struct guestcfg_draft *draft, enum ballast_guest_attr attr, uint64_t value,
                 struct guestcfg_place place, struct ballast_error *err);

/* Adds a key to GUESTCFG_REMARK_NOT_COUNTED or GUESTCFG_REMARK_UNKNOWN_KEYS, once. */
void guestcfg_remark_key(struct guestcfg_remarks *remarks, enum guestcfg_remark remark,
                         const char *key, size_t length);

/*
 * What the toolstack says to the guest as a whole: ballast_settle() on the host of the options,
 * with err->subject turned into its key and line.
 */
int guestcfg_settle(const struct guestcfg_draft *draft, const struct guestcfg_options *options,
                    struct ballast_error *err);

#endif
