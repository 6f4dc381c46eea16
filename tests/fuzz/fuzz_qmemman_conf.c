/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* qmemman.conf: what is read is within its bounds; what is refused changes nothing and says where.
 */
#include "check.h"

#include "edge/qmemman/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qmemman_conf conf = {.guest_min_kib = 7};
    struct ballast_error err = {0};
    int rc = qmemman_conf_read("f", (const char *)data, size, &conf, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        MUST(conf.guest_min_kib == 7 && conf.margin_permyriad == 0, "changed");
        return 0;
    }
    MUST(conf.guest_min_kib <= UINT64_C(1) << 42, "%d", rc);
    MUST(conf.dom0_boost_kib <= UINT64_C(1) << 42, "%d", rc);
    MUST(conf.margin_permyriad >= 10000 && conf.margin_permyriad <= 1000000, "%d", rc);
    return 0;
}
