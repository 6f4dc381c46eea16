/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

static bool ends_in(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guestcfg_guest guest;
    struct ballast_error err;
    int rc = guestcfg_parse_xl("f", (const char *)data, size, NULL, &guest, &err);
    if (rc == 0) {
        fuzz_round_trip(&guest);
        return 0;
    }
    check_refusal(rc, &err);
    /* libxlutil leaks where it says these: xl_scan.c must have said something before. */
    MUST(!ends_in(err.text, "': lexical error") && !ends_in(err.text, " in quoted string"), "%s",
         err.text);
    return 0;
}
