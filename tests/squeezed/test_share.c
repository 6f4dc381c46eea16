/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of its range a new guest is asked for, and the names that stand for reservations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/ballastd/squeezed/ids.h"
#include "app/ballastd/squeezed/share.h"
#include "core/ledger/record.h"
#include "core/model/host.h"

#define MIB UINT64_C(1024)

static struct ballast_domain guest_of(uint64_t tot_kib, uint64_t min_kib, uint64_t max_kib)
{
    return (struct ballast_domain){.id = 1,
                                   .name = "",
                                   .state = BALLAST_DOMAIN_RUN,
                                   .has_balloon = true,
                                   .tot_kib = tot_kib,
                                   .target_kib = tot_kib,
                                   .maxmem_kib = max_kib,
                                   .dynamic_min_kib = min_kib,
                                   .dynamic_max_kib = max_kib,
                                   .static_max_kib = max_kib,
                                   .used_kib = BALLAST_NONE,
                                   .reported_free_kib = BALLAST_NONE,
                                   .report_age_usec = BALLAST_NONE,
                                   .shares = BALLAST_DEFAULT_SHARES};
}

static void all_stand_at_the_same_part(void **state)
{
    /* 1000 MiB can move above minima, for two ranges of 1000: half of each. */
    struct ballast_domain one = guest_of(1500 * MIB, 500 * MIB, 1500 * MIB);
    struct ballast_host host = {.domains = &one, .domain_count = 1};
    (void)state;
    assert_int_equal(squeezed_share_kib(&host, 200 * MIB, 200 * MIB, 1200 * MIB), 700 * MIB);
    /* More than enough: all of it; less than the minimum: that. */
    assert_int_equal(squeezed_share_kib(&host, 9000 * MIB, 200 * MIB, 1200 * MIB), 1200 * MIB);
    assert_int_equal(squeezed_share_kib(&host, 0, 1100 * MIB, 1200 * MIB), 1100 * MIB);
    assert_int_equal(squeezed_share_kib(&host, 0, 64 * MIB, 64 * MIB), 64 * MIB);
    /* A guest that is not asked frees nothing and gets nothing. */
    one.shares = 0;
    assert_int_equal(squeezed_share_kib(&host, 700 * MIB, 200 * MIB, 1200 * MIB), 700 * MIB);
}

static void an_id_is_read_back(void **state)
{
    static const uint64_t ids[] = {1, 255, 256, UINT64_C(1) << 55, LEDGER_MOST_ID};
    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char text[BALLAST_UUID_TEXT];
        squeezed_id_text(ids[i], text);
        assert_int_equal(squeezed_id_read(text), ids[i]);
    }
    assert_int_equal(squeezed_id_read("x"), 0);
    assert_int_equal(squeezed_id_read(""), 0);
    assert_int_equal(squeezed_id_read("00000000-0000-4000-8000-000000000001"), 0);
}

static void any_session_has_an_owner(void **state)
{
    static const char *const names[] = {"xenopsd", "", "\n{}", "\xff", "a b"};
    char owner[LEDGER_OWNER];
    char longest[300];
    (void)state;
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        squeezed_owner(names[i], owner);
        assert_int_equal(ledger_name_check("owner", owner, NULL), 0);
        assert_true(squeezed_is_owner(owner));
    }
    squeezed_owner(longest, owner);
    assert_int_equal(ledger_name_check("owner", owner, NULL), 0);
    squeezed_owner("xenopsd", owner);
    assert_string_equal(owner, "squeezed:xenopsd");
    assert_false(squeezed_is_owner("xenopsd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_stand_at_the_same_part),
        cmocka_unit_test(an_id_is_read_back),
        cmocka_unit_test(any_session_has_an_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
