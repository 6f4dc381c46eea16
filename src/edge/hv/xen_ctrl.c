/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/xen_ctrl.h"

#if defined(__i386__) || defined(__x86_64__)
#include <cpuid.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xenctrl.h>

#include "core/base/array.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/hv/xen_log.h"
#include "edge/load/load.h"

#ifdef HAVE_XC_GET_PAGING_MEMPOOL_SIZE
#define XENCTRL_POOL(X) X(xc_get_paging_mempool_size)
#else
#define XENCTRL_POOL(X) X(xc_shadow_control)
#endif
#define XENCTRL(X)                                                                                 \
    X(xc_interface_open)                                                                           \
    X(xc_interface_close)                                                                          \
    X(xc_domain_getinfolist)                                                                       \
    X(xc_get_machine_memory_map)                                                                   \
    X(xc_physinfo)                                                                                 \
    X(xc_availheap)                                                                                \
    X(xc_domain_get_pod_target)                                                                    \
    X(xc_domain_setmaxmem)                                                                         \
    X(xc_domain_set_pod_target)                                                                    \
    X(xc_domain_claim_pages)                                                                       \
    X(xc_domain_create)                                                                            \
    X(xc_domain_destroy)                                                                           \
    X(xc_version)

static struct {
    XENCTRL_POOL(LOAD_POINTER)
    XENCTRL(LOAD_POINTER)
} lib;

static int load_xenctrl(struct ballast_error *err)
{
    static const char *const names[] = {XENCTRL_POOL(LOAD_NAME) XENCTRL(LOAD_NAME)};
    _Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");
    struct ballast_error why;
    if (load_library(SONAME_XENCTRL, names, LOAD_COUNT(names), &lib, &why) == 0)
        return 0;
    return ballast_fail(err, -ENOTSUP, "Xen cannot be asked: %s", why.text);
}

struct xen_ctrl {
    xc_interface *xc;
    struct xen_log log;
    uint64_t calls;
    size_t room; /* of both arrays */
    xc_domaininfo_t *infos;
    struct xen_counted *counted;
    struct xen_counted *parked; /* as they were listed last, and those created since */
    size_t parked_count;
    size_t parked_room;
};

static uint64_t pages_kib(uint64_t pages)
{
    return ballast_min_u64(pages, XEN_MOST_KIB / BALLAST_PAGE_KIB) * BALLAST_PAGE_KIB;
}

/* The libraries answer -1 with errno set, and leave their own words in the log. */
static int fail_ctrl(struct xen_ctrl *ctrl, const char *what, struct ballast_error *err)
{
    int code = errno > 0 ? errno : EIO;
    const char *why = ctrl->log.last[0] != '\0' ? ctrl->log.last : strerror(code);
    return ballast_fail(err, -code, "%s: %s", what, why);
}

static int refused_for(struct xen_ctrl *ctrl, uint32_t domid, const char *what,
                       struct ballast_error *err)
{
    char text[96];
    if (errno == ESRCH)
        return ballast_fail(err, -ENOENT, "domain %" PRIu32 " is gone", domid);
    snprintf(text, sizeof(text), "Xen does not %s of domain %" PRIu32, what, domid);
    return fail_ctrl(ctrl, text, err);
}

static void clear_log(struct xen_ctrl *ctrl)
{
    xen_log_forget(&ctrl->log);
    errno = 0;
    ctrl->calls++;
}

static bool is_absent_call(int code)
{
    return code == ENOENT || code == ENXIO || code == ENODEV;
}

/* 0, or the errno that opening it fails with. */
static int try_device(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/*
 * The device that cannot be opened, and why: in libxencall's order (tools/libs/call/linux.c), which
 * says neither. NULL: each of them can.
 */
static const char *bad_device(int *code)
{
    const char *device = "/dev/xen/privcmd";
    *code = try_device(device);
    if (is_absent_call(*code) && !is_absent_call(try_device("/proc/xen/privcmd"))) {
        device = "/proc/xen/privcmd";
        *code = try_device(device);
    }
    if (*code != 0)
        return device;
    device = "/dev/xen/hypercall";
    *code = try_device(device);
    return *code == 0 || *code == ENOENT ? NULL : device;
}

static int no_device(struct ballast_error *err)
{
    /* The kernel has the directory on Xen only, whatever has been mounted or loaded. */
    if (access("/proc/xen/", F_OK) == 0)
        return ballast_fail(
            err, -ENXIO,
            "/dev/xen/privcmd: there is no such device: load the module xen-privcmd (Debian: "
            "start xen.service)");
    return ballast_fail(err, -ENODEV,
                        "this is not a Xen host, or not its dom0: there is no /dev/xen/privcmd");
}

/* `code` is the library's, for want of a better. */
static int fail_open_ctrl(struct xen_ctrl *ctrl, int code, struct ballast_error *err)
{
    int why;
    const char *device = bad_device(&why);
    if (!device)
        return ballast_fail(err, code == ENOMEM ? -ENOMEM : -EIO, "libxenctrl cannot be opened: %s",
                            ctrl->log.last[0] ? ctrl->log.last : strerror(code));
    if (is_absent_call(why))
        return no_device(err);
    if (why == EACCES)
        return ballast_fail(err, -EACCES, "%s: %s: run it as root", device, strerror(why));
    if (why == EPERM)
        return ballast_fail(
            err, -EACCES,
            "%s: %s: a sandbox forbids it: allow the device there (in a unit of systemd: "
            "DeviceAllow=%s rw)",
            device, strerror(why), device);
    return ballast_fail(err, -EIO, "%s: %s", device, strerror(why));
}

/* Libraries and hypervisor have one version in common, or Xen says EACCES; a domain other than dom0
 * gets EPERM. */
static int read_host_info(struct xen_ctrl *ctrl, struct ballast_error *err)
{
    struct xen_counted_host host;
    struct ballast_error why;
    int rc = xen_ctrl_host(ctrl, &host, &why);
    if (rc == -EPERM || rc == -ENOSYS)
        return ballast_fail(err, -ENODEV,
                            "this is not dom0: Xen refuses it the hypercall physinfo (%s)",
                            strerror(-rc));
    if (rc == -EACCES)
        return ballast_fail(err, -EPROTO,
                            "Xen refuses " SONAME_XENCTRL ": it is of another version: install the "
                            "libraries of the Xen that runs");
    return rc < 0 ? ballast_fail(err, rc, "%s", why.text) : 0;
}

int xen_ctrl_open(struct xen_ctrl **out, struct ballast_error *err)
{
    struct xen_ctrl *ctrl = calloc(1, sizeof(*ctrl));
    int rc = 0;
    if (!ctrl)
        return ballast_fail(err, -ENOMEM, "out of memory");
    xen_log_init(&ctrl->log);
    /* Where there is none nothing need be loaded to say so. */
    if (access("/dev/xen/privcmd", F_OK) < 0 && access("/proc/xen/privcmd", F_OK) < 0)
        rc = no_device(err);
    else
        rc = load_xenctrl(err);
    if (rc == 0) {
        ctrl->xc = lib.xc_interface_open(&ctrl->log.logger, &ctrl->log.logger, 0);
        rc = ctrl->xc ? read_host_info(ctrl, err) : fail_open_ctrl(ctrl, errno, err);
    }
    if (rc < 0) {
        xen_ctrl_close(ctrl);
        return rc;
    }
    *out = ctrl;
    return 0;
}

void xen_ctrl_close(struct xen_ctrl *ctrl)
{
    if (!ctrl)
        return;
    if (ctrl->xc)
        lib.xc_interface_close(ctrl->xc);
    free(ctrl->infos);
    free(ctrl->counted);
    free(ctrl->parked);
    free(ctrl);
}

/* libxl_x86.c, libxl__arch_domain_prepare_config: a PVH guest is given a local APIC and no more. */
static enum ballast_guest_type info_guest_type(const xc_domaininfo_t *info)
{
    if (!(info->flags & XEN_DOMINF_hvm_guest))
        return BALLAST_PV;
    return info->arch_config.emulation_flags & XEN_X86_EMU_PIC ? BALLAST_HVM : BALLAST_PVH;
}

static enum xen_shutdown shutdown_of(unsigned reason)
{
    switch (reason) {
    case SHUTDOWN_poweroff:
        return XEN_SHUTDOWN_POWEROFF;
    case SHUTDOWN_reboot:
        return XEN_SHUTDOWN_REBOOT;
    case SHUTDOWN_crash:
        return XEN_SHUTDOWN_CRASH;
    case SHUTDOWN_watchdog:
        return XEN_SHUTDOWN_WATCHDOG;
    default:
        return XEN_SHUTDOWN_NONE;
    }
}

static void count_domain(const xc_domaininfo_t *info, struct xen_counted *out)
{
    unsigned reason = (info->flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    *out = (struct xen_counted){
        .id = info->domain,
        .type = info_guest_type(info),
        .paused = info->flags & XEN_DOMINF_paused,
        .dying = info->flags & XEN_DOMINF_dying,
        .shutdown = info->flags & XEN_DOMINF_shutdown,
        .suspended = (info->flags & XEN_DOMINF_shutdown) && reason == SHUTDOWN_suspend,
        .why = info->flags & XEN_DOMINF_shutdown ? shutdown_of(reason) : XEN_SHUTDOWN_NONE,
        .is_store = info->flags & XEN_DOMINF_xs_domain,
        .vcpus = info->max_vcpu_id == XEN_INVALID_MAX_VCPU_ID ? 0 : info->max_vcpu_id + 1,
        .tot_kib = pages_kib(info->tot_pages),
        .max_kib = pages_kib(info->max_pages),
        .claim_kib = pages_kib(info->outstanding_pages),
    };
    memcpy(out->uuid, info->handle, sizeof(out->uuid));
}

static int make_info_room(struct xen_ctrl *ctrl, size_t room, struct ballast_error *err)
{
    xc_domaininfo_t *infos = reallocarray(ctrl->infos, room, sizeof(*infos));
    if (infos)
        ctrl->infos = infos;
    struct xen_counted *counted = reallocarray(ctrl->counted, room, sizeof(*counted));
    if (counted)
        ctrl->counted = counted;
    if (!infos || !counted)
        return ballast_fail(err, -ENOMEM, "out of memory");
    ctrl->room = room;
    return 0;
}

/* DOMID_FIRST_RESERVED, xen/include/public/xen.h: there can be no more domains than ids. */
#define MOST_DOMAINS 0x7FF0u
#define FIRST_ROOM   64u

static int note_parked(struct xen_ctrl *ctrl, const struct xen_counted *counted,
                       struct ballast_error *err)
{
    if (!array_reserve(&ctrl->parked, &ctrl->parked_room, ctrl->parked_count + 1,
                       sizeof(*ctrl->parked)))
        return ballast_fail(err, -ENOMEM, "out of memory");
    ctrl->parked[ctrl->parked_count++] = *counted;
    return 0;
}

int xen_ctrl_domains(struct xen_ctrl *ctrl, const struct xen_counted **out, size_t *count,
                     struct ballast_error *err)
{
    int rc = ctrl->room == 0 ? make_info_room(ctrl, FIRST_ROOM, err) : 0;
    int found = 0;
    while (rc == 0) {
        clear_log(ctrl);
        found = lib.xc_domain_getinfolist(ctrl->xc, 0, (unsigned)ctrl->room, ctrl->infos);
        if (found < 0)
            return fail_ctrl(ctrl, "Xen does not list its domains", err);
        /* A full array says nothing of those that had no place in it. */
        if ((size_t)found < ctrl->room || ctrl->room >= MOST_DOMAINS)
            break;
        rc = make_info_room(ctrl, ctrl->room * 2, err);
    }
    if (rc < 0)
        return rc;
    size_t shown = 0;
    ctrl->parked_count = 0;
    for (int i = 0; i < found && rc == 0; i++) {
        struct xen_counted *counted = &ctrl->counted[shown];
        count_domain(&ctrl->infos[i], counted);
        if (!xen_is_parked(counted))
            shown++;
        else if (!counted->dying)
            rc = note_parked(ctrl, counted, err);
    }
    *out = ctrl->counted;
    *count = shown;
    return rc;
}

size_t xen_ctrl_parked(const struct xen_ctrl *ctrl, const struct xen_counted **out)
{
    *out = ctrl->parked;
    return ctrl->parked_count;
}

/* The least of everything. What else there is in the struct differs from release to release. */
static struct xen_domctl_createdomain parked_config(const uint8_t uuid[16], uint32_t flags)
{
    struct xen_domctl_createdomain config = {
        .flags = flags | XEN_DOMCTL_CDF_xs_domain,
        .max_vcpus = 1,
        .max_evtchn_port = 1,
        .max_grant_frames = 1,
#ifdef XEN_DOMCTL_GRANT_version
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
#endif
    };
    memcpy(config.handle, uuid, sizeof(config.handle));
#if defined(__i386__) || defined(__x86_64__)
    if (flags & XEN_DOMCTL_CDF_hvm)
        config.arch.emulation_flags = XEN_X86_EMU_LAPIC;
#endif
    return config;
}

int xen_ctrl_create_parked(struct xen_ctrl *ctrl, const uint8_t uuid[16], uint32_t *domid,
                           struct ballast_error *err)
{
    /* A Xen can be built without PV guests. */
    static const uint32_t types[] = {0, XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct xen_domctl_createdomain config = parked_config(uuid, types[i]);
        struct xen_counted created = {.is_store = true};
        *domid = 0; /* Xen chooses one */
        clear_log(ctrl);
        if (lib.xc_domain_create(ctrl->xc, domid, &config) == 0) {
            created.id = *domid;
            memcpy(created.uuid, uuid, sizeof(created.uuid));
            int rc = note_parked(ctrl, &created, err);
            if (rc < 0)
                (void)xen_ctrl_destroy(ctrl, *domid, NULL);
            return rc;
        }
    }
    return fail_ctrl(ctrl, "Xen does not create a domain for claims", err);
}

int xen_ctrl_destroy(struct xen_ctrl *ctrl, uint32_t domid, struct ballast_error *err)
{
    clear_log(ctrl);
    if (lib.xc_domain_destroy(ctrl->xc, domid) < 0)
        return refused_for(ctrl, domid, "destroy", err);
    return 0;
}

int xen_ctrl_domain(struct xen_ctrl *ctrl, uint32_t domid, struct xen_counted *out,
                    struct ballast_error *err)
{
    xc_domaininfo_t info;
    struct xen_counted counted;
    clear_log(ctrl);
    int found = lib.xc_domain_getinfolist(ctrl->xc, domid, 1, &info);
    if (found < 0)
        return fail_ctrl(ctrl, "Xen does not list its domains", err);
    if (found == 1)
        count_domain(&info, &counted);
    if (found == 0 || info.domain != domid || counted.dying)
        return ballast_fail(err, -ENOENT, "domain %" PRIu32 " is gone", domid);
    *out = counted;
    return 0;
}

/* XEN_SYSCTL_physinfo does not tell; the processor's vendor, which no dom0 is lied to about, does.
 */
static bool is_vmx(void)
{
#if defined(__i386__) || defined(__x86_64__)
    unsigned least, b, c, d;
    if (!__get_cpuid(0, &least, &b, &c, &d))
        return false;
    /* The second register of "GenuineIntel", "CentaurHauls" and "  Shanghai  ". */
    return b == signature_INTEL_ebx || b == signature_CENTAUR_ebx || b == 0x68532020;
#else
    return false;
#endif
}

int xen_ctrl_host(struct xen_ctrl *ctrl, struct xen_counted_host *out, struct ballast_error *err)
{
    xc_physinfo_t info = {0};
    clear_log(ctrl);
    if (lib.xc_physinfo(ctrl->xc, &info) < 0)
        return fail_ctrl(ctrl, "Xen does not tell of its host", err);
    *out = (struct xen_counted_host){
        .total_kib = pages_kib(info.total_pages),
        .free_kib = pages_kib(info.free_pages),
        .scrub_kib = pages_kib(info.scrub_pages),
        .claimed_kib = pages_kib(info.outstanding_pages),
        .cpus = info.nr_cpus,
        .caps = {.hap = info.capabilities & XEN_SYSCTL_PHYSCAP_hap,
                 .shadow = info.capabilities & XEN_SYSCTL_PHYSCAP_shadow,
                 .iommu = info.capabilities & XEN_SYSCTL_PHYSCAP_directio,
                 .iommu_hap_pt_share = info.capabilities & XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share,
                 .vmx = is_vmx()},
    };
    return 0;
}

int xen_ctrl_low_free(struct xen_ctrl *ctrl, uint64_t *out_kib, struct ballast_error *err)
{
    uint64_t bytes = 0;
    clear_log(ctrl);
    if (lib.xc_availheap(ctrl->xc, 0, 32, -1, &bytes) < 0)
        return fail_ctrl(ctrl, "Xen does not tell what is free below 4 GiB", err);
    *out_kib = bytes / 1024;
    return 0;
}

/* From 4.17 on a pool has its size in bytes; before, what Xen tells is rounded up to MiB. */
uint64_t xen_ctrl_pool_kib(struct xen_ctrl *ctrl, uint32_t domid)
{
    clear_log(ctrl);
#ifdef HAVE_XC_GET_PAGING_MEMPOOL_SIZE
    uint64_t bytes = 0;
    if (lib.xc_get_paging_mempool_size(ctrl->xc, domid, &bytes) < 0)
        return BALLAST_NONE;
    return ballast_min_u64(bytes / 1024, XEN_MOST_KIB);
#else
    unsigned long mib = 0;
    if (lib.xc_shadow_control(ctrl->xc, domid, XEN_DOMCTL_SHADOW_OP_GET_ALLOCATION, NULL, 0, &mib,
                              0, NULL) < 0)
        return BALLAST_NONE;
    return ballast_min_u64(mib, XEN_MOST_KIB / BALLAST_MIB_KIB) * BALLAST_MIB_KIB;
#endif
}

void xen_ctrl_pod(struct xen_ctrl *ctrl, uint32_t domid, uint64_t *entries_kib, uint64_t *cache_kib)
{
    uint64_t tot_pages = 0;
    uint64_t cache_pages = 0;
    uint64_t entries = 0;
    clear_log(ctrl);
    int rc = lib.xc_domain_get_pod_target(ctrl->xc, domid, &tot_pages, &cache_pages, &entries);
    *entries_kib = rc < 0 ? BALLAST_NONE : pages_kib(entries);
    *cache_kib = rc < 0 ? BALLAST_NONE : pages_kib(cache_pages);
}

int xen_ctrl_set_maximum(struct xen_ctrl *ctrl, uint32_t domid, uint64_t kib,
                         struct ballast_error *err)
{
    clear_log(ctrl);
    if (lib.xc_domain_setmaxmem(ctrl->xc, domid, kib) < 0)
        return refused_for(ctrl, domid, "change the maximum", err);
    return 0;
}

int xen_ctrl_set_pod_target(struct xen_ctrl *ctrl, uint32_t domid, uint64_t pages,
                            struct ballast_error *err)
{
    clear_log(ctrl);
    if (lib.xc_domain_set_pod_target(ctrl->xc, domid, pages, NULL, NULL, NULL) < 0)
        return refused_for(ctrl, domid, "set the populate-on-demand target", err);
    return 0;
}

static int claim_pages(struct xen_ctrl *ctrl, uint32_t domid, uint64_t pages)
{
    clear_log(ctrl);
    return lib.xc_domain_claim_pages(ctrl->xc, domid, (unsigned long)pages) < 0 ? -errno : 0;
}

/*
 * page_alloc.c, domain_set_outstanding_pages(): a claim counts what the domain holds already, and
 * there must be none when one is made. So an old one is given back first, and taken again when
 * the new one cannot be had.
 */
int xen_ctrl_claim(struct xen_ctrl *ctrl, const struct xen_counted *domain, uint64_t kib,
                   struct ballast_error *err)
{
    uint64_t held_kib = domain->tot_kib;
    if (kib > ballast_sub_floor(domain->max_kib, held_kib))
        return ballast_fail(err, -EINVAL,
                            "domain %" PRIu32 ": a claim of %" PRIu64 " KiB beside its %" PRIu64
                            " KiB is above its maximum, %" PRIu64
                            " KiB: claim less, or raise the maximum",
                            domain->id, kib, held_kib, domain->max_kib);
    int rc = domain->claim_kib > 0 || kib == 0 ? claim_pages(ctrl, domain->id, 0) : 0;
    if (rc == 0 && kib > 0)
        rc = claim_pages(ctrl, domain->id, (held_kib + kib) / BALLAST_PAGE_KIB);
    if (rc == 0)
        return 0;
    if (domain->claim_kib > 0)
        claim_pages(ctrl, domain->id, (held_kib + domain->claim_kib) / BALLAST_PAGE_KIB);
    if (rc == -ENOMEM)
        return ballast_fail(err, rc,
                            "%" PRIu64 " KiB cannot be claimed for domain %" PRIu32 ":"
                            " they are not free",
                            kib, domain->id);
    /* Xen says EINVAL for a domain that it does not have, too. */
    struct xen_counted now;
    if (xen_ctrl_domain(ctrl, domain->id, &now, err) == -ENOENT)
        return -ENOENT;
    return ballast_fail(err, rc, "%" PRIu64 " KiB cannot be claimed for domain %" PRIu32 ": %s",
                        kib, domain->id, strerror(-rc));
}

int xen_ctrl_version(struct xen_ctrl *ctrl, struct xen_version *out, struct ballast_error *err)
{
    xen_extraversion_t extra = {0};
    xen_commandline_t commandline = {0};
    clear_log(ctrl);
    int version = lib.xc_version(ctrl->xc, XENVER_version, NULL);
    if (version < 0)
        return fail_ctrl(ctrl, "Xen does not tell its version", err);
    ctrl->calls += 2;
    if (lib.xc_version(ctrl->xc, XENVER_extraversion, &extra) < 0 ||
        lib.xc_version(ctrl->xc, XENVER_commandline, &commandline) < 0)
        return fail_ctrl(ctrl, "Xen does not tell its command line", err);
    *out =
        (struct xen_version){.major = (unsigned)version >> 16, .minor = (unsigned)version & 0xFFFF};
    snprintf(out->extra, sizeof(out->extra), "%.*s", (int)sizeof(extra), extra);
    snprintf(out->commandline, sizeof(out->commandline), "%.*s", (int)sizeof(commandline) - 1,
             commandline);
    return 0;
}

/* xen/arch/x86/include/asm/e820.h: E820MAX. */
enum { MAP_ENTRIES = 1024 };
/* xen/arch/x86/setup.c, arch_get_xen_caps(): "hvm-3.0-x86_32p" is there whenever HVM guests run. */
#define PV32_WORD "xen-3.0-x86_32p"

static void read_ram(struct xen_ctrl *ctrl, struct e820entry *entries, struct ballast_ram *ram,
                     struct ballast_xen_map *out)
{
    size_t ranges = 0;
    clear_log(ctrl);
    int count = lib.xc_get_machine_memory_map(ctrl->xc, entries, MAP_ENTRIES);
    for (int i = 0; i < count; i++) {
        if (entries[i].type == E820_RAM)
            ram[ranges++] = (struct ballast_ram){entries[i].addr, entries[i].size};
    }
    ballast_xen_map(ram, ranges, out);
}

void xen_ctrl_map(struct xen_ctrl *ctrl, struct ballast_xen_map *out, bool *pv32)
{
    xen_capabilities_info_t words = {0};
    struct e820entry *entries = calloc(MAP_ENTRIES, sizeof(*entries));
    struct ballast_ram *ram = calloc(MAP_ENTRIES, sizeof(*ram));
    *out = (struct ballast_xen_map){0};
    if (entries && ram)
        read_ram(ctrl, entries, ram, out);
    free(entries);
    free(ram);
    clear_log(ctrl);
    *pv32 = lib.xc_version(ctrl->xc, XENVER_capabilities, &words) >= 0 &&
            memmem(words, sizeof(words), PV32_WORD, strlen(PV32_WORD));
}

uint64_t xen_ctrl_calls(const struct xen_ctrl *ctrl)
{
    return ctrl->calls;
}
