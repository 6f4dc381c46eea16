/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xen-frames [VIDEO-PAGES:]PAGES...: the size of the IOMMU's page tables of a guest with this many
 * pages, in dom0 of the lab. No toolstack builds a guest that is not whole MiB, so this calls Xen
 * itself: a domain without a vCPU receives its memory in the extents that libxl requests (the first
 * 2 MiB around the hole of VGA's memory, whole GiB, whole 2 MiB, single pages) and, with
 * VIDEO-PAGES, what qemu adds for an adapter, a page at a time. Prints one line of JSON for each.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenctrl.h>

enum {
    ORDER_2M = 9,
    ORDER_1G = 18,
    CHUNK = 512,
    SAME_LOOKS = 12,
    MOST_LOOKS = 6000,
    SPARE_PAGES = 1024,
    HEAP_PAGES = 8
};

#define HOLE_FIRST  UINT64_C(0xf0000)
#define HIGH_FIRST  UINT64_C(0x100000)
#define VGA_FIRST   UINT64_C(0xa0)
#define VGA_END     UINT64_C(0xc0)
#define POOL_BYTES  (UINT64_C(64) << 20)
#define SPECIAL_PFN UINT64_C(0xfeff8)
#define ROM_PAGES   16

static xc_interface *xc;

static int fail(const char *what)
{
    perror(what);
    return -1;
}

static void sample_again(void)
{
    struct timespec pause = {.tv_nsec = 20000000};
    (void)nanosleep(&pause, NULL);
}

static uint64_t free_pages(void)
{
    xc_physinfo_t info = {0};
    return xc_physinfo(xc, &info) < 0 ? 0 : info.free_pages;
}

/* Free pages when they have come to rest; 0: they did not. */
static uint64_t rest(void)
{
    uint64_t last = 0;
    int same = 0;
    for (int i = 0; i < MOST_LOOKS && same < SAME_LOOKS; i++) {
        uint64_t now = free_pages();
        same = now == last ? same + 1 : 0;
        last = now;
        sample_again();
    }
    return same == SAME_LOOKS ? last : 0;
}

static int populate(uint32_t domid, uint64_t first, uint64_t count, unsigned order)
{
    while (count > 0) {
        xen_pfn_t extents[CHUNK];
        uint64_t now = count < CHUNK ? count : CHUNK;
        for (uint64_t i = 0; i < now; i++)
            extents[i] = first + (i << order);
        if (xc_domain_populate_physmap_exact(xc, domid, now, order, 0, extents) < 0)
            return fail("populate");
        first += now << order;
        count -= now;
    }
    return 0;
}

/* From one frame to another, in the largest pieces that fit, none of them a GiB with a hole in it.
 */
static int populate_range(uint32_t domid, uint64_t first, uint64_t end)
{
    while (first < end) {
        unsigned order = 0;
        uint64_t left = end - first;
        if (first % (1U << ORDER_1G) == 0 && left >= 1U << ORDER_1G)
            order = ORDER_1G;
        else if (first % (1U << ORDER_2M) == 0 && left >= 1U << ORDER_2M)
            order = ORDER_2M;
        uint64_t count = order ? 1 : left < CHUNK ? left : CHUNK - first % CHUNK;
        if (populate(domid, first, count, order) < 0)
            return -1;
        first += count << order;
    }
    return 0;
}

static int give_memory(uint32_t domid, uint64_t pages, uint64_t video)
{
    uint64_t low = pages < HOLE_FIRST ? pages : HOLE_FIRST;
    uint64_t top = pages > low ? HIGH_FIRST + pages - low : low;
    if (populate(domid, 0, VGA_FIRST, 0) < 0 || populate_range(domid, VGA_END, low) < 0 ||
        (top > low && populate_range(domid, HIGH_FIRST, top) < 0) ||
        populate(domid, SPECIAL_PFN, 8, 0) < 0)
        return -1;
    return video ? populate(domid, top, video + ROM_PAGES, 0) : 0;
}

static int create(uint32_t *domid)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap | XEN_DOMCTL_CDF_iommu,
        .iommu_opts = XEN_DOMCTL_IOMMU_no_sharept,
        .max_vcpus = 1,
        .max_evtchn_port = 1023,
        .max_grant_frames = 4,
        .max_maptrack_frames = 4,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
        .arch.emulation_flags = XEN_X86_EMU_LAPIC,
    };
    memset(config.handle, 0x5a, sizeof(config.handle));
    *domid = 0;
    return xc_domain_create(xc, domid, &config) < 0 ? fail("create") : 0;
}

/*
 * Destroyed, and none of it left: Xen gives back the last of it, the domain's own pages, some time
 * after the call. What its heap keeps for good is less than those.
 */
static int destroy(uint32_t domid, uint64_t free_before)
{
    if (xc_domain_destroy(xc, domid) < 0)
        return fail("destroy");
    for (int i = 0; i < MOST_LOOKS; i++) {
        if (free_pages() + HEAP_PAGES >= free_before)
            return 0;
        sample_again();
    }
    fprintf(stderr, "domain %" PRIu32 " does not go\n", domid);
    return -1;
}

/* Pages that Xen takes beyond its memory while such a domain is given that; -1: it is not built. */
static int64_t tables(uint64_t pages, uint64_t video)
{
    uint32_t domid;
    xc_domaininfo_t info;
    uint64_t empty = rest(), before = 0, after = 0;
    if (!empty || create(&domid) < 0)
        return -1;
    if (xc_set_paging_mempool_size(xc, domid, POOL_BYTES) == 0 &&
        xc_domain_setmaxmem(xc, domid, (pages + video + SPARE_PAGES) * 4) == 0 &&
        (before = rest()) > 0 && give_memory(domid, pages, video) == 0 &&
        xc_domain_getinfolist(xc, domid, 1, &info) == 1)
        after = rest();
    if (destroy(domid, empty) < 0 || !after)
        return -1;
    return (int64_t)(before - after) - (int64_t)info.tot_pages;
}

int main(int argc, char **argv)
{
    xc = xc_interface_open(NULL, NULL, 0);
    if (!xc)
        return 1;
    /* The first one is there for the growth of Xen's heap. */
    (void)tables(CHUNK, 0);
    for (int i = 1; i < argc; i++) {
        char *colon = strchr(argv[i], ':');
        uint64_t video = colon ? strtoull(argv[i], NULL, 0) : 0;
        uint64_t pages = strtoull(colon ? colon + 1 : argv[i], NULL, 0);
        int64_t taken = tables(pages, video);
        if (taken < 0)
            return 1;
        printf("{\"frames\":%" PRIu64 ",\"video_pages\":%" PRIu64 ",\"tables\":%" PRId64 "}\n",
               pages, video, taken);
        (void)fflush(stdout);
    }
    (void)xc_interface_close(xc);
    return 0;
}
