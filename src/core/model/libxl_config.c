/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/libxl_config.h"

#include <errno.h>
#include <string.h>

/* In the order of the attribute's values; what follows is libxl's own default. */
static const char *const vga_names[] = {"none", "cirrus", "std", "qxl", NULL};
static const char *const model_names[] = {"qemu_xen", "qemu_xen_traditional", NULL};
static const char *const passthrough_names[] = {"disabled", "enabled", "sync_pt", "share_pt", NULL};
static const char *const altp2m_names[] = {"disabled", "mixed", "external", "limited", NULL};

#define ROW(group, key, kind, attr)                                                                \
    {                                                                                              \
        group, key, BALLAST_LIBXL_##kind, NULL, BALLAST_##attr                                     \
    }
#define WORDS(group, key, words, attr)                                                             \
    {                                                                                              \
        group, key, BALLAST_LIBXL_WORD, words, BALLAST_##attr                                      \
    }

static const struct ballast_libxl_about about[BALLAST_LIBXL_MEMBERS] = {
    [BALLAST_LIBXL_HAP] = ROW("c_info", "hap", DEFBOOL, HAP),
    [BALLAST_LIBXL_PASSTHROUGH] = WORDS("c_info", "passthrough", passthrough_names, PASSTHROUGH),
    [BALLAST_LIBXL_MAX_VCPUS] = ROW("b_info", "max_vcpus", COUNT, MAXVCPUS),
    [BALLAST_LIBXL_AVAIL_VCPUS] = ROW("b_info", "avail_vcpus", ITEMS, VCPUS),
    [BALLAST_LIBXL_MAX_MEMKB] = ROW("b_info", "max_memkb", KIB, MAXMEM),
    [BALLAST_LIBXL_TARGET_MEMKB] = ROW("b_info", "target_memkb", KIB, MEMORY),
    [BALLAST_LIBXL_VIDEO_MEMKB] = ROW("b_info", "video_memkb", KIB, VIDEORAM),
    [BALLAST_LIBXL_SHADOW_MEMKB] = ROW("b_info", "shadow_memkb", KIB, SHADOW_MEMORY),
    [BALLAST_LIBXL_STUBDOMAIN_MEMKB] = ROW("b_info", "stubdomain_memkb", KIB, STUBDOMAIN_MEMORY),
    [BALLAST_LIBXL_VNUMA_NODES] = ROW("b_info", "vnuma_nodes", ITEMS, VNUMA_NODES),
    [BALLAST_LIBXL_MAX_GRANT_FRAMES] = ROW("b_info", "max_grant_frames", FRAMES, MAX_GRANT_FRAMES),
    [BALLAST_LIBXL_MAX_MAPTRACK_FRAMES] =
        ROW("b_info", "max_maptrack_frames", FRAMES, MAX_MAPTRACK_FRAMES),
    [BALLAST_LIBXL_EVENT_CHANNELS] = ROW("b_info", "event_channels", COUNT, MAX_EVENT_CHANNELS),
    [BALLAST_LIBXL_DEVICE_MODEL_VERSION] =
        WORDS("b_info", "device_model_version", model_names, DEVICE_MODEL),
    [BALLAST_LIBXL_DEVICE_MODEL_STUBDOMAIN] =
        ROW("b_info", "device_model_stubdomain", DEFBOOL, STUBDOMAIN),
    [BALLAST_LIBXL_CLAIM_MODE] = ROW("b_info", "claim_mode", DEFBOOL, CLAIM),
    [BALLAST_LIBXL_NESTED_HVM] = ROW("b_info", "nested_hvm", DEFBOOL, NESTEDHVM),
    [BALLAST_LIBXL_ALTP2M] = WORDS("b_info", "altp2m", altp2m_names, ALTP2M),
    [BALLAST_LIBXL_VMTRACE_BUF_KB] = ROW("b_info", "vmtrace_buf_kb", COUNT, VMTRACE_BUF),
    [BALLAST_LIBXL_VGA_KIND] = WORDS("type.hvm", "vga.kind", vga_names, VGA),
    [BALLAST_LIBXL_HVM_NESTED_HVM] = ROW("type.hvm", "nested_hvm", DEFBOOL, NESTEDHVM),
    [BALLAST_LIBXL_HVM_ALTP2M] = ROW("type.hvm", "altp2m", DEFBOOL, ALTP2M),
    [BALLAST_LIBXL_PVSHIM] = ROW("type.pvh", "pvshim", DEFBOOL, PVSHIM),
    [BALLAST_LIBXL_PCIDEVS] = ROW("", "pcidevs", ITEMS, PCI_DEVICES),
    [BALLAST_LIBXL_DTDEVS] = ROW("", "dtdevs", ITEMS, PCI_DEVICES),
};

const struct ballast_libxl_about *ballast_libxl_about(enum ballast_libxl_member member)
{
    return &about[member];
}

int ballast_libxl_value_of(enum ballast_libxl_member member, const char *word)
{
    const char *const *words = about[member].words;
    for (int i = 0; words && words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -ENOENT;
}

uint64_t ballast_libxl_value(enum ballast_libxl_member member, uint64_t raw)
{
    enum ballast_libxl_kind kind = about[member].kind;
    bool none = raw == 0 && (kind == BALLAST_LIBXL_COUNT || kind == BALLAST_LIBXL_ITEMS);
    return none || (kind == BALLAST_LIBXL_FRAMES && raw == UINT32_MAX) ? BALLAST_UNSET : raw;
}

static uint64_t first_set(uint64_t a, uint64_t b)
{
    return a != BALLAST_UNSET ? a : b;
}

static uint64_t add_config_kib(uint64_t a, uint64_t b)
{
    if (a == BALLAST_UNSET || b == BALLAST_UNSET)
        return first_set(a, b);
    return a > BALLAST_UNSET - 1 - b ? BALLAST_UNSET - 1 : a + b;
}

/* libxl_x86.c, hvm_set_conf_params: the older switch counts where the mode is "disabled". */
static uint64_t altp2m_of(enum ballast_guest_type type, const uint64_t *value)
{
    uint64_t mode = value[BALLAST_LIBXL_ALTP2M];
    uint64_t old = type == BALLAST_HVM ? value[BALLAST_LIBXL_HVM_ALTP2M] : BALLAST_UNSET;
    return mode != BALLAST_UNSET && mode != 0 ? 1 : first_set(old, mode);
}

static bool has_member(enum ballast_guest_type type, enum ballast_libxl_member member)
{
    switch (member) {
    case BALLAST_LIBXL_HAP:
        return type != BALLAST_PV;
    case BALLAST_LIBXL_VGA_KIND:
    case BALLAST_LIBXL_VIDEO_MEMKB:
    case BALLAST_LIBXL_DEVICE_MODEL_VERSION:
    case BALLAST_LIBXL_DEVICE_MODEL_STUBDOMAIN:
    case BALLAST_LIBXL_STUBDOMAIN_MEMKB:
        return type == BALLAST_HVM;
    case BALLAST_LIBXL_PVSHIM:
        return type == BALLAST_PVH;
    default:
        return true;
    }
}

int ballast_libxl_apply(struct ballast_guest *guest, const uint64_t value[BALLAST_LIBXL_MEMBERS],
                        struct ballast_error *err)
{
    uint64_t attr[BALLAST_GUEST_ATTRS];
    int rc = 0;
    memset(attr, 0xff, sizeof(attr)); /* BALLAST_UNSET */
    for (int i = 0; i < BALLAST_LIBXL_MEMBERS; i++) {
        if (has_member(guest->type, (enum ballast_libxl_member)i))
            attr[about[i].attr] = value[i];
    }
    attr[BALLAST_PCI_DEVICES] =
        add_config_kib(value[BALLAST_LIBXL_PCIDEVS], value[BALLAST_LIBXL_DTDEVS]);
    attr[BALLAST_NESTEDHVM] = BALLAST_UNSET;
    attr[BALLAST_ALTP2M] = BALLAST_UNSET;
    if (guest->type != BALLAST_PV) {
        attr[BALLAST_NESTEDHVM] =
            first_set(value[BALLAST_LIBXL_NESTED_HVM], value[BALLAST_LIBXL_HVM_NESTED_HVM]);
        attr[BALLAST_ALTP2M] = altp2m_of(guest->type, value);
    }
    for (int i = 0; i < BALLAST_GUEST_ATTRS && rc == 0; i++) {
        rc = ballast_guest_set(guest, (enum ballast_guest_attr)i, attr[i], err);
        if (rc < 0 && err)
            err->subject = i;
    }
    return rc;
}

enum ballast_libxl_member ballast_libxl_member_of(enum ballast_guest_attr attr)
{
    int i = 0;
    while (i < BALLAST_LIBXL_MEMBERS - 1 && about[i].attr != attr)
        i++;
    return (enum ballast_libxl_member)i;
}
