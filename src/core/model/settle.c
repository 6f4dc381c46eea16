/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/settle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/breakdown.h>

#include "core/base/error.h"
#include "core/base/units.h"

/* libxl_create.c, libxl__domain_build_info_setdefault: max_memkb = 32 * 1024. */
#define DEFAULT_MEMORY_KIB (32 * BALLAST_MIB_KIB)
/* The same function: 28 MiB for MiniOS; LIBXL_LINUX_STUBDOM_MEM of libxl_internal.h for Linux. */
#define STUBDOM_MINIOS_KIB (28 * BALLAST_MIB_KIB)
#define STUBDOM_LINUX_KIB  (128 * BALLAST_MIB_KIB)
/* xen/arch/x86/domain.c, arch_sanitise_domain_config: HVM_MAX_VCPUS, MAX_VIRT_CPUS. */
#define HVM_MAX_VCPUS 128
#define PV_MAX_VCPUS  8192
/* libxl__domain_build_info_setdefault: at most HVM_MAX_VCPUS bytes of avail_vcpus, for any type. */
#define ONLINE_MAX_VCPUS 1024

/* libxl_create.c, event_channels. */
#define DEFAULT_EVENT_CHANNELS 1023

/* xen/arch/x86/domain.c, arch_sanitise_domain_config: a power of two from a page to this. */
#define VMTRACE_MOST_KIB (64 * BALLAST_MIB_KIB)

/*
 * Default and minimum videoram by device model and adapter; libxl_create.c, the switch on vga.kind.
 */
struct video_rule {
    uint64_t default_mib;
    uint64_t least_mib;
    bool fixed;     /* another size is accepted with a warning, and ignored */
    bool available; /* the device model has that adapter */
};

static const struct video_rule video_rules[2][4] = {
    [BALLAST_QEMU_XEN] =
        {
            [BALLAST_VGA_NONE] = {0, 0, false, true},
            [BALLAST_VGA_CIRRUS] = {8, 8, false, true},
            [BALLAST_VGA_STD] = {16, 16, false, true},
            [BALLAST_VGA_QXL] = {128, 128, false, true},
        },
    [BALLAST_QEMU_XEN_TRADITIONAL] =
        {
            [BALLAST_VGA_NONE] = {0, 0, false, true},
            [BALLAST_VGA_CIRRUS] = {4, 0, true, true},
            [BALLAST_VGA_STD] = {8, 8, false, true},
            [BALLAST_VGA_QXL] = {0, 0, false, false},
        },
};

/* xapi_xenops.ml, builder_of_vm: the same for every adapter, without a minimum. */
static const struct video_rule xapi_video_rule = {4, 0, false, true};

static uint64_t attr_or(const struct ballast_guest *guest, enum ballast_guest_attr attr,
                        uint64_t otherwise)
{
    return guest->attr[attr] == BALLAST_UNSET ? otherwise : guest->attr[attr];
}

static bool guest_flag(const struct ballast_guest *guest, enum ballast_guest_attr attr)
{
    return attr_or(guest, attr, 0) != 0;
}

static int settle_vcpus(const struct ballast_guest *guest, enum ballast_toolstack by,
                        struct ballast_settled *out, struct ballast_error *err)
{
    uint64_t online = attr_or(guest, BALLAST_VCPUS, 0);
    uint64_t most = attr_or(guest, BALLAST_MAXVCPUS, 0);
    /* xl_parse.c, parse_config_data: an absent or zero maxvcpus is vcpus. */
    if (most == 0)
        most = online;
    /*
     * libxl starts one vCPU if none is configured, but only after it has sized the pool for none.
     */
    out->pool_vcpus = (uint32_t)most;
    if (most == 0)
        most = 1;
    if (online > most)
        return ballast_fail_at(err, -EINVAL, BALLAST_MAXVCPUS,
                               "%" PRIu64 " is less than vcpus (%" PRIu64
                               "): raise maxvcpus or lower vcpus",
                               most, online);
    uint64_t limit = guest->type == BALLAST_PV ? PV_MAX_VCPUS : HVM_MAX_VCPUS;
    if (most > limit) {
        enum ballast_guest_attr at =
            attr_or(guest, BALLAST_MAXVCPUS, 0) ? BALLAST_MAXVCPUS : BALLAST_VCPUS;
        return ballast_fail_at(err, -EINVAL, (int)at,
                               "%" PRIu64 " vCPUs: Xen allows a %s guest at most %" PRIu64, most,
                               ballast_guest_type_name(guest->type), limit);
    }
    if (online > ONLINE_MAX_VCPUS && by == BALLAST_BY_LIBXL)
        return ballast_fail_at(err, -EINVAL, BALLAST_VCPUS,
                               "%" PRIu64 " vCPUs: libxl starts a guest with at most %d of them; "
                               "maxvcpus can be more",
                               online, ONLINE_MAX_VCPUS);
    out->vcpus = (uint32_t)most;
    return 0;
}

static int settle_paging(const struct ballast_guest *guest, const struct ballast_host_caps *caps,
                         enum ballast_toolstack by, struct ballast_settled *out,
                         struct ballast_error *err)
{
    out->shadow_kib = guest->attr[BALLAST_SHADOW_MEMORY];
    out->hap = false;
    if (guest->type == BALLAST_PV)
        return 0;
    if (!caps->hap && !caps->shadow)
        return ballast_fail_at(err, -EINVAL, BALLAST_HAP,
                               "the host has neither hardware-assisted nor shadow paging: use a PV "
                               "guest");
    out->hap = attr_or(guest, BALLAST_HAP, caps->hap) != 0;
    if (out->hap && !caps->hap)
        return ballast_fail_at(
            err, -EINVAL, BALLAST_HAP,
            "1: the host has no hardware-assisted paging; set it to 0 for shadow paging");
    if (!out->hap && !caps->shadow)
        return ballast_fail_at(err, -EINVAL, BALLAST_HAP,
                               "0: the host's Xen is built without shadow paging; leave hap out");
    if (by == BALLAST_BY_XAPI) /* XAPI has a multiplier instead, of at least 1 */
        return 0;
    if (out->shadow_kib == 0)
        return ballast_fail_at(
            err, -EINVAL, BALLAST_SHADOW_MEMORY,
            "0: without a paging pool the guest cannot be built; leave it out for "
            "the default");
    /*
     * libxl sizes the default pool while maxmem is still LIBXL_MEMKB_DEFAULT, 2^64 - 1, and then
     * says that it is too large (libxl_dom.c, libxl__domain_set_paging_mempool_size).
     */
    if (out->memory_defaulted && out->shadow_kib == BALLAST_UNSET)
        return ballast_fail_at(err, -EINVAL, BALLAST_MEMORY,
                               "missing, and maxmem too: libxl would size the paging pool for an "
                               "unlimited guest and fail; set memory");
    return 0;
}

static enum ballast_device_model device_model(const struct ballast_guest *guest)
{
    /* A stubdomain without a version named is MiniOS with the traditional device model. */
    bool traditional = guest->type == BALLAST_HVM && guest_flag(guest, BALLAST_STUBDOMAIN);
    return (enum ballast_device_model)attr_or(
        guest, BALLAST_DEVICE_MODEL, traditional ? BALLAST_QEMU_XEN_TRADITIONAL : BALLAST_QEMU_XEN);
}

/*
 * libxl_create.c, domcreate_launch_dm, starts one for HVM guests only, but
 * libxl__domain_need_memory_calculate also charges one to a PVH guest that configures it.
 */
static void settle_stubdomain(const struct ballast_guest *guest, struct ballast_settled *out)
{
    if (guest->type == BALLAST_PV || !guest_flag(guest, BALLAST_STUBDOMAIN))
        return;
    uint64_t otherwise_kib =
        device_model(guest) == BALLAST_QEMU_XEN ? STUBDOM_LINUX_KIB : STUBDOM_MINIOS_KIB;
    out->stubdomain_kib = attr_or(guest, BALLAST_STUBDOMAIN_MEMORY, otherwise_kib);
    out->stubdomain = guest->type == BALLAST_HVM;
    out->stubdomain_charged = true;
}

static int refuse_videoram(const struct ballast_settled *out, enum ballast_device_model model,
                           struct ballast_error *err)
{
    uint64_t least_mib = video_rules[model][out->vga].least_mib;
    return ballast_fail_at(err, -EINVAL, BALLAST_VIDEORAM,
                           "%" PRIu64 " KiB: %s on %s needs at least %" PRIu64 " KiB (%" PRIu64
                           " MiB)",
                           out->video_kib, ballast_guest_attr_choice(BALLAST_VGA, out->vga),
                           ballast_guest_attr_choice(BALLAST_DEVICE_MODEL, model),
                           least_mib * BALLAST_MIB_KIB, least_mib);
}

static int settle_hvm_video(const struct ballast_guest *guest, enum ballast_toolstack by,
                            struct ballast_settled *out, struct ballast_error *err)
{
    enum ballast_device_model model = device_model(guest);
    out->vga = (enum ballast_vga)attr_or(guest, BALLAST_VGA, BALLAST_VGA_CIRRUS);
    const struct video_rule *rule = &video_rules[model][out->vga];
    if (by == BALLAST_BY_XAPI && out->vga != BALLAST_VGA_NONE)
        rule = &xapi_video_rule;
    if (!rule->available)
        return ballast_fail_at(err, -EINVAL, BALLAST_VGA,
                               "%s: %s has no such adapter; use device_model_version=\"qemu-xen\"",
                               ballast_guest_attr_choice(BALLAST_VGA, out->vga),
                               ballast_guest_attr_choice(BALLAST_DEVICE_MODEL, model));
    out->video_kib = attr_or(guest, BALLAST_VIDEORAM, rule->default_mib * BALLAST_MIB_KIB);
    if (out->video_kib < rule->least_mib * BALLAST_MIB_KIB)
        return refuse_videoram(out, model, err);
    out->videoram_asked_kib = out->video_kib;
    out->video_fixed = rule->fixed;
    if (out->video_kib >= out->memory_kib)
        return ballast_fail_at(
            err, -EINVAL, BALLAST_VIDEORAM,
            "%" PRIu64 " KiB of video memory leave nothing of %" PRIu64
            " KiB of memory for the guest: video is part of memory; lower it or raise memory",
            out->video_kib, out->memory_kib);
    return 0;
}

static int settle_video(const struct ballast_guest *guest, enum ballast_toolstack by,
                        struct ballast_settled *out, struct ballast_error *err)
{
    out->vga = BALLAST_VGA_NONE;
    out->video_kib = 0;
    out->videoram_asked_kib = 0;
    if (guest->type == BALLAST_HVM)
        return settle_hvm_video(guest, by, out, err);
    if (by == BALLAST_BY_XAPI)
        return 0;
    /* xl passes videoram on for every type; only HVM guests use it. */
    out->videoram_asked_kib = attr_or(guest, BALLAST_VIDEORAM, 0);
    if (out->videoram_asked_kib >= out->memory_kib)
        return ballast_fail_at(
            err, -EINVAL, BALLAST_VIDEORAM,
            "%" PRIu64 " KiB: libxl takes it off the %" PRIu64
            " KiB of memory, although a %s guest has no video memory; leave it out",
            out->videoram_asked_kib, out->memory_kib, ballast_guest_type_name(guest->type));
    return 0;
}

static int settle_memory(const struct ballast_guest *guest, struct ballast_settled *out,
                         struct ballast_error *err)
{
    uint64_t memory_kib = guest->attr[BALLAST_MEMORY];
    uint64_t maxmem_kib = guest->attr[BALLAST_MAXMEM];
    out->memory_defaulted = memory_kib == BALLAST_UNSET && maxmem_kib == BALLAST_UNSET;
    if (maxmem_kib == BALLAST_UNSET)
        maxmem_kib = memory_kib == BALLAST_UNSET ? DEFAULT_MEMORY_KIB : memory_kib;
    if (memory_kib == BALLAST_UNSET)
        memory_kib = maxmem_kib;
    if (memory_kib == 0)
        return ballast_fail_at(err, -EINVAL, BALLAST_MEMORY,
                               "0: a guest needs memory to start; set a size, such as 512 MiB");
    if (maxmem_kib < memory_kib)
        return ballast_fail_at(err, -EINVAL, BALLAST_MAXMEM,
                               "%" PRIu64 " KiB is less than memory (%" PRIu64
                               " KiB): maxmem must be memory or more",
                               maxmem_kib, memory_kib);
    out->memory_kib = memory_kib;
    out->maxmem_kib = maxmem_kib;
    /* libxl_create.c, pod_enabled; its own comment names the condition. */
    out->pod = guest->type != BALLAST_PV && memory_kib < maxmem_kib;
    return 0;
}

static const char *why_not_shared(const struct ballast_settled *out,
                                  const struct ballast_host_caps *caps)
{
    if (out->type == BALLAST_PV)
        return "a PV guest has no p2m to share";
    if (!caps->iommu_hap_pt_share)
        return "the host's IOMMU cannot walk a guest's p2m";
    if (!out->hap)
        return "only guests with hardware-assisted paging have a p2m to share";
    return NULL;
}

static int refuse_passthrough(const struct ballast_guest *guest,
                              const struct ballast_host_caps *caps,
                              const struct ballast_settled *out, struct ballast_error *err)
{
    int at = guest->attr[BALLAST_PASSTHROUGH] == BALLAST_UNSET ? BALLAST_PCI_DEVICES
                                                               : BALLAST_PASSTHROUGH;
    if (!caps->iommu)
        return ballast_fail_at(err, -EINVAL, at,
                               "device passthrough needs an IOMMU, and the host has none in use");
    if (out->type == BALLAST_PVH)
        return ballast_fail_at(err, -EINVAL, at,
                               "device passthrough is not possible for PVH guests; use an HVM or "
                               "PV guest");
    if (out->pod)
        return ballast_fail_at(err, -EINVAL, at,
                               "device passthrough needs every page at the start, and a guest with "
                               "memory (%" PRIu64 " KiB) below maxmem (%" PRIu64
                               " KiB) is populated on demand: make them equal",
                               out->memory_kib, out->maxmem_kib);
    return 0;
}

static int settle_passthrough(const struct ballast_guest *guest,
                              const struct ballast_host_caps *caps, enum ballast_toolstack by,
                              struct ballast_settled *out, struct ballast_error *err)
{
    uint64_t devices = attr_or(guest, BALLAST_PCI_DEVICES, 0);
    uint64_t asked = devices ? BALLAST_PASSTHROUGH_ENABLED : BALLAST_PASSTHROUGH_DISABLED;
    if (by == BALLAST_BY_LIBXL) /* XAPI only checks the devices */
        asked = attr_or(guest, BALLAST_PASSTHROUGH, asked);
    if (asked == BALLAST_PASSTHROUGH_DISABLED) {
        if (devices)
            return ballast_fail_at(err, -EINVAL, BALLAST_PASSTHROUGH,
                                   "disabled, but %" PRIu64
                                   " devices are to be passed through; leave it out or remove them",
                                   devices);
        out->passthrough = BALLAST_PASSTHROUGH_DISABLED;
        return 0;
    }
    int rc = refuse_passthrough(guest, caps, out, err);
    if (rc < 0)
        return rc;
    const char *why_not = why_not_shared(out, caps);
    if (asked == BALLAST_PASSTHROUGH_SHARE_PT && why_not)
        return ballast_fail_at(err, -EINVAL, BALLAST_PASSTHROUGH, "share_pt: %s; use sync_pt",
                               why_not);
    if (asked == BALLAST_PASSTHROUGH_ENABLED)
        asked = why_not ? BALLAST_PASSTHROUGH_SYNC_PT : BALLAST_PASSTHROUGH_SHARE_PT;
    out->passthrough = (enum ballast_passthrough)asked;
    return 0;
}

static int refuse_vnuma(const struct ballast_settled *out, struct ballast_error *err)
{
    if (out->type == BALLAST_PV)
        return ballast_fail_at(err, -EINVAL, BALLAST_VNUMA_NODES,
                               "a PV guest cannot have virtual NUMA nodes; leave them out");
    if (out->pod)
        return ballast_fail_at(err, -EINVAL, BALLAST_VNUMA_NODES,
                               "virtual NUMA and population on demand exclude each other: make "
                               "memory (%" PRIu64 " KiB) equal to maxmem (%" PRIu64 " KiB)",
                               out->memory_kib, out->maxmem_kib);
    return 0;
}

static int refuse_altp2m(const struct ballast_settled *out, bool nested, struct ballast_error *err)
{
    if (nested)
        return ballast_fail_at(err, -EINVAL, BALLAST_ALTP2M,
                               "altp2m and nestedhvm exclude each other; leave one out");
    if (out->pod)
        return ballast_fail_at(
            err, -EINVAL, BALLAST_ALTP2M,
            "altp2m and population on demand exclude each other: make memory equal "
            "to maxmem");
    return 0;
}

static int refuse_combinations(const struct ballast_guest *guest, enum ballast_toolstack by,
                               const struct ballast_settled *out, struct ballast_error *err)
{
    bool altp2m = out->type != BALLAST_PV && guest_flag(guest, BALLAST_ALTP2M);
    bool nested = out->type != BALLAST_PV && guest_flag(guest, BALLAST_NESTEDHVM);
    int rc = 0;
    /* Xen 4.14: hvm.c, HVM_PARAM_NESTEDHVM; later: domain.c, arch_sanitise_domain_config. */
    if (nested && !out->hap)
        return ballast_fail_at(err, -EINVAL, BALLAST_NESTEDHVM,
                               "1: nested virtualisation needs hardware-assisted paging; leave hap "
                               "out or set it to 1");
    if (by == BALLAST_BY_XAPI) /* XAPI's guests have neither virtual NUMA nor altp2m */
        return 0;
    if (attr_or(guest, BALLAST_VNUMA_NODES, 0) > 0 && (rc = refuse_vnuma(out, err)) < 0)
        return rc;
    return altp2m ? refuse_altp2m(out, nested, err) : 0;
}

/* grant_table_init() of Xen before 4.18: -EINVAL, "Bad grant table sizes". */
static int refuse_above_host(enum ballast_guest_attr attr, uint64_t asked, uint32_t host_has,
                             const char *option, struct ballast_error *err)
{
    return ballast_fail_at(err, -EINVAL, (int)attr,
                           "%" PRIu64 ": the host's Xen refuses more than %s of its command line, "
                           "%" PRIu32 " (EINVAL); lower it or raise the option",
                           asked, option, host_has);
}

static int settle_limits(const struct ballast_guest *guest, const struct ballast_host_caps *caps,
                         struct ballast_settled *out, struct ballast_error *err)
{
    bool known = caps->gnttab_known;
    uint32_t host_frames = known ? caps->gnttab_max_frames : BALLAST_GNTTAB_MAX_FRAMES;
    uint32_t host_maptrack =
        known ? caps->gnttab_max_maptrack_frames : BALLAST_GNTTAB_MAX_MAPTRACK_FRAMES;
    uint64_t frames = attr_or(guest, BALLAST_MAX_GRANT_FRAMES, host_frames);
    uint64_t maptrack = attr_or(guest, BALLAST_MAX_MAPTRACK_FRAMES, host_maptrack);
    out->limits_assumed = !known && (guest->attr[BALLAST_MAX_GRANT_FRAMES] == BALLAST_UNSET ||
                                     guest->attr[BALLAST_MAX_MAPTRACK_FRAMES] == BALLAST_UNSET);
    out->max_event_channels = (uint32_t)attr_or(guest, BALLAST_MAX_EVENT_CHANNELS, 0);
    /* libxl takes 0 for the default, too. */
    if (out->max_event_channels == 0)
        out->max_event_channels = DEFAULT_EVENT_CHANNELS;
    if (frames == 0)
        return ballast_fail_at(err, -EINVAL, BALLAST_MAX_GRANT_FRAMES,
                               "0: Xen gives every guest a grant table of at least 1 frame; leave "
                               "it out for %d",
                               BALLAST_GNTTAB_MAX_FRAMES);
    if (known && caps->gnttab_binds && frames > host_frames)
        return refuse_above_host(BALLAST_MAX_GRANT_FRAMES, frames, host_frames, "gnttab_max_frames",
                                 err);
    if (known && caps->gnttab_binds && maptrack > host_maptrack)
        return refuse_above_host(BALLAST_MAX_MAPTRACK_FRAMES, maptrack, host_maptrack,
                                 "gnttab_max_maptrack_frames", err);
    out->max_grant_frames = (uint32_t)frames;
    out->max_maptrack_frames = (uint32_t)maptrack;
    return 0;
}

/* libxl rounds it up to pages; the rest is what Xen refuses. */
static int settle_vmtrace(const struct ballast_guest *guest, enum ballast_toolstack by,
                          struct ballast_settled *out, struct ballast_error *err)
{
    uint64_t asked_kib = attr_or(guest, BALLAST_VMTRACE_BUF, 0);
    out->vmtrace_kib = 0;
    if (by == BALLAST_BY_XAPI)
        out->vmtrace_kib = asked_kib; /* for the note that this type has none */
    if (asked_kib == 0 || by == BALLAST_BY_XAPI)
        return 0;
    if (guest->type == BALLAST_PV)
        return ballast_fail_at(err, -EINVAL, BALLAST_VMTRACE_BUF,
                               "%" PRIu64 ": Xen cannot trace the processor of a PV guest; leave "
                               "it out",
                               asked_kib);
    uint64_t kib = ballast_div_up(asked_kib, BALLAST_PAGE_KIB) * BALLAST_PAGE_KIB;
    if (asked_kib > VMTRACE_MOST_KIB || (kib & (kib - 1)) != 0)
        return ballast_fail_at(err, -EINVAL, BALLAST_VMTRACE_BUF,
                               "%" PRIu64 ": Xen takes only a power of two from 4 to %" PRIu64
                               " KiB; use one, such as 8192",
                               asked_kib, VMTRACE_MOST_KIB);
    out->vmtrace_kib = kib;
    return 0;
}

int ballast_settle(const struct ballast_guest *guest, const struct ballast_host_caps *caps,
                   enum ballast_toolstack by, struct ballast_settled *out,
                   struct ballast_error *err)
{
    static const struct ballast_host_caps everything = BALLAST_HOST_CAPS_ALL;
    struct ballast_settled settled = {.type = guest->type};
    if (!caps)
        caps = &everything;
    int rc;
    if ((rc = settle_memory(guest, &settled, err)) < 0 ||
        (rc = settle_vcpus(guest, by, &settled, err)) < 0 ||
        (rc = settle_paging(guest, caps, by, &settled, err)) < 0 ||
        (rc = settle_video(guest, by, &settled, err)) < 0 ||
        (rc = settle_passthrough(guest, caps, by, &settled, err)) < 0 ||
        (rc = refuse_combinations(guest, by, &settled, err)) < 0 ||
        (rc = settle_limits(guest, caps, &settled, err)) < 0 ||
        (rc = settle_vmtrace(guest, by, &settled, err)) < 0)
        return rc;
    if (by == BALLAST_BY_LIBXL)
        settle_stubdomain(guest, &settled);
    if (settled.stubdomain && settled.stubdomain_kib == 0 && settled.video_kib == 0)
        return ballast_fail_at(err, -EINVAL, BALLAST_STUBDOMAIN_MEMORY,
                               "0: the device model's domain needs memory; leave it out for the "
                               "default");
    settled.pvshim = guest->type == BALLAST_PVH && guest_flag(guest, BALLAST_PVSHIM);
    settled.nested = guest->type != BALLAST_PV && guest_flag(guest, BALLAST_NESTEDHVM);
    settled.altp2m =
        by == BALLAST_BY_LIBXL && guest->type != BALLAST_PV && guest_flag(guest, BALLAST_ALTP2M);
    settled.no_claim = guest->attr[BALLAST_CLAIM] == 0;
    settled.is_device_model = guest_flag(guest, BALLAST_IS_DEVICE_MODEL);
    settled.has_vnuma = attr_or(guest, BALLAST_VNUMA_NODES, 0) > 0;
    settled.has_vpmu = caps->has_vpmu;
    settled.has_argo = caps->has_argo;
    settled.vmx = caps->vmx;
    *out = settled;
    return 0;
}

static int derive_stubdomain(const struct ballast_guest *guest, const struct ballast_settled *main,
                             struct ballast_guest *out, struct ballast_error *err)
{
    /* libxl_dm.c, libxl__stub_dm_name and libxl__spawn_stub_dm. */
    char name[BALLAST_GUEST_NAME + 3];
    memcpy(name, guest->name, BALLAST_GUEST_NAME);
    strcat(name, "-dm");
    uint64_t memory_kib;
    int rc = ballast_kib_add(main->stubdomain_kib, main->video_kib, &memory_kib, err);
    if (rc < 0)
        return rc;
    rc = ballast_guest_init(out, BALLAST_PV, name, err);
    if (rc < 0)
        return rc;
    out->attr[BALLAST_MEMORY] = memory_kib;
    out->attr[BALLAST_VCPUS] = 1;
    out->attr[BALLAST_SHADOW_MEMORY] = 0;
    out->attr[BALLAST_IS_DEVICE_MODEL] = 1;
    out->attr[BALLAST_MAX_GRANT_FRAMES] = guest->attr[BALLAST_MAX_GRANT_FRAMES];
    out->attr[BALLAST_MAX_MAPTRACK_FRAMES] = guest->attr[BALLAST_MAX_MAPTRACK_FRAMES];
    return 0;
}

int ballast_guest_stubdomain(const struct ballast_guest *guest,
                             const struct ballast_host_caps *caps, struct ballast_guest **out,
                             struct ballast_error *err)
{
    struct ballast_settled settled;
    int rc = ballast_settle(guest, caps, BALLAST_BY_LIBXL, &settled, err);
    if (rc < 0)
        return rc;
    if (!settled.stubdomain) {
        *out = NULL;
        return 0;
    }
    struct ballast_guest *stubdomain = malloc(sizeof(*stubdomain));
    if (!stubdomain)
        return ballast_fail(err, -ENOMEM, "out of memory");
    rc = derive_stubdomain(guest, &settled, stubdomain, err);
    if (rc < 0) {
        free(stubdomain);
        return rc;
    }
    *out = stubdomain;
    return 0;
}
