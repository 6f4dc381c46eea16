/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/explain/legend.h"

#include <string.h>

struct legend {
    const char *family; /* what its profiles' names begin with */
    const char *segment[BALLAST_SEGMENTS];
    const char *pv_extra_external;
    const char *span[BALLAST_SPANS];
    const char *footnote;
};

static const struct legend legends[] = {
    {
        /* libxl_internal.h, "Domain memory breakdown", the lines below its two pictures. */
        .family = "libxl",
        .segment =
            {
                [BALLAST_SHADOW] = "build_info.shadow_memkb",
                [BALLAST_IOMMU] = "build_info.iommu_memkb",
                [BALLAST_EXTRA_EXTERNAL] = "LIBXL_HVM_EXTRA_MEMORY",
                [BALLAST_EXTRA_INTERNAL] = "LIBXL_MAXMEM_CONSTANT",
                [BALLAST_VIDEO] = "build_info.video_memkb",
            },
        .pv_extra_external = "LIBXL_PV_EXTRA_MEMORY",
        .span =
            {
                [BALLAST_STATIC_MAXIMUM] = "build_info.max_memkb",
                [BALLAST_BUILD_START] = "build_info.target_memkb, less video",
                [BALLAST_ACTUAL_TARGET] = "libxl_set_memory_target",
                [BALLAST_XEN_MAXIMUM] = "libxl_domain_setmaxmem",
            },
        .footnote = "build_info: libxl_domain_build_info",
    },
    {
        /* xen-api, ocaml/idl/datamodel_vm.ml and ocaml/xapi-idl/memory/memory.ml. */
        .family = "xapi",
        .segment =
            {
                [BALLAST_EXTRA_EXTERNAL] = "memory.ml, extra_external_mib",
                [BALLAST_EXTRA_INTERNAL] = "memory.ml, extra_internal_mib",
            },
        .pv_extra_external = "memory.ml, extra_external_mib",
        .span =
            {
                [BALLAST_OVERHEAD] = "VM.memory_overhead",
                [BALLAST_STATIC_MAXIMUM] = "VM.memory_static_max",
                [BALLAST_ACTUAL_TARGET] = "VM.memory_target",
            },
    },
    {
        /* What each holds: src/core/model/profile_xen.c. */
        .family = "xen",
        .segment =
            {
                [BALLAST_SHADOW] = "xc_set_paging_mempool_size",
                [BALLAST_IOMMU] = "as libxl reckons it",
                [BALLAST_EXTRA_EXTERNAL] = "what Xen keeps beside tot_pages",
                [BALLAST_EXTRA_INTERNAL] = "tot_pages beyond the target",
            },
        .pv_extra_external = "what Xen keeps beside tot_pages",
        .span =
            {
                [BALLAST_XEN_MAXIMUM] = "tot_pages",
                [BALLAST_FOOTPRINT] = "the fall of free_pages, heap settled",
            },
    },
};

static const struct legend *find_legend(const char *profile_name)
{
    for (size_t i = 0; i < sizeof(legends) / sizeof(legends[0]); i++) {
        if (strncmp(profile_name, legends[i].family, strlen(legends[i].family)) == 0)
            return &legends[i];
    }
    return NULL;
}

const char *cli_legend_segment(const char *profile_name, enum ballast_guest_type type,
                               enum ballast_segment segment)
{
    const struct legend *legend = find_legend(profile_name);
    if (!legend)
        return "";
    if (type == BALLAST_PV && segment == BALLAST_EXTRA_EXTERNAL)
        return legend->pv_extra_external;
    return legend->segment[segment] ? legend->segment[segment] : "";
}

const char *cli_legend_span(const char *profile_name, enum ballast_span span)
{
    const struct legend *legend = find_legend(profile_name);
    return legend && legend->span[span] ? legend->span[span] : "";
}

const char *cli_legend_footnote(const char *profile_name)
{
    const struct legend *legend = find_legend(profile_name);
    return legend ? legend->footnote : NULL;
}
