/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The IOMMU's own page tables of a guest, as Xen builds them beside its memory (sync_pt): one table
 * of a page for each 2 MiB (level 1), 1 GiB (2) and 512 GiB (3) that is not mapped as one piece.
 * drivers/passthrough/amd/iommu_map.c and vtd/iommu.c, iommu_pde_from_dfn, addr_to_dma_page_maddr.
 * What libxl charges for them is ballast_pool_iommu_kib().
 */
#ifndef CORE_MODEL_IOMMU_H
#define CORE_MODEL_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/settle.h"

/*
 * Pages of tables once the guest is built, 0 without sync_pt. `superpages`: Xen maps 2 MiB and 1
 * GiB as one if the memory comes in such pieces (since 4.17.0, drivers/passthrough/iommu.c
 * mapping_order). The tables of HVM guests are laid out by guest frames and so are known; those of
 * PV guests by machine frames: the figure is for memory in whole pieces, the smallest that was
 * seen. Measured on 4.14.6, 4.17.7 and 4.20.4 (PV: a page more) with AMD's IOMMU (tests/lab/iommu),
 * HVM also with sizes that are not whole MiB; Intel's is read in the source. A larger guest that is
 * better aligned may have fewer: 8 pages for a page less than 2 GiB, 6 for 2 GiB.
 */
uint64_t ballast_iommu_settled_pages(const struct ballast_settled *settled, bool superpages);

/*
 * An upper bound: a table for each 2 MiB, if the host's memory is in smaller pieces or the guest
 * breaks its own up, and some for what a PV guest has beyond whole 2 MiB. Never below the figure
 * above, nor below that of any smaller guest. A PV guest on a host without a free piece of 2 MiB
 * may have more, up to a table per page, and so may a guest that maps pages far apart.
 */
uint64_t ballast_iommu_most_pages(const struct ballast_settled *settled, bool superpages);

#endif
