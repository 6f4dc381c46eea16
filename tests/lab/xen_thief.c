/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xen-thief RESERVED_KIB MIB TRIES [SECONDS]: takes what free memory of a Xen host it can get, at
 * most MIB, for a domain of its own, and gives it back, TRIES times, or as often as it can for
 * SECONDS. Prints one line: how often it tried, how often less than RESERVED_KIB was free then, so
 * that what is reserved was taken, the most that was missing, the most that it got, and how long a
 * try took. In dom0 of the lab; tests/lab/t/97-claims.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <xenctrl.h>

enum {
    ORDER = 9,
    EXTENT_PAGES = 1 << ORDER,
    AT_ONCE = 16,
    MOST = 4096,
    KIB_A_PAGE = 4,
    KIB_A_MIB = 1024
};

struct thief {
    xc_interface *xc;
    uint32_t domid;
    unsigned most; /* extents */
    unsigned count;
    xen_pfn_t extents[MOST];
};

static double now_sec(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t free_kib(const struct thief *thief)
{
    xc_physinfo_t info = {0};
    if (xc_physinfo(thief->xc, &info) < 0) {
        perror("xen-thief: physinfo");
        exit(1);
    }
    return info.free_pages * KIB_A_PAGE;
}

/* A PV guest without vCPUs, which never runs. */
static void create(struct thief *thief)
{
    struct xen_domctl_createdomain config = {
        .max_vcpus = 1,
        .max_evtchn_port = 1,
        .max_grant_frames = 1,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
        .handle = {0x74, 0x68, 0x69, 0x65, 0x66},
    };
    uint64_t kib = (uint64_t)thief->most * EXTENT_PAGES * KIB_A_PAGE;
    if (xc_domain_create(thief->xc, &thief->domid, &config) < 0 ||
        xc_domain_setmaxmem(thief->xc, thief->domid, kib + KIB_A_MIB) < 0) {
        perror("xen-thief: a domain");
        exit(1);
    }
}

static void take(struct thief *thief)
{
    while (thief->count < thief->most) {
        unsigned left = thief->most - thief->count;
        unsigned ask = left < AT_ONCE ? left : AT_ONCE;
        xen_pfn_t *extents = thief->extents + thief->count;
        for (unsigned i = 0; i < ask; i++)
            extents[i] = (xen_pfn_t)(thief->count + i) * EXTENT_PAGES;
        int got = xc_domain_populate_physmap(thief->xc, thief->domid, ask, ORDER, 0, extents);
        thief->count += got > 0 ? (unsigned)got : 0;
        if (got < (int)ask)
            return;
    }
}

static void give_back(struct thief *thief)
{
    if (thief->count > 0 &&
        xc_domain_decrease_reservation_exact(thief->xc, thief->domid, thief->count, ORDER,
                                             thief->extents) != 0) {
        perror("xen-thief: giving back");
        exit(1);
    }
    thief->count = 0;
}

int main(int argc, char **argv)
{
    static struct thief thief;
    if (argc < 4 || !(thief.xc = xc_interface_open(NULL, NULL, 0)))
        return 2;
    uint64_t reserved_kib = strtoull(argv[1], NULL, 10);
    unsigned long mib = strtoul(argv[2], NULL, 10);
    unsigned long tries = strtoul(argv[3], NULL, 10);
    double seconds = argc > 4 ? strtod(argv[4], NULL) : 0;
    unsigned long extents = mib * KIB_A_MIB / KIB_A_PAGE / EXTENT_PAGES;
    unsigned long tried = 0, taken = 0;
    uint64_t worst_kib = 0;
    unsigned most = 0;
    thief.most = extents < MOST ? (unsigned)extents : MOST;
    create(&thief);
    double began = now_sec();
    while (tried < tries || now_sec() - began < seconds) {
        take(&thief);
        uint64_t kib = free_kib(&thief);
        most = thief.count > most ? thief.count : most;
        taken += kib < reserved_kib;
        if (kib < reserved_kib && reserved_kib - kib > worst_kib)
            worst_kib = reserved_kib - kib;
        give_back(&thief);
        tried++;
    }
    printf("attempts=%lu taken=%lu worst_kib=%" PRIu64 " most_mib=%u msec=%.1f\n", tried, taken,
           worst_kib, most * EXTENT_PAGES * KIB_A_PAGE / KIB_A_MIB,
           (now_sec() - began) * 1000 / (double)(tried ? tried : 1));
    xc_domain_destroy(thief.xc, thief.domid);
    xc_interface_close(thief.xc);
    return 0;
}
