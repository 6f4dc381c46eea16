/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    int rc = guestcfg_parse_json("f", (const char *)data, size, NULL, &list, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        MUST(list.count == 0, "%zu", list.count);
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct guestcfg_guest *guest = &list.guests[i];
        if (guest->has_given)
            MUST(ballast_breakdown_check(&guest->given, &err) == 0, "%s", err.text);
        fuzz_round_trip(guest);
    }
    guestcfg_list_release(&list);
    return 0;
}
