/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/doctor.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/units.h"
#include "core/model/xen_nearest.h"

/* The findings that the rules write, and the current row. */
struct finder {
    const struct doctor_facts *facts;
    const struct rule *rule;
    struct doctor_finding *out;
    size_t room;
    size_t count;
};

struct rule {
    const char *word;
    enum doctor_severity severity;
    /*
     * One of the two is set: a rule about the host, or about each domain. It writes evidence if it
     * applies.
     */
    bool (*of_host)(const struct doctor_facts *facts, struct ballast_text *evidence);
    bool (*of_domain)(const struct doctor_facts *facts, const struct doctor_domain *domain,
                      struct ballast_text *evidence);
    const char *remedy;
};

/* xl.c, auto_autoballoon(). */
static bool autoballoon_is_on(const struct doctor_facts *facts, struct ballast_text *evidence)
{
    if (facts->autoballoon == DOCTOR_AUTOBALLOON_ON) {
        ballast_text_add(evidence, "xl.conf says autoballoon=\"on\"%s",
                         facts->dom0_mem == DOCTOR_YES ? " although dom0_mem is given to Xen" : "");
        return true;
    }
    if (facts->autoballoon != DOCTOR_AUTOBALLOON_AUTO || facts->dom0_mem != DOCTOR_NO)
        return false;
    ballast_text_add(evidence, "dom0_mem is not on Xen's command line, so xl takes memory for a "
                               "new guest from dom0, and does not return it");
    return true;
}

/* What a domain may hold beyond its target all the same: LIBXL_MAXMEM_CONSTANT, and as much again
 * for what libxl leaves out of a PoD guest's first target. */
#define RATCHET_TOLERANCE_KIB (2 * BALLAST_MIB_KIB)

static const struct doctor_domain *dom0_of(const struct doctor_facts *facts)
{
    for (size_t i = 0; i < facts->domain_count; i++) {
        if (facts->domains[i].is_dom0)
            return &facts->domains[i];
    }
    return NULL;
}

/*
 * Without max: Xen sets no limit for dom0, or the memory that there was when it was built. Within a
 * sixteenth of the host (Xen's own share of a small one), that is all of it.
 */
static bool dom0_unlimited(const struct doctor_facts *facts, struct ballast_text *evidence)
{
    const struct doctor_domain *dom0 = dom0_of(facts);
    if (!dom0 || dom0->maximum_kib == BALLAST_NONE || facts->total_kib == 0)
        return false;
    uint64_t most_kib = facts->total_kib - facts->total_kib / 16;
    if (dom0->maximum_kib < most_kib)
        return false;
    if (dom0->maximum_kib > facts->total_kib)
        ballast_text_add(
            evidence, "dom0 has no limit on a host of %" PRIu64 " KiB; it has %" PRIu64 " KiB now",
            facts->total_kib, dom0->tot_kib);
    else
        ballast_text_add(evidence, "dom0 can take %" PRIu64 " of the host's %" PRIu64 " KiB",
                         dom0->maximum_kib, facts->total_kib);
    return true;
}

static bool second_balancer(const struct doctor_facts *facts, struct ballast_text *evidence)
{
    for (size_t i = 0; i < facts->balancer_count; i++)
        ballast_text_add(evidence, "%s%s", i > 0 ? ", " : "", facts->balancers[i]);
    return facts->balancer_count > 0;
}

static bool libvirt_autoballoon(const struct doctor_facts *facts, struct ballast_text *evidence)
{
    if (facts->libvirt_autoballoon != DOCTOR_YES)
        return false;
    ballast_text_add(evidence, "libvirt's driver for Xen is running and takes memory for new "
                               "guests from dom0");
    return true;
}

static bool targets_moved(const struct doctor_facts *facts, const struct doctor_domain *domain,
                          struct ballast_text *evidence)
{
    /*
     * Our own daemon moves targets; if another balancer does so beside it, the daemon reports that:
     * balancers.
     */
    if (facts->own_daemon || facts->sampled_usec == 0 ||
        domain->earlier_target_kib == BALLAST_NONE || domain->target_kib == BALLAST_NONE ||
        domain->earlier_target_kib == domain->target_kib)
        return false;
    ballast_text_add(evidence,
                     "its target changed from %" PRIu64 " to %" PRIu64 " KiB within %" PRIu64 " ms",
                     domain->earlier_target_kib, domain->target_kib, facts->sampled_usec / 1000);
    return true;
}

/* p2m_pod_demand_populate() crashes a guest that touches memory which its cache does not have. */
static bool pod_death(const struct doctor_facts *facts, const struct doctor_domain *domain,
                      struct ballast_text *evidence)
{
    (void)facts;
    if (domain->has_balloon || domain->pod_entries_kib == BALLAST_NONE ||
        domain->pod_cache_kib == BALLAST_NONE || domain->pod_entries_kib <= domain->pod_cache_kib)
        return false;
    ballast_text_add(evidence,
                     "%" PRIu64 " KiB are still to be populated on demand, its cache has %" PRIu64
                     " KiB, and no balloon driver was seen%s",
                     domain->pod_entries_kib, domain->pod_cache_kib,
                     domain->kernel_is_up ? "" : " yet");
    return true;
}

/* p2m_pod_set_mem_target(): up at once, and down only when the balloon frees memory. */
static bool pod_ratchet(const struct doctor_facts *facts, const struct doctor_domain *domain,
                        struct ballast_text *evidence)
{
    (void)facts;
    if (domain->pod_entries_kib == BALLAST_NONE || domain->pod_cache_kib == BALLAST_NONE ||
        domain->pod_entries_kib <= domain->pod_cache_kib || domain->target_kib == BALLAST_NONE ||
        domain->tot_kib <= ballast_add_ceil(domain->target_kib, RATCHET_TOLERANCE_KIB))
        return false;
    ballast_text_add(evidence,
                     "it has %" PRIu64 " KiB and its target is %" PRIu64 " KiB, which was raised "
                     "before its balloon ran, and the %" PRIu64
                     " KiB between them stay allocated to it",
                     domain->tot_kib, domain->target_kib, domain->tot_kib - domain->target_kib);
    return true;
}

/* squeezed calls such a guest uncooperative and cannot change that (squeezed#56). */
static bool maximum_low(const struct doctor_facts *facts, const struct doctor_domain *domain,
                        struct ballast_text *evidence)
{
    (void)facts;
    if (!domain->runs || domain->maximum_kib == BALLAST_NONE ||
        domain->target_kib == BALLAST_NONE || domain->maximum_kib >= domain->target_kib)
        return false;
    /*
     * dom0 boots with dom0_mem=max:SIZE as its maximum and SIZE as its target, and has that much.
     */
    if (domain->tot_kib >= domain->target_kib)
        return false;
    ballast_text_add(evidence, "its xen maximum is %" PRIu64 " KiB, its target is %" PRIu64 " KiB",
                     domain->maximum_kib, domain->target_kib);
    return true;
}

static bool claims_off(const struct doctor_facts *facts, struct ballast_text *evidence)
{
    if (facts->claims != DOCTOR_NO)
        return false;
    ballast_text_add(evidence, "xl.conf says claim_mode=0");
    return true;
}

/* dom0's DMA and the swiotlb of PV guests live there; XAPI keeps a pool of 64 MiB of it. */
#define LOW_LEAST_KIB (UINT64_C(64) * 1024)
#define LOW_END_KIB   (UINT64_C(4) * 1024 * 1024)

static bool low_memory(const struct doctor_facts *facts, struct ballast_text *evidence)
{
    if (facts->low_free_kib == BALLAST_NONE || facts->total_kib <= LOW_END_KIB ||
        facts->low_free_kib >= LOW_LEAST_KIB)
        return false;
    ballast_text_add(evidence,
                     "%" PRIu64 " KiB are free below 4 GiB, of %" PRIu64 " KiB free in total",
                     facts->low_free_kib, facts->free_kib);
    return true;
}

/* For a restart it stays as well, so it is no fault by itself; but nothing else ends it. */
static bool claim_left(const struct doctor_facts *facts, struct ballast_text *evidence)
{
    if (facts->own_daemon || facts->reserved_claim_kib == 0)
        return false;
    ballast_text_add(evidence,
                     "%" PRIu64 " KiB are claimed in Xen by the domains that xl list shows as"
                     " ballast-reserved, and ballastd does not run",
                     facts->reserved_claim_kib);
    return true;
}

static bool malformed_node(const struct doctor_facts *facts, const struct doctor_domain *domain,
                           struct ballast_text *evidence)
{
    (void)facts;
    if (!domain->malformed)
        return false;
    ballast_text_add(evidence, "its node %s has a value that is not usable, and is ignored",
                     domain->malformed);
    return true;
}

/* Its agent has looked, or it has booted and no sign of the driver is there. */
static bool no_driver(const struct doctor_facts *facts, const struct doctor_domain *domain,
                      struct ballast_text *evidence)
{
    (void)facts;
    if (domain->is_dom0 || !domain->runs || domain->has_balloon || !domain->reports)
        return false;
    ballast_text_add(evidence, "it reports its use, and its kernel has no balloon driver");
    return true;
}

static bool no_range(const struct doctor_facts *facts, const struct doctor_domain *domain,
                     struct ballast_text *evidence)
{
    (void)facts;
    if (domain->is_dom0 || !domain->runs)
        return false;
    if (domain->dynamic_min_kib == BALLAST_NONE || domain->dynamic_max_kib == BALLAST_NONE) {
        ballast_text_add(evidence, "it has no memory/dynamic-min and memory/dynamic-max");
        return true;
    }
    if (domain->dynamic_min_kib < domain->dynamic_max_kib)
        return false;
    ballast_text_add(evidence, "its dynamic minimum and maximum are both %" PRIu64 " KiB",
                     domain->dynamic_min_kib);
    return true;
}

static bool unknown_xen(const struct doctor_facts *facts, struct ballast_text *evidence)
{
    bool is_known = true;
    const char *version = facts->xen_version ? facts->xen_version : "";
    if (facts->has_own_profile || *version == '\0')
        return false;
    const struct ballast_profile *nearest = ballast_xen_nearest(version, &is_known);
    if (is_known)
        return false;
    ballast_text_add(evidence, "no profile is of Xen %.60s: %s%s", version,
                     nearest ? ballast_profile_name(nearest) : "none",
                     nearest ? ", the nearest, stands for it" : " stands for it");
    return true;
}

static const struct rule rules[] = {
    {"autoballoon", DOCTOR_SERIOUS, autoballoon_is_on, NULL,
     "give Xen dom0_mem=SIZE,max:SIZE and set autoballoon=\"off\" in xl.conf"},
    {"dom0-unlimited", DOCTOR_WARNING, dom0_unlimited, NULL,
     "give Xen dom0_mem=SIZE,max:SIZE; dom0's kernel then also needs no tables for memory it never gets"},
    {"second-balancer", DOCTOR_SERIOUS, second_balancer, NULL,
     "let only one program move targets: stop the others, or do not use this one"},
    {"libvirt-autoballoon", DOCTOR_SERIOUS, libvirt_autoballoon, NULL,
     "set autoballoon = 0 in /etc/libvirt/libxl.conf, or give Xen dom0_mem=SIZE,max:SIZE"},
    {"target-moved", DOCTOR_WARNING, NULL, targets_moved,
     "find the program that sets it and stop it; two balancers undo each other's work"},
    {"pod-death", DOCTOR_SERIOUS, NULL, pod_death,
     "load a balloon driver in it, or start it with memory = maxmem; without a driver Xen kills it "
     "when it touches more memory than it has"},
    {"pod-ratchet", DOCTOR_WARNING, NULL, pod_ratchet,
     "only its own balloon can free that: let it boot, or restart it with the memory it is to have"},
    {"maximum-low", DOCTOR_SERIOUS, NULL, maximum_low,
     "set the target again, which raises the maximum with it: ballast set-target DOMAIN SIZE"},
    {"claims-off", DOCTOR_WARNING, claims_off, NULL,
     "set claim_mode=1 in xl.conf; then a start that does not fit fails at once"},
    {"claim-left", DOCTOR_WARNING, claim_left, NULL,
     "start ballastd; if it is not to run again, end them: xl list | awk '/^ballast-reserved/ {print"
     " $2}' | xargs -n 1 xl destroy"},
    {"low-memory", DOCTOR_WARNING, low_memory, NULL,
     "devices that reach only 4 GiB may fail: start the guests that have such devices before the "
     "others"},
    {"unknown-xen", DOCTOR_WARNING, unknown_xen, NULL,
     "predictions may be wrong by some pages: ballast calibrate --out FILE"},
    {"malformed-node", DOCTOR_WARNING, NULL, malformed_node,
     "find the program that writes it, for memory/meminfo and below data one in the guest: the "
     "value must be a decimal number in the node's range and nothing else"},
    {"no-driver", DOCTOR_WARNING, NULL, no_driver,
     "no start can have its memory: build its kernel with the driver (Linux: CONFIG_XEN_BALLOON)"},
    {"no-range", DOCTOR_NOTE, NULL, no_range,
     "the balancer cannot move it; set a range: ballast set-range DOMAIN MIN MAX"},
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

static void examine_domain(struct finder *finder, const struct doctor_domain *domain)
{
    struct doctor_finding finding = {
        .rule = finder->rule->word,
        .severity = finder->rule->severity,
        .domain = domain,
        .remedy = finder->rule->remedy,
    };
    struct ballast_text evidence = ballast_text_over(finding.evidence, sizeof(finding.evidence));
    bool found = domain ? finder->rule->of_domain(finder->facts, domain, &evidence)
                        : finder->rule->of_host(finder->facts, &evidence);
    if (!found)
        return;
    if (finder->count < finder->room)
        finder->out[finder->count] = finding;
    finder->count++;
}

size_t doctor_examine(const struct doctor_facts *facts, struct doctor_finding *out, size_t room)
{
    struct finder finder = {.facts = facts, .out = out, .room = room};
    for (size_t i = 0; i < RULES; i++) {
        finder.rule = &rules[i];
        if (finder.rule->of_host)
            examine_domain(&finder, NULL);
        for (size_t j = 0; finder.rule->of_domain && j < facts->domain_count; j++)
            examine_domain(&finder, &facts->domains[j]);
    }
    return finder.count;
}

const char *doctor_severity_name(enum doctor_severity severity)
{
    static const char *const words[] = {"note", "warning", "serious"};
    return (unsigned)severity < sizeof(words) / sizeof(words[0]) ? words[severity] : NULL;
}

const char *doctor_rule_at(size_t i)
{
    return i < RULES ? rules[i].word : NULL;
}

/* One setting of dom0_mem: a list of sizes, of which those after min: and max: are bounds. */
static bool has_maximum(const char *value)
{
    size_t length = strcspn(value, " ");
    const char *found = strstr(value, "max:");
    return found && found < value + length;
}

void doctor_read_commandline(const char *commandline, enum doctor_known *dom0_mem,
                             enum doctor_known *dom0_mem_max)
{
    static const char key[] = "dom0_mem=";
    *dom0_mem = DOCTOR_NO;
    *dom0_mem_max = DOCTOR_NO;
    for (const char *at = commandline; (at = strstr(at, key)); at += sizeof(key) - 1) {
        if (at != commandline && at[-1] != ' ')
            continue;
        *dom0_mem = DOCTOR_YES;
        *dom0_mem_max = has_maximum(at + sizeof(key) - 1) ? DOCTOR_YES : DOCTOR_NO;
    }
}
