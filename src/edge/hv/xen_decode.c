/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/xen_decode.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/base/units.h"
#include "core/base/uuid.h"

static const char *const node_paths[XEN_NODES] = {
    [XEN_NODE_NAME] = "name",
    [XEN_NODE_SERVES] = "target",
    [XEN_NODE_TARGET] = "memory/target",
    [XEN_NODE_STATIC_MAX] = "memory/static-max",
    [XEN_NODE_VIDEORAM] = "memory/videoram",
    [XEN_NODE_HOTPLUG_MAX] = "memory/hotplug-max",
    [XEN_NODE_DYNAMIC_MIN] = "memory/dynamic-min",
    [XEN_NODE_DYNAMIC_MAX] = "memory/dynamic-max",
    [XEN_NODE_MEMINFO] = "memory/meminfo",
    [XEN_NODE_SWAPINFO] = "memory/swapinfo",
    [XEN_NODE_FEATURE_BALLOON] = "control/feature-balloon",
    [XEN_NODE_FEATURE_SUSPEND] = "control/feature-suspend",
    [XEN_NODE_FEATURE_POWEROFF] = "control/feature-poweroff",
    [XEN_NODE_FEATURE_REBOOT] = "control/feature-reboot",
    [XEN_NODE_SHUTDOWN] = "control/shutdown",
    [XEN_NODE_MEMINFO_FREE] = "data/meminfo_free",
    [XEN_NODE_ALIVE] = "data/ballast/alive",
    [XEN_NODE_PSI_SOME] = "data/ballast/psi_some",
    [XEN_NODE_PSI_FULL] = "data/ballast/psi_full",
    [XEN_NODE_REFAULTS] = "data/ballast/refaults",
    [XEN_NODE_SWAPIN] = "data/ballast/swapin",
    [XEN_NODE_STALLS] = "data/ballast/stalls",
    [XEN_NODE_OOM_KILLS] = "data/ballast/oom_kills",
    [XEN_NODE_DRIVER] = "data/ballast/balloon",
    [XEN_NODE_UPDATED] = "data/updated",
    [XEN_NODE_UPDATE_CNT] = "data/update_cnt",
};
_Static_assert(XEN_NODE_OOM_KILLS - XEN_NODE_PSI_SOME + 1 == BALLAST_PRESSURES, "a node a kind");

/* No number that is read has more digits: UINT64_MAX has 20. */
enum { DIGITS_MOST = 20 };

const char *xen_node_path(enum xen_node node)
{
    return node_paths[node];
}

/* `text` need not be terminated; a number above `most` is none. */
static uint64_t parse_number(const char *text, size_t length, uint64_t most)
{
    uint64_t value = 0;
    if (length == 0 || length > DIGITS_MOST)
        return BALLAST_NONE;
    for (size_t i = 0; i < length; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text[i] - '0';
        if (digit > 9 || digit > most || value > (most - digit) / 10)
            return BALLAST_NONE;
        value = value * 10 + digit;
    }
    return value;
}

uint64_t xen_parse_kib(const char *text, size_t length)
{
    return parse_number(text, length, XEN_MOST_KIB);
}

void xen_said_nothing(struct xen_said *said)
{
    *said = (struct xen_said){
        .serves = BALLAST_NONE,
        .target_kib = BALLAST_NONE,
        .static_max_kib = BALLAST_NONE,
        .videoram_kib = BALLAST_NONE,
        .hotplug_max_kib = BALLAST_NONE,
        .dynamic_min_kib = BALLAST_NONE,
        .dynamic_max_kib = BALLAST_NONE,
        .used_kib = BALLAST_NONE,
        .swap_kib = BALLAST_NONE,
        .free_kib = BALLAST_NONE,
        .alive = BALLAST_NONE,
        .driver = BALLAST_NONE,
    };
    for (int kind = 0; kind < BALLAST_PRESSURES; kind++)
        said->pressure[kind] = BALLAST_NONE;
}

/* Names are shown to people and to programs: what would steer a terminal becomes '?'. */
static void decode_name(char out[HV_NAME], const char *value, size_t length)
{
    if (!value || length >= HV_NAME)
        length = 0;
    if (length > 0)
        memcpy(out, value, length);
    out[length] = '\0';
    ballast_text_make_showable(out);
}

/* Where a node's number goes, and the most that it can be; NULL: it has none. */
static uint64_t *said_number(struct xen_said *said, enum xen_node node, uint64_t *most)
{
    *most = XEN_MOST_KIB;
    switch ((int)node) {
    case XEN_NODE_SERVES:
        *most = UINT16_MAX;
        return &said->serves;
    case XEN_NODE_TARGET:
        return &said->target_kib;
    case XEN_NODE_STATIC_MAX:
        return &said->static_max_kib;
    case XEN_NODE_VIDEORAM:
        return &said->videoram_kib;
    case XEN_NODE_HOTPLUG_MAX:
        return &said->hotplug_max_kib;
    case XEN_NODE_DYNAMIC_MIN:
        return &said->dynamic_min_kib;
    case XEN_NODE_DYNAMIC_MAX:
        return &said->dynamic_max_kib;
    case XEN_NODE_MEMINFO:
        return &said->used_kib;
    case XEN_NODE_SWAPINFO:
        return &said->swap_kib;
    case XEN_NODE_MEMINFO_FREE:
        return &said->free_kib;
    case XEN_NODE_ALIVE:
        *most = INT64_MAX;
        return &said->alive;
    case XEN_NODE_DRIVER:
        *most = 1;
        return &said->driver;
    default:
        break;
    }
    if (!(XEN_NODE_BIT(node) & XEN_NODES_PRESSURE))
        return NULL;
    unsigned kind = node - XEN_NODE_PSI_SOME;
    *most = ballast_pressure_most((enum ballast_pressure_kind)kind);
    return &said->pressure[kind];
}

static bool value_is(const char *value, size_t length, const char *word)
{
    return value && length == strlen(word) && memcmp(value, word, length) == 0;
}

/*
 * qubesd makes memory/meminfo empty for the guest to fill (qubes/vm/qubesvm.py,
 * create_qdb_entries()), and a node that is made for one below it is empty, too. libxl writes
 * LIBXL_MEMKB_DEFAULT as -1: of a PVH guest before Xen 4.14.5 and 4.16.1, of a PV guest before 4.6.
 */
static bool says_nothing(enum xen_node node, const char *value, size_t length)
{
    return !value || length == 0 || (node == XEN_NODE_VIDEORAM && value_is(value, length, "-1"));
}

void xen_decode_node(struct xen_said *said, enum xen_node node, const char *value, size_t length)
{
    uint64_t most;
    uint64_t *number = said_number(said, node, &most);
    said->malformed &= ~XEN_NODE_BIT(node);
    if (number) {
        *number = value ? parse_number(value, length, most) : BALLAST_NONE;
        if (*number == BALLAST_NONE && !says_nothing(node, value, length))
            said->malformed |= XEN_NODE_BIT(node);
    } else if (node == XEN_NODE_NAME) {
        decode_name(said->name, value, length);
    } else if (node == XEN_NODE_SHUTDOWN) {
        said->suspending = value_is(value, length, "suspend");
    } else {
        said->on[node] = value_is(value, length, "1");
    }
}

/* What `path` has after `prefix`, NULL where it begins with something else. */
static const char *after_prefix(const char *path, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(path, prefix, length) == 0 ? path + length : NULL;
}

uint32_t xen_event_nodes(const char *path, uint32_t *domid)
{
    const char *rest = after_prefix(path, "/local/domain/");
    *domid = XEN_NO_DOMID;
    if (!rest)
        return 0;
    size_t digits = strspn(rest, "0123456789");
    uint64_t id = parse_number(rest, digits, UINT16_MAX);
    if (id == BALLAST_NONE || (rest[digits] != '/' && rest[digits] != '\0'))
        return 0;
    *domid = (uint32_t)id;
    if (rest[digits] == '\0')
        return XEN_NODES_ALL;
    rest += digits + 1;
    if (strcmp(rest, "memory") == 0)
        return XEN_NODES_IN_MEMORY;
    if (strcmp(rest, "control") == 0)
        return XEN_NODES_IN_CONTROL;
    if (strcmp(rest, "data") == 0)
        return XEN_NODES_IN_DATA;
    if (strcmp(rest, "data/ballast") == 0)
        return XEN_NODES_IN_BALLAST;
    for (unsigned node = 0; node < XEN_NODES; node++) {
        if (strcmp(rest, node_paths[node]) == 0)
            return XEN_NODE_BIT(node);
    }
    return 0;
}

/* Random, once: 6f2d1c1e-0b5c-4a8e-9d; the seven bytes that follow are the id of the claim. */
static const uint8_t parked_prefix[] = {0x6f, 0x2d, 0x1c, 0x1e, 0x0b, 0x5c, 0x4a, 0x8e, 0x9d};

/* That of one domain, which held all claims before each reservation had its own. */
#define PARKED_ONCE UINT64_C(0x5362616c6c6173)

bool xen_is_parked(const struct xen_counted *counted)
{
    return counted->id != 0 && counted->is_store &&
           memcmp(counted->uuid, parked_prefix, sizeof(parked_prefix)) == 0;
}

void xen_parked_uuid(uint64_t id, uint8_t out[16])
{
    memcpy(out, parked_prefix, sizeof(parked_prefix));
    for (size_t i = 16; i-- > sizeof(parked_prefix); id >>= 8)
        out[i] = (uint8_t)id;
}

uint64_t xen_parked_id(const uint8_t uuid[16])
{
    uint64_t id = 0;
    for (size_t i = sizeof(parked_prefix); i < 16; i++)
        id = id << 8 | uuid[i];
    return id == PARKED_ONCE ? 0 : id;
}

bool xen_event_is_newcomer(const char *path)
{
    const char *rest = after_prefix(path, "/vm/");
    const char *node = rest ? strchr(rest, '/') : NULL;
    return node && (strcmp(node, "/uuid") == 0 || strcmp(node, "/name") == 0);
}

bool xen_event_names_newcomer(const char *path, uint8_t uuid[16])
{
    char text[BALLAST_UUID_TEXT];
    const char *rest = after_prefix(path, "/vm/");
    size_t length = rest ? strcspn(rest, "/") : 0;
    if (length != sizeof(text) - 1 || strcmp(rest + length, "/name") != 0)
        return false;
    memcpy(text, rest, length);
    text[length] = '\0';
    return ballast_uuid_parse(text, uuid) == 0;
}

void xen_know(const struct xen_counted *counted, const struct xen_said *said, struct hv_domain *out)
{
    bool is_dom0 = counted->id == 0;
    bool kernel_is_up = said->on[XEN_NODE_FEATURE_SUSPEND] || said->on[XEN_NODE_FEATURE_POWEROFF] ||
                        said->on[XEN_NODE_FEATURE_REBOOT];
    /* libxl pauses a domain from its creation to the end of its build, and writes its target last.
     */
    bool has_driver = kernel_is_up || said->on[XEN_NODE_FEATURE_BALLOON];
    /* Its agent has looked: xenbus is there without the driver, too. */
    if (said->alive != BALLAST_NONE && said->driver != BALLAST_NONE)
        has_driver = said->driver == 1;
    bool unfinished = said->target_kib == BALLAST_NONE || counted->claim_kib > 0;
    *out = (struct hv_domain){
        .id = counted->id,
        .knows_type = true,
        .type = counted->type,
        .paused = counted->paused,
        .dying = counted->dying,
        .shutdown = counted->shutdown,
        .reboots = counted->why == XEN_SHUTDOWN_REBOOT,
        .building = !is_dom0 && !counted->is_store && counted->paused && unfinished,
        .migrating = counted->suspended,
        .has_balloon = is_dom0 || has_driver,
        .kernel_is_up = is_dom0 || kernel_is_up,
        .is_stubdomain = said->serves != BALLAST_NONE,
        .stubdomain_of = said->serves == BALLAST_NONE ? 0 : (uint32_t)said->serves,
        .vcpus = counted->vcpus,
        .tot_kib = counted->tot_kib,
        .max_kib = counted->max_kib,
        .claim_kib = counted->claim_kib,
        .pool_kib = BALLAST_NONE,
        .overhead_kib = BALLAST_NONE,
        .pod_entries_kib = BALLAST_NONE,
        .pod_cache_kib = BALLAST_NONE,
        .target_kib = said->target_kib,
        .static_max_kib =
            said->hotplug_max_kib == BALLAST_NONE ? said->static_max_kib : said->hotplug_max_kib,
        .hotplugs = said->hotplug_max_kib != BALLAST_NONE,
        .videoram_kib = said->videoram_kib,
        .dynamic_min_kib = said->dynamic_min_kib,
        .dynamic_max_kib = said->dynamic_max_kib,
        .used_kib = BALLAST_NONE,
        .reported_free_kib = BALLAST_NONE,
        .used_since_usec = BALLAST_NONE,
        .pressure_since_usec = BALLAST_NONE,
    };
    memcpy(out->uuid, counted->uuid, sizeof(out->uuid));
    memcpy(out->name, said->name, sizeof(out->name));
    struct ballast_target_domain target;
    /* One that has no target has nothing beyond it. */
    if (xen_target_domain(out, &target, NULL) == 0)
        out->extra_internal_kib = target.extra_internal_kib;
}

void xen_believe(const struct xen_said *said, struct suspend_report *report, uint64_t now_usec,
                 struct hv_domain *out)
{
    bool believed = suspend_report_sample(report, said->suspending, now_usec);
    out->says_suspend = said->suspending && !believed && !out->migrating;
    out->migrating = out->migrating || believed;
}

static uint64_t known_or(uint64_t kib, uint64_t instead_kib)
{
    return kib == BALLAST_NONE ? instead_kib : kib;
}

/* Where libxl has not set a maximum (dom0 as it boots), extra internal is not on top of the target.
 */
static uint64_t shown_maximum(const struct hv_domain *domain, uint64_t target_kib)
{
    return ballast_max_u64(ballast_sub_floor(domain->max_kib, XEN_EXTRA_INTERNAL_KIB),
                           ballast_min_u64(domain->max_kib, target_kib));
}

static uint64_t shown_target(const struct hv_domain *domain)
{
    if (domain->target_kib != BALLAST_NONE)
        return domain->target_kib + known_or(domain->videoram_kib, 0);
    if (domain->building)
        return ballast_sub_floor(domain->max_kib, XEN_EXTRA_INTERNAL_KIB);
    return domain->tot_kib;
}

uint64_t xen_extra_internal_kib(const struct hv_domain *domains, size_t count)
{
    uint64_t kib = 0;
    for (size_t i = 0; i < count; i++)
        kib += domains[i].dying ? 0 : XEN_EXTRA_INTERNAL_KIB;
    return kib;
}

static enum ballast_domain_state shown_state(const struct hv_domain *domain)
{
    if (domain->building)
        return BALLAST_DOMAIN_BUILD;
    if (domain->migrating)
        return BALLAST_DOMAIN_MIGRATING;
    return domain->paused || domain->shutdown ? BALLAST_DOMAIN_PAUSED : BALLAST_DOMAIN_RUN;
}

/* A range that was not set is the target and nothing else: no balancer moves such a guest. */
static void show_range(const struct hv_domain *domain, uint64_t host_kib,
                       struct ballast_domain *out)
{
    uint64_t most_kib =
        known_or(domain->static_max_kib,
                 ballast_min_u64(out->maxmem_kib, ballast_max_u64(host_kib, out->target_kib)));
    out->static_max_kib = ballast_max_u64(most_kib, out->target_kib);
    out->unranged =
        domain->dynamic_min_kib == BALLAST_NONE && domain->dynamic_max_kib == BALLAST_NONE;
    uint64_t min_kib = known_or(domain->dynamic_min_kib, out->target_kib);
    if (domain->dynamic_min_kib == BALLAST_NONE && domain->dynamic_max_kib != BALLAST_NONE)
        min_kib = ballast_min_u64(min_kib, domain->dynamic_max_kib);
    uint64_t max_kib = known_or(domain->dynamic_max_kib, ballast_max_u64(out->target_kib, min_kib));
    out->dynamic_max_kib = ballast_min_u64(max_kib, out->static_max_kib);
    out->dynamic_min_kib = ballast_min_u64(min_kib, out->dynamic_max_kib);
}

void xen_show(const struct hv_domain *domain, uint64_t host_kib, uint64_t now_usec,
              struct ballast_domain *out)
{
    uint64_t target_kib = shown_target(domain);
    uint64_t built_kib = ballast_sub_floor(domain->max_kib, XEN_EXTRA_INTERNAL_KIB);
    *out = (struct ballast_domain){
        .id = domain->id,
        .name = domain->name,
        .state = shown_state(domain),
        .kind = ballast_domain_kind_find(ballast_guest_type_name(domain->type)),
        .is_dom0 = domain->id == 0,
        .has_balloon = domain->has_balloon,
        .says_suspend = domain->says_suspend,
        .reboots = domain->reboots && !domain->dying,
        .tot_kib = domain->tot_kib,
        .video_kib = ballast_min_u64(known_or(domain->videoram_kib, 0), target_kib),
        .overhead_kib = known_or(domain->pool_kib, 0),
        .target_kib = target_kib,
        .maxmem_kib = shown_maximum(domain, target_kib),
        .build_left_kib = domain->building ? ballast_sub_floor(built_kib, domain->tot_kib) : 0,
        .pod_entries_kib = known_or(domain->pod_entries_kib, 0),
        .pod_cache_kib = known_or(domain->pod_cache_kib, 0),
        .report_source = domain->report_source,
        .used_kib = domain->used_kib,
        .reported_free_kib = domain->reported_free_kib,
        .reported_swap_kib = domain->reported_swap_kib,
        .report_age_usec = domain->used_kib == BALLAST_NONE
                               ? BALLAST_NONE
                               : ballast_sub_floor(now_usec, domain->used_since_usec),
        .pressure = domain->pressure,
        .shares = BALLAST_DEFAULT_SHARES,
    };
    if (domain->pressure.known != 0)
        out->pressure.age_usec = ballast_sub_floor(now_usec, domain->pressure_since_usec);
    show_range(domain, host_kib, out);
}

/*
 * Between the two hypercalls of a refresh a guest that is being built or torn down can move this
 * much without anything being wrong: 1 GiB. More says that the two moments do not belong together.
 */
#define TWICE_MOST_KIB (UINT64_C(1024) * 1024)

bool xen_reconcile(struct ballast_host *host)
{
    uint64_t held_kib = host->free_kib;
    for (size_t i = 0; i < host->domain_count; i++) {
        held_kib = ballast_add_ceil(held_kib, host->domains[i].tot_kib);
        held_kib = ballast_add_ceil(held_kib, host->domains[i].overhead_kib);
    }
    uint64_t twice_kib = ballast_sub_floor(held_kib, host->total_kib);
    host->free_kib = ballast_sub_floor(host->free_kib, twice_kib);
    host->scrub_kib = ballast_min_u64(host->scrub_kib, host->free_kib);
    return twice_kib <= TWICE_MOST_KIB;
}

int xen_target_domain(const struct hv_domain *domain, struct ballast_target_domain *out,
                      struct ballast_error *err)
{
    uint64_t target_kib = domain->target_kib;
    uint64_t static_max_kib = domain->static_max_kib;
    if (domain->id == 0) {
        target_kib = known_or(target_kib, domain->tot_kib);
        static_max_kib = known_or(static_max_kib, domain->max_kib);
    }
    if (target_kib == BALLAST_NONE || static_max_kib == BALLAST_NONE)
        return ballast_fail(err, -ENODATA,
                            "domain %" PRIu32 " has no usable memory/%s in xenstore: it is still "
                            "being built, or its toolstack does not write one",
                            domain->id, target_kib == BALLAST_NONE ? "target" : "static-max");
    *out = (struct ballast_target_domain){
        .id = domain->id,
        .type = domain->type,
        .target_kib = target_kib,
        .static_max_kib = static_max_kib,
        .videoram_kib = known_or(domain->videoram_kib, 0),
        .extra_internal_kib = XEN_EXTRA_INTERNAL_KIB,
    };
    return 0;
}

const struct ballast_profile *xen_profile(const struct xen_version *version)
{
    const char *name = NULL;
    if (version->major == 4 && version->minor < 17)
        name = "libxl-4.14";
    else if (version->major == 4 && version->minor >= 18)
        name = "libxl-4.20";
    return ballast_profile_find(name);
}
