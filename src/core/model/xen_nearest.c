/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/model/xen_nearest.h"

#include <string.h>

#include "core/base/text.h"
#include "core/model/profile_xen.h"
#include "core/model/xen_release.h"

#define SERIES "xen-"

static unsigned releases_between(const struct ballast_xen_release *a,
                                 const struct ballast_xen_release *b)
{
    unsigned x = a->major * 1000 + a->minor;
    unsigned y = b->major * 1000 + b->minor;
    return x > y ? x - y : y - x;
}

/* Of the series that are listed, which stand for their last known release. */
static const struct ballast_profile *nearest_series(const struct ballast_xen_release *release)
{
    const struct ballast_profile *nearest = NULL;
    const struct ballast_profile *profile;
    unsigned least = 0;
    for (size_t i = 0; (profile = ballast_xen_profile_at(i)) != NULL; i++) {
        struct ballast_xen_release is;
        const char *name = ballast_profile_name(profile);
        if (strncmp(name, SERIES, strlen(SERIES)) != 0 ||
            ballast_xen_release_parse(name + strlen(SERIES), &is, NULL) < 0)
            continue;
        unsigned between = releases_between(&is, release);
        bool is_nearer =
            !nearest || between < least || (between == least && is.minor > release->minor);
        if (is_nearer) {
            nearest = profile;
            least = between;
        }
    }
    return nearest;
}

const struct ballast_profile *ballast_xen_nearest(const char *version, bool *is_known)
{
    struct ballast_xen_release release;
    enum ballast_sureness sure = BALLAST_SURE_MEASURED;
    const struct ballast_profile *exact = ballast_profile_for_xen(version, &sure, NULL);
    *is_known = exact && sure != BALLAST_SURE_ASSUMED;
    if (exact || ballast_xen_release_parse(version, &release, NULL) < 0)
        return exact;
    return nearest_series(&release);
}

size_t ballast_xen_unknown_text(const char *version, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    bool is_known = true;
    buf[0] = '\0';
    if (*version == '\0')
        return 0;
    const struct ballast_profile *nearest = ballast_xen_nearest(version, &is_known);
    if (is_known)
        return 0;
    if (nearest)
        ballast_text_add(&text,
                         "no profile is of Xen %.60s: what guests cost is compared with %s, the "
                         "nearest: 'ballast calibrate --out' measures it on this host",
                         version, ballast_profile_name(nearest));
    else
        ballast_text_add(&text,
                         "'%.60s' is not a version of Xen that has a profile: use 'ballast "
                         "calibrate --profile NAME --out FILE' to measure it on this host",
                         version);
    return text.length;
}
