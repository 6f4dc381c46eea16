/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/policy/pace.h"

#include <inttypes.h>

#include "core/base/text.h"
#include "core/base/units.h"

void pace_learn(struct pace *like, uint64_t measured_kib_per_sec)
{
    if (measured_kib_per_sec == 0)
        return;
    bool first = like->basis == PACE_RANGE;
    *like = (struct pace){
        .min_kib_per_sec = first ? measured_kib_per_sec
                                 : ballast_min_u64(like->min_kib_per_sec, measured_kib_per_sec),
        .max_kib_per_sec = first ? measured_kib_per_sec
                                 : ballast_max_u64(like->max_kib_per_sec, measured_kib_per_sec),
        .basis = PACE_LIKE,
    };
}

struct pace pace_of(uint64_t measured_kib_per_sec, const struct pace *like)
{
    if (measured_kib_per_sec == 0)
        return *like;
    return (struct pace){measured_kib_per_sec, measured_kib_per_sec, PACE_MEASURED};
}

static const char *const words[PACE_BASES] = {
    [PACE_MEASURED] = "measured", [PACE_LIKE] = "like", [PACE_RANGE] = "range"};

const char *pace_basis_name(enum pace_basis basis)
{
    return (unsigned)basis < PACE_BASES ? words[basis] : NULL;
}

static void add_mib(struct ballast_text *text, uint64_t kib)
{
    uint64_t hundredths = ballast_mul_div(kib, 100, BALLAST_MIB_KIB);
    ballast_text_add(text, "%" PRIu64 ".%02" PRIu64, hundredths / 100, hundredths % 100);
}

size_t pace_text(const struct pace *pace, char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    add_mib(&text, pace->min_kib_per_sec);
    if (pace->max_kib_per_sec != pace->min_kib_per_sec) {
        ballast_text_add(&text, " to ");
        add_mib(&text, pace->max_kib_per_sec);
    }
    ballast_text_add(&text, " MiB/s (%s)",
                     pace->basis == PACE_MEASURED ? "measured"
                     : pace->basis == PACE_LIKE   ? "as measured for guests of its type here"
                                                  : "a guess: the range of any balloon");
    return text.length;
}
