/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest as its configuration describes it: a type, a name and attributes. Each attribute is an
 * unsigned integer, either set or left to the toolstack's default.
 */
#ifndef BALLAST_GUEST_H
#define BALLAST_GUEST_H

#include <stdint.h>

#include <ballast/error.h>

enum ballast_guest_type { BALLAST_PV, BALLAST_PVH, BALLAST_HVM, BALLAST_GUEST_TYPES };

/* The unset value of an attribute. */
#define BALLAST_UNSET UINT64_MAX

/* What an attribute's number means. */
enum ballast_attr_kind {
    BALLAST_ATTR_KIB,    /* a size in KiB */
    BALLAST_ATTR_COUNT,  /* a plain number */
    BALLAST_ATTR_FLAG,   /* 0 or 1 */
    BALLAST_ATTR_CHOICE, /* an index into a list of names, see ballast_guest_attr_choice() */
};

/*
 * The memory-relevant attributes, after the keys of xl.cfg(5) and the fields of
 * libxl_domain_build_info.
 */
enum ballast_guest_attr {
    BALLAST_MEMORY,              /* KiB  memory=        build_info.target_memkb */
    BALLAST_MAXMEM,              /* KiB  maxmem=        build_info.max_memkb */
    BALLAST_VCPUS,               /*      vcpus=         online when the guest starts */
    BALLAST_MAXVCPUS,            /*      maxvcpus=      build_info.max_vcpus */
    BALLAST_VGA,                 /*      vga=, stdvga=  enum ballast_vga */
    BALLAST_VIDEORAM,            /* KiB  videoram=      build_info.video_memkb */
    BALLAST_SHADOW_MEMORY,       /* KiB  shadow_memory= build_info.shadow_memkb */
    BALLAST_HAP,                 /* flag hap=           hardware-assisted paging */
    BALLAST_DEVICE_MODEL,        /*      device_model_version=, enum ballast_device_model */
    BALLAST_STUBDOMAIN,          /* flag device_model_stubdomain_override= */
    BALLAST_STUBDOMAIN_MEMORY,   /* KiB  stubdomain_memory= */
    BALLAST_PASSTHROUGH,         /*      passthrough=, enum ballast_passthrough */
    BALLAST_PCI_DEVICES,         /*      number of entries of pci= and dtdev= */
    BALLAST_PVSHIM,              /* flag pvshim=        a PV kernel inside a PVH container */
    BALLAST_VNUMA_NODES,         /*      number of entries of vnuma= */
    BALLAST_ALTP2M,              /* flag altp2m=, altp2mhvm= other than disabled */
    BALLAST_NESTEDHVM,           /* flag nestedhvm= */
    BALLAST_CLAIM,               /* flag claim_mode= of xl.conf(5) */
    BALLAST_IS_DEVICE_MODEL,     /* flag this guest is the stubdomain of another one */
    BALLAST_MAX_GRANT_FRAMES,    /*      max_grant_frames= */
    BALLAST_MAX_MAPTRACK_FRAMES, /*    max_maptrack_frames= */
    BALLAST_MAX_EVENT_CHANNELS,  /*    max_event_channels=, the highest port */
    BALLAST_VMTRACE_BUF,         /* KiB  vmtrace_buf_kb= per vCPU */
    BALLAST_GUEST_ATTRS
};

enum ballast_vga { BALLAST_VGA_NONE, BALLAST_VGA_CIRRUS, BALLAST_VGA_STD, BALLAST_VGA_QXL };
enum ballast_device_model { BALLAST_QEMU_XEN, BALLAST_QEMU_XEN_TRADITIONAL };
enum ballast_passthrough {
    BALLAST_PASSTHROUGH_DISABLED,
    BALLAST_PASSTHROUGH_ENABLED,  /* share_pt where the host can, else sync_pt */
    BALLAST_PASSTHROUGH_SYNC_PT,  /* the IOMMU has its own page tables */
    BALLAST_PASSTHROUGH_SHARE_PT, /* the IOMMU walks the guest's p2m */
};

struct ballast_guest;

/*
 * A new guest with no attribute set. Copies `name`. NULL with errno EINVAL (the name is longer than
 * 255 bytes or has control characters) or ENOMEM. Release it with ballast_guest_free(), which
 * accepts NULL.
 */
BALLAST_API struct ballast_guest *ballast_guest_new(enum ballast_guest_type type, const char *name);
BALLAST_API void ballast_guest_free(struct ballast_guest *guest);

BALLAST_API const char *ballast_guest_name(const struct ballast_guest *guest);
BALLAST_API enum ballast_guest_type ballast_guest_type(const struct ballast_guest *guest);
/* "pv", "pvh" or "hvm". */
BALLAST_API const char *ballast_guest_type_name(enum ballast_guest_type type);

/*
 * Sets one attribute; BALLAST_UNSET restores the default. -EINVAL: the value is out of range (a
 * flag of 2, a vga of 9, 4 billion vCPUs).
 */
BALLAST_API int ballast_guest_set(struct ballast_guest *guest, enum ballast_guest_attr attr,
                                  uint64_t value, struct ballast_error *err);
/* The attribute's value, or BALLAST_UNSET. */
BALLAST_API uint64_t ballast_guest_get(const struct ballast_guest *guest,
                                       enum ballast_guest_attr attr);

/* The attribute's name in JSON ("memory_kib", "vcpus", "vga"), a static string. */
BALLAST_API const char *ballast_guest_attr_name(enum ballast_guest_attr attr);
BALLAST_API enum ballast_attr_kind ballast_guest_attr_kind(enum ballast_guest_attr attr);
/* The enum ballast_guest_attr with that JSON name, or -ENOENT. */
BALLAST_API int ballast_guest_attr_find(const char *name);
/* The name of a value of a BALLAST_ATTR_CHOICE ("stdvga"); NULL past the last one. */
BALLAST_API const char *ballast_guest_attr_choice(enum ballast_guest_attr attr, uint64_t value);

#endif
