/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "edge/guestcfg/guestcfg.h"

#define UNSET BALLAST_UNSET

static int parse(const char *text, struct guestcfg_list *list, struct ballast_error *err)
{
    char *copy = unterminated(text, strlen(text));
    int rc = guestcfg_parse_json("g.json", copy, strlen(text), NULL, list, err);
    free(copy);
    return rc;
}

static struct guestcfg_guest good(const char *text)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    if (parse(text, &list, &err) < 0)
        fail_msg("%s\n%s", text, err.text);
    assert_int_equal(list.count, 1);
    struct guestcfg_guest guest = list.guests[0];
    guestcfg_list_release(&list);
    return guest;
}

static void refuses(const char *text, const char *begin, const char *contains)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    check_error(parse(text, &list, &err), -EINVAL, &err, begin, contains);
    assert_int_equal(list.count, 0);
    guestcfg_list_release(&list);
}

/* What is written of a guest, a new string. */
static char *written(const struct guestcfg_guest *guest)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    struct ballast_breakdown made;
    const struct ballast_profile *profile =
        guest->profile ? guest->profile : ballast_profile_find(NULL);
    assert_non_null(out);
    if (guest->has_given) {
        assert_int_equal(
            guestcfg_write_json(out, guest->guest.name, NULL, &guest->given, guest->given_profile),
            0);
    } else {
        assert_int_equal(ballast_breakdown_evaluate(&made, profile, &guest->guest, NULL, NULL), 0);
        assert_int_equal(guestcfg_write_json(out, guest->guest.name, &guest->guest, &made,
                                             ballast_profile_name(profile)),
                         0);
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static void is_fixed_point(const char *text)
{
    struct guestcfg_guest guest = good(text);
    char *first = written(&guest);
    guest = good(first);
    char *second = written(&guest);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static const char hvm[] =
    "{\"name\":\"web\",\"type\":\"hvm\",\"config\":{\"memory_kib\":4194304,\"vcpus\":2}}";
/* The same as the profile libxl has it, worked out by hand: the pool is 4*(256*2 + 4096). */
static const char hvm_line[] =
    "{\"name\":\"web\",\"type\":\"hvm\",\"profile\":\"libxl\",\"segments\":{\"shadow\":18432,"
    "\"iommu\":0,\"extra_external\":2048,\"extra_internal\":1024,\"video\":8192,\"guest\":4186112,"
    "\"balloon\":0},\"spans\":{\"overhead\":21504,\"static_maximum\":4194304,\"build_start\":"
    "4186112,\"build_maximum\":4186112,\"actual_target\":4194304,\"xen_maximum\":4195328,"
    "\"footprint\":4215808},\"need\":4214784,\"xenstore\":{\"static-max\":4194304,\"target\":"
    "4186112,\"videoram\":8192},\"config\":{\"memory_kib\":4194304,\"vcpus\":2},\"need_terms\":{"
    "\"extra_internal\":-1024},\"notes\":[]}\n";

static const char given[] =
    "{\"name\":\"old\",\"type\":\"pv\",\"profile\":\"measured here\",\"segments\":{\"shadow\":0,"
    "\"iommu\":0,\"extra_external\":60,\"extra_internal\":0,\"video\":0,\"guest\":262144,"
    "\"balloon\":1000}}";
static const char given_line[] =
    "{\"name\":\"old\",\"type\":\"pv\",\"profile\":\"measured here\",\"segments\":{\"shadow\":0,"
    "\"iommu\":0,\"extra_external\":60,\"extra_internal\":0,\"video\":0,\"guest\":262144,"
    "\"balloon\":1000},\"spans\":{\"overhead\":60,\"static_maximum\":263144,\"build_start\":262144,"
    "\"build_maximum\":263144,\"actual_target\":262144,\"xen_maximum\":262144,\"footprint\":262204},"
    "\"need\":262204,\"xenstore\":{\"static-max\":263144,\"target\":262144,\"videoram\":0}}\n";

static void test_write(void **state)
{
    (void)state;
    struct guestcfg_guest guest = good(hvm);
    assert_null(guest.profile);
    assert_false(guest.has_given);
    char *text = written(&guest);
    assert_string_equal(text, hvm_line);
    free(text);
    guest = good(given);
    assert_true(guest.has_given);
    assert_string_equal(guest.given_profile, "measured here");
    text = written(&guest);
    assert_string_equal(text, given_line);
    free(text);
    guest = good(hvm_line);
    assert_ptr_equal(guest.profile, ballast_profile_find("libxl"));
}

static void test_fixed_point(void **state)
{
    (void)state;
    static const char *const texts[] = {
        hvm_line,
        given_line,
        "{\"name\":\"\",\"type\":\"pvh\",\"config\":{\"memory_kib\":4096}}",
        "{\"name\":\"\\\"\\\\\\u00e9\\ud83d\\ude00\\ud800x\",\"type\":\"pv\",\"config\":{}}",
        "{\"name\":\"a\",\"type\":\"hvm\",\"profile\":\"xapi\",\"config\":{\"memory_kib\":1048576,"
        "\"maxmem_kib\":2097152,\"vcpus\":1,\"maxvcpus\":128,\"vga\":\"stdvga\",\"videoram_kib\":"
        "16384,\"shadow_memory_kib\":65536,\"hap\":true,\"device_model\":\"qemu-xen\",\"stubdomain\""
        ":true,\"stubdomain_memory_kib\":131072,\"altp2m\":false,\"nestedhvm\":true,\"claim\":false}}",
        "{\"name\":\"a\",\"type\":\"hvm\",\"profile\":\"libxl-4.14\",\"config\":{\"memory_kib\":"
        "1048576,\"passthrough\":\"sync_pt\",\"pci_devices\":2,\"vnuma_nodes\":2}}",
        "{\"name\":\"s\",\"type\":\"pv\",\"config\":{\"memory_kib\":32768,\"is_device_model\":true}}",
        "{\"name\":\"big\",\"type\":\"pv\",\"segments\":{\"iommu\":0,\"extra_external\":0,"
        "\"extra_internal\":0,\"guest\":9223372036854775809,\"balloon\":9223372036854775805},"
        "\"need\":18446744073709551614}",
        "{\"name\":\"big\",\"type\":\"pv\",\"config\":{\"memory_kib\":9223372036854775808,"
        "\"vcpus\":1}}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        is_fixed_point(texts[i]);
    assert_true(good(texts[7]).given.segment_kib[BALLAST_GUEST] == (UINT64_C(1) << 63) + 1);
    assert_true(good(texts[7]).given.need_kib == UINT64_MAX - 1);
}

static void test_config(void **state)
{
    (void)state;
    struct guestcfg_guest guest = good(
        "{\"name\":\"a\",\"type\":\"hvm\",\"profile\":\"xapi\",\"unknown\":{\"x\":[1]},\"config\":{"
        "\"memory_kib\":1048576,\"vga\":\"qxl\",\"hap\":false,\"vcpus\":null,\"unknown\":1}}");
    assert_ptr_equal(guest.profile, ballast_profile_find("xapi"));
    assert_int_equal(guest.guest.attr[BALLAST_MEMORY], 1048576);
    assert_int_equal(guest.guest.attr[BALLAST_VGA], BALLAST_VGA_QXL);
    assert_int_equal(guest.guest.attr[BALLAST_HAP], 0);
    assert_true(guest.guest.attr[BALLAST_VCPUS] == UNSET);

#define HEAD "{\"name\":\"a\",\"type\":\"hvm\",\n\"config\":{"
    refuses(HEAD "\"memory_kib\":\"4M\"}}", "g.json:2: config.memory_kib: ", "whole number");
    refuses(HEAD "\"hap\":1}}", "g.json:2: config.hap: ", "true or false");
    refuses(HEAD "\"vga\":\"vmware\"}}", "g.json:2: config.vga: invalid value 'vmware'",
            "none, cirrus, stdvga or qxl");
    refuses(HEAD "\"vcpus\":4000000000}}", "g.json:2: config.vcpus: ", "at most");
    refuses(HEAD "\"memory_kib\":1048576,\n\"maxmem_kib\":524288}}",
            "g.json:3: config.maxmem_kib: ", "less than memory");
    refuses(HEAD "\"memory_kib\":18446744073709551614,\"maxvcpus\":1}}",
            "g.json:2: config.memory_kib: ", "32 bits");
    refuses("{\"name\":\"a\",\"type\":\"pvh\",\"config\":{}}",
            "g.json:1: config.memory_kib: missing", "set memory");
    refuses("{\"name\":\"a\",\"type\":\"pv\",\"config\":[]}", "g.json:1: config: ", "an object");
    refuses("{\"name\":\"a\",\"type\":\"pv\",\"profile\":\"xen-9\",\"config\":{}}",
            "g.json:1: profile: unknown profile 'xen-9'", "leave it out");
}

/* The text with the first `from` in it replaced. */
static void refuses_edited(const char *text, const char *from, const char *to, const char *begin,
                           const char *contains)
{
    char edited[2048];
    const char *at = strstr(text, from);
    assert_non_null(at);
    (void)snprintf(edited, sizeof(edited), "%.*s%s%s", (int)(at - text), text, to,
                   at + strlen(from));
    refuses(edited, begin, contains);
}

static void test_disagreement(void **state)
{
    (void)state;
    refuses_edited(hvm_line, "\"shadow\":18432", "\"shadow\":18433", "g.json:1: segments.shadow: ",
                   "18433 KiB, but its configuration gives 18432 KiB under profile libxl");
    refuses_edited(hvm_line, "\"overhead\":21504", "\"overhead\":0",
                   "g.json:1: spans.overhead: ", "21504");
    refuses_edited(hvm_line, "\"need\":4214784", "\"need\":1", "g.json:1: need: ", "4214784");
    refuses_edited(hvm_line, "\"target\":4186112", "\"target\":1",
                   "g.json:1: xenstore.target: ", "4186112");
    refuses_edited(hvm_line, "\"profile\":\"libxl\"", "\"profile\":\"libxl-4.14\"",
                   "g.json:1: segments.shadow: ", "profile libxl-4.14");
    refuses_edited(hvm_line, "\"vcpus\":2", "\"vcpus\":3", "g.json:1: segments.shadow: ", "");
    refuses_edited(hvm_line, "\"segments\":{", "\"segments\":[],\"s\":{",
                   "g.json:1: segments: ", "an object");
    refuses_edited(given_line, "\"overhead\":60", "\"overhead\":61",
                   "g.json:1: spans.overhead: ", "segments sum to 60");
}

static void test_given(void **state)
{
    (void)state;
    struct guestcfg_guest guest = good(given_line);
    assert_int_equal(guest.guest.type, BALLAST_PV);
    assert_string_equal(guest.guest.name, "old");
    assert_null(guest.profile);
    assert_int_equal(ballast_breakdown_check(&guest.given, NULL), 0);
    refuses_edited(given, "\"guest\":262144,", "", "g.json:1: segments.guest: missing", "KiB");
    refuses_edited(given, "\"guest\":262144", "\"guest\":-1", "g.json:1: segments.guest: -1",
                   "negative");
    refuses_edited(given, "\"video\":0", "\"video\":4", "g.json:1: segments.video: 4",
                   "a pv guest has no such segment");
    refuses_edited(given, "\"guest\":262144", "\"guest\":18446744073709551614",
                   "g.json:1: segments: ", "64 bits");
    refuses_edited(given, "measured here",
                   "0123456789012345678901234567890123456789012345678901234567890123",
                   "g.json:1: profile: ", "63 bytes");
    refuses("{\"name\":\"a\",\"type\":\"pv\"}", "g.json:1: ", "\"segments\"");
    refuses("{\"type\":\"pv\"}", "g.json:1: name: missing", "");
    refuses("{\"name\":\"a\\n\",\"type\":\"pv\"}", "g.json:1: name: ", "control");
    refuses("{\"name\":\"a\"}", "g.json:1: type: missing", "");
    refuses("{\"name\":\"a\",\"type\":\"x\"}", "g.json:1: type: invalid type 'x'", "pvh");
}

static void test_many(void **state)
{
    (void)state;
    struct guestcfg_list list = {0};
    struct ballast_error err;
    char text[4096];
    (void)snprintf(text, sizeof(text), "%s[%s,%s]\n\n%s", hvm_line, given, hvm, given);
    assert_int_equal(parse(text, &list, &err), 0);
    assert_int_equal(list.count, 4);
    assert_false(list.guests[0].has_given);
    assert_true(list.guests[1].has_given);
    assert_true(list.guests[3].has_given);
    assert_int_equal(parse(hvm, &list, &err), 0);
    assert_int_equal(list.count, 5);
    (void)snprintf(text, sizeof(text), "%s[%s,\n{\"name\":1}]", hvm_line, given);
    check_error(parse(text, &list, &err), -EINVAL, &err, "g.json:3: [1].name: ", "a string");
    assert_int_equal(list.count, 5);
    guestcfg_list_release(&list);
    refuses("[]", "g.json: has no guest: add one", "");
    refuses("[[]]", "g.json:1: [0]: ", "JSON object");
    refuses("[null]", "g.json:1: [0]: ", "JSON object");
    refuses("{\"name\":\"a\",\"name\":\"b\"}", "g.json:1: ", "duplicate key 'name'");
}

static void test_names(void **state)
{
    (void)state;
    struct guestcfg_guest guest = good(given);
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    /* Latin-1, an overlong slash, a surrogate, past U+10FFFF, cut short: none of them UTF-8. */
    static const char name[] =
        "\xe9\x01\x7f\"\\\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc3\xa9\xe2\x82";
    assert_int_equal(guestcfg_write_json(out, name, NULL, &guest.given, NULL), 0);
    assert_int_equal(fclose(out), 0);
    static const char wanted[] =
        "{\"name\":\"?\\u0001\\u007f\\\"\\\\?????????\xc3\xa9??\",\"type\":\"pv\",\"segments\"";
    assert_memory_equal(text, wanted, sizeof(wanted) - 1);
    free(text);

    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    (void)setvbuf(full, NULL, _IONBF, 0);
    assert_int_equal(guestcfg_write_json(full, "a", NULL, &guest.given, NULL), -ENOSPC);
    (void)fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),  cmocka_unit_test(test_fixed_point),
        cmocka_unit_test(test_config), cmocka_unit_test(test_disagreement),
        cmocka_unit_test(test_given),  cmocka_unit_test(test_many),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
