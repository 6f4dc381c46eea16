/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every key that xl of Xen 4.14 to 4.22 knows (tools/xl/xl_parse.c, parse_config_data) and what
 * becomes of it; docs/formats.md tells it of those that may decide memory.
 */
#include "edge/guestcfg/xl_keys.h"

#include <stdlib.h>
#include <string.h>

enum fate {
    FATE_KNOWN,       /* it is read, or takes none of the host's memory */
    FATE_NOT_COUNTED, /* it may take some, and no profile counts it */
    FATE_ARM,         /* only a guest for Arm has it */
};

struct key {
    const char *name;
    enum fate fate;
};

/* In the order of strcmp(). */
static const struct key known_keys[] = {
    {"acpi", FATE_KNOWN},
    {"acpi_firmware", FATE_KNOWN},
    {"acpi_laptop_slate", FATE_KNOWN},
    {"acpi_s3", FATE_KNOWN},
    {"acpi_s4", FATE_KNOWN},
    {"altp2m", FATE_KNOWN},
    {"altp2m_count", FATE_NOT_COUNTED}, /* heads of so many views: xen/arch/x86/mm/altp2m.c */
    {"altp2mhvm", FATE_KNOWN},
    {"apic", FATE_KNOWN},
    {"arm_sci", FATE_ARM},
    {"bios", FATE_KNOWN},
    {"bios_path_override", FATE_KNOWN},
    {"blkdev_start", FATE_KNOWN},
    {"boot", FATE_KNOWN},
    {"bootloader", FATE_KNOWN},
    {"bootloader_args", FATE_KNOWN},
    {"bootloader_restrict", FATE_KNOWN},
    {"bootloader_user", FATE_KNOWN},
    {"builder", FATE_KNOWN},
    {"cap", FATE_KNOWN},
    {"channel", FATE_KNOWN},
    {"cmdline", FATE_KNOWN},
    {"cpu_weight", FATE_KNOWN},
    {"cpuid", FATE_KNOWN},
    {"cpus", FATE_KNOWN},
    {"cpus_soft", FATE_KNOWN},
    {"device_model", FATE_KNOWN},
    {"device_model_args", FATE_NOT_COUNTED}, /* qemu's video memory and more are set by them */
    {"device_model_args_hvm", FATE_NOT_COUNTED},
    {"device_model_args_pv", FATE_KNOWN},
    {"device_model_override", FATE_KNOWN},
    {"device_model_stubdomain_override", FATE_KNOWN},
    {"device_model_stubdomain_seclabel", FATE_KNOWN},
    {"device_model_user", FATE_KNOWN},
    {"device_model_version", FATE_KNOWN},
    {"device_tree", FATE_ARM},
    {"disk", FATE_KNOWN},
    {"display", FATE_KNOWN},
    {"dm_restrict", FATE_KNOWN},
    {"driver_domain", FATE_KNOWN},
    {"dtdev", FATE_KNOWN},
    {"e820_host", FATE_KNOWN},
    {"extra", FATE_KNOWN},
    {"extratime", FATE_KNOWN},
    {"firmware", FATE_KNOWN},
    {"firmware_override", FATE_KNOWN},
    {"gfx_passthru", FATE_KNOWN},
    {"gic_version", FATE_ARM},
    {"hap", FATE_KNOWN},
    {"hdtype", FATE_KNOWN},
    {"hpet", FATE_KNOWN},
    {"hvm_pirq", FATE_KNOWN},
    {"init_seclabel", FATE_KNOWN},
    {"iomem", FATE_KNOWN},
    {"ioports", FATE_KNOWN},
    {"irqs", FATE_KNOWN},
    {"kernel", FATE_KNOWN},
    {"keymap", FATE_KNOWN},
    {"latency", FATE_KNOWN},
    {"llc_colors", FATE_ARM},
    {"localtime", FATE_KNOWN},
    {"max_event_channels", FATE_KNOWN},
    {"max_grant_frames", FATE_KNOWN},
    {"max_grant_version", FATE_KNOWN},
    {"max_maptrack_frames", FATE_KNOWN},
    {"maxmem", FATE_KNOWN},
    {"maxvcpus", FATE_KNOWN},
    {"mca_caps", FATE_KNOWN},
    {"memory", FATE_KNOWN},
    {"mmio_hole", FATE_KNOWN},
    {"ms_vm_genid", FATE_KNOWN},
    {"msr_relaxed", FATE_KNOWN},
    {"name", FATE_KNOWN},
    {"nestedhvm", FATE_KNOWN},
    {"nodes", FATE_KNOWN},
    {"nographic", FATE_KNOWN},
    {"nomigrate", FATE_KNOWN},
    {"nr_spis", FATE_ARM},
    {"nx", FATE_KNOWN},
    {"on_crash", FATE_KNOWN},
    {"on_poweroff", FATE_KNOWN},
    {"on_reboot", FATE_KNOWN},
    {"on_soft_reset", FATE_KNOWN},
    {"on_watchdog", FATE_KNOWN},
    {"on_xend_start", FATE_KNOWN},
    {"on_xend_stop", FATE_KNOWN},
    {"oos", FATE_KNOWN},
    {"opengl", FATE_KNOWN},
    {"p9", FATE_KNOWN},
    {"pae", FATE_KNOWN},
    {"passthrough", FATE_KNOWN},
    {"pci", FATE_KNOWN},
    {"pci_msitranslate", FATE_KNOWN},
    {"pci_permissive", FATE_KNOWN},
    {"pci_power_mgmt", FATE_KNOWN},
    {"pci_seize", FATE_KNOWN},
    {"period", FATE_KNOWN},
    {"pool", FATE_KNOWN},
    {"pvcalls", FATE_KNOWN},
    {"pvh", FATE_KNOWN},
    {"pvshim", FATE_KNOWN},
    {"pvshim_cmdline", FATE_KNOWN},
    {"pvshim_extra", FATE_KNOWN},
    {"pvshim_path", FATE_KNOWN},
    {"ramdisk", FATE_KNOWN},
    {"rdm", FATE_KNOWN},
    {"rdm_mem_boundary", FATE_KNOWN},
    {"root", FATE_KNOWN},
    {"rtc_timeoffset", FATE_KNOWN},
    {"sdl", FATE_KNOWN},
    {"seclabel", FATE_KNOWN},
    {"serial", FATE_KNOWN},
    {"shadow_memory", FATE_KNOWN},
    {"slice", FATE_KNOWN},
    {"smbios", FATE_KNOWN},
    {"smbios_firmware", FATE_KNOWN},
    {"soundhw", FATE_KNOWN},
    {"spice", FATE_KNOWN},
    {"spice_clipboard_sharing", FATE_KNOWN},
    {"spice_image_compression", FATE_KNOWN},
    {"spice_streaming_video", FATE_KNOWN},
    {"spiceagent_mouse", FATE_KNOWN},
    {"spicedisable_ticketing", FATE_KNOWN},
    {"spicehost", FATE_KNOWN},
    {"spicepasswd", FATE_KNOWN},
    {"spiceport", FATE_KNOWN},
    {"spicetls_port", FATE_KNOWN},
    {"spiceusbredirection", FATE_KNOWN},
    {"spicevdagent", FATE_KNOWN},
    {"stdvga", FATE_KNOWN},
    {"stubdomain_cmdline", FATE_KNOWN},
    {"stubdomain_kernel", FATE_KNOWN},
    {"stubdomain_memory", FATE_KNOWN},
    {"stubdomain_ramdisk", FATE_KNOWN},
    {"suppress_spurious_page_faults", FATE_KNOWN},
    {"sve", FATE_ARM},
    {"tee", FATE_ARM},
    {"timer_mode", FATE_KNOWN},
    {"trap_unmapped_accesses", FATE_ARM},
    {"tsc_mode", FATE_KNOWN},
    {"type", FATE_KNOWN},
    {"usb", FATE_KNOWN},
    {"usbctrl", FATE_KNOWN},
    {"usbdev", FATE_KNOWN},
    {"usbdevice", FATE_KNOWN},
    {"usbversion", FATE_KNOWN},
    {"uuid", FATE_KNOWN},
    {"vcpus", FATE_KNOWN},
    {"vdispl", FATE_KNOWN},
    {"vendor_device", FATE_KNOWN},
    {"vfb", FATE_KNOWN},
    {"vga", FATE_KNOWN},
    {"videoram", FATE_KNOWN},
    {"vif", FATE_KNOWN},
    {"vif2", FATE_KNOWN},
    {"viridian", FATE_KNOWN},
    {"virtio", FATE_NOT_COUNTED}, /* a request server of Xen's for each backend outside qemu */
    {"vkb", FATE_KNOWN},
    {"vkb_device", FATE_KNOWN},
    {"vmtrace_buf_kb", FATE_KNOWN},
    {"vnc", FATE_KNOWN},
    {"vncdisplay", FATE_KNOWN},
    {"vnclisten", FATE_KNOWN},
    {"vncpasswd", FATE_KNOWN},
    {"vncunused", FATE_KNOWN},
    {"vncviewer", FATE_KNOWN},
    {"vnuma", FATE_KNOWN},
    {"vpmu", FATE_NOT_COUNTED}, /* what Xen keeps of the counters of each vCPU */
    {"vpt_align", FATE_KNOWN},
    {"vscsi", FATE_KNOWN},
    {"vsnd", FATE_KNOWN},
    {"vtpm", FATE_KNOWN},
    {"vuart", FATE_ARM},
    {"xauthority", FATE_KNOWN},
    {"xen_platform_pci", FATE_KNOWN},
    {"xen_platform_pci_bar_uc", FATE_KNOWN},
    {"xend_suspend_evtchn_compat", FATE_KNOWN},
    {"xenstore_feature_mask", FATE_KNOWN},
    {"xenstore_quota", FATE_KNOWN},
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

/* The next name outside of lists with '=' or "+=" behind it; false at the end. */
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

/* vpmu=0 and the like ask for nothing. */
static bool is_zero(const struct guestcfg_xl_file *file, const char *key)
{
    long number;
    return file->lib->xlu_cfg_get_long(file->config, key, &number, 1) == 0 && number == 0;
}

int guestcfg_xl_judge_keys(const struct guestcfg_xl_file *file, const char *data, size_t length,
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
        else if (key->fate == FATE_ARM)
            return guestcfg_xl_fail(file, key->name, err,
                                    "this guest is for Arm, and Ballast knows only x86: nothing "
                                    "can be said of what it takes");
        else if (key->fate == FATE_NOT_COUNTED && !is_zero(file, key->name))
            guestcfg_remark_key(remarks, GUESTCFG_REMARK_NOT_COUNTED, word.at, word.length);
    }
    return 0;
}
