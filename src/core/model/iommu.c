/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/iommu.h"

#include "core/base/units.h"

#define TABLE_ENTRIES UINT64_C(512)
#define GIB_PAGES     (TABLE_ENTRIES * TABLE_ENTRIES)
/* hvm/e820.h, HVM_BELOW_4G_MMIO_START: memory beyond it lies at 4 GiB and above. */
#define HOLE_FIRST_PAGE UINT64_C(0xf0000)
#define FOUR_GIB_PAGES  (4 * GIB_PAGES)
/* Below 4 GiB, behind the hole's first: xg_dom_x86.c, special_pfn(). */
#define SPECIAL_TABLES 1
/* For the pages that the loader uses as page tables, which no device may write. */
#define PV_BOOT_TABLES 1
/* Seen with every PV guest, for pages beside its memory. */
#define PV_STRAY_TABLES 1
/* Pages beyond whole 2 MiB come from smaller pieces of the host's memory: up to 4 were seen. */
#define PV_ODD_TABLES 8
/* Of the VGA's ROM. */
#define ROM_PAGES 16

struct tables {
    uint64_t level1;
    uint64_t level2;
    uint64_t level3;
};

/* Guest frames that start at a whole GiB; the last `singles` were populated one by one. */
static void add_table_range(struct tables *tables, uint64_t pages, uint64_t singles, bool pieces)
{
    uint64_t whole = TABLE_ENTRIES, huge = GIB_PAGES;
    tables->level1 += ballast_div_up((pieces ? pages % whole : pages) + singles, whole);
    tables->level2 += ballast_div_up((pieces ? pages % huge : pages) + singles, huge);
}

/* Above the memory: what qemu populates for an adapter, a page at a time. */
static uint64_t adapter_pages(const struct ballast_settled *settled)
{
    if (settled->vga == BALLAST_VGA_NONE)
        return 0;
    return settled->video_kib / BALLAST_PAGE_KIB + ROM_PAGES;
}

/* Guest frames of an HVM guest as meminit_hvm() and qemu fill them, each GiB that can be whole. */
static uint64_t hvm_pages(const struct ballast_settled *settled, bool pieces)
{
    uint64_t top = ballast_sub_floor(settled->memory_kib, settled->video_kib) / BALLAST_PAGE_KIB;
    uint64_t low = ballast_min_u64(top, HOLE_FIRST_PAGE), high = top - low;
    struct tables tables = {.level1 = SPECIAL_TABLES};
    uint64_t adapter = adapter_pages(settled);
    add_table_range(&tables, low, high > 0 ? 0 : adapter, pieces);
    add_table_range(&tables, high, high > 0 ? adapter : 0, pieces);
    /* Not whole, for the hole of VGA's memory. */
    if (pieces && low >= TABLE_ENTRIES)
        tables.level1++;
    if (pieces && low >= GIB_PAGES)
        tables.level2++;
    /* The fourth GiB has the special pages, and one table with what else there is in it. */
    if (low + (high > 0 ? 0 : adapter) <= FOUR_GIB_PAGES - GIB_PAGES)
        tables.level2++;
    tables.level3 = ballast_div_up(FOUR_GIB_PAGES + high, TABLE_ENTRIES * GIB_PAGES);
    return tables.level1 + tables.level2 + tables.level3 + 1;
}

static uint64_t pv_pages(const struct ballast_settled *settled, bool pieces)
{
    uint64_t pages = settled->memory_kib / BALLAST_PAGE_KIB;
    uint64_t level1 = ballast_div_up(pages, TABLE_ENTRIES);
    if (pieces)
        level1 = ballast_min_u64(level1, PV_BOOT_TABLES);
    /* Intel's tables always have four levels, AMD's three below 512 GiB of the host's memory. */
    return level1 + PV_STRAY_TABLES + ballast_div_up(pages, GIB_PAGES) + 1 + settled->vmx;
}

static uint64_t tables_of(const struct ballast_settled *settled, bool pieces)
{
    if (settled->passthrough != BALLAST_PASSTHROUGH_SYNC_PT)
        return 0;
    return settled->type == BALLAST_HVM ? hvm_pages(settled, pieces) : pv_pages(settled, pieces);
}

uint64_t ballast_iommu_settled_pages(const struct ballast_settled *settled, bool superpages)
{
    return tables_of(settled, superpages);
}

uint64_t ballast_iommu_most_pages(const struct ballast_settled *settled, bool superpages)
{
    uint64_t least = tables_of(settled, superpages), most = tables_of(settled, false);
    if (most > 0 && settled->type == BALLAST_PV)
        most += PV_ODD_TABLES;
    return ballast_max_u64(least, most);
}
