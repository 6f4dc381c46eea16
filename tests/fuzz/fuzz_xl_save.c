/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

/* The head alone tells how much of the file is needed; that much gives the same guests as all. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guestcfg_list list = {0};
    struct guestcfg_list part = {0};
    struct ballast_error err;
    size_t needed = 0;
    if (size < GUESTCFG_SAVE_HEAD ||
        guestcfg_xl_save_bytes("f", (const char *)data, &needed, &err) < 0)
        return 0;
    int rc = guestcfg_parse("f", (const char *)data, size, NULL, &list, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        MUST(list.count == 0, "%zu", list.count);
    }
    if (needed <= size) {
        MUST(guestcfg_parse("f", (const char *)data, needed, NULL, &part, &err) == rc, "%d", rc);
        MUST(part.count == list.count, "%zu and %zu guests", part.count, list.count);
    }
    for (size_t i = 0; i < list.count; i++)
        fuzz_round_trip(&list.guests[i]);
    guestcfg_list_release(&list);
    guestcfg_list_release(&part);
    return 0;
}
