/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/certainty.h"

#include <string.h>

#include "core/base/text.h"
#include "core/model/profile_xen.h"
#include "core/model/xen_release.h"

static const char *const words[BALLAST_CERTAINTIES] = {
    [BALLAST_CERTAINTY_MEASURED] = "measured", [BALLAST_CERTAINTY_HOST] = "host",
    [BALLAST_CERTAINTY_SOURCE] = "source",     [BALLAST_CERTAINTY_BOUND] = "bound",
    [BALLAST_CERTAINTY_RULE] = "rule",         [BALLAST_CERTAINTY_GIVEN] = "given",
};

const char *ballast_certainty_name(enum ballast_certainty certainty)
{
    return (unsigned)certainty < BALLAST_CERTAINTIES ? words[certainty] : NULL;
}

static uint64_t unmeasured_kib(const struct ballast_breakdown *breakdown)
{
    uint64_t why = 0;
    (void)ballast_breakdown_note(breakdown, BALLAST_NOTE_NOT_MEASURED, &why, NULL);
    return why;
}

/*
 * What follows a release is the distributor's: nothing, or the name of the build that was measured.
 */
static bool is_measured_build(const char *version)
{
    static const char *const suffixes[] = {"", "+13-g2445b30a44", "+13-g2445b30a44-0+deb12u1"};
    const char *suffix = version + strspn(version, "0123456789.");
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (strcmp(suffix, suffixes[i]) == 0)
            return true;
    }
    return false;
}

/* A profile that --profile names may be of another release than the host's. */
static uint64_t unmeasured_version(const struct ballast_profile *profile, const char *version)
{
    enum ballast_sureness sure = BALLAST_SURE_MEASURED;
    if (*version == '\0')
        return BALLAST_UNMEASURED_BUILD;
    const struct ballast_profile *of_host = ballast_profile_for_xen(version, &sure, NULL);
    if (!of_host || sure == BALLAST_SURE_ASSUMED ||
        ballast_xen_profile_terms(of_host) != ballast_xen_profile_terms(profile))
        return BALLAST_UNMEASURED_RELEASE;
    return is_measured_build(version) ? 0 : BALLAST_UNMEASURED_BUILD;
}

static uint64_t unmeasured_processor(const struct ballast_host *host)
{
    if (host->caps.vmx || ballast_processor_is_vmx(host->processor))
        return BALLAST_UNMEASURED_VMX;
    return strncmp(host->processor, "AuthenticAMD", 12) == 0 ? 0 : BALLAST_UNMEASURED_PROCESSOR;
}

void ballast_certainty_of_host(struct ballast_breakdown *breakdown, const struct ballast_host *host)
{
    enum ballast_certainty now = ballast_certainty(breakdown);
    if (now != BALLAST_CERTAINTY_MEASURED && now != BALLAST_CERTAINTY_SOURCE &&
        now != BALLAST_CERTAINTY_BOUND)
        return;
    uint64_t why = unmeasured_kib(breakdown) |
                   unmeasured_version(breakdown->profile, host->xen_version) |
                   unmeasured_processor(host);
    if (why)
        ballast_breakdown_set_note(breakdown, BALLAST_NOTE_NOT_MEASURED, why, 0);
}

enum ballast_certainty ballast_certainty(const struct ballast_breakdown *breakdown)
{
    const struct ballast_profile *profile = breakdown->profile;
    if (!profile || (breakdown->has_cost && breakdown->cost_pages[BALLAST_COST_DOMAIN] == 0))
        return BALLAST_CERTAINTY_GIVEN;
    if (!ballast_profile_exact(profile, NULL))
        return BALLAST_CERTAINTY_RULE;
    if (breakdown->cost_pages[BALLAST_COST_IOMMU_PIECES] > 0)
        return BALLAST_CERTAINTY_BOUND;
    if (unmeasured_kib(breakdown))
        return BALLAST_CERTAINTY_SOURCE;
    return profile->rules.xen.calibrated ? BALLAST_CERTAINTY_HOST : BALLAST_CERTAINTY_MEASURED;
}

static void add_reasons(struct ballast_text *text, uint64_t why)
{
    static const struct {
        uint64_t bit;
        const char *what;
    } reasons[] = {
        {BALLAST_UNMEASURED_RELEASE, "this release of Xen"},
        {BALLAST_UNMEASURED_BUILD, "this build of Xen"},
        {BALLAST_UNMEASURED_VMX, "Intel's processors"},
        {BALLAST_UNMEASURED_PROCESSOR, "this host's processor"},
        {BALLAST_UNMEASURED_NESTED, "nested virtualisation on it"},
        {BALLAST_UNMEASURED_PASSTHROUGH, "device passthrough"},
        {BALLAST_UNMEASURED_SHADOW, "shadow paging on it"},
        {BALLAST_UNMEASURED_VCPUS, "more than 128 vCPUs"},
        {BALLAST_UNMEASURED_VNUMA, "virtual NUMA's tables, which are not included"},
        {BALLAST_UNMEASURED_DEVICE_MODEL, "this device model"},
        {BALLAST_UNMEASURED_VMTRACE, "trace buffers"},
    };
    const char *before = ": ";
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (!(why & reasons[i].bit))
            continue;
        ballast_text_add(text, "%s%s", before, reasons[i].what);
        before = "; ";
    }
}

size_t ballast_certainty_text(const struct ballast_breakdown *breakdown, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    switch (ballast_certainty(breakdown)) {
    case BALLAST_CERTAINTY_MEASURED:
        ballast_text_add(&text, "measured to the page");
        break;
    case BALLAST_CERTAINTY_HOST:
        ballast_text_add(&text, "measured on the host of its calibration");
        break;
    case BALLAST_CERTAINTY_SOURCE:
        ballast_text_add(&text, "by source, not measured");
        add_reasons(&text, unmeasured_kib(breakdown));
        break;
    case BALLAST_CERTAINTY_BOUND:
        ballast_text_add(&text, "bound by source, not measured");
        add_reasons(&text, unmeasured_kib(breakdown));
        break;
    case BALLAST_CERTAINTY_RULE:
        ballast_text_add(&text, "estimate by the toolstack's rule");
        break;
    case BALLAST_CERTAINTY_GIVEN:
        ballast_text_add(&text, "as its file gives it");
        break;
    case BALLAST_CERTAINTIES:
        break;
    }
    return text.length;
}
