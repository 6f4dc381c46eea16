/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's own profile without a daemon: the file at the default path. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "app/ballast/access/own_profile.h"
#include "app/ballast/cli/rundir.h"

#define BEGIN "{\"calibration\":\"rack-7\",\"base\":\"xen-4.17.7\",\"xen_version\":\"4.17.7\","
#define NONE  "{\"base\":0,\"vcpu\":0}"
#define ARENA "{\"base\":8,\"vcpu_permyriad\":1}"
#define END                                                                                        \
    "\"corrections\":{\"pv\":" NONE ",\"pvh\":" NONE ",\"hvm\":" NONE ",\"nested_vcpu\":0},"       \
    "\"arena\":{\"pv\":" ARENA ",\"pvh\":" ARENA ",\"hvm\":" ARENA "}}"

static char folder[] = "/tmp/ballast-own-XXXXXX";
static char path[64];
static char said[64]; /* what was complained of */
static char words[4096];

static void write_profile(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct cli_own_profile look(const char *version, const char *processor)
{
    struct cli_own_profile out = {.why = "?"};
    struct ballast_host host = {.total_kib = 0};
    static const struct hv_ops ops = {.is_machine = true};
    struct hv hv = {.ops = &ops};
    const struct host_access access = {.hv = &hv, .lock = -1, .host = &host};
    strcpy(host.xen_version, version);
    strcpy(host.processor, processor);
    int before = dup(STDERR_FILENO);
    int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(before >= 0 && fd >= 0);
    (void)dup2(fd, STDERR_FILENO);
    cli_own_profile_of_access(&out, &access);
    (void)fflush(stderr);
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
    (void)close(fd);
    FILE *file = fopen(said, "r");
    assert_non_null(file);
    words[fread(words, 1, sizeof(words) - 1, file)] = '\0';
    (void)fclose(file);
    return out;
}

static void test_there_is_none(void **state)
{
    (void)state;
    struct cli_own_profile own = look("4.17.7", "");
    assert_null(own.profile);
    assert_string_equal(words, "");
}

static void test_of_this_host(void **state)
{
    (void)state;
    write_profile(BEGIN "\"processor\":\"GenuineIntel-6-55-4\"," END);
    struct cli_own_profile own = look("4.17.7", "GenuineIntel-6-55-4");
    assert_non_null(own.profile);
    assert_string_equal(ballast_profile_name(own.profile), "rack-7");
    assert_non_null(strstr(own.why, path));
    assert_string_equal(words, "");
    /* Nothing speaks against it. */
    assert_non_null(look("4.17.7", "").profile);
    write_profile(BEGIN END);
    assert_non_null(look("4.17.7", "GenuineIntel-6-55-7").profile);
}

static void test_of_another(void **state)
{
    (void)state;
    write_profile(BEGIN "\"processor\":\"GenuineIntel-6-55-4\"," END);
    assert_null(look("4.17.7+1", "GenuineIntel-6-55-4").profile);
    assert_non_null(strstr(words, "rack-7"));
    assert_non_null(strstr(words, "4.17.7+1"));
    assert_non_null(strstr(words, "ballast calibrate"));
    assert_null(look("4.17.7", "GenuineIntel-6-55-7").profile);
    assert_non_null(strstr(words, "GenuineIntel-6-55-7"));
    /* A bad profile is reported, and starts go on by the one that is shipped. */
    write_profile("{");
    assert_null(look("4.17.7", "GenuineIntel-6-55-4").profile);
    assert_non_null(strstr(words, "left out"));
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/host-profile.json", folder);
    (void)snprintf(said, sizeof(said), "%s/stderr", folder);
    return setenv(CLI_OWN_PROFILE_ENV, path, 1) || setenv(CLI_RUN_DIR_ENV, folder, 1);
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)unlink(said);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_is_none),
        cmocka_unit_test(test_of_this_host),
        cmocka_unit_test(test_of_another),
    };
    return cmocka_run_group_tests_name("own-profile", tests, set_up, tear_down);
}
