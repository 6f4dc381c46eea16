/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest use of libballast: one guest, every part of its breakdown under every profile.
 *
 *   cc example.c $(pkg-config --cflags --libs ballast) -o example && ./example
 */
#include <ballast/ballast.h>

#include <inttypes.h>
#include <stdio.h>

static void print_breakdown(const struct ballast_breakdown *breakdown)
{
    printf("%s\n", ballast_profile_name(ballast_breakdown_profile(breakdown)));
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        printf("  %-16s %10" PRIu64 " KiB\n", ballast_segment_name((enum ballast_segment)i),
               ballast_breakdown_segment_kib(breakdown, (enum ballast_segment)i));
    for (int i = 0; i < BALLAST_SPANS; i++)
        printf("  = %-14s %10" PRIu64 " KiB\n", ballast_span_name((enum ballast_span)i),
               ballast_breakdown_span_kib(breakdown, (enum ballast_span)i));
    printf("  need             %10" PRIu64 " KiB\n", ballast_breakdown_need_kib(breakdown));
}

static int explain(struct ballast_guest *guest, struct ballast_breakdown *breakdown,
                   struct ballast_error *err)
{
    int rc;
    if ((rc = ballast_guest_set(guest, BALLAST_MEMORY, 4096 * 1024, err)) < 0 ||
        (rc = ballast_guest_set(guest, BALLAST_VCPUS, 4, err)) < 0)
        return rc;
    const struct ballast_profile *profile;
    for (size_t i = 0; (profile = ballast_profile_at(i)); i++) {
        rc = ballast_breakdown_evaluate(breakdown, profile, guest, NULL, err);
        if (rc < 0)
            return rc;
        print_breakdown(breakdown);
    }
    return 0;
}

int main(void)
{
    struct ballast_guest *guest = ballast_guest_new(BALLAST_HVM, "web");
    struct ballast_breakdown *breakdown = ballast_breakdown_new();
    struct ballast_error err = {0};
    int rc = guest && breakdown ? explain(guest, breakdown, &err) : -1;
    if (rc < 0)
        fprintf(stderr, "example: %s\n", err.text[0] ? err.text : "out of memory");
    ballast_breakdown_free(breakdown);
    ballast_guest_free(guest);
    return rc < 0;
}
