/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reader of scenarios: the result for a valid one, and the refusal of all others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "core/base/units.h"
#include "core/sim/score/score.h"

#define MIB BALLAST_MIB_KIB
#define SEC BALLAST_SEC_USEC

static const char good[] =
    "# a comment\n"
    "says \"It is \\ what it is.\"\n"
    "host total=8GiB xen=200MiB slack=64MiB scrub=1GiB/s tick=50ms xen-version=4.17.7-pre "
    "processor=GenuineIntel-6-55-4 # another\n"
    "guest zero dom0 tot=1GiB min=512MiB max=1GiB\r\n"
    "guest web tot=1.5GiB min=512MiB max=2GiB static=3GiB reclaim-rate=100MiB/s stuck=1s..2s "
    "stuck=5s.. duty=3s/1s uses=steps:0s=1GiB,20s=3GiB report=random\n"
    "guest vm*3 tot=256MiB uses=walk:100MiB..200MiB,5MiB/s swap=claimed\n"
    "start new at=2.5s need=1GiB overhead=24MiB deadline=10s build=500MiB/s\n"
    "fault set-lost 1s..2s chance=12.5%\n"
    "restart 3s\n"
    "duration 1min\n"
    "seed 42\n"
    "expect start new granted within 1.5x by 30s\n"
    "expect[all] no-kill\n"
    "expect[fixed,rules] shortfall >= 1.5GiBs";

static void test_good(void **state)
{
    (void)state;
    struct scenario scenario;
    struct ballast_error err = {0};
    if (scenario_parse_expects("good.scn", good, strlen(good), &scenario, &err) < 0)
        fail_msg("%s", err.text);
    const struct sim_config *config = &scenario.config;
    assert_string_equal(scenario.sentence, "It is \\ what it is.");
    assert_int_equal(config->total_kib, 8192 * MIB);
    assert_int_equal(config->tick_usec, 50000);
    assert_string_equal(config->xen_version, "4.17.7-pre");
    assert_int_equal(config->guests[1].vcpus, 1);
    assert_string_equal(config->processor, "GenuineIntel-6-55-4");
    assert_int_equal(config->seed, 42);
    assert_int_equal(scenario.duration_usec, 60 * SEC);
    assert_int_equal(config->guest_count, 5);
    assert_true(config->guests[0].dom0);
    const struct sim_guest_config *web = &config->guests[1];
    assert_int_equal(web->tot_kib, 1536 * MIB);
    assert_int_equal(web->target_kib, 1536 * MIB);
    assert_int_equal(web->maxmem_kib, 3072 * MIB);
    assert_int_equal(web->stuck.count, 2);
    assert_true(web->stuck.at[1].until_usec == BALLAST_NONE);
    assert_int_equal(web->duty_stuck_usec, SEC);
    assert_int_equal(web->need.step_count, 2);
    assert_int_equal(web->report, SIM_REPORT_RANDOM);
    assert_int_equal(web->swap, SIM_SWAP_HONEST);
    assert_string_equal(config->guests[4].name, "vm3");
    assert_int_equal(config->guests[4].swap, SIM_SWAP_CLAIMED);
    assert_int_equal(config->starts[0].guest.tot_kib, 1000 * MIB);
    assert_int_equal(config->starts[0].deadline_usec, 12500000);
    assert_int_equal(config->faults[0].chance_permyriad, 1250);
    assert_int_equal(scenario.expects[0].ratio_permyriad, 15000);
    assert_true(scenario.expects[1].all_policies);
    assert_int_equal(scenario.expects[2].policy_count, 2);
    assert_int_equal(scenario.expects[2].amount, UINT64_C(1536) * MIB * 1000);
    scenario_release(&scenario);
}

/* A line put into an otherwise good scenario, and what the message must name. */
static const struct {
    const char *line;
    const char *says;
} wrong[] = {
    {"gest a tot=1GiB", "bad.scn:4: \"gest\": no such statement"},
    {"guest a", "bad.scn:4: \"a\": has no memory: use tot=SIZE"},
    {"guest a tot=1GX", "bad.scn:4: \"tot=1GX\": cannot be read: use a size such as"},
    {"guest a tot=1 GiB", "bad.scn:4: \"GiB\": no such key"},
    {"guest a tot=-1GiB", "\"tot=-1GiB\""},
    {"guest a tot=99999999999TiB", "\"tot=99999999999TiB\""},
    {"guest a tot=1GiB colour=red", "\"colour=red\": no such key: use one of dom0"},
    {"guest a tot=1GiB dom0=yes", "the word alone"},
    {"guest a tot=1GiB min=2GiB max=1GiB", "min is above max"},
    {"guest a tot=1GiB max=2GiB static=1GiB", "max is above static"},
    {"guest web tot=1GiB", "\"web\": already exists"},
    {"guest a tot=1GiB type=lxc", "pv, pvh or hvm"},
    {"host nodes=4GiB,", "\"nodes=4GiB,\": cannot be read: use a size such as"},
    {"host nodes=1GiB,1GiB,1GiB,1GiB,1GiB,1GiB,1GiB,1GiB,1GiB", "at most 8 nodes"},
    {"guest a tot=1GiB pool=1MiB overhead=2MiB", "has segments and no type"},
    {"guest a tot=1GiB type=pvh video=1MiB", "is not HVM and has video"},
    {"guest a tot=1GiB type=pv pool=1MiB overhead=2MiB", "is PV and has a pool"},
    {"guest a tot=1GiB type=hvm video=2GiB", "video is above tot or min"},
    {"guest a tot=1GiB type=hvm pool=2MiB overhead=1MiB", "pool is above overhead"},
    {"guest a/b tot=1GiB", "cannot be a name"},
    {"guest a*0 tot=1MiB", "NAME*1 to NAME*2000"},
    {"guest late dom0 tot=1MiB", "dom0 as the first guest"},
    {"guest a tot=1MiB stuck=5s..3s", "a time span"},
    {"guest a tot=1MiB duty=0s/1s", "two times such as"},
    {"guest a tot=1MiB uses=square:1MiB..2MiB,0s/0s", "steps:0s=1GiB"},
    {"guest a tot=1MiB uses=steps:5s=1MiB,5s=2MiB", "steps:0s=1GiB"},
    {"guest a tot=1MiB uses=walk:2MiB..1MiB,1MiB/s", "steps:0s=1GiB"},
    {"guest a tot=1MiB report-late=1h", "report-late at most 32 times"},
    {"guest a tot=1MiB report=true",
     "honest, none, low, high, random, huge, scaled, free, all, constant"},
    {"guest a tot=1MiB pressure=high", "none, honest or false"},
    {"guest a tot=1MiB swap=some",
     "bad.scn:4: \"swap=some\": cannot be read: use honest, none or claimed"},
    {"guest a tot=1MiB claims=5X", "\"claims=5X\": cannot be read: use a size such as"},
    {"guest a tot=1MiB scale=2", "a ratio such as 1.5x"},
    {"guest a tot=1MiB report-noise=0.05", "a percentage such as 30%"},
    {"start a need=0KiB", "needs no memory"},
    {"start a need=1MiB overhead=2MiB", "overhead is above need"},
    {"start a need=1MiB tot=2MiB", "takes more than it requested"},
    {"fault earthquake 1s..2s", "no such fault"},
    {"fault set-lost 1s..2s chance=200%", "chance=30%"},
    {"restart soon", "a time such as"},
    {"seed 1.5", "a whole number"},
    {"balancer clever", "no such option: use headroom=SIZE, "},
    {"balancer headroom=much", "\"headroom=much\": cannot be read"},
    {"expect", "is not an expectation"},
    {"expect world peace", "\"world\""},
    {"expect start web granted", "\"web\": no such start"},
    {"expect start new given", "granted or refused"},
    {"expect start new granted within 1.5", "a ratio such as 1.5x"},
    {"expect start new granted within 0x", "a ratio such as 1.5x"},
    {"expect start new granted by tomorrow", "a time such as"},
    {"expect no-kill please", "\"please\": is one word too many"},
    {"expect writes < 5", "<= or >= and an amount"},
    {"expect writes <= 5MiB", "a whole number"},
    {"expect free <= 5MiB", "by and a time"},
    {"expect law 9 broken", "law 1 to 7 broken"},
    {"expect[] no-kill", "names no policies"},
    {"expect[ballast no-kill", "names no policies"},
    {"guest a tot=1MiB\x01", "a control character"},
};

static void test_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char text[512];
        struct scenario scenario;
        struct ballast_error err = {0};
        snprintf(text, sizeof(text),
                 "says \"A.\"\nhost total=8GiB\nguest web tot=1GiB\n%s\nstart new need=1MiB\n"
                 "duration 1s\n",
                 wrong[i].line);
        int rc = scenario_parse_expects("bad.scn", text, strlen(text), &scenario, &err);
        if (rc != -EINVAL || !strstr(err.text, wrong[i].says) || !strstr(err.text, ": use "))
            fail_msg("%s: %d, %s", wrong[i].line, rc, err.text);
    }
}

/* A host to run on is not scored: its expectations are neither kept nor read. */
static void test_expectations_are_passed_over(void **state)
{
    (void)state;
    static const char text[] = "says \"A.\"\nhost total=8GiB\nduration 1s\nexpect[all] nonsense\n";
    struct scenario scenario;
    struct ballast_error err = {0};
    assert_int_equal(scenario_parse("host.scn", text, strlen(text), &scenario, &err), 0);
    assert_int_equal(scenario.expect_count, 0);
    scenario_release(&scenario);
    assert_int_equal(scenario_parse_expects("host.scn", text, strlen(text), &scenario, &err),
                     -EINVAL);
}

static void expect_refused(const char *text, const char *says)
{
    struct scenario scenario;
    struct ballast_error err = {0};
    assert_int_equal(scenario_parse_expects("bad.scn", text, strlen(text), &scenario, &err),
                     -EINVAL);
    if (!strstr(err.text, says))
        fail_msg("%s", err.text);
}

static void test_not_whole(void **state)
{
    (void)state;
    expect_refused("", "the host's size is missing");
    expect_refused("says \"A.\"\nhost total=1GiB\n", "no duration: add one");
    expect_refused("host total=1GiB\nduration 1s\n", "no sentence says what it shows");
    expect_refused("says \"A.\"\nhost total=1GiB free=1GiB\nduration 1s\n", "given in two ways");
    expect_refused("says \"A.\"\nhost total=1GiB\nguest a tot=2GiB\nduration 1s\n",
                   "more than the host's");
    expect_refused("says A.\n", "has no sentence");
    expect_refused("says \"A.\"\nhost total=1GiB xen-version=4\n", "a version like 4.17.7");
    expect_refused("host total=1GiB tick=10us\n", "not a whole number of ms");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_expectations_are_passed_over),
        cmocka_unit_test(test_not_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
