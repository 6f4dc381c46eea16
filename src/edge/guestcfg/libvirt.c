/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's domain XML as its libxl driver understands it: src/libxl/libxl_conf.c,
 * libxlMakeDomCreateInfo() and libxlMakeDomBuildInfo(); src/conf/domain_conf.c and
 * domain_postparse.c for what is common to all drivers. docs/formats.md lists what each element
 * becomes.
 */
#include "edge/guestcfg/libvirt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/guestcfg/list.h"

static const char *const keys[BALLAST_GUEST_ATTRS] = {
    [BALLAST_MEMORY] = "currentMemory",
    [BALLAST_MAXMEM] = "memory",
    [BALLAST_VCPUS] = "vcpu",
    [BALLAST_MAXVCPUS] = "vcpu",
    [BALLAST_VGA] = "video",
    [BALLAST_VIDEORAM] = "video",
    [BALLAST_SHADOW_MEMORY] = "memory",
    [BALLAST_HAP] = "hap",
    [BALLAST_DEVICE_MODEL] = "emulator",
    [BALLAST_STUBDOMAIN] = "emulator",
    [BALLAST_STUBDOMAIN_MEMORY] = "emulator",
    [BALLAST_PASSTHROUGH] = "passthrough",
    [BALLAST_PCI_DEVICES] = "hostdev",
    [BALLAST_VNUMA_NODES] = "cell",
    [BALLAST_NESTEDHVM] = "cpu",
    [BALLAST_MAX_GRANT_FRAMES] = "controller",
    [BALLAST_MAX_EVENT_CHANNELS] = "controller",
};

/* `type` is NULL where the element is absent. */
static int find_type(const char *name, const xmlNode *domain, const xmlNode *node, const char *type,
                     enum ballast_guest_type *out, struct ballast_error *err)
{
    if (!type && guestcfg_xml_child(domain, "bootloader"))
        *out = BALLAST_PV; /* domain_conf.c: a boot loader alone makes it "xen" */
    else if (!type)
        return guestcfg_fail(err, name, 0, "os/type", "missing: write hvm, xenpvh or xen");
    else if (strcmp(type, "hvm") == 0)
        *out = BALLAST_HVM;
    else if (strcmp(type, "xenpvh") == 0)
        *out = BALLAST_PVH;
    else if (strcmp(type, "xen") == 0 || strcmp(type, "linux") == 0)
        *out = BALLAST_PV;
    else
        return guestcfg_xml_fail(name, node, "os/type", err,
                                 "invalid type '%.40s': use hvm, xenpvh or xen", type);
    return 0;
}

/* Checks <type arch=> and <features><gic>, which only Arm guests have. */
static int check_arch(const char *name, const xmlNode *domain, struct ballast_error *err)
{
    const xmlNode *type = guestcfg_xml_find(domain, "os/type");
    const xmlNode *gic = guestcfg_xml_find(domain, "features/gic");
    char *arch = guestcfg_xml_attr(type, "arch");
    bool is_x86 = !arch || strcmp(arch, "x86_64") == 0 || strcmp(arch, "i686") == 0;
    int rc = 0;
    if (!is_x86)
        rc = guestcfg_xml_fail(
            name, type, "os/type", err,
            "unsupported arch=\"%.40s\": Ballast knows only x86 guests (x86_64, i686)", arch);
    else if (gic)
        rc = guestcfg_xml_fail(name, gic, "gic", err,
                               "this is an Arm guest: Ballast knows only x86 guests");
    free(arch);
    return rc;
}

static int check_domain(const char *name, const xmlNode *domain, struct ballast_error *err)
{
    char *type = guestcfg_xml_attr(domain, "type");
    int rc = 0;
    if (type && strcmp(type, "xen") != 0)
        rc = guestcfg_xml_fail(name, domain, "domain", err,
                               "unsupported type=\"%.40s\": use a domain of type \"xen\"", type);
    free(type);
    return rc;
}

static int begin_libvirt_guest(const char *name, const xmlNode *domain,
                               struct guestcfg_draft *draft, struct ballast_error *err)
{
    int rc = check_domain(name, domain, err);
    if (rc == 0)
        rc = check_arch(name, domain, err);
    if (rc < 0)
        return rc;
    const xmlNode *type_node = guestcfg_xml_find(domain, "os/type");
    const xmlNode *name_node = guestcfg_xml_child(domain, "name");
    char *type_word = guestcfg_xml_text(type_node);
    char *guest_name = guestcfg_xml_text(name_node);
    enum ballast_guest_type type = BALLAST_PV;
    struct ballast_error why;
    rc = find_type(name, domain, type_node, type_word, &type, err);
    if (rc == 0 && (!guest_name || !*guest_name))
        rc = guestcfg_fail(err, name, guestcfg_xml_line(name_node), "name",
                           "missing: give every guest a name");
    else if (rc == 0 && ballast_guest_init(&draft->guest, type, guest_name, &why) < 0)
        rc = guestcfg_xml_fail(name, name_node, "name", err, "%s", why.text);
    free(type_word);
    free(guest_name);
    return rc;
}

/* The sum of <numa><cell memory= unit=>; 0 without cells. */
static int read_cells(const struct guestcfg_libvirt *reading, uint64_t *out_kib)
{
    const xmlNode *numa = guestcfg_xml_find(reading->domain, "cpu/numa");
    const xmlNode *cell = guestcfg_xml_child(numa, "cell");
    uint64_t sum_kib = 0;
    for (; cell; cell = guestcfg_xml_next(cell)) {
        uint64_t kib;
        char *text = guestcfg_xml_attr(cell, "memory");
        int rc = guestcfg_xml_size_of(reading->draft->name, cell, text, &kib, reading->err);
        free(text);
        if (rc < 0)
            return rc;
        sum_kib = ballast_add_ceil(sum_kib, kib);
    }
    *out_kib = sum_kib;
    size_t count = guestcfg_xml_count(numa, "cell");
    if (count == 0)
        return 0;
    return guestcfg_libvirt_set(reading, BALLAST_VNUMA_NODES, count,
                                guestcfg_xml_child(numa, "cell"), "cell");
}

static int round_to_mib(const struct guestcfg_libvirt *reading, const xmlNode *node, uint64_t kib,
                        uint64_t *out_kib)
{
    /* libxlMakeDomBuildInfo: "Xen requires the memory sizes to be rounded to 1MiB". */
    struct ballast_error why;
    if (ballast_kib_round_up(kib, BALLAST_MIB_KIB, out_kib, &why) == 0)
        return 0;
    return guestcfg_xml_fail(reading->draft->name, node, (const char *)node->name, reading->err,
                             "%s", why.text);
}

/* <memory>, or the sum of the NUMA cells; both must agree. */
static int read_total(const struct guestcfg_libvirt *reading, const xmlNode **node,
                      uint64_t *out_kib)
{
    const char *name = reading->draft->name;
    uint64_t cells_kib;
    int rc = read_cells(reading, &cells_kib);
    if (rc < 0)
        return rc;
    *node = guestcfg_xml_child(reading->domain, "memory");
    if (!*node && cells_kib > 0) {
        *node = guestcfg_xml_find(reading->domain, "cpu/numa/cell");
        *out_kib = cells_kib;
        return 0;
    }
    if (!*node)
        return guestcfg_fail(reading->err, name, 0, "memory",
                             "missing: give every guest its memory");
    rc = guestcfg_xml_size(name, *node, out_kib, reading->err);
    if (rc == 0 && cells_kib > 0 && cells_kib != *out_kib)
        rc = guestcfg_xml_fail(name, *node, "memory", reading->err,
                               "%llu KiB, but the NUMA cells sum to %llu KiB: make them equal",
                               (unsigned long long)*out_kib, (unsigned long long)cells_kib);
    return rc;
}

/*
 * domain_postparse.c, virDomainDefPostParseMemory: <maxMemory> and its slots come together.
 * Upstream's Xen driver refuses the element, since libxl has no hotplug; Qubes' driver sizes the
 * pool by it, so that the guest can grow later.
 */
static int check_hotplug(const struct guestcfg_libvirt *reading, uint64_t memory_kib)
{
    const char *name = reading->draft->name;
    const xmlNode *node = guestcfg_xml_child(reading->domain, "maxMemory");
    uint64_t most_kib;
    uint64_t slots = 0;
    if (!node)
        return 0;
    int rc = guestcfg_xml_size(name, node, &most_kib, reading->err);
    if (rc < 0)
        return rc;
    char *text = guestcfg_xml_attr(node, "slots");
    bool is_number = !text || guestcfg_xml_number(text, &slots);
    if (!is_number)
        rc = guestcfg_xml_fail(name, node, "maxMemory", reading->err,
                               "invalid slots=\"%.40s\": use a number", text);
    free(text);
    if (rc < 0 || (most_kib == 0 && slots == 0))
        return rc;
    if (slots == 0 || most_kib == 0)
        return guestcfg_xml_fail(
            name, node, "maxMemory", reading->err,
            "libvirt refuses it without both a size and slots=: delete it, since only the libvirt "
            "of Qubes accepts it for Xen");
    if (most_kib < memory_kib)
        return guestcfg_xml_fail(name, node, "maxMemory", reading->err,
                                 "%llu KiB is less than memory (%llu KiB): use at least that",
                                 (unsigned long long)most_kib, (unsigned long long)memory_kib);
    reading->draft->remarks.set |= UINT32_C(1) << GUESTCFG_REMARK_MAX_MEMORY;
    reading->draft->remarks.kib = most_kib;
    return 0;
}

static int read_memory(const struct guestcfg_libvirt *reading)
{
    const char *name = reading->draft->name;
    const xmlNode *node;
    const xmlNode *current = guestcfg_xml_child(reading->domain, "currentMemory");
    uint64_t memory_kib;
    uint64_t current_kib = 0;
    int rc;
    if ((rc = read_total(reading, &node, &memory_kib)) < 0 ||
        (rc = check_hotplug(reading, memory_kib)) < 0 ||
        (current && (rc = guestcfg_xml_size(name, current, &current_kib, reading->err)) < 0))
        return rc;
    if (current_kib > memory_kib)
        return guestcfg_xml_fail(name, current, "currentMemory", reading->err,
                                 "%llu KiB is more than memory (%llu KiB): use at most that",
                                 (unsigned long long)current_kib, (unsigned long long)memory_kib);
    if (current_kib == 0) {
        current = node;
        current_kib = memory_kib;
    }
    if ((rc = round_to_mib(reading, node, memory_kib, &memory_kib)) < 0 ||
        (rc = round_to_mib(reading, current, current_kib, &current_kib)) < 0 ||
        (rc = guestcfg_libvirt_set(reading, BALLAST_MAXMEM, memory_kib, node,
                                   (const char *)node->name)) < 0)
        return rc;
    return guestcfg_libvirt_set(reading, BALLAST_MEMORY, current_kib, current,
                                (const char *)current->name);
}

static int set_vcpus(const struct guestcfg_libvirt *reading, const xmlNode *node, const char *text,
                     const char *online)
{
    const char *name = reading->draft->name;
    uint64_t most = 1;
    uint64_t now;
    if (text && *text && (!guestcfg_xml_number(text, &most) || most == 0))
        return guestcfg_xml_fail(name, node, "vcpu", reading->err,
                                 "invalid number of vCPUs '%.40s': use 1 or more", text);
    now = most;
    if (online && (!guestcfg_xml_number(online, &now) || now == 0 || now > most))
        return guestcfg_xml_fail(name, node, "vcpu", reading->err,
                                 "invalid current=\"%.40s\": use a number from 1 to %llu", online,
                                 (unsigned long long)most);
    int rc = guestcfg_libvirt_set(reading, BALLAST_MAXVCPUS, most, node, "vcpu");
    return rc < 0 ? rc : guestcfg_libvirt_set(reading, BALLAST_VCPUS, now, node, "vcpu");
}

static int read_vcpus(const struct guestcfg_libvirt *reading)
{
    const xmlNode *node = guestcfg_xml_child(reading->domain, "vcpu");
    char *text = guestcfg_xml_text(node);
    char *online = guestcfg_xml_attr(node, "current");
    int rc = set_vcpus(reading, node, text, online);
    free(text);
    free(online);
    return rc;
}

/*
 * libvirt always sets the paging pool: for every type it calls libxl_get_required_shadow_memory()
 * with maxmem and all vCPUs, which is 4*(256*vcpus + 2*(maxmem/1024)) KiB. Qubes' libvirt uses
 * <maxMemory> for maxmem where it is set.
 */
static int set_pool(const struct guestcfg_libvirt *reading)
{
    const uint64_t *attr = reading->draft->guest.attr;
    /* Neither factor can overflow: vCPUs are below 2^31, and 2 pages a MiB are less than the MiB.
     */
    bool has_more = reading->draft->remarks.set & (UINT32_C(1) << GUESTCFG_REMARK_MAX_MEMORY);
    uint64_t most_kib = has_more ? reading->draft->remarks.kib : attr[BALLAST_MAXMEM];
    uint64_t pages = 256 * attr[BALLAST_MAXVCPUS] + 2 * (most_kib / BALLAST_MIB_KIB);
    return guestcfg_libvirt_set(reading, BALLAST_SHADOW_MEMORY, pages * BALLAST_PAGE_KIB,
                                guestcfg_xml_child(reading->domain, "memory"), "memory");
}

static int set_passthrough(const struct guestcfg_libvirt *reading, const xmlNode *node,
                           const char *mode, bool on)
{
    enum ballast_passthrough value = BALLAST_PASSTHROUGH_DISABLED;
    if (on && !mode)
        value = BALLAST_PASSTHROUGH_ENABLED;
    else if (on && strcmp(mode, "sync_pt") == 0)
        value = BALLAST_PASSTHROUGH_SYNC_PT;
    else if (on && strcmp(mode, "share_pt") == 0)
        value = BALLAST_PASSTHROUGH_SHARE_PT;
    else if (on)
        return guestcfg_xml_fail(reading->draft->name, node, "passthrough", reading->err,
                                 "invalid mode=\"%.40s\": use sync_pt or share_pt", mode);
    return guestcfg_libvirt_set(reading, BALLAST_PASSTHROUGH, value, node, "passthrough");
}

static int read_features(const struct guestcfg_libvirt *reading)
{
    const xmlNode *features = guestcfg_xml_child(reading->domain, "features");
    const xmlNode *hap = guestcfg_xml_child(features, "hap");
    const xmlNode *passthrough = guestcfg_xml_find(features, "xen/passthrough");
    bool on;
    int rc = 0;
    /* libxlMakeDomCreateInfo passes it on for HVM and PVH only. */
    if (hap && (rc = guestcfg_libvirt_switch(reading, hap, "state", &on)) == 0 &&
        reading->draft->guest.type != BALLAST_PV)
        rc = guestcfg_libvirt_set(reading, BALLAST_HAP, on, hap, "hap");
    if (rc < 0 || !features || !passthrough)
        return rc;
    if ((rc = guestcfg_libvirt_switch(reading, passthrough, "state", &on)) < 0)
        return rc;
    char *mode = guestcfg_xml_attr(passthrough, "mode");
    rc = set_passthrough(reading, passthrough, mode, on);
    free(mode);
    return rc;
}

/* Whether the <feature> enables the processor's virtualisation (1), disables it (0), or neither. */
static int wants_nested(const xmlNode *feature)
{
    static const struct {
        const char *policy;
        int wants;
    } policies[] = {{"require", 1}, {"force", 1}, {"disable", 0}, {"forbid", 0}};
    if (!guestcfg_xml_attr_is(feature, "name", "vmx") &&
        !guestcfg_xml_attr_is(feature, "name", "svm"))
        return -1;
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
        if (guestcfg_xml_attr_is(feature, "policy", policies[i].policy))
            return policies[i].wants;
    }
    return -1;
}

/*
 * libxl_conf.c, libxlMakeDomBuildInfo: HVM and PVH, host-passthrough only, the last feature counts.
 * libvirt checks that the host has it; here svm is ignored on a host known to be Intel's.
 */
static int read_cpu(const struct guestcfg_libvirt *reading, const struct guestcfg_options *options)
{
    const xmlNode *cpu = guestcfg_xml_child(reading->domain, "cpu");
    const xmlNode *feature = guestcfg_xml_child(cpu, "feature");
    const xmlNode *at = NULL;
    bool is_vmx = options && options->caps && options->caps->vmx;
    int nested = -1;
    if (reading->draft->guest.type == BALLAST_PV || !cpu ||
        !guestcfg_xml_attr_is(cpu, "mode", "host-passthrough"))
        return 0;
    for (; feature; feature = guestcfg_xml_next(feature)) {
        int wants = wants_nested(feature);
        if (wants < 0 || (is_vmx && guestcfg_xml_attr_is(feature, "name", "svm")))
            continue;
        nested = wants;
        at = feature;
    }
    return nested < 0
               ? 0
               : guestcfg_libvirt_set(reading, BALLAST_NESTEDHVM, (uint64_t)nested, at, "feature");
}

/* Elements that may cost memory that no profile counts. */
static void remark_elements(const struct guestcfg_libvirt *reading)
{
    struct guestcfg_remarks *remarks = &reading->draft->remarks;
    static const char arguments[] = "xen:commandline";
    static const char dimm[] = "devices/memory";
    for (const xmlNode *node = reading->domain->children; node; node = node->next) {
        if (node->type == XML_ELEMENT_NODE && node->ns &&
            strcmp((const char *)node->name, "commandline") == 0)
            guestcfg_remark_key(remarks, GUESTCFG_REMARK_NOT_COUNTED, arguments,
                                sizeof(arguments) - 1);
    }
    if (guestcfg_xml_find(reading->domain, dimm))
        guestcfg_remark_key(remarks, GUESTCFG_REMARK_NOT_COUNTED, dimm, sizeof(dimm) - 1);
}

static int read_libvirt_guest(const char *name, const xmlNode *domain,
                              const struct guestcfg_options *options, struct guestcfg_draft *draft,
                              struct ballast_error *err)
{
    struct guestcfg_libvirt reading = {domain, draft, err};
    int rc;
    if ((rc = begin_libvirt_guest(name, domain, draft, err)) < 0 ||
        (rc = read_memory(&reading)) < 0 || (rc = read_vcpus(&reading)) < 0 ||
        (rc = set_pool(&reading)) < 0 || (rc = read_features(&reading)) < 0 ||
        (rc = read_cpu(&reading, options)) < 0 || (rc = guestcfg_libvirt_devices(&reading)) < 0)
        return rc;
    remark_elements(&reading);
    return guestcfg_settle(draft, options, err);
}

static bool is_root(const xmlNode *root, const char *name)
{
    return root && !root->ns && strcmp((const char *)root->name, name) == 0;
}

/* <domain>, or the first one inside a list or libvirt's own wrapper (its state, a snapshot). */
static int find_libvirt_domain(const char *name, const xmlNode *root, const xmlNode **out,
                               struct ballast_error *err)
{
    static const char *const around[] = {"domstatus", "domainsnapshot", "domains"};
    *out = is_root(root, "domain") ? root : NULL;
    for (size_t i = 0; i < sizeof(around) / sizeof(around[0]) && !*out; i++) {
        if (is_root(root, around[i]))
            *out = guestcfg_xml_child(root, "domain");
    }
    if (*out)
        return 0;
    if (root && root->ns && !root->ns->prefix)
        return guestcfg_xml_fail(
            name, root, "xmlns", err,
            "a default namespace makes <%.40s> an element that libvirt does not know: delete "
            "xmlns=\"%.80s\"",
            (const char *)root->name, (const char *)root->ns->href);
    return guestcfg_xml_fail(
        name, root, NULL, err,
        "the outermost element is <%.40s>: use <domain>, or <domstatus> or <domains> with "
        "<domain> in it",
        root ? (const char *)root->name : "");
}

/* One that is no uuid costs no memory: libvirt refuses it. */
static void read_xml_uuid(const xmlNode *domain, char out[BALLAST_UUID_TEXT])
{
    uint8_t uuid[BALLAST_UUID_BYTES];
    char *text = guestcfg_xml_text(guestcfg_xml_child(domain, "uuid"));
    if (text && ballast_uuid_parse(text, uuid) == 0)
        ballast_uuid_text(uuid, out);
    free(text);
}

static int add_libvirt_guest(const char *name, const xmlNode *domain,
                             const struct guestcfg_options *options, struct guestcfg_list *list,
                             struct ballast_error *err)
{
    struct guestcfg_draft draft = {.name = name, .keys = keys};
    int rc = read_libvirt_guest(name, domain, options, &draft, err);
    if (rc < 0)
        return guestcfg_list_fault(list, options, rc, err);
    if (list->count >= GUESTCFG_MAX_GUESTS)
        return guestcfg_xml_fail(name, domain, NULL, err, "more than %d guests: split the file",
                                 GUESTCFG_MAX_GUESTS);
    struct guestcfg_guest guest = {.guest = draft.guest, .remarks = draft.remarks};
    read_xml_uuid(domain, guest.uuid);
    return guestcfg_list_add(list, &guest, err);
}

static int read_piece(const char *name, const struct guestcfg_xml_piece *piece,
                      const struct guestcfg_options *options, struct guestcfg_list *list,
                      struct ballast_error *err)
{
    xmlDoc *doc;
    const xmlNode *domain;
    int rc;
    if ((rc = guestcfg_check_text(name, piece->data, piece->length, err)) < 0 ||
        (rc = guestcfg_xml_parse(name, piece, &doc, err)) < 0)
        return rc;
    rc = find_libvirt_domain(name, guestcfg_xml_root(doc), &domain, err);
    bool is_alone = rc == 0 && domain == guestcfg_xml_root(doc);
    while (rc == 0 && domain) {
        rc = add_libvirt_guest(name, domain, options, list, err);
        domain = is_alone ? NULL : guestcfg_xml_next(domain);
    }
    guestcfg_xml_free(doc);
    return rc;
}

int guestcfg_parse_libvirt(const char *name, const char *data, size_t length,
                           const struct guestcfg_options *options, struct guestcfg_list *list,
                           struct ballast_error *err)
{
    struct guestcfg_xml_pieces pieces = {name, data, data + length, 1};
    struct guestcfg_xml_piece piece;
    size_t before = list->count;
    size_t faults = list->fault_count;
    int rc = guestcfg_check_nul(name, data, length, err);
    while (rc == 0 && (rc = guestcfg_xml_next_piece(&pieces, &piece, err)) > 0) {
        rc = read_piece(name, &piece, options, list, err);
        rc = rc < 0 ? guestcfg_list_fault(list, options, rc, err) : 0;
    }
    if (rc == 0 && list->count == before && list->fault_count == faults)
        rc =
            guestcfg_fail(err, name, 0, NULL, "has no <domain>: use the output of 'virsh dumpxml'");
    if (rc < 0)
        list->count = before;
    return rc;
}
