/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* squeezed.conf: what is read is within its bounds; what is refused changes nothing and says where.
 */
#include "check.h"

#include "edge/squeezed/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct squeezed_conf conf = {.settings = {[SQUEEZED_CONF_MANAGE] = {.number = 7}}};
    struct squeezed_conf before = conf;
    struct ballast_error err = {0};
    int rc = squeezed_conf_read("f", (const char *)data, size, &conf, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        MUST(memcmp(&conf, &before, sizeof(conf)) == 0, "changed");
        return 0;
    }
    const struct squeezed_conf_setting *settings = conf.settings;
    uint64_t max_kib = settings[SQUEEZED_CONF_DOM0_MAX].number;
    MUST(settings[SQUEEZED_CONF_INTERVAL].number <= UINT64_C(86401) * 1000000, "%d", rc);
    MUST(settings[SQUEEZED_CONF_DOM0_MIN].number <= UINT64_C(1) << 42, "%d", rc);
    MUST(max_kib == SQUEEZED_CONF_AUTO || max_kib <= UINT64_C(1) << 42, "%d", rc);
    MUST(settings[SQUEEZED_CONF_USE_SWITCH].number <= 1, "%d", rc);
    return 0;
}
