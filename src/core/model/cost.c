/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/cost.h"

#include <errno.h>
#include <inttypes.h>

#include "core/base/error.h"
#include "core/base/units.h"

#define BY_BUILDS       "4.14.6, 4.17.7, 4.20.4: builds hypercall by hypercall"
#define BY_IOMMU_BUILDS "4.14.6, 4.17.7, 4.20.4: builds with and without, 32 MiB to 1.5 GiB"
#define UNSEEN          "not measured"

static const struct ballast_cost_about abouts[BALLAST_COST_TERMS] = {
    [BALLAST_COST_MEMORY] = {"memory", "the guest's memory, video included",
                             "libs/guest/xg_dom_x86.c meminit_hvm, meminit_pv; qemu",
                             "4.14.6, 4.17.7, 4.20.4: tot_pages of every build",
                             BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_SPECIAL] = {"special", "PVH: pages for xenstore, console and the like",
                              "libs/guest/xg_dom_x86.c X86_HVM_NR_SPECIAL_PAGES",
                              "4.14.6, 4.17.7, 4.20.4: tot_pages of every build",
                              BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_ACPI] = {"acpi", "PVH: RSDP, ACPI information and tables",
                           "libs/light/libxl_x86_acpi.c libxl__dom_load_acpi",
                           "9 and 10 pages (27803 bytes of DSDT), 7 (17945 bytes)",
                           BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_POOL] = {"pool", "the paging pool", "arch/x86/mm/hap/hap.c hap_set_allocation",
                           "4.14.6, 4.17.7, 4.20.4: read back from Xen, exact",
                           BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_IOMMU] = {"iommu", "page tables of the IOMMU's own",
                            "drivers/passthrough/amd/iommu_map.c iommu_pde_from_dfn",
                            BY_IOMMU_BUILDS, BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_DOMAIN] = {"domain", "struct domain", "arch/x86/domain.c alloc_domain_struct",
                             BY_BUILDS, BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_SHARED_INFO] = {"shared_info", "the shared information page",
                                  "arch/x86/domain.c arch_domain_create", BY_BUILDS,
                                  BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_PERDOMAIN] = {"perdomain", "third-level table of the per-domain mappings",
                                "arch/x86/mm.c create_perdomain_mapping", BY_BUILDS,
                                BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_GRANT_TABLE] = {"grant_table", "the first grant frame and its active entries",
                                  "common/grant_table.c gnttab_grow_table", BY_BUILDS,
                                  BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_GRANT_ARRAYS] = {"grant_arrays",
                                   "pointers to max_grant_frames and their active entries",
                                   "common/grant_table.c grant_table_init",
                                   "4.17.7: 64 to 2048 frames, to the page", BALLAST_COST_SETTLED,
                                   BALLAST_SURE_MEASURED},
    [BALLAST_COST_MAPTRACK] = {"maptrack", "pointers to max_maptrack_frames",
                               "common/grant_table.c grant_table_init",
                               "0, 1 and 2 pages at 0, 1 to 512 and 1024 frames",
                               BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_EVENT_CHANNELS] = {"event_channels", "the first 64 event channels",
                                     "common/event_channel.c evtchn_init", BY_BUILDS,
                                     BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_PV_TABLES] = {"pv_tables", "PV: table of GDT and LDT, and of its pages",
                                "arch/x86/pv/domain.c pv_domain_initialise", BY_BUILDS,
                                BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_VCPUS] = {"vcpus", "3 a vCPU (PV), 8 (AMD) or 7 (Intel)",
                            "common/domain.c vcpu_create; svm/vmcb.c, vmx/vmcs.c, hvm/vlapic.c",
                            "1 to 128 vCPUs, AMD; Intel not", BALLAST_COST_SETTLED,
                            BALLAST_SURE_MEASURED},
    [BALLAST_COST_VCPU_TABLES] = {"vcpu_tables", "lowest-level tables of the per-domain mappings",
                                  "arch/x86/mm.c create_perdomain_mapping; pv_create_gdt_ldt_l1tab",
                                  "1 to 128 vCPUs", BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_NESTED] = {"nested", "nested virtualisation, 5 a vCPU",
                             "hvm/svm/nestedsvm.c nsvm_vcpu_initialise",
                             "4.14.6, 4.17.7, AMD; later ones not", BALLAST_COST_SETTLED,
                             BALLAST_SURE_MEASURED},
    [BALLAST_COST_IOREQ] = {"ioreq", "HVM: request pages between Xen and qemu",
                            "common/ioreq.c ioreq_server_alloc_mfn", BY_BUILDS,
                            BALLAST_COST_SETTLED, BALLAST_SURE_MEASURED},
    [BALLAST_COST_STDVGA] = {"stdvga", "HVM: copy of VGA memory, until XSA-463",
                             "arch/x86/hvm/stdvga.c stdvga_init", "4.14.6", BALLAST_COST_SETTLED,
                             BALLAST_SURE_MEASURED},
    [BALLAST_COST_VMTRACE] = {"vmtrace", "trace buffers, vmtrace_buf_kb a vCPU",
                              "common/domain.c vmtrace_alloc_buffer", UNSEEN, BALLAST_COST_SETTLED,
                              BALLAST_SURE_SOURCE},
    [BALLAST_COST_VMX] = {"vmx", "Intel: APIC access page, two of altp2m",
                          "hvm/vmx/vmx.c vmx_alloc_vlapic_mapping; mm/hap/hap.c hap_enable", UNSEEN,
                          BALLAST_COST_SETTLED, BALLAST_SURE_SOURCE},
    [BALLAST_COST_CALIBRATED] = {"calibrated", "beyond all these, as measured on this host",
                                 "this host's calibration", "this host", BALLAST_COST_SETTLED,
                                 BALLAST_SURE_MEASURED},
    [BALLAST_COST_ARENA] = {"arena", "growth of Xen's own heap, at most",
                            "common/xmalloc_tlsf.c xmalloc_whole_pages, add_region",
                            "4.14.6, 4.17.7, 4.20.4: bound over all builds, large ones first too",
                            BALLAST_COST_FRESH_MAX, BALLAST_SURE_MEASURED},
    [BALLAST_COST_IOMMU_PIECES] = {"iommu_pieces",
                                   "more of those, where memory is in pieces below 2 MiB",
                                   "drivers/passthrough/iommu.c mapping_order", UNSEEN,
                                   BALLAST_COST_FRESH_MAX, BALLAST_SURE_SOURCE},
    [BALLAST_COST_GRANT_GROWTH] = {"grant_growth", "grant frames up to max_grant_frames",
                                   "common/grant_table.c gnttab_grow_table",
                                   "2 to 64 frames, to the page", BALLAST_COST_LATER_MAX,
                                   BALLAST_SURE_MEASURED},
    [BALLAST_COST_GRANT_STATUS] = {"grant_status", "status frames of grant table version 2",
                                   "common/grant_table.c gnttab_populate_status_frames", UNSEEN,
                                   BALLAST_COST_LATER_MAX, BALLAST_SURE_SOURCE},
    [BALLAST_COST_MAPTRACK_GROWTH] = {"maptrack_growth",
                                      "what it maps from others, up to max_maptrack_frames",
                                      "common/grant_table.c get_maptrack_handle", UNSEEN,
                                      BALLAST_COST_LATER_MAX, BALLAST_SURE_SOURCE},
    [BALLAST_COST_EVENT_GROWTH] = {"event_growth", "event channels up to max_event_channels",
                                   "common/event_channel.c evtchn_allocate_port",
                                   "ports 63 to 4000, to the page", BALLAST_COST_LATER_MAX,
                                   BALLAST_SURE_MEASURED},
    [BALLAST_COST_LOADER] = {"loader", "HVM: what hvmloader adds, 11 or 12",
                             "tools/firmware/hvmloader/util.c mem_hole_populate_ram",
                             "4.17.7: 11 and 12", BALLAST_COST_LATER_MAX, BALLAST_SURE_MEASURED},
    [BALLAST_COST_VMX_LATER] = {"vmx_later", "Intel: lists of MSRs, 2 a vCPU",
                                "hvm/vmx/vmcs.c vmx_add_msr", UNSEEN, BALLAST_COST_LATER_MAX,
                                BALLAST_SURE_SOURCE},
};

const struct ballast_cost_about *ballast_cost_about(enum ballast_cost_term term)
{
    return (unsigned)term < BALLAST_COST_TERMS ? &abouts[term] : NULL;
}

const char *ballast_sureness_name(enum ballast_sureness sure)
{
    static const char *const words[BALLAST_SURENESSES] = {"measured", "source", "assumed"};
    return (unsigned)sure < BALLAST_SURENESSES ? words[sure] : NULL;
}

bool ballast_breakdown_cost(const struct ballast_breakdown *breakdown, struct ballast_cost_kib *out)
{
    if (breakdown->has_cost && out)
        *out = breakdown->cost;
    return breakdown->has_cost;
}

int64_t ballast_breakdown_cost_pages(const struct ballast_breakdown *breakdown,
                                     enum ballast_cost_term term)
{
    return (unsigned)term < BALLAST_COST_TERMS ? breakdown->cost_pages[term] : 0;
}

static bool is_ordered(const struct ballast_cost_kib *cost)
{
    return cost->settled_kib <= cost->fresh_max_kib && cost->fresh_max_kib <= cost->later_max_kib;
}

int ballast_breakdown_set_cost(struct ballast_breakdown *breakdown,
                               const struct ballast_cost_kib *cost, struct ballast_error *err)
{
    uint64_t footprint_kib = breakdown->span_kib[BALLAST_FOOTPRINT];
    if (cost->settled_kib != footprint_kib)
        return ballast_fail(err, -EINVAL,
                            "settled is %" PRIu64 " KiB, but the footprint is %" PRIu64 " KiB",
                            cost->settled_kib, footprint_kib);
    if (!is_ordered(cost))
        return ballast_fail(err, -EINVAL,
                            "settled %" PRIu64 ", fresh_max %" PRIu64 ", later_max %" PRIu64
                            " KiB: each must be at least the one before",
                            cost->settled_kib, cost->fresh_max_kib, cost->later_max_kib);
    breakdown->has_cost = true;
    breakdown->cost = *cost;
    return 0;
}

static uint64_t cost_sum_of(const struct ballast_cost_kib *cost, enum ballast_cost_sum sum)
{
    return sum == BALLAST_COST_SETTLED     ? cost->settled_kib
           : sum == BALLAST_COST_FRESH_MAX ? cost->fresh_max_kib
                                           : cost->later_max_kib;
}

uint64_t ballast_cost_beside(const struct ballast_breakdown *asks,
                             const struct ballast_breakdown *exact, enum ballast_cost_sum sum,
                             bool *lacks)
{
    /*
     * Each side is charged for the part of the other's pool that exceeds its own, so that nothing
     * can fall below zero.
     */
    uint64_t need_kib = ballast_add_ceil(asks->need_kib, exact->segment_kib[BALLAST_SHADOW]);
    uint64_t cost_kib =
        ballast_add_ceil(cost_sum_of(&exact->cost, sum), asks->segment_kib[BALLAST_SHADOW]);
    *lacks = exact->has_cost && need_kib < cost_kib;
    if (!exact->has_cost)
        return 0;
    return *lacks ? cost_kib - need_kib : need_kib - cost_kib;
}

/* The last term of each sum, as `abouts` has them. */
static const enum ballast_cost_term last_of[BALLAST_COST_SUMS] = {
    [BALLAST_COST_SETTLED] = BALLAST_COST_CALIBRATED,
    [BALLAST_COST_FRESH_MAX] = BALLAST_COST_IOMMU_PIECES,
    [BALLAST_COST_LATER_MAX] = BALLAST_COST_VMX_LATER,
};

static int check_terms(const struct ballast_breakdown *breakdown, struct ballast_error *err)
{
    /* Every guest has this term; without it only the sums are known. */
    if (breakdown->cost_pages[BALLAST_COST_DOMAIN] == 0)
        return 0;
    int64_t pages = 0;
    int term = 0;
    for (int i = 0; i < BALLAST_COST_SUMS; i++) {
        uint64_t sum_kib = cost_sum_of(&breakdown->cost, (enum ballast_cost_sum)i);
        bool fits = true;
        for (; term <= (int)last_of[i]; term++)
            fits &= !__builtin_add_overflow(pages, breakdown->cost_pages[term], &pages);
        if (!fits || pages < 0 || sum_kib % BALLAST_PAGE_KIB != 0 ||
            (uint64_t)pages != sum_kib / BALLAST_PAGE_KIB)
            return ballast_fail(err, -EPROTO,
                                "the terms up to %s do not sum to the %" PRIu64 " KiB of the cost",
                                abouts[last_of[i]].word, sum_kib);
    }
    return 0;
}

int ballast_cost_check(const struct ballast_breakdown *breakdown, struct ballast_error *err)
{
    const struct ballast_cost_kib *cost = &breakdown->cost;
    if (!breakdown->has_cost)
        return 0;
    if (cost->settled_kib != breakdown->span_kib[BALLAST_FOOTPRINT])
        return ballast_fail(err, -EPROTO,
                            "settled cost is %" PRIu64 " KiB, but footprint is %" PRIu64 " KiB",
                            cost->settled_kib, breakdown->span_kib[BALLAST_FOOTPRINT]);
    if (!is_ordered(cost))
        return ballast_fail(err, -EPROTO, "a later cost is below an earlier one");
    return check_terms(breakdown, err);
}
