/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The memory of Xen itself on an x86 host, in parts. Nothing reports it, but most of it follows
 * from what the host tells: its memory map, the number of its processors, Xen's command line. Each
 * part has its formula at ballast_xen_memory() and its place in Xen's source in
 * ballast_xen_part_about(). What does not follow (Xen's small allocations, most of an IOMMU's
 * tables, drivers) stays unexplained, and unexplained_most_kib is its bound.
 */
#ifndef CORE_MODEL_XEN_MEMORY_H
#define CORE_MODEL_XEN_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ballast/guest.h>
#include <ballast/host.h>

/* In the order of certainty: where a host has less than the sum, the last ones are cut. */
enum ballast_xen_part {
    BALLAST_XEN_FRAME_TABLE,
    BALLAST_XEN_M2P, /* the machine-to-physical table */
    BALLAST_XEN_LOW, /* memory below 1 MiB, which Xen does not hand out */
    BALLAST_XEN_CRASH_KERNEL,
    BALLAST_XEN_TRACE,
    BALLAST_XEN_CONSOLE,
    BALLAST_XEN_PAGE_TABLES,
    BALLAST_XEN_DOMAINS, /* what Xen keeps of domains beside their memory and pools */
    BALLAST_XEN_CPUS,
    BALLAST_XEN_IOMMU,
    BALLAST_XEN_IMAGE, /* its code and data */
    BALLAST_XEN_PARTS
};

/* How a part is known. */
enum ballast_xen_part_sure {
    BALLAST_XEN_BY_FORMULA, /* to the page where the memory map is known */
    BALLAST_XEN_AT_LEAST,   /* so much by source; the rest is unexplained */
    BALLAST_XEN_BY_BUILD,   /* as measured on Debian's build; others differ by some 100 KiB */
};

struct ballast_xen_part_about {
    const char *word;   /* "frame_table": the name in JSON */
    const char *what;   /* "32 bytes for each page up to the top of memory" */
    const char *source; /* where in Xen's source */
    enum ballast_xen_part_sure sure;
};

struct ballast_xen_memory {
    bool known;
    uint64_t part_kib[BALLAST_XEN_PARTS];
    /*
     * The most that should remain unexplained: 2 MiB or 0.02 % of the host, and without a memory
     * map 8 MiB more, for what the tables cover at both ends of a hole.
     */
    uint64_t unexplained_most_kib;
};

/* A piece of RAM, as the memory map of the host has it. */
struct ballast_ram {
    uint64_t start; /* bytes */
    uint64_t size;
};

/* What matters of a memory map, in pages. */
struct ballast_xen_map {
    bool known;
    uint64_t top_pages;    /* the end of RAM */
    uint64_t low_pages;    /* of RAM below 1 MiB */
    uint64_t frame_pages;  /* covered by the frame table: pieces of 256 MiB in which RAM lies */
    uint64_t m2p_pages;    /* by the machine-to-physical table: pieces of 1 GiB */
    uint64_t compat_pages; /* by its copy for 32-bit guests: pieces of 2 GiB, below 1 TiB */
};

/* What a host tells of itself. */
struct ballast_xen_facts {
    uint64_t total_kib;         /* XEN_SYSCTL_physinfo total_pages */
    uint32_t cpus;              /* online; 0: unknown */
    const char *version;        /* "" if unknown */
    const char *commandline;    /* Xen's own; NULL if unknown */
    struct ballast_xen_map map; /* unknown: the minimum for such a total is assumed */
    bool pv32;                  /* it runs 32-bit PV guests: XENVER_capabilities has x86_32p */
    bool vmx;
    bool iommu;
    uint64_t domains_kib; /* sum of ballast_xen_domain_kib() */
};

/*
 * Computes what matters of a memory map. Ranges may come in any order, but do not overlap; they are
 * sorted in place. Unknown if there is none or one is beyond 52 bits.
 */
void ballast_xen_map(struct ballast_ram *ranges, size_t count, struct ballast_xen_map *out);

/* Computes all parts; those that do not follow from what is facts are 0. */
void ballast_xen_memory(const struct ballast_xen_facts *facts, struct ballast_xen_memory *out);

struct ballast_profile;

/* The exact profile for ballast_xen_domain_kib(): of the release, or the nearest one if there is
 * none. */
const struct ballast_profile *ballast_xen_domain_profile(const char *xen_version);
/*
 * What Xen keeps of a domain beside its memory and its pool, by that profile, without what depends
 * on its devices; dom0 too. 0 vCPUs: a domain that is still being created.
 */
uint64_t ballast_xen_domain_kib(const struct ballast_profile *profile, enum ballast_guest_type type,
                                uint32_t vcpus, const struct ballast_host_caps *caps);

/* Static; NULL if it is not a part. */
const struct ballast_xen_part_about *ballast_xen_part_about(enum ballast_xen_part part);
/* "formula", "minimum", "build". */
const char *ballast_xen_part_sure_name(enum ballast_xen_part_sure sure);

#endif
