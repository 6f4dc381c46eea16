/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest as libxl keeps it (libxl_domain_config of libxl_types.idl, Xen 4.14 to 4.20): the members
 * that affect memory, and the guest that results. Readers of such a configuration, as a struct of
 * libxenlight or as JSON, fill in the values; the rules are here, once.
 */
#ifndef CORE_MODEL_LIBXL_CONFIG_H
#define CORE_MODEL_LIBXL_CONFIG_H

#include <ballast/error.h>

#include "core/model/guest.h"

enum ballast_libxl_member {
    BALLAST_LIBXL_HAP,
    BALLAST_LIBXL_PASSTHROUGH,
    BALLAST_LIBXL_MAX_VCPUS,
    BALLAST_LIBXL_AVAIL_VCPUS, /* how many are set */
    BALLAST_LIBXL_MAX_MEMKB,
    BALLAST_LIBXL_TARGET_MEMKB,
    BALLAST_LIBXL_VIDEO_MEMKB,
    BALLAST_LIBXL_SHADOW_MEMKB,
    BALLAST_LIBXL_STUBDOMAIN_MEMKB,
    BALLAST_LIBXL_VNUMA_NODES,
    BALLAST_LIBXL_MAX_GRANT_FRAMES,
    BALLAST_LIBXL_MAX_MAPTRACK_FRAMES,
    BALLAST_LIBXL_EVENT_CHANNELS,
    BALLAST_LIBXL_DEVICE_MODEL_VERSION,
    BALLAST_LIBXL_DEVICE_MODEL_STUBDOMAIN,
    BALLAST_LIBXL_CLAIM_MODE,
    BALLAST_LIBXL_NESTED_HVM,
    BALLAST_LIBXL_ALTP2M,
    BALLAST_LIBXL_VMTRACE_BUF_KB,
    BALLAST_LIBXL_VGA_KIND,
    BALLAST_LIBXL_HVM_NESTED_HVM, /* before 4.10, and still read */
    BALLAST_LIBXL_HVM_ALTP2M,     /* altp2mhvm=: counts where altp2m is disabled */
    BALLAST_LIBXL_PVSHIM,
    BALLAST_LIBXL_PCIDEVS,
    BALLAST_LIBXL_DTDEVS,
    BALLAST_LIBXL_MEMBERS
};

/* How libxl writes a member as JSON, and which value is its default. */
enum ballast_libxl_kind {
    BALLAST_LIBXL_KIB,     /* a number; all ones is the default */
    BALLAST_LIBXL_COUNT,   /* a number; 0 is the default */
    BALLAST_LIBXL_FRAMES,  /* a number; all ones of 32 bits is the default */
    BALLAST_LIBXL_DEFBOOL, /* "True", "False", "<default>" */
    BALLAST_LIBXL_WORD,    /* one of a list */
    BALLAST_LIBXL_ITEMS,   /* an array: how many are in it */
};

struct ballast_libxl_about {
    const char *group; /* "c_info", "b_info", "type.hvm" or "type.pvh" within b_info, "" */
    const char *key;
    enum ballast_libxl_kind kind;
    const char *const *words; /* of a BALLAST_LIBXL_WORD, by value; NULL ends them */
    enum ballast_guest_attr attr;
};

const struct ballast_libxl_about *ballast_libxl_about(enum ballast_libxl_member member);
/* The value of a word; -ENOENT for one that the member does not have. */
int ballast_libxl_value_of(enum ballast_libxl_member member, const char *word);
/* The value, with the default of its kind replaced by BALLAST_UNSET. */
uint64_t ballast_libxl_value(enum ballast_libxl_member member, uint64_t raw);

/*
 * Sets the attributes of a guest that already has its type and name; attributes that its type lacks
 * are omitted, as in libxl. -EINVAL with the attribute as the subject.
 */
int ballast_libxl_apply(struct ballast_guest *guest, const uint64_t value[BALLAST_LIBXL_MEMBERS],
                        struct ballast_error *err);
/* The member that an attribute came from, for messages. */
enum ballast_libxl_member ballast_libxl_member_of(enum ballast_guest_attr attr);

#endif
