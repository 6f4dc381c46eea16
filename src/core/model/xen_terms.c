/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/xen_terms.h"

#include <errno.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/iommu.h"

#define PAGE_BYTES UINT64_C(4096)

/* grant_table.h, grant_entry_v1_t: 8 bytes, so 512 in a frame; grant_entry_v2_t: 16, and their
 * status words are 2. */
#define GRANTS_PER_FRAME    512
#define FRAMES_PER_STATUS   8
#define INITIAL_GRANT_FRAME 1
/* xen/include/xen/sched.h: EVTCHNS_PER_BUCKET, EVTCHNS_PER_GROUP, MAX_NR_EVTCHNS - 1. */
#define PORTS_PER_BUCKET 64
#define PORTS_PER_GROUP  32768
#define MOST_PORT        131071
/* For qemu: synchronous and buffered requests. */
#define IOREQ_PAGES 2
/* xg_dom_x86.c, X86_HVM_NR_SPECIAL_PAGES. */
#define SPECIAL_PAGES 8
/* libxl_x86_acpi.c: a page for the RSDP, one for struct acpi_info. */
#define ACPI_OWN_PAGES 2
/* For the VGA's ROM, which a guest without an adapter lacks. */
#define ROM_PAGES 16
/* Measured once the guest ran: 11 to 12. */
#define LOADER_PAGES 12

uint64_t ballast_xen_arena_pages(const struct ballast_arena_bound *bound, uint64_t vcpus)
{
    return bound->base_pages + ballast_div_up(bound->vcpu_permyriad * vcpus, BALLAST_PERMYRIAD);
}

uint64_t ballast_xen_active_frames(uint32_t grants_per_active_page, uint64_t frames)
{
    return ballast_div_up(GRANTS_PER_FRAME * frames, grants_per_active_page);
}

uint64_t ballast_xen_event_pages(uint64_t last_port)
{
    uint64_t port = ballast_min_u64(last_port, MOST_PORT);
    return port < PORTS_PER_BUCKET ? 0 : port / PORTS_PER_BUCKET + port / PORTS_PER_GROUP + 1;
}

/*
 * libacpi, acpi_build_tables(), through libxl_x86_acpi.c's mem_alloc(), which aligns each to 16
 * bytes from the last byte of the one before: FACS 64 bytes, DSDT, FADT of ACPI 1 and 5, MADT (44,
 * 16 overrides of 10, an I/O APIC of 12, 8 a vCPU), XSDT and RSDT with one entry more.
 */
uint64_t ballast_xen_acpi_pages(uint32_t dsdt_bytes, uint64_t vcpus)
{
    const uint64_t sizes[] = {64, dsdt_bytes, 116, 268, 44 + 160 + 12 + 8 * vcpus, 44 + 8, 40 + 4};
    uint64_t end = 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        end = (end + 15) / 16 * 16 + sizes[i] - 1;
    return ballast_div_up(end, PAGE_BYTES);
}

/*
 * An array of pointers from Xen's heap: from a page on it has pages of its own (xmalloc_tlsf.c,
 * xmalloc_whole_pages; since 4.20 xvmalloc.c); a smaller one is covered by the arena's bound.
 */
static uint64_t own_pages(uint64_t pointers)
{
    uint64_t bytes = 8 * pointers;
    return bytes < PAGE_BYTES ? 0 : ballast_div_up(bytes, PAGE_BYTES);
}

/* The grant table's arrays: active entries, shared frames, status frames of version 2. */
static uint64_t grant_array_pages(const struct ballast_xen_terms *terms, uint64_t frames)
{
    return own_pages(ballast_xen_active_frames(terms->grants_per_active_page, frames)) +
           own_pages(frames) + own_pages(ballast_div_up(frames, FRAMES_PER_STATUS));
}

/* tot_pages and the part of it beyond the target. */
static void inside_terms(const struct ballast_xen_terms *terms,
                         const struct ballast_settled *settled, int64_t *pages)
{
    uint64_t memory_pages = settled->memory_kib / BALLAST_PAGE_KIB;
    if (settled->type == BALLAST_HVM) {
        /* libxl_dom.c, libxl__build_hvm: memory without video is what is rounded to pages. */
        memory_pages =
            ballast_sub_floor(settled->memory_kib, settled->video_kib) / BALLAST_PAGE_KIB;
        if (settled->vga == BALLAST_VGA_NONE)
            memory_pages = ballast_sub_floor(memory_pages, ROM_PAGES);
        else
            memory_pages += settled->video_kib / BALLAST_PAGE_KIB;
    }
    pages[BALLAST_COST_MEMORY] = (int64_t)memory_pages;
    if (settled->type == BALLAST_PVH) {
        pages[BALLAST_COST_SPECIAL] = SPECIAL_PAGES;
        pages[BALLAST_COST_ACPI] =
            (int64_t)(ACPI_OWN_PAGES + ballast_xen_acpi_pages(terms->dsdt_bytes, settled->vcpus));
    }
}

static void for_every_type(const struct ballast_xen_terms *terms,
                           const struct ballast_settled *settled, int64_t *pages)
{
    uint64_t active = ballast_xen_active_frames(terms->grants_per_active_page, INITIAL_GRANT_FRAME);
    pages[BALLAST_COST_DOMAIN] = 1;
    pages[BALLAST_COST_SHARED_INFO] = 1;
    pages[BALLAST_COST_PERDOMAIN] = 1;
    pages[BALLAST_COST_EVENT_CHANNELS] = 1;
    pages[BALLAST_COST_GRANT_TABLE] = (int64_t)(INITIAL_GRANT_FRAME + active);
    pages[BALLAST_COST_GRANT_ARRAYS] = (int64_t)grant_array_pages(terms, settled->max_grant_frames);
    /* A pointer each, in whole pages. */
    if (settled->max_maptrack_frames >= terms->heap_below_frames)
        pages[BALLAST_COST_MAPTRACK] =
            (int64_t)ballast_div_up(UINT64_C(8) * settled->max_maptrack_frames, PAGE_BYTES);
}

static void for_pv(const struct ballast_settled *settled, int64_t *pages)
{
    pages[BALLAST_COST_PV_TABLES] = 2;
    pages[BALLAST_COST_VCPUS] = 3 * (int64_t)settled->vcpus;
    pages[BALLAST_COST_VCPU_TABLES] = (int64_t)ballast_div_up(settled->vcpus, 16);
}

static void for_hvm_container(const struct ballast_xen_terms *terms,
                              const struct ballast_settled *settled, int64_t *pages)
{
    int64_t vcpus = settled->vcpus;
    /* VMX: one page of VMCS and one of MSR bitmap for the VMCB and the two of MSRPM. */
    pages[BALLAST_COST_VCPUS] = (settled->vmx ? 7 : 8) * vcpus;
    pages[BALLAST_COST_VCPU_TABLES] = 1 + (int64_t)ballast_div_up(settled->vcpus, 128);
    if (settled->vmx) {
        pages[BALLAST_COST_VMX] = 3;
        pages[BALLAST_COST_VMX_LATER] = 2 * vcpus;
    }
    if (!terms->no_vmtrace)
        pages[BALLAST_COST_VMTRACE] = (int64_t)(settled->vmtrace_kib / BALLAST_PAGE_KIB) * vcpus;
    if (settled->nested)
        pages[BALLAST_COST_NESTED] = (5 + terms->off_nested_vcpu_pages) * vcpus;
    if (settled->type == BALLAST_HVM) {
        pages[BALLAST_COST_IOREQ] = IOREQ_PAGES;
        pages[BALLAST_COST_STDVGA] = terms->stdvga_pages;
        pages[BALLAST_COST_LOADER] = LOADER_PAGES;
    }
}

static void later_terms(const struct ballast_xen_terms *terms,
                        const struct ballast_settled *settled, int64_t *pages)
{
    uint64_t frames = settled->max_grant_frames;
    uint64_t active = ballast_xen_active_frames(terms->grants_per_active_page, frames);
    pages[BALLAST_COST_GRANT_GROWTH] = (int64_t)(frames + active) - pages[BALLAST_COST_GRANT_TABLE];
    pages[BALLAST_COST_GRANT_STATUS] = (int64_t)ballast_div_up(frames, FRAMES_PER_STATUS);
    pages[BALLAST_COST_MAPTRACK_GROWTH] = settled->max_maptrack_frames;
    pages[BALLAST_COST_EVENT_GROWTH] =
        (int64_t)ballast_xen_event_pages(settled->max_event_channels);
}

int ballast_xen_terms_pages(const struct ballast_xen_terms *terms,
                            const struct ballast_settled *settled,
                            int64_t pages[BALLAST_COST_TERMS], struct ballast_error *err)
{
    uint64_t pool_kib = 0;
    if (settled->type != BALLAST_PV) {
        int rc = ballast_pool_allocated_kib(&terms->pool, settled, &pool_kib, err);
        if (rc < 0)
            return rc;
    }
    memset(pages, 0, BALLAST_COST_TERMS * sizeof(*pages));
    inside_terms(terms, settled, pages);
    for_every_type(terms, settled, pages);
    if (settled->type == BALLAST_PV)
        for_pv(settled, pages);
    else
        for_hvm_container(terms, settled, pages);
    later_terms(terms, settled, pages);
    pages[BALLAST_COST_POOL] = (int64_t)(pool_kib / BALLAST_PAGE_KIB);
    pages[BALLAST_COST_IOMMU] =
        (int64_t)ballast_iommu_settled_pages(settled, terms->iommu_superpages);
    pages[BALLAST_COST_IOMMU_PIECES] =
        (int64_t)ballast_iommu_most_pages(settled, terms->iommu_superpages) -
        pages[BALLAST_COST_IOMMU];
    pages[BALLAST_COST_CALIBRATED] = terms->off_base_pages[settled->type] +
                                     terms->off_vcpu_pages[settled->type] * (int64_t)settled->vcpus;
    pages[BALLAST_COST_ARENA] =
        (int64_t)ballast_xen_arena_pages(&terms->arena[settled->type], settled->vcpus);
    return 0;
}
