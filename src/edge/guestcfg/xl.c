/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl.cfg(5) as xl of Xen 4.17 understands it: tools/xl/xl_parse.c, parse_config_data().
 * docs/formats.md lists what each key becomes.
 */
#include "edge/guestcfg/xl.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "edge/guestcfg/xl_keys.h"

static const char *const keys[BALLAST_GUEST_ATTRS] = {
    [BALLAST_MEMORY] = "memory",
    [BALLAST_MAXMEM] = "maxmem",
    [BALLAST_VCPUS] = "vcpus",
    [BALLAST_MAXVCPUS] = "maxvcpus",
    [BALLAST_VGA] = "vga",
    [BALLAST_VIDEORAM] = "videoram",
    [BALLAST_SHADOW_MEMORY] = "shadow_memory",
    [BALLAST_HAP] = "hap",
    [BALLAST_DEVICE_MODEL] = "device_model_version",
    [BALLAST_STUBDOMAIN] = "device_model_stubdomain_override",
    [BALLAST_STUBDOMAIN_MEMORY] = "stubdomain_memory",
    [BALLAST_PASSTHROUGH] = "passthrough",
    [BALLAST_PCI_DEVICES] = "pci",
    [BALLAST_PVSHIM] = "pvshim",
    [BALLAST_VNUMA_NODES] = "vnuma",
    [BALLAST_ALTP2M] = "altp2m",
    [BALLAST_NESTEDHVM] = "nestedhvm",
    [BALLAST_CLAIM] = "claim_mode",
    [BALLAST_MAX_GRANT_FRAMES] = "max_grant_frames",
    [BALLAST_MAX_MAPTRACK_FRAMES] = "max_maptrack_frames",
    [BALLAST_MAX_EVENT_CHANNELS] = "max_event_channels",
    [BALLAST_VMTRACE_BUF] = "vmtrace_buf_kb",
};

struct reading {
    const struct guestcfg_xl_file *file;
    struct guestcfg_draft *draft;
    struct ballast_error *err;
};

static int set_from(const struct reading *reading, enum ballast_guest_attr attr, const char *key,
                    uint64_t value)
{
    struct guestcfg_place place = {key, guestcfg_xl_line(reading->file, key)};
    return guestcfg_set(reading->draft, attr, value, place, reading->err);
}

static int xl_absent_is_fine(int rc)
{
    return rc == -ENOENT ? 0 : rc;
}

static int read_xl_size(const struct reading *reading, enum ballast_guest_attr attr)
{
    uint64_t kib;
    int rc = guestcfg_xl_mib(reading->file, keys[attr], &kib, reading->err);
    return rc < 0 ? xl_absent_is_fine(rc) : set_from(reading, attr, keys[attr], kib);
}

static int read_count(const struct reading *reading, enum ballast_guest_attr attr)
{
    uint64_t count;
    int rc = guestcfg_xl_count(reading->file, keys[attr], &count, reading->err);
    return rc < 0 ? xl_absent_is_fine(rc) : set_from(reading, attr, keys[attr], count);
}

/* xlu_cfg_get_defbool: any number; all but 0 are true. */
static int read_xl_flag(const struct reading *reading, enum ballast_guest_attr attr,
                        const char *key)
{
    long number;
    int rc = guestcfg_xl_long(reading->file, key, &number, reading->err);
    return rc < 0 ? xl_absent_is_fine(rc) : set_from(reading, attr, key, number != 0);
}

/* xl compares only the letters given, so "h" and "" are hvm too. */
static bool begins_with_word(const char *word, const char *given)
{
    return strncmp(given, word, strlen(given)) == 0;
}

static int read_type_key(const struct guestcfg_xl_file *file, int *type, struct ballast_error *err)
{
    const char *given;
    int rc = guestcfg_xl_string(file, "type", &given, err);
    if (rc < 0)
        return xl_absent_is_fine(rc);
    if (begins_with_word("hvm", given))
        *type = BALLAST_HVM;
    else if (begins_with_word("pv", given))
        *type = BALLAST_PV;
    else if (begins_with_word("pvh", given))
        *type = BALLAST_PVH;
    else
        return guestcfg_xl_fail(file, "type", err,
                                "invalid type '%.40s': use \"pv\", \"pvh\" or \"hvm\"", given);
    return 0;
}

static int read_builder_key(const struct guestcfg_xl_file *file, int *type,
                            struct ballast_error *err)
{
    const char *given;
    int rc = guestcfg_xl_string(file, "builder", &given, err);
    if (rc < 0)
        return xl_absent_is_fine(rc);
    int built = begins_with_word("hvm", given)       ? BALLAST_HVM
                : begins_with_word("generic", given) ? BALLAST_PV
                                                     : -1;
    if (built < 0)
        return guestcfg_xl_fail(
            file, "builder", err,
            "invalid builder '%.40s': use type= instead, or \"hvm\" or \"generic\"", given);
    if (*type >= 0 && *type != built)
        return guestcfg_xl_fail(file, "builder", err,
                                "'%.40s' contradicts type=\"%s\": leave builder out", given,
                                ballast_guest_type_name((enum ballast_guest_type) * type));
    *type = built;
    return 0;
}

static int read_type(const struct guestcfg_xl_file *file, enum ballast_guest_type *out,
                     struct ballast_error *err)
{
    int type = -1;
    int rc;
    if ((rc = read_type_key(file, &type, err)) < 0 || (rc = read_builder_key(file, &type, err)) < 0)
        return rc;
    *out = type < 0 ? BALLAST_PV : (enum ballast_guest_type)type;
    return 0;
}

static int begin_xl_guest(const struct guestcfg_xl_file *file, struct guestcfg_draft *draft,
                          struct ballast_error *err)
{
    enum ballast_guest_type type;
    const char *name;
    struct ballast_error why;
    int rc = read_type(file, &type, err);
    if (rc < 0)
        return rc;
    rc = guestcfg_xl_string(file, "name", &name, err);
    if (rc == -ENOENT)
        return guestcfg_fail(err, file->name, 0, "name", "missing: give every guest a name");
    if (rc < 0)
        return rc;
    if (ballast_guest_init(&draft->guest, type, name, &why) < 0)
        return guestcfg_xl_fail(file, "name", err, "%s", why.text);
    return 0;
}

/* vga= overrides stdvga=; xl reads them for HVM guests only. */
static int read_vga(const struct reading *reading)
{
    const char *word;
    long number;
    int rc = guestcfg_xl_string(reading->file, "vga", &word, reading->err);
    if (rc == 0) {
        int vga = ballast_guest_attr_word_find(BALLAST_VGA, word);
        if (vga < 0)
            return guestcfg_xl_fail(
                reading->file, "vga", reading->err,
                "invalid adapter '%.40s': use \"none\", \"cirrus\", \"stdvga\" or \"qxl\"", word);
        return set_from(reading, BALLAST_VGA, "vga", (uint64_t)vga);
    }
    if (rc != -ENOENT)
        return rc;
    rc = guestcfg_xl_long(reading->file, "stdvga", &number, reading->err);
    if (rc < 0)
        return xl_absent_is_fine(rc);
    return set_from(reading, BALLAST_VGA, "stdvga", number ? BALLAST_VGA_STD : BALLAST_VGA_CIRRUS);
}

static int read_device_model(const struct reading *reading)
{
    const char *word;
    int rc = guestcfg_xl_string(reading->file, "device_model_version", &word, reading->err);
    if (rc < 0)
        return xl_absent_is_fine(rc);
    int version = ballast_guest_attr_word_find(BALLAST_DEVICE_MODEL, word);
    if (version < 0)
        return guestcfg_xl_fail(
            reading->file, "device_model_version", reading->err,
            "invalid device model '%.40s': use \"qemu-xen\" or \"qemu-xen-traditional\"", word);
    return set_from(reading, BALLAST_DEVICE_MODEL, "device_model_version", (uint64_t)version);
}

static int add_devices(const struct reading *reading, const char *key)
{
    const XLU_ConfigList *list;
    int entries;
    int rc = guestcfg_xl_list(reading->file, key, &list, &entries, reading->err);
    if (rc < 0)
        return xl_absent_is_fine(rc);
    for (int i = 0; i < entries; i++) {
        if (!reading->file->lib->xlu_cfg_get_listitem(list, i))
            return guestcfg_xl_fail(reading->file, key, reading->err,
                                    "entry %d is a list: write a string", i + 1);
    }
    uint64_t before = reading->draft->guest.attr[BALLAST_PCI_DEVICES];
    if (entries == 0)
        return 0;
    return set_from(reading, BALLAST_PCI_DEVICES, key,
                    (before == BALLAST_UNSET ? 0 : before) + (uint64_t)entries);
}

/* libxl_types.idl, passthrough; libxl__enum_from_string ignores case. */
static int read_passthrough(const struct reading *reading)
{
    const char *word;
    int rc = guestcfg_xl_string(reading->file, "passthrough", &word, reading->err);
    if (rc < 0)
        return xl_absent_is_fine(rc);
    if (strcasecmp(word, "default") == 0)
        return 0;
    const char *known;
    for (uint64_t i = 0; (known = ballast_guest_attr_choice(BALLAST_PASSTHROUGH, i)) != NULL; i++) {
        if (strcasecmp(word, known) == 0)
            return set_from(reading, BALLAST_PASSTHROUGH, "passthrough", i);
    }
    return guestcfg_xl_fail(
        reading->file, "passthrough", reading->err,
        "invalid mode '%.40s': use \"disabled\", \"enabled\", \"sync_pt\" or \"share_pt\"", word);
}

/* libxl_types.idl, altp2m_mode, by name or by number. */
static int read_altp2m(const struct reading *reading)
{
    static const char *const modes[] = {"disabled", "mixed", "external", "limited"};
    const char *given;
    int rc = guestcfg_xl_string(reading->file, "altp2m", &given, reading->err);
    if (rc < 0)
        return xl_absent_is_fine(rc);
    long number;
    if (reading->file->lib->xlu_cfg_get_long(reading->file->config, "altp2m", &number, 1) != 0) {
        number = -1;
        for (int i = 0; i < 4; i++)
            number = strcasecmp(given, modes[i]) == 0 ? i : number;
    }
    if (number < 0 || number > 3)
        return guestcfg_xl_fail(
            reading->file, "altp2m", reading->err,
            "invalid mode '%.40s': use \"disabled\", \"mixed\", \"external\" or \"limited\"",
            given);
    /* libxl_x86.c, hvm_set_conf_params: altp2mhvm counts where altp2m is "disabled". */
    if (number == 0 && reading->draft->guest.attr[BALLAST_ALTP2M] == 1)
        return 0;
    return set_from(reading, BALLAST_ALTP2M, "altp2m", number != 0);
}

static int read_for_type(const struct reading *reading)
{
    int rc = 0;
    if (reading->draft->guest.type == BALLAST_PVH)
        return read_xl_flag(reading, BALLAST_PVSHIM, "pvshim");
    if (reading->draft->guest.type != BALLAST_HVM)
        return 0;
    if ((rc = read_vga(reading)) < 0)
        return rc;
    return read_xl_flag(reading, BALLAST_ALTP2M, "altp2mhvm");
}

static int read_xl_keys(const struct reading *reading)
{
    int rc;
    if ((rc = read_xl_size(reading, BALLAST_MEMORY)) < 0 ||
        (rc = read_xl_size(reading, BALLAST_MAXMEM)) < 0 ||
        (rc = read_count(reading, BALLAST_VCPUS)) < 0 ||
        (rc = read_count(reading, BALLAST_MAXVCPUS)) < 0 ||
        (rc = guestcfg_xl_vnuma(reading->file, reading->draft, reading->err)) < 0 ||
        (rc = read_xl_size(reading, BALLAST_SHADOW_MEMORY)) < 0 ||
        (rc = read_xl_size(reading, BALLAST_VIDEORAM)) < 0 ||
        (rc = read_xl_size(reading, BALLAST_STUBDOMAIN_MEMORY)) < 0 ||
        (rc = read_xl_flag(reading, BALLAST_HAP, "hap")) < 0 ||
        (rc = read_xl_flag(reading, BALLAST_NESTEDHVM, "nestedhvm")) < 0 ||
        (rc = read_xl_flag(reading, BALLAST_STUBDOMAIN, "device_model_stubdomain_override")) < 0 ||
        (rc = read_device_model(reading)) < 0 || (rc = add_devices(reading, "pci")) < 0 ||
        (rc = add_devices(reading, "dtdev")) < 0 || (rc = read_passthrough(reading)) < 0 ||
        (rc = read_for_type(reading)) < 0 ||
        (rc = read_count(reading, BALLAST_MAX_GRANT_FRAMES)) < 0 ||
        (rc = read_count(reading, BALLAST_MAX_MAPTRACK_FRAMES)) < 0 ||
        (rc = read_count(reading, BALLAST_MAX_EVENT_CHANNELS)) < 0 ||
        (rc = read_count(reading, BALLAST_VMTRACE_BUF)) < 0)
        return rc;
    return read_altp2m(reading);
}

static void apply_xl_conf(const struct guestcfg_xl_conf *conf, uint64_t *attr)
{
    if (conf->claim_mode != BALLAST_UNSET)
        attr[BALLAST_CLAIM] = conf->claim_mode != 0;
    if (attr[BALLAST_MAX_GRANT_FRAMES] == BALLAST_UNSET)
        attr[BALLAST_MAX_GRANT_FRAMES] = conf->max_grant_frames;
    if (attr[BALLAST_MAX_MAPTRACK_FRAMES] == BALLAST_UNSET)
        attr[BALLAST_MAX_MAPTRACK_FRAMES] = conf->max_maptrack_frames;
}

static int read_xl_guest(const struct guestcfg_xl_file *file,
                         const struct guestcfg_options *options, struct guestcfg_draft *draft,
                         struct ballast_error *err)
{
    struct reading reading = {file, draft, err};
    int rc;
    if ((rc = begin_xl_guest(file, draft, err)) < 0 || (rc = read_xl_keys(&reading)) < 0)
        return rc;
    if (options && options->xl_conf)
        apply_xl_conf(options->xl_conf, draft->guest.attr);
    return guestcfg_settle(draft, options, err);
}

int guestcfg_parse_xl(const char *name, const char *data, size_t length,
                      const struct guestcfg_options *options, struct guestcfg_guest *out,
                      struct ballast_error *err)
{
    struct guestcfg_xl_file file;
    struct guestcfg_draft draft = {.name = name, .keys = keys};
    int rc = guestcfg_xl_open(&file, name, data, length, err);
    if (rc < 0)
        return rc;
    rc = guestcfg_xl_check_keys(&file, data, length, &draft.remarks, err);
    if (rc == 0)
        rc = read_xl_guest(&file, options, &draft, err);
    guestcfg_xl_close(&file);
    if (rc == 0)
        *out = (struct guestcfg_guest){.guest = draft.guest, .remarks = draft.remarks};
    return rc;
}
