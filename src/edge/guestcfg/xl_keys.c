/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every key that xl of Xen 4.14 to 4.22 knows (tools/xl/xl_parse.c, parse_config_data) and how
 * Ballast treats it; docs/formats.md lists those that may cost memory.
 */
#include "edge/guestcfg/xl_keys.h"

#include <stdlib.h>
#include <string.h>

enum key_use {
    USE_KNOWN,       /* read, or costs no host memory */
    USE_NOT_COUNTED, /* may cost host memory that no profile counts */
    USE_ARM,         /* Arm guests only */
};

struct key {
    const char *name;
    enum key_use use;
};

/* In the order of strcmp(). */
static const struct key known_keys[] = {
    {"acpi", USE_KNOWN},
    {"acpi_firmware", USE_KNOWN},
    {"acpi_laptop_slate", USE_KNOWN},
    {"acpi_s3", USE_KNOWN},
    {"acpi_s4", USE_KNOWN},
    {"altp2m", USE_KNOWN},
    {"altp2m_count", USE_NOT_COUNTED}, /* the number of views: xen/arch/x86/mm/altp2m.c */
    {"altp2mhvm", USE_KNOWN},
    {"apic", USE_KNOWN},
    {"arm_sci", USE_ARM},
    {"bios", USE_KNOWN},
    {"bios_path_override", USE_KNOWN},
    {"blkdev_start", USE_KNOWN},
    {"boot", USE_KNOWN},
    {"bootloader", USE_KNOWN},
    {"bootloader_args", USE_KNOWN},
    {"bootloader_restrict", USE_KNOWN},
    {"bootloader_user", USE_KNOWN},
    {"builder", USE_KNOWN},
    {"cap", USE_KNOWN},
    {"channel", USE_KNOWN},
    {"cmdline", USE_KNOWN},
    {"cpu_weight", USE_KNOWN},
    {"cpuid", USE_KNOWN},
    {"cpus", USE_KNOWN},
    {"cpus_soft", USE_KNOWN},
    {"device_model", USE_KNOWN},
    {"device_model_args", USE_NOT_COUNTED}, /* they can set qemu's video memory and more */
    {"device_model_args_hvm", USE_NOT_COUNTED},
    {"device_model_args_pv", USE_KNOWN},
    {"device_model_override", USE_KNOWN},
    {"device_model_stubdomain_override", USE_KNOWN},
    {"device_model_stubdomain_seclabel", USE_KNOWN},
    {"device_model_user", USE_KNOWN},
    {"device_model_version", USE_KNOWN},
    {"device_tree", USE_ARM},
    {"disk", USE_KNOWN},
    {"display", USE_KNOWN},
    {"dm_restrict", USE_KNOWN},
    {"driver_domain", USE_KNOWN},
    {"dtdev", USE_KNOWN},
    {"e820_host", USE_KNOWN},
    {"extra", USE_KNOWN},
    {"extratime", USE_KNOWN},
    {"firmware", USE_KNOWN},
    {"firmware_override", USE_KNOWN},
    {"gfx_passthru", USE_KNOWN},
    {"gic_version", USE_ARM},
    {"hap", USE_KNOWN},
    {"hdtype", USE_KNOWN},
    {"hpet", USE_KNOWN},
    {"hvm_pirq", USE_KNOWN},
    {"init_seclabel", USE_KNOWN},
    {"iomem", USE_KNOWN},
    {"ioports", USE_KNOWN},
    {"irqs", USE_KNOWN},
    {"kernel", USE_KNOWN},
    {"keymap", USE_KNOWN},
    {"latency", USE_KNOWN},
    {"llc_colors", USE_ARM},
    {"localtime", USE_KNOWN},
    {"max_event_channels", USE_KNOWN},
    {"max_grant_frames", USE_KNOWN},
    {"max_grant_version", USE_KNOWN},
    {"max_maptrack_frames", USE_KNOWN},
    {"maxmem", USE_KNOWN},
    {"maxvcpus", USE_KNOWN},
    {"mca_caps", USE_KNOWN},
    {"memory", USE_KNOWN},
    {"mmio_hole", USE_KNOWN},
    {"ms_vm_genid", USE_KNOWN},
    {"msr_relaxed", USE_KNOWN},
    {"name", USE_KNOWN},
    {"nestedhvm", USE_KNOWN},
    {"nodes", USE_KNOWN},
    {"nographic", USE_KNOWN},
    {"nomigrate", USE_KNOWN},
    {"nr_spis", USE_ARM},
    {"nx", USE_KNOWN},
    {"on_crash", USE_KNOWN},
    {"on_poweroff", USE_KNOWN},
    {"on_reboot", USE_KNOWN},
    {"on_soft_reset", USE_KNOWN},
    {"on_watchdog", USE_KNOWN},
    {"on_xend_start", USE_KNOWN},
    {"on_xend_stop", USE_KNOWN},
    {"oos", USE_KNOWN},
    {"opengl", USE_KNOWN},
    {"p9", USE_KNOWN},
    {"pae", USE_KNOWN},
    {"passthrough", USE_KNOWN},
    {"pci", USE_KNOWN},
    {"pci_msitranslate", USE_KNOWN},
    {"pci_permissive", USE_KNOWN},
    {"pci_power_mgmt", USE_KNOWN},
    {"pci_seize", USE_KNOWN},
    {"period", USE_KNOWN},
    {"pool", USE_KNOWN},
    {"pvcalls", USE_KNOWN},
    {"pvh", USE_KNOWN},
    {"pvshim", USE_KNOWN},
    {"pvshim_cmdline", USE_KNOWN},
    {"pvshim_extra", USE_KNOWN},
    {"pvshim_path", USE_KNOWN},
    {"ramdisk", USE_KNOWN},
    {"rdm", USE_KNOWN},
    {"rdm_mem_boundary", USE_KNOWN},
    {"root", USE_KNOWN},
    {"rtc_timeoffset", USE_KNOWN},
    {"sdl", USE_KNOWN},
    {"seclabel", USE_KNOWN},
    {"serial", USE_KNOWN},
    {"shadow_memory", USE_KNOWN},
    {"slice", USE_KNOWN},
    {"smbios", USE_KNOWN},
    {"smbios_firmware", USE_KNOWN},
    {"soundhw", USE_KNOWN},
    {"spice", USE_KNOWN},
    {"spice_clipboard_sharing", USE_KNOWN},
    {"spice_image_compression", USE_KNOWN},
    {"spice_streaming_video", USE_KNOWN},
    {"spiceagent_mouse", USE_KNOWN},
    {"spicedisable_ticketing", USE_KNOWN},
    {"spicehost", USE_KNOWN},
    {"spicepasswd", USE_KNOWN},
    {"spiceport", USE_KNOWN},
    {"spicetls_port", USE_KNOWN},
    {"spiceusbredirection", USE_KNOWN},
    {"spicevdagent", USE_KNOWN},
    {"stdvga", USE_KNOWN},
    {"stubdomain_cmdline", USE_KNOWN},
    {"stubdomain_kernel", USE_KNOWN},
    {"stubdomain_memory", USE_KNOWN},
    {"stubdomain_ramdisk", USE_KNOWN},
    {"suppress_spurious_page_faults", USE_KNOWN},
    {"sve", USE_ARM},
    {"tee", USE_ARM},
    {"timer_mode", USE_KNOWN},
    {"trap_unmapped_accesses", USE_ARM},
    {"tsc_mode", USE_KNOWN},
    {"type", USE_KNOWN},
    {"usb", USE_KNOWN},
    {"usbctrl", USE_KNOWN},
    {"usbdev", USE_KNOWN},
    {"usbdevice", USE_KNOWN},
    {"usbversion", USE_KNOWN},
    {"uuid", USE_KNOWN},
    {"vcpus", USE_KNOWN},
    {"vdispl", USE_KNOWN},
    {"vendor_device", USE_KNOWN},
    {"vfb", USE_KNOWN},
    {"vga", USE_KNOWN},
    {"videoram", USE_KNOWN},
    {"vif", USE_KNOWN},
    {"vif2", USE_KNOWN},
    {"viridian", USE_KNOWN},
    {"virtio", USE_NOT_COUNTED}, /* one ioreq server for each backend outside qemu */
    {"vkb", USE_KNOWN},
    {"vkb_device", USE_KNOWN},
    {"vmtrace_buf_kb", USE_KNOWN},
    {"vnc", USE_KNOWN},
    {"vncdisplay", USE_KNOWN},
    {"vnclisten", USE_KNOWN},
    {"vncpasswd", USE_KNOWN},
    {"vncunused", USE_KNOWN},
    {"vncviewer", USE_KNOWN},
    {"vnuma", USE_KNOWN},
    {"vpmu", USE_NOT_COUNTED}, /* performance counters of each vCPU */
    {"vpt_align", USE_KNOWN},
    {"vscsi", USE_KNOWN},
    {"vsnd", USE_KNOWN},
    {"vtpm", USE_KNOWN},
    {"vuart", USE_ARM},
    {"xauthority", USE_KNOWN},
    {"xen_platform_pci", USE_KNOWN},
    {"xen_platform_pci_bar_uc", USE_KNOWN},
    {"xend_suspend_evtchn_compat", USE_KNOWN},
    {"xenstore_feature_mask", USE_KNOWN},
    {"xenstore_quota", USE_KNOWN},
};

struct word {
    const char *at;
    size_t length;
};

static int compare_xl_keys(const void *a, const void *b)
{
    const struct word *word = a;
    const struct key *key = b;
    int order = strncmp(word->at, key->name, word->length);
    return order == 0 && key->name[word->length] != '\0' ? -1 : order;
}

static const char *skip_string(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end && *at != quote)
        at += *at == '\\' ? 2 : 1;
    return at < end ? at + 1 : end;
}

static bool is_setting(const char *at, const char *end)
{
    while (at < end && strchr(" \t", *at))
        at++;
    return at < end && (*at == '=' || (*at == '+' && at + 1 < end && at[1] == '='));
}

/* The next name outside lists that '=' or "+=" follows; false at the end. */
static bool next_key(const char **from, const char *end, struct word *out)
{
    static const char letters[] = "._0123456789abcdefghijklmnopqrstuvwxyz";
    const char *at = *from;
    int depth = 0;
    while (at < end) {
        if (*at == '"' || *at == '\'') {
            at = skip_string(at, end);
        } else if (*at == '#') {
            while (at < end && *at != '\n')
                at++;
        } else if (*at >= 'a' && *at <= 'z') {
            *out = (struct word){at, 0};
            while (at < end && strchr(letters, *at))
                at++;
            out->length = (size_t)(at - out->at);
            *from = at;
            if (depth == 0 && is_setting(at, end))
                return true;
        } else {
            depth += (*at == '[') - (*at == ']');
            at++;
        }
    }
    return false;
}

/* vpmu=0 and the like enable nothing. */
static bool is_zero(const struct guestcfg_xl_file *file, const char *key)
{
    long number;
    return file->lib->xlu_cfg_get_long(file->config, key, &number, 1) == 0 && number == 0;
}

int guestcfg_xl_check_keys(const struct guestcfg_xl_file *file, const char *data, size_t length,
                           struct guestcfg_remarks *remarks, struct ballast_error *err)
{
    const char *at = data;
    struct word word;
    while (next_key(&at, data + length, &word)) {
        const struct key *key =
            bsearch(&word, known_keys, sizeof(known_keys) / sizeof(known_keys[0]),
                    sizeof(known_keys[0]), compare_xl_keys);
        if (!key)
            guestcfg_remark_key(remarks, GUESTCFG_REMARK_UNKNOWN_KEYS, word.at, word.length);
        else if (key->use == USE_ARM)
            return guestcfg_xl_fail(file, key->name, err,
                                    "this is an Arm guest: Ballast knows only x86 guests");
        else if (key->use == USE_NOT_COUNTED && !is_zero(file, key->name))
            guestcfg_remark_key(remarks, GUESTCFG_REMARK_NOT_COUNTED, word.at, word.length);
    }
    return 0;
}
