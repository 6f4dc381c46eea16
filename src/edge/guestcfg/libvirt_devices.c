/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxl_conf.c, libxlMakeVideo() and libxlMakePCIList(); libxl_domain.c for the default vram. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"
#include "edge/guestcfg/libvirt.h"

/* By device model: qemu-xen, qemu-xen-traditional. */
static const struct video_model {
    const char *type;
    enum ballast_vga vga;
    uint64_t default_mib[2];
    uint64_t least_mib[2];
} video_models[] = {
    {"vga", BALLAST_VGA_STD, {16, 8}, {16, 8}},
    {"xen", BALLAST_VGA_STD, {16, 8}, {16, 8}},
    {"cirrus", BALLAST_VGA_CIRRUS, {8, 4}, {8, 4}},
    {"qxl", BALLAST_VGA_QXL, {128, 128}, {128, 128}},
};

/* The default model of a video device: libxl_domain.c, libxlDomainDeviceDefPostParse. */
#define DEFAULT_MODEL "cirrus"

static const struct video_model *find_model(const char *type)
{
    for (size_t i = 0; i < sizeof(video_models) / sizeof(video_models[0]); i++) {
        if (strcmp(video_models[i].type, type) == 0)
            return &video_models[i];
    }
    return NULL;
}

static bool is_traditional(const struct guestcfg_libvirt *reading)
{
    return reading->draft->guest.attr[BALLAST_DEVICE_MODEL] == BALLAST_QEMU_XEN_TRADITIONAL;
}

static int set_video(const struct guestcfg_libvirt *reading, const xmlNode *node, const char *type,
                     const char *vram)
{
    const char *name = reading->draft->name;
    const struct video_model *model = find_model(type);
    if (!model)
        return guestcfg_xml_fail(name, node, "video", reading->err,
                                 "unsupported video model '%.40s': use vga, cirrus or qxl", type);
    uint64_t kib = 0;
    if (vram && !guestcfg_xml_number(vram, &kib))
        return guestcfg_xml_fail(name, node, "video", reading->err,
                                 "invalid vram=\"%.40s\": use a number of KiB", vram);
    bool traditional = is_traditional(reading);
    if (kib == 0)
        kib = model->default_mib[traditional] * BALLAST_MIB_KIB;
    if (kib < model->least_mib[traditional] * BALLAST_MIB_KIB)
        return guestcfg_xml_fail(
            name, node, "video", reading->err,
            "vram=\"%.40s\" is too small: %s needs at least %llu KiB", vram, type,
            (unsigned long long)(model->least_mib[traditional] * BALLAST_MIB_KIB));
    int rc = guestcfg_libvirt_set(reading, BALLAST_VGA, model->vga, node, "video");
    return rc < 0 ? rc : guestcfg_libvirt_set(reading, BALLAST_VIDEORAM, kib, node, "video");
}

/* Only the first <video> counts; <graphics> without <video> implies a default one. */
static int read_video(const struct guestcfg_libvirt *reading, const xmlNode *devices)
{
    const xmlNode *video = guestcfg_xml_child(devices, "video");
    const xmlNode *graphics = guestcfg_xml_child(devices, "graphics");
    const xmlNode *model = guestcfg_xml_child(video, "model");
    if (reading->draft->guest.type != BALLAST_HVM)
        return 0;
    if (!video && !graphics)
        return guestcfg_libvirt_set(reading, BALLAST_VGA, BALLAST_VGA_NONE, devices, "video");
    const xmlNode *node = model ? model : video ? video : graphics;
    char *type = guestcfg_xml_attr(model, "type");
    char *vram = guestcfg_xml_attr(model, "vram");
    int rc = set_video(reading, node, type ? type : DEFAULT_MODEL, vram);
    free(type);
    free(vram);
    return rc;
}

/*
 * libvirt runs the emulator to identify it; its usual name is enough here. The types are those of
 * Qubes' libvirt.
 */
static int set_emulator(const struct guestcfg_libvirt *reading, const xmlNode *node,
                        const char *type, const char *path)
{
    static const char traditional[] = "/qemu-dm";
    uint64_t model = BALLAST_QEMU_XEN;
    bool stubdomain = type && strncmp(type, "stubdom", strlen("stubdom")) == 0;
    if (stubdomain && strcmp(type, "stubdom") == 0)
        model = BALLAST_QEMU_XEN_TRADITIONAL;
    else if (stubdomain && strcmp(type, "stubdom-linux") != 0)
        return guestcfg_xml_fail(reading->draft->name, node, "emulator", reading->err,
                                 "invalid type=\"%.40s\": use stubdom or stubdom-linux", type);
    else if (path && strlen(path) >= strlen(traditional) &&
             strcmp(path + strlen(path) - strlen(traditional), traditional) == 0)
        model = BALLAST_QEMU_XEN_TRADITIONAL;
    int rc = 0;
    if (stubdomain)
        rc = guestcfg_libvirt_set(reading, BALLAST_STUBDOMAIN, 1, node, "emulator");
    return rc < 0 ? rc
                  : guestcfg_libvirt_set(reading, BALLAST_DEVICE_MODEL, model, node, "emulator");
}

static int set_stubdomain_memory(const struct guestcfg_libvirt *reading, const xmlNode *node,
                                 const char *memory)
{
    uint64_t kib;
    if (!memory)
        return 0;
    if (!guestcfg_xml_number(memory, &kib))
        return guestcfg_xml_fail(reading->draft->name, node, "emulator", reading->err,
                                 "invalid memory=\"%.40s\": use a number of KiB", memory);
    return guestcfg_libvirt_set(reading, BALLAST_STUBDOMAIN_MEMORY, kib, node, "emulator");
}

static int read_emulator(const struct guestcfg_libvirt *reading, const xmlNode *devices)
{
    const xmlNode *node = guestcfg_xml_child(devices, "emulator");
    if (!node || reading->draft->guest.type != BALLAST_HVM)
        return 0;
    char *type = guestcfg_xml_attr(node, "type");
    char *path = guestcfg_xml_text(node);
    char *memory = guestcfg_xml_attr(node, "memory");
    int rc = set_emulator(reading, node, type, path);
    if (rc == 0)
        rc = set_stubdomain_memory(reading, node, memory);
    free(type);
    free(path);
    free(memory);
    return rc;
}

static bool is_pci_hostdev(const xmlNode *node)
{
    char *mode = guestcfg_xml_attr(node, "mode");
    bool is =
        (!mode || strcmp(mode, "subsystem") == 0) && guestcfg_xml_attr_is(node, "type", "pci");
    free(mode);
    return is;
}

/* libvirt turns an interface of that type into a hostdev. */
static bool is_pci_interface(const xmlNode *node)
{
    return guestcfg_xml_attr_is(node, "type", "hostdev") &&
           guestcfg_xml_attr_is(guestcfg_xml_find(node, "source/address"), "type", "pci");
}

static int read_pci(const struct guestcfg_libvirt *reading, const xmlNode *devices)
{
    const xmlNode *first = NULL;
    const xmlNode *node;
    uint64_t count = 0;
    for (node = guestcfg_xml_child(devices, "hostdev"); node; node = guestcfg_xml_next(node)) {
        if (is_pci_hostdev(node)) {
            first = first ? first : node;
            count++;
        }
    }
    for (node = guestcfg_xml_child(devices, "interface"); node; node = guestcfg_xml_next(node)) {
        if (is_pci_interface(node)) {
            first = first ? first : node;
            count++;
        }
    }
    if (count == 0)
        return 0;
    return guestcfg_libvirt_set(reading, BALLAST_PCI_DEVICES, count, first,
                                (const char *)first->name);
}

static int read_libvirt_devices_limit(const struct guestcfg_libvirt *reading, const xmlNode *node,
                                      const char *name, enum ballast_guest_attr attr)
{
    char *text = guestcfg_xml_attr(node, name);
    uint64_t limit = 0;
    int rc = 0;
    if (text && !guestcfg_xml_number(text, &limit))
        rc = guestcfg_xml_fail(reading->draft->name, node, "controller", reading->err,
                               "invalid %s=\"%.40s\": use a number", name, text);
    else if (limit > 0) /* libvirt does not pass 0 on */
        rc = guestcfg_libvirt_set(reading, attr, limit, node, "controller");
    free(text);
    return rc;
}

/* libxl_conf.c, libxlMakeDomBuildInfo: the last controller of that type counts. */
static int read_xenbus(const struct guestcfg_libvirt *reading, const xmlNode *devices)
{
    const xmlNode *node;
    int rc = 0;
    for (node = guestcfg_xml_child(devices, "controller"); node && rc == 0;
         node = guestcfg_xml_next(node)) {
        if (!guestcfg_xml_attr_is(node, "type", "xenbus"))
            continue;
        rc = read_libvirt_devices_limit(reading, node, "maxGrantFrames", BALLAST_MAX_GRANT_FRAMES);
        if (rc == 0)
            rc = read_libvirt_devices_limit(reading, node, "maxEventChannels",
                                            BALLAST_MAX_EVENT_CHANNELS);
    }
    return rc;
}

int guestcfg_libvirt_devices(const struct guestcfg_libvirt *reading)
{
    const xmlNode *devices = guestcfg_xml_child(reading->domain, "devices");
    int rc;
    if ((rc = read_emulator(reading, devices)) < 0 || (rc = read_video(reading, devices)) < 0 ||
        (rc = read_xenbus(reading, devices)) < 0)
        return rc;
    return read_pci(reading, devices);
}
