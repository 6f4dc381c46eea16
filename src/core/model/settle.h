/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a toolstack makes of a guest's configuration before it does any arithmetic: defaults filled
 * in, impossible combinations refused. libxl's rules are the same in 4.14, 4.17 and 4.20
 * (libxl_create.c: libxl__domain_config_setdefault, libxl__domain_build_info_setdefault;
 * libxl_x86.c: libxl__arch_passthrough_mode_setdefault). XAPI starts guests without libxl
 * (ocaml/xapi/xapi_xenops.ml builder_of_vm, xapi_vm_helpers.ml validate_basic_parameters;
 * ocaml/xenopsd/xc/domain.ml make): what it has no setting for it neither refuses nor does.
 */
#ifndef CORE_MODEL_SETTLE_H
#define CORE_MODEL_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include <ballast/error.h>
#include <ballast/host.h>

#include "core/model/guest.h"

/* Whose rules apply; libvirt's are libxl's. */
enum ballast_toolstack { BALLAST_BY_LIBXL, BALLAST_BY_XAPI };

/* A configuration with nothing left open. */
struct ballast_settled {
    enum ballast_guest_type type;
    uint64_t memory_kib;         /* build_info.target_memkb: video included */
    uint64_t maxmem_kib;         /* build_info.max_memkb */
    uint64_t video_kib;          /* the video segment: 0 unless HVM */
    uint64_t videoram_asked_kib; /* build_info.video_memkb, whatever the type */
    uint64_t shadow_kib;         /* BALLAST_UNSET: the profile's rule */
    uint64_t stubdomain_kib;     /* what stubdomain_memory is charged as; 0: nothing is */
    uint32_t vcpus;              /* build_info.max_vcpus: those that can ever be online */
    uint32_t pool_vcpus;         /* the same before libxl defaults it: 0 where none was given */
    enum ballast_vga vga;
    bool video_fixed;                     /* the adapter has its own size, whatever videoram says */
    enum ballast_passthrough passthrough; /* disabled, sync_pt or share_pt */
    bool hap;
    bool nested; /* nestedhvm, for a type of guest that can have it */
    bool altp2m; /* not disabled, for a type of guest that can have it */
    bool pvshim;
    bool stubdomain;         /* the device model runs in a domain of its own */
    bool stubdomain_charged; /* need counts one, which is not the same: see settle.c */
    bool pod;                /* starts with less memory than its p2m covers */
    bool memory_defaulted;   /* neither memory nor maxmem was given */
    bool no_claim;
    bool is_device_model;
    bool has_vnuma;
    bool vmx;                  /* the host's processors are Intel's, or have what is Intel's */
    uint32_t max_grant_frames; /* at least 1 */
    uint32_t max_maptrack_frames;
    bool has_vpmu; /* the host's Xen, by its command line */
    bool has_argo;
    bool limits_assumed; /* one of the two is Xen's default, from which the host may differ */
    uint32_t max_event_channels; /* build_info.event_channels: the highest port */
    uint64_t vmtrace_kib;        /* of trace buffer per vCPU; 0: none */
};

/*
 * Settles `guest` for a host with `caps` (NULL: everything). -EINVAL with the attribute at fault
 * and what to use instead if the toolstack, or Xen on its behalf, refuses it.
 */
int ballast_settle(const struct ballast_guest *guest, const struct ballast_host_caps *caps,
                   enum ballast_toolstack by, struct ballast_settled *out,
                   struct ballast_error *err);

#endif
