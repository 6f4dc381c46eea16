/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "edge/guestcfg/guestcfg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guestcfg_xl_conf conf = {.claim_mode = 7};
    struct ballast_error err;
    int rc = guestcfg_parse_xl_conf("f", (const char *)data, size, &conf, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        MUST(conf.claim_mode == 7, "%ju", (uintmax_t)conf.claim_mode);
    } else {
        MUST(conf.claim_mode <= 1 || conf.claim_mode == BALLAST_UNSET, "%ju",
             (uintmax_t)conf.claim_mode);
    }
    return 0;
}
