/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/lab/probe_cfg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "core/base/units.h"

/* Attributes that are a key of xl.cfg(5) with the same meaning. */
static const struct {
    enum ballast_guest_attr attr;
    const char *key;
} keys[] = {
    {BALLAST_MEMORY, "memory"},
    {BALLAST_MAXMEM, "maxmem"},
    {BALLAST_VCPUS, "vcpus"},
    {BALLAST_MAXVCPUS, "maxvcpus"},
    {BALLAST_VIDEORAM, "videoram"},
    {BALLAST_SHADOW_MEMORY, "shadow_memory"},
    {BALLAST_HAP, "hap"},
    {BALLAST_NESTEDHVM, "nestedhvm"},
    {BALLAST_MAX_GRANT_FRAMES, "max_grant_frames"},
    {BALLAST_MAX_MAPTRACK_FRAMES, "max_maptrack_frames"},
    {BALLAST_MAX_EVENT_CHANNELS, "max_event_channels"},
    {BALLAST_VMTRACE_BUF, "vmtrace_buf_kb"},
};

static const char *probe_cfg_key_of(enum ballast_guest_attr attr)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i].attr == attr)
            return keys[i].key;
    }
    return NULL;
}

static int write_attr(FILE *file, const struct ballast_guest *guest, enum ballast_guest_attr attr)
{
    uint64_t value = guest->attr[attr];
    const char *key = probe_cfg_key_of(attr);
    if (value == BALLAST_UNSET)
        return CLI_DONE;
    /* With no device passthrough still has Xen keep page tables for one. */
    if (attr == BALLAST_VGA || attr == BALLAST_PASSTHROUGH) {
        fprintf(file, "%s = \"%s\"\n", attr == BALLAST_VGA ? "vga" : "passthrough",
                ballast_guest_attr_choice(attr, value));
        return CLI_DONE;
    }
    /* What such a guest has anyway. */
    if (attr == BALLAST_CLAIM || (value == 0 && !key) ||
        (attr == BALLAST_DEVICE_MODEL && value == BALLAST_QEMU_XEN))
        return CLI_DONE;
    if (!key) {
        cli_error("calibrate: guests to be measured cannot have %s: remove it",
                  ballast_guest_attr_name(attr));
        return CLI_BAD;
    }
    if (ballast_guest_attr_kind(attr) == BALLAST_ATTR_KIB && attr != BALLAST_VMTRACE_BUF) {
        if (value % BALLAST_MIB_KIB != 0) {
            cli_error("calibrate: %s of %" PRIu64 " KiB: use whole MiB, as xl does",
                      ballast_guest_attr_name(attr), value);
            return CLI_BAD;
        }
        value /= BALLAST_MIB_KIB;
    }
    fprintf(file, "%s = %" PRIu64 "\n", key, value);
    return CLI_DONE;
}

int cli_probe_write_cfg(const char *path, const char *name, const char *kernel,
                        const struct ballast_guest *guest)
{
    FILE *file = fopen(path, "we");
    int rc = CLI_DONE;
    if (!file) {
        cli_error("calibrate: %s: %s", path, strerror(errno));
        return CLI_UNREACHABLE;
    }
    fprintf(file, "name = \"%s\"\ntype = \"%s\"\n", name, ballast_guest_type_name(guest->type));
    if (guest->type == BALLAST_HVM)
        fputs("vnc = 0\nsdl = 0\nnographic = 1\nusb = 0\n", file);
    else
        fprintf(file, "kernel = \"%s\"\n", kernel);
    for (int i = 0; i < BALLAST_GUEST_ATTRS && !rc; i++)
        rc = write_attr(file, guest, (enum ballast_guest_attr)i);
    if (fclose(file) != 0 && !rc) {
        cli_error("calibrate: %s: %s", path, strerror(errno));
        rc = CLI_UNREACHABLE;
    }
    return rc;
}
