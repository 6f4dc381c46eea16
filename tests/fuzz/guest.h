/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_FUZZ_GUEST_H
#define TESTS_FUZZ_GUEST_H

#include "check.h"

#include "edge/guestcfg/guestcfg.h"

/* The line that is written of a guest; NULL where its figures do not fit 64 bits. */
static inline char *fuzz_line(const struct guestcfg_guest *guest)
{
    const struct ballast_profile *profile =
        guest->profile ? guest->profile : ballast_profile_find(NULL);
    struct ballast_breakdown made = guest->given;
    char *text = NULL;
    size_t length;
    if (!guest->has_given &&
        ballast_breakdown_evaluate(&made, profile, &guest->guest, NULL, NULL) < 0)
        return NULL;
    FILE *out = open_memstream(&text, &length);
    MUST(out, "memory");
    int rc = guestcfg_write_json(
        out, guest->guest.name, guest->has_given ? NULL : &guest->guest, &made,
        guest->has_given ? guest->given_profile : ballast_profile_name(profile));
    MUST(rc == 0 && fclose(out) == 0, "%d", rc);
    return text;
}

/* What is written can be read, and what is read of it is written as the same line. */
static inline void fuzz_round_trip(const struct guestcfg_guest *guest)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    char *first = fuzz_line(guest);
    if (!first)
        return;
    int rc = guestcfg_parse_json("f", first, strlen(first), NULL, &list, &err);
    MUST(rc == 0 && list.count == 1, "%s: %s", first, rc < 0 ? err.text : "");
    char *second = fuzz_line(&list.guests[0]);
    MUST(second && strcmp(first, second) == 0, "%s%s", first, second ? second : "");
    free(first);
    free(second);
    guestcfg_list_release(&list);
}

#endif
