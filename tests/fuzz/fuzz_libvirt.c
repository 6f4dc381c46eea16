/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guestcfg_guest guest;
    struct ballast_error err;
    int rc = guestcfg_parse_libvirt("f", (const char *)data, size, NULL, &guest, &err);
    if (rc == 0)
        fuzz_round_trip(&guest);
    else
        check_refusal(rc, &err);
    return 0;
}
