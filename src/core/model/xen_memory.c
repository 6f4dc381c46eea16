/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/xen_memory.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "core/model/commandline.h"
#include "core/model/profile_xen.h"
#include "core/model/xen_nearest.h"
#include "core/model/xen_release.h"

#define PAGE_BYTES UINT64_C(4096)
#define GIB_PAGES  UINT64_C(262144)
/* xen/arch/x86/include/asm/mm.h: sizeof(struct page_info); xen/pdx.h: PDX_GROUP_COUNT. */
#define FRAME_BYTES UINT64_C(32)
#define FRAME_GROUP (UINT64_C(2) * 1024 * 1024 / FRAME_BYTES)
/* x86_64/mm.c, paging_init(): machine_to_phys_mapping has 8 bytes a page, the copy for 32-bit
 * guests 4, both in pieces of 2 MiB; the copy has room for 1 GiB. */
#define M2P_GROUP    GIB_PAGES
#define COMPAT_GROUP (2 * GIB_PAGES)
#define COMPAT_END   (1024 * GIB_PAGES)
#define PIECE_PAGES  UINT64_C(512)
/* setup.c, __start_xen(): the boot allocator gets nothing below this. */
#define LOW_PAGES UINT64_C(256)
/* More than x86 can address. */
#define MOST_BYTES (UINT64_C(1) << 52)

static const struct ballast_xen_part_about abouts[BALLAST_XEN_PARTS] = {
    [BALLAST_XEN_FRAME_TABLE] = {"frame_table", "32 bytes for each page, in pieces of 2 MiB",
                                 "arch/x86/mm.c init_frametable", BALLAST_XEN_BY_FORMULA},
    [BALLAST_XEN_M2P] = {"machine_to_physical",
                         "8 bytes for each page (12 with 32-bit PV guests), in pieces of 2 MiB",
                         "arch/x86/x86_64/mm.c paging_init", BALLAST_XEN_BY_FORMULA},
    [BALLAST_XEN_LOW] = {"low_memory", "memory below 1 MiB, which Xen does not hand out",
                         "arch/x86/setup.c __start_xen", BALLAST_XEN_BY_FORMULA},
    [BALLAST_XEN_CRASH_KERNEL] = {"crash_kernel", "crashkernel= of Xen's command line",
                                  "common/kexec.c parse_crashkernel", BALLAST_XEN_BY_FORMULA},
    [BALLAST_XEN_TRACE] = {"trace", "tbuf_size= of Xen's command line, for each processor",
                           "common/trace.c alloc_trace_bufs", BALLAST_XEN_BY_FORMULA},
    [BALLAST_XEN_CONSOLE] = {"console", "the console ring: conring_size=, or by processors",
                             "drivers/char/console.c console_init_ring", BALLAST_XEN_BY_FORMULA},
    [BALLAST_XEN_PAGE_TABLES] = {"page_tables", "Xen's own page tables for the tables above",
                                 "arch/x86/x86_64/mm.c paging_init; arch/x86/mm.c map_pages_to_xen",
                                 BALLAST_XEN_AT_LEAST},
    [BALLAST_XEN_DOMAINS] = {"domains",
                             "what Xen keeps of dom0, the guests and its own four domains",
                             "as 'ballast explain' of the exact profile lists it",
                             BALLAST_XEN_AT_LEAST},
    [BALLAST_XEN_CPUS] = {"processors", "stack, data, tables and idle vCPU of each processor",
                          "arch/x86/smpboot.c cpu_smpboot_alloc; arch/x86/percpu.c; hvm/svm/svm.c, "
                          "hvm/vmx/vmcs.c",
                          BALLAST_XEN_AT_LEAST},
    [BALLAST_XEN_IOMMU] = {"iommu", "dom0's page tables in the IOMMU, before 4.17",
                           "drivers/passthrough/x86/iommu.c arch_iommu_hwdom_init",
                           BALLAST_XEN_AT_LEAST},
    [BALLAST_XEN_IMAGE] = {"image", "Xen's code and data, less what it frees after its start",
                           "arch/x86/setup.c init_done; arch/x86/xen.lds.S", BALLAST_XEN_BY_BUILD},
};

const struct ballast_xen_part_about *ballast_xen_part_about(enum ballast_xen_part part)
{
    return (unsigned)part < BALLAST_XEN_PARTS ? &abouts[part] : NULL;
}

const char *ballast_xen_part_sure_name(enum ballast_xen_part_sure sure)
{
    switch (sure) {
    case BALLAST_XEN_BY_FORMULA:
        return "formula";
    case BALLAST_XEN_AT_LEAST:
        return "minimum";
    case BALLAST_XEN_BY_BUILD:
        return "build";
    }
    return NULL;
}

static int lower_first(const void *a, const void *b)
{
    uint64_t x = ((const struct ballast_ram *)a)->start;
    uint64_t y = ((const struct ballast_ram *)b)->start;
    return (x > y) - (x < y);
}

/* Pages of the groups of a table in which RAM lies, added up over ranges in ascending order. */
struct groups {
    uint64_t pages; /* in a group */
    uint64_t next;  /* the first group that is not counted yet */
    uint64_t count;
};

static void count_groups(struct groups *groups, uint64_t first, uint64_t end)
{
    uint64_t from = ballast_max_u64(first / groups->pages, groups->next);
    uint64_t to = ballast_div_up(end, groups->pages);
    if (to <= from)
        return;
    groups->count += to - from;
    groups->next = to;
}

/* The frame table ends with the last page; its other pieces are whole. */
static uint64_t frame_pages(const struct groups *frames, uint64_t top_pages)
{
    uint64_t beyond = top_pages % FRAME_GROUP;
    return frames->count * FRAME_GROUP - (beyond > 0 ? FRAME_GROUP - beyond : 0);
}

void ballast_xen_map(struct ballast_ram *ranges, size_t count, struct ballast_xen_map *out)
{
    struct groups frames = {.pages = FRAME_GROUP};
    struct groups m2p = {.pages = M2P_GROUP};
    struct groups compat = {.pages = COMPAT_GROUP};
    *out = (struct ballast_xen_map){0};
    struct ballast_xen_map made = {0};
    if (count > 0)
        qsort(ranges, count, sizeof(*ranges), lower_first);
    count_groups(&frames, 0, 1); /* pdx_group_valid[0] is set whatever the map says */
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].start > MOST_BYTES || ranges[i].size > MOST_BYTES)
            return;
        uint64_t first = ballast_div_up(ranges[i].start, PAGE_BYTES);
        uint64_t end = (ranges[i].start + ranges[i].size) / PAGE_BYTES;
        if (end <= first)
            continue;
        if (first < LOW_PAGES)
            made.low_pages += ballast_min_u64(end, LOW_PAGES) - first;
        made.top_pages = ballast_max_u64(made.top_pages, end);
        count_groups(&frames, first, end);
        count_groups(&m2p, first, end);
        count_groups(&compat, ballast_min_u64(first, COMPAT_END), ballast_min_u64(end, COMPAT_END));
    }
    if (made.top_pages == 0)
        return;
    made.known = true;
    made.frame_pages = frame_pages(&frames, made.top_pages);
    made.m2p_pages = m2p.count * M2P_GROUP;
    made.compat_pages = compat.count * COMPAT_GROUP;
    *out = made;
}

/* Without a map: all memory lies together, and the tables cover no hole. */
static struct ballast_xen_map smallest_map(uint64_t total_kib)
{
    uint64_t pages = total_kib / BALLAST_PAGE_KIB;
    return (struct ballast_xen_map){.top_pages = pages,
                                    .frame_pages = pages,
                                    .m2p_pages = pages,
                                    .compat_pages = ballast_min_u64(pages, COMPAT_END)};
}

static uint64_t table_kib(uint64_t pages, uint64_t bytes_each)
{
    return ballast_div_up(ballast_mul_div(pages, bytes_each, 1), PAGE_BYTES) * BALLAST_PAGE_KIB;
}

/* The next power of two of pages, as alloc_xenheap_pages() takes them. */
static uint64_t order_kib(uint64_t bytes)
{
    uint64_t pages = 1;
    while (pages * PAGE_BYTES < bytes)
        pages *= 2;
    return pages * BALLAST_PAGE_KIB;
}

/* parse_size_and_unit() of xen/common/lib.c: KiB without a unit. false: it is not a size. */
static bool read_xen_size(const char **at, uint64_t *out)
{
    static const char units[] = "bkmgt";
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    unsigned long long number = strtoull(*at, &end, 0);
    unsigned shift = 10;
    char letter = (char)(*end | 0x20);
    const char *unit = *end ? strchr(units, letter) : NULL;
    if (unit) {
        shift = 10 * (unsigned)(unit - units);
        end++;
    }
    if (number > MOST_BYTES >> shift)
        return false;
    *at = end;
    *out = (uint64_t)number << shift;
    return true;
}

enum { WORD = 256 };

/* The option's value as a string of its own; false if the command line lacks it. */
static bool option_word(const struct ballast_xen_facts *facts, const char *key, char out[WORD])
{
    size_t length;
    const char *value =
        facts->commandline ? ballast_commandline_find(facts->commandline, key, &length) : NULL;
    if (!value || length >= WORD)
        return false;
    memcpy(out, value, length);
    out[length] = '\0';
    return true;
}

/* "512M-2G:64M,2G-:128M@16M": the size of the range in which the host's memory lies. */
static uint64_t crash_range_bytes(const char *at, uint64_t total)
{
    for (;;) {
        uint64_t start, size;
        uint64_t end = UINT64_MAX;
        if (!read_xen_size(&at, &start) || *at++ != '-')
            return 0;
        if (*at != ':' && !read_xen_size(&at, &end))
            return 0;
        if (*at++ != ':' || !read_xen_size(&at, &size))
            return 0;
        if (start <= total && total < end && size < total)
            return size;
        if (*at++ != ',')
            return 0;
    }
}

static uint64_t crash_kib(const struct ballast_xen_facts *facts)
{
    char word[WORD];
    const char *at = word;
    uint64_t bytes = 0;
    if (!option_word(facts, "crashkernel", word))
        return 0;
    if (strchr(word, ':'))
        bytes = crash_range_bytes(word, ballast_mul_div(facts->total_kib, 1024, 1));
    else if (!read_xen_size(&at, &bytes))
        return 0;
    uint64_t kib = ballast_div_up(bytes, PAGE_BYTES) * BALLAST_PAGE_KIB;
    return kib < facts->total_kib ? kib : 0; /* Xen would have failed to reserve that */
}

/* Pages of each processor's buffer, and a table with the number of each page: 4 bytes a page and 2
 * a processor. */
static uint64_t trace_kib(const struct ballast_xen_facts *facts)
{
    char word[WORD];
    char *end;
    if (facts->cpus == 0 || !option_word(facts, "tbuf_size", word) || *word < '0' || *word > '9')
        return 0;
    uint64_t pages = ballast_min_u64(strtoull(word, &end, 0), UINT16_MAX);
    if (facts->cpus > 1)
        pages = ballast_min_u64(pages, UINT16_MAX / (facts->cpus - 1));
    if (*end || pages == 0)
        return 0;
    return facts->cpus * pages * BALLAST_PAGE_KIB +
           order_kib(4 * (facts->cpus * pages + (UINT64_C(2) + 2 * facts->cpus + 3) / 4));
}

static unsigned minor_of(const char *version)
{
    struct ballast_xen_release release;
    bool is = version && ballast_xen_release_parse(version, &release, NULL) == 0;
    return is && release.major == 4 ? release.minor : 0;
}

/* XENLOG_LOWER_THRESHOLD of a release build, or loglvl= (its part before the slash). */
static unsigned log_threshold(const struct ballast_xen_facts *facts)
{
    static const struct {
        const char *word;
        unsigned threshold;
    } levels[] = {{"none", 0}, {"error", 1}, {"warning", 2}, {"info", 3}, {"debug", 4}, {"all", 4}};
    char word[WORD];
    unsigned minor = minor_of(facts->version);
    if (option_word(facts, "loglvl", word)) {
        word[strcspn(word, "/")] = '\0';
        for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
            if (strcmp(word, levels[i].word) == 0)
                return levels[i].threshold;
        }
    }
    return minor > 0 && minor < 18 ? 2 : 3;
}

/* The ring that is in the image is copied into one of at least its size. */
static uint64_t console_kib(const struct ballast_xen_facts *facts)
{
    const uint64_t own_bytes = 16384;
    char word[WORD];
    const char *at = word;
    uint64_t bytes = 0;
    if (option_word(facts, "conring_size", word) && !read_xen_size(&at, &bytes))
        bytes = 0;
    if (bytes == 0)
        bytes = (uint64_t)facts->cpus << (9 + log_threshold(facts));
    return order_kib(ballast_max_u64(ballast_min_u64(bytes, UINT32_MAX), own_bytes));
}

/* For each of the two views of the machine-to-physical table one of the third level and one of the
 * second per 512 GiB; for the frame table one per GiB of it. */
static uint64_t page_tables_kib(const struct ballast_xen_map *map)
{
    uint64_t halves_tib = ballast_div_up(map->top_pages, 512 * GIB_PAGES);
    uint64_t frame_gib = ballast_div_up(map->top_pages, GIB_PAGES * PAGE_BYTES / FRAME_BYTES);
    return (2 * (1 + halves_tib) + frame_gib) * BALLAST_PAGE_KIB;
}

/*
 * Each processor: a stack of 8 pages, a struct vcpu, and AMD's host save area and VMCB or Intel's
 * VMXON region. Each but the first, whose are in the image: GDT, IDT, its own data. 32 processors
 * share a page of stubs.
 */
static uint64_t processors_kib(const struct ballast_xen_facts *facts)
{
    uint64_t cpus = facts->cpus;
    uint64_t virtualisation = facts->vmx ? 1 : 2;
    if (cpus == 0)
        return 0;
    uint64_t pages =
        cpus * (8 + 1 + virtualisation) + (cpus - 1) * (1 + 1 + 4) + ballast_div_up(cpus, 32);
    return pages * BALLAST_PAGE_KIB;
}

/* Before superpages (4.17.0) a table for each 2 MiB of what dom0 is given: all memory, and what is
 * below 4 GiB. */
static uint64_t iommu_kib(const struct ballast_xen_facts *facts)
{
    unsigned minor = minor_of(facts->version);
    if (!facts->iommu || minor == 0 || minor >= 17)
        return 0;
    return ballast_div_up(facts->total_kib, 2 * BALLAST_MIB_KIB) * BALLAST_PAGE_KIB;
}

/*
 * Debian's builds: the image from _stext to __2M_rwdata_end, less what "Freed ...kB init memory"
 * tells and less ebmalloc_mem, which is unused unless EFI starts Xen.
 */
static uint64_t image_kib(const char *version)
{
    return minor_of(version) > 0 ? 2060 : 0;
}

/* domain.c, mm.c: dom_xen, dom_io, dom_cow, and the idle domain. */
enum { OWN_DOMAINS = 4 };

void ballast_xen_memory(const struct ballast_xen_facts *facts, struct ballast_xen_memory *out)
{
    struct ballast_xen_map map = facts->map.known ? facts->map : smallest_map(facts->total_kib);
    *out = (struct ballast_xen_memory){.known = true};
    uint64_t *kib = out->part_kib;
    kib[BALLAST_XEN_FRAME_TABLE] = table_kib(map.frame_pages, FRAME_BYTES);
    kib[BALLAST_XEN_M2P] = table_kib(map.m2p_pages, 8);
    if (facts->pv32)
        kib[BALLAST_XEN_M2P] += table_kib(map.compat_pages, 4);
    kib[BALLAST_XEN_LOW] = map.low_pages * BALLAST_PAGE_KIB;
    kib[BALLAST_XEN_CRASH_KERNEL] = crash_kib(facts);
    kib[BALLAST_XEN_TRACE] = trace_kib(facts);
    kib[BALLAST_XEN_CONSOLE] = console_kib(facts);
    kib[BALLAST_XEN_PAGE_TABLES] = page_tables_kib(&map);
    kib[BALLAST_XEN_DOMAINS] = ballast_add_ceil(facts->domains_kib, OWN_DOMAINS * BALLAST_PAGE_KIB);
    kib[BALLAST_XEN_CPUS] = processors_kib(facts);
    kib[BALLAST_XEN_IOMMU] = iommu_kib(facts);
    kib[BALLAST_XEN_IMAGE] = image_kib(facts->version);
    out->unexplained_most_kib = ballast_max_u64(2 * BALLAST_MIB_KIB, facts->total_kib / 5000);
    if (!facts->map.known)
        out->unexplained_most_kib += 8 * BALLAST_MIB_KIB;
}

const struct ballast_profile *ballast_xen_domain_profile(const char *xen_version)
{
    bool is_known;
    const struct ballast_profile *nearest = ballast_xen_nearest(xen_version, &is_known);
    return nearest ? nearest : ballast_xen_profile_find("xen-4.20");
}

uint64_t ballast_xen_domain_kib(const struct ballast_profile *profile, enum ballast_guest_type type,
                                uint32_t vcpus, const struct ballast_host_caps *caps)
{
    struct ballast_settled settled = {
        .type = type,
        .vcpus = vcpus,
        .shadow_kib = BALLAST_UNSET,
        .pool_vcpus = 1, /* the pool is not counted, but has to be possible */
        .hap = true,
        .vmx = caps->vmx,
        .max_grant_frames =
            caps->gnttab_known ? caps->gnttab_max_frames : BALLAST_GNTTAB_MAX_FRAMES,
        .max_maptrack_frames = caps->gnttab_known ? caps->gnttab_max_maptrack_frames
                                                  : BALLAST_GNTTAB_MAX_MAPTRACK_FRAMES,
    };
    int64_t pages[BALLAST_COST_TERMS];
    int64_t sum = 0;
    if (ballast_xen_terms_pages(ballast_xen_profile_terms(profile), &settled, pages, NULL) < 0)
        return 0;
    for (int i = BALLAST_COST_DOMAIN; i <= BALLAST_COST_CALIBRATED; i++)
        sum += pages[i];
    return sum > 0 ? (uint64_t)sum * BALLAST_PAGE_KIB : 0;
}
