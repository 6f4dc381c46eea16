/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A host snapshot: inconsistent ones are refused; available memory; what a domain can free. */
#include "unit.h"

#include "core/model/host.h"

static struct ballast_domain domains[2];

static struct ballast_host example(void)
{
    domains[0] = (struct ballast_domain){.id = 0,
                                         .name = "Domain-0",
                                         .is_dom0 = true,
                                         .tot_kib = 1024,
                                         .dynamic_min_kib = 512,
                                         .dynamic_max_kib = 1024,
                                         .static_max_kib = 1024,
                                         .has_balloon = true,
                                         .shares = 1000};
    domains[1] = domains[0];
    domains[1].id = 7;
    domains[1].overhead_kib = 100;
    return (struct ballast_host){.total_kib = 4096,
                                 .free_kib = 1000,
                                 .scrub_kib = 10,
                                 .claimed_kib = 200,
                                 .slack_kib = 300,
                                 .xen_kib = 948,
                                 .domains = domains,
                                 .domain_count = 2};
}

static void refuse(const struct ballast_host *host, const char *part)
{
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_host_check(host, &err), -EINVAL);
    assert_int_equal(err.code, -EINVAL); /* the code that was returned is the code in the record */
    unit_assert_text(err, part);
    assert_int_equal(ballast_host_check(host, NULL), -EINVAL);
}

static void true_ones_pass(void **state)
{
    (void)state;
    struct ballast_error err = unit_clean_error();
    struct ballast_host host = example(); /* 1000 + 948 + 1024 + 1024 + 100 = 4096, to the page */
    assert_int_equal(ballast_host_check(&host, &err), 0);
    host.domain_count = 0;
    host.domains = NULL;
    assert_int_equal(ballast_host_check(&host, &err), 0);
    unit_assert_clean(err);
}

static void contradictions(void **state)
{
    (void)state;
    struct ballast_host host = example();
    host.free_kib = 4097;
    refuse(&host, "free memory 4097 KiB is more than the host's 4096 KiB");
    host = example();
    host.scrub_kib = 1001;
    refuse(&host, "1001 KiB");
    host = example();
    host.xen_kib++;
    refuse(&host, "4097 KiB, more than the host's 4096 KiB");
    host = example();
    domains[1].dynamic_min_kib = 1025;
    refuse(&host, "domain 7: dynamic minimum 1025 KiB");
    host = example();
    domains[1].dynamic_max_kib = 1025;
    refuse(&host, "domain 7: dynamic maximum 1025 KiB");
    host = example();
    domains[1].id = 0;
    refuse(&host, "duplicate domain id 0");
}

/* Domains come in any order, so the two that share an id need not be neighbours. */
static void ids_apart(void **state)
{
    (void)state;
    struct ballast_domain three[3];
    struct ballast_host host = example();
    host.total_kib += 1024;
    host.domains = three;
    host.domain_count = 3;
    three[0] = domains[1];
    three[1] = domains[0];
    three[2] = domains[0];
    three[2].id = 8;
    struct ballast_error err = unit_clean_error();
    assert_int_equal(ballast_host_check(&host, &err), 0);
    unit_assert_clean(err);
    three[2].id = 7;
    refuse(&host, "duplicate domain id 7");
}

static void sums_past_64_bits(void **state)
{
    (void)state;
    struct ballast_host host = example();
    domains[1].tot_kib = UINT64_MAX;
    refuse(&host, "64 bits");
    host = example();
    domains[1].overhead_kib = UINT64_MAX;
    refuse(&host, "64 bits");
    host = example();
    host.xen_kib = UINT64_MAX;
    refuse(&host, "64 bits");
}

static void available(void **state)
{
    (void)state;
    struct ballast_host host = example();
    assert_int_equal(ballast_host_available_kib(&host), 500);
    host.slack_kib = 800;
    assert_int_equal(ballast_host_available_kib(&host), 0);
    host.slack_kib = 900;
    assert_int_equal(ballast_host_available_kib(&host), 0);
    host.claimed_kib = UINT64_MAX;
    assert_int_equal(ballast_host_available_kib(&host), 0);
}

static void spare(void **state)
{
    (void)state;
    struct ballast_host host = example();
    struct ballast_domain *domain = &host.domains[1];
    assert_int_equal(ballast_domain_spare_kib(domain), 512);
    domain->tot_kib = 500;
    assert_int_equal(ballast_domain_spare_kib(domain), 0);
    for (int s = 0; s < BALLAST_DOMAIN_STATES; s++) {
        example();
        domain->state = (enum ballast_domain_state)s;
        assert_int_equal(ballast_domain_spare_kib(domain), s == BALLAST_DOMAIN_RUN ? 512 : 0);
    }
    example();
    domain->has_balloon = false;
    assert_int_equal(ballast_domain_spare_kib(domain), 0);
    example();
    domain->shares = 0;
    assert_int_equal(ballast_domain_spare_kib(domain), 0);
}

static void state_names(void **state)
{
    (void)state;
    for (int i = 0; i < BALLAST_DOMAIN_STATES; i++)
        assert_int_equal(
            ballast_domain_state_find(ballast_domain_state_name((enum ballast_domain_state)i)), i);
    assert_null(ballast_domain_state_name(BALLAST_DOMAIN_STATES));
    assert_int_equal(ballast_domain_state_find("running"), -ENOENT);
}

/* Growth that a domain was told of counts where no policy sets its target: it takes it yet. */
static void test_told(void **state)
{
    (void)state;
    struct ballast_domain domain = {.id = 3,
                                    .state = BALLAST_DOMAIN_RUN,
                                    .has_balloon = true,
                                    .tot_kib = 100,
                                    .target_kib = 300,
                                    .maxmem_kib = 200,
                                    .dynamic_min_kib = 100,
                                    .dynamic_max_kib = 300,
                                    .static_max_kib = 300};
    assert_false(ballast_domain_is_asked(&domain)); /* it has no shares */
    assert_int_equal(ballast_domain_untaken_kib(&domain), 100);
    domain.maxmem_kib = 400;
    assert_int_equal(ballast_domain_untaken_kib(&domain), 200);
    domain.has_balloon = false;
    assert_int_equal(ballast_domain_untaken_kib(&domain), 0);
    domain.has_balloon = true;
    domain.state = BALLAST_DOMAIN_PAUSED;
    assert_int_equal(ballast_domain_untaken_kib(&domain), 0);
    domain.state = BALLAST_DOMAIN_MIGRATING;
    assert_int_equal(ballast_domain_untaken_kib(&domain), 200);
    domain.state = BALLAST_DOMAIN_RUN;
    domain.shares = BALLAST_DEFAULT_SHARES;
    assert_true(ballast_domain_is_asked(&domain));
    assert_int_equal(ballast_domain_untaken_kib(&domain), 0);
    /* A range of one size is a range, but for dom0. */
    domain.dynamic_min_kib = domain.dynamic_max_kib;
    assert_true(ballast_domain_is_asked(&domain));
    domain.is_dom0 = true;
    assert_false(ballast_domain_is_asked(&domain));
    domain.is_dom0 = false;
    domain.dynamic_min_kib = domain.dynamic_max_kib + 1;
    assert_false(ballast_domain_is_asked(&domain));
    domain.dynamic_min_kib = 100;
    domain.dynamic_max_kib = domain.static_max_kib + 1;
    assert_false(ballast_domain_is_asked(&domain));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(true_ones_pass), cmocka_unit_test(contradictions),
        cmocka_unit_test(ids_apart),      cmocka_unit_test(sums_past_64_bits),
        cmocka_unit_test(available),      cmocka_unit_test(spare),
        cmocka_unit_test(state_names),    cmocka_unit_test(test_told),
    };
    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
