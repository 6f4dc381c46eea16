/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/xen_light.h"

#include <errno.h>
#include <inttypes.h>
#include <libxl.h>
#include <libxl_utils.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/model/libxl_config.h"
#include "edge/hv/xen_log.h"
#include "edge/load/load.h"

#define XENLIGHT(X)                                                                                \
    X(libxl_ctx_alloc)                                                                             \
    X(libxl_ctx_free)                                                                              \
    X(libxl_set_memory_target)                                                                     \
    X(libxl_domain_setmaxmem)                                                                      \
    X(libxl_defbool_is_default)                                                                    \
    X(libxl_defbool_val)                                                                           \
    X(libxl_bitmap_count_set)                                                                      \
    X(libxl_userdata_retrieve)                                                                     \
    X(libxl_domain_config_from_json)                                                               \
    X(libxl_domain_config_init)                                                                    \
    X(libxl_retrieve_domain_configuration)                                                         \
    X(libxl_domain_config_dispose)

static struct {
    XENLIGHT(LOAD_POINTER)
} lib;

struct xen_light {
    libxl_ctx *ctx;
    struct xen_log log;
};

static int load_xenlight(struct ballast_error *err)
{
    static const char *const names[] = {XENLIGHT(LOAD_NAME)};
    _Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");
    struct ballast_error why;
    if (load_library(SONAME_XENLIGHT, names, LOAD_COUNT(names), &lib, &why) == 0)
        return 0;
    return ballast_fail(err, -ENOTSUP, "libxenlight cannot be asked: %s", why.text);
}

int xen_light_open(struct xen_light **out, struct ballast_error *err)
{
    int rc = load_xenlight(err);
    if (rc < 0)
        return rc;
    struct xen_light *light = calloc(1, sizeof(*light));
    if (!light)
        return ballast_fail(err, -ENOMEM, "out of memory");
    xen_log_init(&light->log);
    if (lib.libxl_ctx_alloc(&light->ctx, LIBXL_VERSION, 0, &light->log.logger) != 0) {
        rc = ballast_fail(err, -EIO, "libxenlight does not start: %s",
                          light->log.last[0] != '\0' ? light->log.last : "it does not say why");
        free(light);
        return rc;
    }
    *out = light;
    return 0;
}

void xen_light_close(struct xen_light *light)
{
    if (!light)
        return;
    lib.libxl_ctx_free(light->ctx);
    free(light);
}

/* libxl's codes say little: what it refuses is most often a plain ERROR_FAIL, or 1. */
static int code_of(int rc)
{
    switch (rc) {
    case ERROR_NOMEM:
        return -ENOMEM;
    case ERROR_INVAL:
    case 1: /* libxl_domain_setmaxmem(): below the target */
        return -EINVAL;
    case ERROR_DOMAIN_NOTFOUND:
        return -ENOENT;
    case ERROR_TIMEDOUT:
        return -ETIMEDOUT;
    case ERROR_LOCK_FAIL:
        return -EBUSY;
    default:
        return -EIO;
    }
}

static int fail_light(struct xen_light *light, int rc, const char *call, struct ballast_error *err)
{
    return ballast_fail(err, code_of(rc), "%s answers %d: %s", call, rc,
                        light->log.last[0] != '\0' ? light->log.last : "it does not say why");
}

int xen_light_set_target(struct xen_light *light, uint32_t domid, uint64_t kib, bool enforce,
                         struct ballast_error *err)
{
    xen_log_forget(&light->log);
    int rc = lib.libxl_set_memory_target(light->ctx, domid, (int64_t)kib, false, enforce);
    return rc == 0 ? 0 : fail_light(light, rc, "libxl_set_memory_target", err);
}

int xen_light_set_maximum(struct xen_light *light, uint32_t domid, uint64_t kib,
                          struct ballast_error *err)
{
    xen_log_forget(&light->log);
    int rc = lib.libxl_domain_setmaxmem(light->ctx, domid, kib);
    return rc == 0 ? 0 : fail_light(light, rc, "libxl_domain_setmaxmem", err);
}

static uint64_t from_flag(libxl_defbool flag)
{
    return lib.libxl_defbool_is_default(flag) ? BALLAST_UNSET : lib.libxl_defbool_val(flag);
}

static uint64_t from_count(int count)
{
    return count > 0 ? (uint64_t)count : BALLAST_UNSET;
}

static uint64_t from_vga(libxl_vga_interface_type kind)
{
    switch (kind) {
    case LIBXL_VGA_INTERFACE_TYPE_NONE:
        return BALLAST_VGA_NONE;
    case LIBXL_VGA_INTERFACE_TYPE_CIRRUS:
        return BALLAST_VGA_CIRRUS;
    case LIBXL_VGA_INTERFACE_TYPE_STD:
        return BALLAST_VGA_STD;
    case LIBXL_VGA_INTERFACE_TYPE_QXL:
        return BALLAST_VGA_QXL;
    case LIBXL_VGA_INTERFACE_TYPE_UNKNOWN:
        break;
    }
    return BALLAST_UNSET;
}

static uint64_t from_device_model(libxl_device_model_version version)
{
    switch (version) {
    case LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN:
        return BALLAST_QEMU_XEN;
    case LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN_TRADITIONAL:
        return BALLAST_QEMU_XEN_TRADITIONAL;
    case LIBXL_DEVICE_MODEL_VERSION_UNKNOWN:
        break;
    }
    return BALLAST_UNSET;
}

static uint64_t from_passthrough(libxl_passthrough mode)
{
    switch (mode) {
    case LIBXL_PASSTHROUGH_DISABLED:
        return BALLAST_PASSTHROUGH_DISABLED;
    case LIBXL_PASSTHROUGH_ENABLED:
        return BALLAST_PASSTHROUGH_ENABLED;
    case LIBXL_PASSTHROUGH_SYNC_PT:
        return BALLAST_PASSTHROUGH_SYNC_PT;
    case LIBXL_PASSTHROUGH_SHARE_PT:
        return BALLAST_PASSTHROUGH_SHARE_PT;
    case LIBXL_PASSTHROUGH_DEFAULT:
        break;
    }
    return BALLAST_UNSET;
}

/* LIBXL_MEMKB_DEFAULT is all ones, as BALLAST_UNSET is. */
static void fill_build(const libxl_domain_build_info *info, uint64_t value[BALLAST_LIBXL_MEMBERS])
{
    value[BALLAST_LIBXL_MAX_VCPUS] = from_count(info->max_vcpus);
    value[BALLAST_LIBXL_AVAIL_VCPUS] = from_count(lib.libxl_bitmap_count_set(&info->avail_vcpus));
    value[BALLAST_LIBXL_MAX_MEMKB] = info->max_memkb;
    value[BALLAST_LIBXL_TARGET_MEMKB] = info->target_memkb;
    value[BALLAST_LIBXL_VIDEO_MEMKB] = info->video_memkb;
    value[BALLAST_LIBXL_SHADOW_MEMKB] = info->shadow_memkb;
    value[BALLAST_LIBXL_STUBDOMAIN_MEMKB] = info->stubdomain_memkb;
    value[BALLAST_LIBXL_VNUMA_NODES] = from_count(info->num_vnuma_nodes);
    value[BALLAST_LIBXL_MAX_GRANT_FRAMES] =
        ballast_libxl_value(BALLAST_LIBXL_MAX_GRANT_FRAMES, (uint32_t)info->max_grant_frames);
    value[BALLAST_LIBXL_MAX_MAPTRACK_FRAMES] =
        ballast_libxl_value(BALLAST_LIBXL_MAX_MAPTRACK_FRAMES, (uint32_t)info->max_maptrack_frames);
    value[BALLAST_LIBXL_EVENT_CHANNELS] = from_count((int)info->event_channels);
    value[BALLAST_LIBXL_DEVICE_MODEL_VERSION] = from_device_model(info->device_model_version);
    value[BALLAST_LIBXL_DEVICE_MODEL_STUBDOMAIN] = from_flag(info->device_model_stubdomain);
    value[BALLAST_LIBXL_CLAIM_MODE] = from_flag(info->claim_mode);
    value[BALLAST_LIBXL_NESTED_HVM] = from_flag(info->nested_hvm);
    value[BALLAST_LIBXL_ALTP2M] = (uint64_t)info->altp2m;
#ifdef LIBXL_HAVE_VMTRACE_BUF_KB
    value[BALLAST_LIBXL_VMTRACE_BUF_KB] = from_count(info->vmtrace_buf_kb);
#endif
}

/* The union holds what the type has. */
static void fill_value(const libxl_domain_config *config, int type,
                       uint64_t value[BALLAST_LIBXL_MEMBERS])
{
    const libxl_domain_build_info *info = &config->b_info;
    memset(value, 0xff, BALLAST_LIBXL_MEMBERS * sizeof(*value)); /* BALLAST_UNSET */
    fill_build(info, value);
    value[BALLAST_LIBXL_HAP] = from_flag(config->c_info.hap);
    value[BALLAST_LIBXL_PASSTHROUGH] = from_passthrough(config->c_info.passthrough);
    value[BALLAST_LIBXL_PCIDEVS] = from_count(config->num_pcidevs);
    value[BALLAST_LIBXL_DTDEVS] = from_count(config->num_dtdevs);
    if (type == BALLAST_HVM) {
        value[BALLAST_LIBXL_VGA_KIND] = from_vga(info->u.hvm.vga.kind);
        value[BALLAST_LIBXL_HVM_NESTED_HVM] = from_flag(info->u.hvm.nested_hvm);
        value[BALLAST_LIBXL_HVM_ALTP2M] = from_flag(info->u.hvm.altp2m);
    }
    if (type == BALLAST_PVH)
        value[BALLAST_LIBXL_PVSHIM] = from_flag(info->u.pvh.pvshim);
}

static int config_guest_type(const libxl_domain_config *config)
{
    switch (config->c_info.type) {
    case LIBXL_DOMAIN_TYPE_PV:
        return BALLAST_PV;
    case LIBXL_DOMAIN_TYPE_PVH:
        return BALLAST_PVH;
    case LIBXL_DOMAIN_TYPE_HVM:
        return BALLAST_HVM;
    case LIBXL_DOMAIN_TYPE_INVALID:
        break;
    }
    return -EINVAL;
}

static int make_guest(uint32_t domid, const libxl_domain_config *config, struct ballast_guest *out,
                      struct ballast_error *err)
{
    struct ballast_guest guest;
    uint64_t value[BALLAST_LIBXL_MEMBERS];
    int type = config_guest_type(config);
    if (type < 0)
        return ballast_fail(
            err, -EINVAL,
            "domain %" PRIu32
            ": libxl's configuration has a type other than pv, pvh and hvm: use a newer Ballast",
            domid);
    fill_value(config, type, value);
    const char *name = config->c_info.name ? config->c_info.name : "";
    int rc = ballast_guest_init(&guest, (enum ballast_guest_type)type, name, err);
    if (rc == 0)
        rc = ballast_libxl_apply(&guest, value, err);
    if (rc == 0)
        *out = guest;
    return rc;
}

/* libxl_dom.c: "libxl-json" is the userdata in which it keeps a configuration. NULL: none. */
static char *read_config(struct xen_light *light, uint32_t domid)
{
    uint8_t *data = NULL;
    int length = 0;
    int rc = lib.libxl_userdata_retrieve(light->ctx, domid, "libxl-json", &data, &length);
    /* A NUL ends it where libxl wrote it, and perhaps nowhere else. */
    char *text = rc == 0 && length > 0 ? malloc((size_t)length + 1) : NULL;
    if (text) {
        memcpy(text, data, (size_t)length);
        text[length] = '\0';
    }
    free(data);
    return text;
}

static bool has_config(struct xen_light *light, uint32_t domid)
{
    char *text = read_config(light, domid);
    bool has = text != NULL;
    free(text);
    return has;
}

int xen_light_config(struct xen_light *light, uint32_t domid, struct ballast_guest *out,
                     struct ballast_error *err)
{
    libxl_domain_config config;
    xen_log_forget(&light->log);
    if (domid == 0 || !has_config(light, domid))
        return ballast_fail(err, -ENOENT, "libxl keeps no configuration of domain %" PRIu32, domid);
    lib.libxl_domain_config_init(&config);
    int rc = lib.libxl_retrieve_domain_configuration(light->ctx, domid, &config, NULL);
    rc = rc == 0 ? make_guest(domid, &config, out, err)
                 : fail_light(light, rc, "libxl_retrieve_domain_configuration", err);
    lib.libxl_domain_config_dispose(&config);
    return rc;
}

static libxl_action_on_shutdown action_after(const libxl_domain_config *config,
                                             enum xen_shutdown why)
{
    switch (why) {
    case XEN_SHUTDOWN_POWEROFF:
        return config->on_poweroff;
    case XEN_SHUTDOWN_REBOOT:
        return config->on_reboot;
    case XEN_SHUTDOWN_CRASH:
        return config->on_crash;
    case XEN_SHUTDOWN_WATCHDOG:
        return config->on_watchdog;
    case XEN_SHUTDOWN_NONE:
        break;
    }
    return LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
}

/*
 * The stored text alone: libxl_retrieve_domain_configuration() would compare it with what the
 * domain has in xenstore, which may be half gone.
 */
int xen_light_restarts(struct xen_light *light, uint32_t domid, enum xen_shutdown why, bool *out,
                       struct ballast_error *err)
{
    libxl_domain_config config;
    xen_log_forget(&light->log);
    char *text = read_config(light, domid);
    if (!text)
        return ballast_fail(err, -ENOENT, "libxl keeps no configuration of domain %" PRIu32, domid);
    lib.libxl_domain_config_init(&config);
    int rc = lib.libxl_domain_config_from_json(light->ctx, &config, text);
    if (rc == 0) {
        libxl_action_on_shutdown action = action_after(&config, why);
        *out = action == LIBXL_ACTION_ON_SHUTDOWN_RESTART ||
               action == LIBXL_ACTION_ON_SHUTDOWN_COREDUMP_RESTART;
    } else {
        rc = fail_light(light, rc, "libxl_domain_config_from_json", err);
    }
    lib.libxl_domain_config_dispose(&config);
    free(text);
    return rc;
}
