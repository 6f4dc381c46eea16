/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

/* With and without going on, the same guests come out as far as none is bad. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guestcfg_options options = {.keep_going = true};
    struct guestcfg_list list = {0};
    struct guestcfg_list all = {0};
    struct ballast_error err;
    int rc = guestcfg_parse_libvirt("f", (const char *)data, size, NULL, &list, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        MUST(list.count == 0, "%zu", list.count);
    }
    for (size_t i = 0; i < list.count; i++)
        fuzz_round_trip(&list.guests[i]);
    if (guestcfg_parse_libvirt("f", (const char *)data, size, &options, &all, &err) == 0)
        MUST(rc < 0 ? all.fault_count > 0 : all.fault_count == 0 && all.count == list.count,
             "%zu guests and %zu faults", all.count, all.fault_count);
    guestcfg_list_release(&list);
    guestcfg_list_release(&all);
    return 0;
}
