/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/guest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"

static const char *const type_names[BALLAST_GUEST_TYPES] = {
    [BALLAST_PV] = "pv",
    [BALLAST_PVH] = "pvh",
    [BALLAST_HVM] = "hvm",
};

static const char *const vga_names[] = {
    [BALLAST_VGA_NONE] = "none",
    [BALLAST_VGA_CIRRUS] = "cirrus",
    [BALLAST_VGA_STD] = "stdvga",
    [BALLAST_VGA_QXL] = "qxl",
    NULL,
};

static const char *const device_model_names[] = {
    [BALLAST_QEMU_XEN] = "qemu-xen",
    [BALLAST_QEMU_XEN_TRADITIONAL] = "qemu-xen-traditional",
    NULL,
};

static const char *const passthrough_names[] = {
    [BALLAST_PASSTHROUGH_DISABLED] = "disabled",
    [BALLAST_PASSTHROUGH_ENABLED] = "enabled",
    [BALLAST_PASSTHROUGH_SYNC_PT] = "sync_pt",
    [BALLAST_PASSTHROUGH_SHARE_PT] = "share_pt",
    NULL,
};

/* Largest count that any attribute takes: max_vcpus and the device counts are C ints in libxl. */
#define COUNT_MAX UINT64_C(2147483647)

struct attr {
    const char *name;
    enum ballast_attr_kind kind;
    const char *const *words;
};

static const struct attr attrs[BALLAST_GUEST_ATTRS] = {
    [BALLAST_MEMORY] = {"memory_kib", BALLAST_ATTR_KIB, NULL},
    [BALLAST_MAXMEM] = {"maxmem_kib", BALLAST_ATTR_KIB, NULL},
    [BALLAST_VCPUS] = {"vcpus", BALLAST_ATTR_COUNT, NULL},
    [BALLAST_MAXVCPUS] = {"maxvcpus", BALLAST_ATTR_COUNT, NULL},
    [BALLAST_VGA] = {"vga", BALLAST_ATTR_CHOICE, vga_names},
    [BALLAST_VIDEORAM] = {"videoram_kib", BALLAST_ATTR_KIB, NULL},
    [BALLAST_SHADOW_MEMORY] = {"shadow_memory_kib", BALLAST_ATTR_KIB, NULL},
    [BALLAST_HAP] = {"hap", BALLAST_ATTR_FLAG, NULL},
    [BALLAST_DEVICE_MODEL] = {"device_model", BALLAST_ATTR_CHOICE, device_model_names},
    [BALLAST_STUBDOMAIN] = {"stubdomain", BALLAST_ATTR_FLAG, NULL},
    [BALLAST_STUBDOMAIN_MEMORY] = {"stubdomain_memory_kib", BALLAST_ATTR_KIB, NULL},
    [BALLAST_PASSTHROUGH] = {"passthrough", BALLAST_ATTR_CHOICE, passthrough_names},
    [BALLAST_PCI_DEVICES] = {"pci_devices", BALLAST_ATTR_COUNT, NULL},
    [BALLAST_PVSHIM] = {"pvshim", BALLAST_ATTR_FLAG, NULL},
    [BALLAST_VNUMA_NODES] = {"vnuma_nodes", BALLAST_ATTR_COUNT, NULL},
    [BALLAST_ALTP2M] = {"altp2m", BALLAST_ATTR_FLAG, NULL},
    [BALLAST_NESTEDHVM] = {"nestedhvm", BALLAST_ATTR_FLAG, NULL},
    [BALLAST_CLAIM] = {"claim", BALLAST_ATTR_FLAG, NULL},
    [BALLAST_IS_DEVICE_MODEL] = {"is_device_model", BALLAST_ATTR_FLAG, NULL},
    [BALLAST_MAX_GRANT_FRAMES] = {"max_grant_frames", BALLAST_ATTR_COUNT, NULL},
    [BALLAST_MAX_MAPTRACK_FRAMES] = {"max_maptrack_frames", BALLAST_ATTR_COUNT, NULL},
    [BALLAST_MAX_EVENT_CHANNELS] = {"max_event_channels", BALLAST_ATTR_COUNT, NULL},
    [BALLAST_VMTRACE_BUF] = {"vmtrace_buf_kib", BALLAST_ATTR_KIB, NULL},
};

int ballast_guest_init(struct ballast_guest *guest, enum ballast_guest_type type, const char *name,
                       struct ballast_error *err)
{
    size_t length = strlen(name);
    if (length >= BALLAST_GUEST_NAME)
        return ballast_fail(err, -EINVAL, "the name has %zu bytes, of at most %d", length,
                            BALLAST_GUEST_NAME - 1);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
            return ballast_fail(err, -EINVAL,
                                "the name has a control character (0x%02x) at byte %zu; remove it",
                                (unsigned char)name[i], i + 1);
    }
    memset(guest->name, 0, sizeof(guest->name));
    memcpy(guest->name, name, length);
    guest->type = type;
    for (size_t i = 0; i < BALLAST_GUEST_ATTRS; i++)
        guest->attr[i] = BALLAST_UNSET;
    return 0;
}

struct ballast_guest *ballast_guest_new(enum ballast_guest_type type, const char *name)
{
    struct ballast_guest *guest = malloc(sizeof(*guest));
    if (!guest)
        return NULL;
    if ((unsigned)type >= BALLAST_GUEST_TYPES || ballast_guest_init(guest, type, name, NULL) < 0) {
        free(guest);
        errno = EINVAL;
        return NULL;
    }
    return guest;
}

void ballast_guest_free(struct ballast_guest *guest)
{
    free(guest);
}

const char *ballast_guest_name(const struct ballast_guest *guest)
{
    return guest->name;
}

enum ballast_guest_type ballast_guest_type(const struct ballast_guest *guest)
{
    return guest->type;
}

const char *ballast_guest_type_name(enum ballast_guest_type type)
{
    return (unsigned)type < BALLAST_GUEST_TYPES ? type_names[type] : NULL;
}

int ballast_guest_type_find(const char *word)
{
    for (int i = 0; i < BALLAST_GUEST_TYPES; i++) {
        if (strcmp(type_names[i], word) == 0)
            return i;
    }
    return -ENOENT;
}

static uint64_t word_count(const struct attr *attr)
{
    uint64_t count = 0;
    while (attr->words[count])
        count++;
    return count;
}

static uint64_t attr_limit(const struct attr *attr)
{
    switch (attr->kind) {
    case BALLAST_ATTR_FLAG:
        return 1;
    case BALLAST_ATTR_CHOICE:
        return word_count(attr) - 1;
    case BALLAST_ATTR_COUNT:
        return COUNT_MAX;
    case BALLAST_ATTR_KIB:
        break;
    }
    return BALLAST_UNSET - 1;
}

int ballast_guest_set(struct ballast_guest *guest, enum ballast_guest_attr attr, uint64_t value,
                      struct ballast_error *err)
{
    if ((unsigned)attr >= BALLAST_GUEST_ATTRS)
        return ballast_fail(err, -EINVAL,
                            "there is no attribute %u: use one of enum ballast_guest_attr",
                            (unsigned)attr);
    if (value != BALLAST_UNSET && value > attr_limit(&attrs[attr]))
        return ballast_fail_at(err, -EINVAL, (int)attr, "%" PRIu64 ": %s is at most %" PRIu64,
                               value, attrs[attr].name, attr_limit(&attrs[attr]));
    guest->attr[attr] = value;
    return 0;
}

uint64_t ballast_guest_get(const struct ballast_guest *guest, enum ballast_guest_attr attr)
{
    return (unsigned)attr < BALLAST_GUEST_ATTRS ? guest->attr[attr] : BALLAST_UNSET;
}

const char *ballast_guest_attr_name(enum ballast_guest_attr attr)
{
    return (unsigned)attr < BALLAST_GUEST_ATTRS ? attrs[attr].name : NULL;
}

enum ballast_attr_kind ballast_guest_attr_kind(enum ballast_guest_attr attr)
{
    return attrs[attr].kind;
}

int ballast_guest_attr_find(const char *name)
{
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
        if (strcmp(attrs[i].name, name) == 0)
            return i;
    }
    return -ENOENT;
}

const char *ballast_guest_attr_choice(enum ballast_guest_attr attr, uint64_t value)
{
    if ((unsigned)attr >= BALLAST_GUEST_ATTRS || attrs[attr].kind != BALLAST_ATTR_CHOICE)
        return NULL;
    return value < word_count(&attrs[attr]) ? attrs[attr].words[value] : NULL;
}

int ballast_guest_attr_word_find(enum ballast_guest_attr attr, const char *word)
{
    const char *known;
    for (int i = 0; (known = ballast_guest_attr_choice(attr, (uint64_t)i)) != NULL; i++) {
        if (strcmp(known, word) == 0)
            return i;
    }
    return -ENOENT;
}

void ballast_guest_attr_choices(enum ballast_guest_attr attr, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    uint64_t count = word_count(&attrs[attr]);
    for (uint64_t i = 0; i < count; i++) {
        const char *before = i == 0 ? "" : i + 1 == count ? " or " : ", ";
        ballast_text_add(&text, "%s%s", before, attrs[attr].words[i]);
    }
}
