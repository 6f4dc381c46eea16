/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl_domain_config as JSON: `xl list -l`, `xl create -n`, userdata, what libvirt passes to
 * libxl.
 */
#include "check.h"

#include "edge/guestcfg/guestcfg.h"

static int parse(const char *text, struct guestcfg_list *list, struct ballast_error *err)
{
    char *copy = unterminated(text, strlen(text));
    int rc = guestcfg_parse_json("l.json", copy, strlen(text), NULL, list, err);
    free(copy);
    return rc;
}

static struct ballast_guest good(const char *text)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    if (parse(text, &list, &err) < 0)
        fail_msg("%s\n%s", text, err.text);
    assert_int_equal(list.count, 1);
    struct ballast_guest guest = list.guests[0].guest;
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

/* create info, build info and what stands beside them */
#define CONFIG(create, build, beside)                                                              \
    "{\"c_info\":{\"name\":\"g\"," create "},\n\"b_info\":{" build "}" beside "}"
#define HVM  "\"type\":\"hvm\""
#define PVH  "\"type\":\"pvh\""
#define PV   "\"type\":\"pv\""
#define SIZE "\"max_memkb\":1048576,\"target_memkb\":1048576"

static void every_member(void **state)
{
    (void)state;
    struct ballast_guest g = good(CONFIG(
        HVM ",\"hap\":\"False\",\"passthrough\":\"sync_pt\"",
        "\"max_vcpus\":4,\"avail_vcpus\":[0,1],\"max_memkb\":4194304,\"target_memkb\":4194304,"
        "\"video_memkb\":16384,\"shadow_memkb\":18432,\"iommu_memkb\":0,"
        "\"max_grant_frames\":32,\"max_maptrack_frames\":0,\"event_channels\":2047,"
        "\"device_model_version\":\"qemu_xen\",\"device_model_stubdomain\":\"True\","
        "\"stubdomain_memkb\":32768,\"vmtrace_buf_kb\":8192,\"claim_mode\":\"False\",\"sched_params\":{},"
        "\"type.hvm\":{\"vga\":{\"kind\":\"std\"}},\"arch_arm\":{}",
        ",\"pcidevs\":[{\"dev\":16},{\"dev\":8}],\"disks\":[]"));
    assert_int_equal(g.type, BALLAST_HVM);
    assert_string_equal(g.name, "g");
    static const struct {
        enum ballast_guest_attr attr;
        uint64_t value;
    } rows[] = {
        {BALLAST_HAP, 0},
        {BALLAST_PASSTHROUGH, BALLAST_PASSTHROUGH_SYNC_PT},
        {BALLAST_MAXVCPUS, 4},
        {BALLAST_VCPUS, 2},
        {BALLAST_MAXMEM, 4194304},
        {BALLAST_MEMORY, 4194304},
        {BALLAST_VIDEORAM, 16384},
        {BALLAST_SHADOW_MEMORY, 18432},
        {BALLAST_MAX_GRANT_FRAMES, 32},
        {BALLAST_MAX_MAPTRACK_FRAMES, 0},
        {BALLAST_MAX_EVENT_CHANNELS, 2047},
        {BALLAST_DEVICE_MODEL, BALLAST_QEMU_XEN},
        {BALLAST_STUBDOMAIN, 1},
        {BALLAST_STUBDOMAIN_MEMORY, 32768},
        {BALLAST_CLAIM, 0},
        {BALLAST_VMTRACE_BUF, 8192},
        {BALLAST_VGA, BALLAST_VGA_STD},
        {BALLAST_PCI_DEVICES, 2},
        {BALLAST_NESTEDHVM, BALLAST_UNSET},
        {BALLAST_ALTP2M, BALLAST_UNSET},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(g.attr[rows[i].attr], rows[i].value);
}

/* What libxl writes for "not said" is not said. */
static void defaults(void **state)
{
    (void)state;
    struct ballast_guest g =
        good(CONFIG(PVH ",\"hap\":\"<default>\",\"passthrough\":\"default\"",
                    SIZE ",\"max_grant_frames\":4294967295,\"event_channels\":0,\"max_vcpus\":0,"
                         "\"nested_hvm\":null,\"altp2m\":\"disabled\"",
                    ""));
    static const enum ballast_guest_attr unset[] = {
        BALLAST_HAP,      BALLAST_PASSTHROUGH,        BALLAST_MAX_GRANT_FRAMES,
        BALLAST_MAXVCPUS, BALLAST_MAX_EVENT_CHANNELS, BALLAST_NESTEDHVM,
        BALLAST_VCPUS,    BALLAST_PCI_DEVICES,
    };
    for (size_t i = 0; i < sizeof(unset) / sizeof(unset[0]); i++)
        assert_true(g.attr[unset[i]] == BALLAST_UNSET);
}

/* Spellings of older libxl, and members that only count for a type. */
static void spellings(void **state)
{
    (void)state;
    struct ballast_guest g = good(CONFIG(HVM, SIZE ",\"type.hvm\":{\"nested_hvm\":\"True\"}", ""));
    assert_int_equal(g.attr[BALLAST_NESTEDHVM], 1);
    g = good(CONFIG(HVM, SIZE ",\"type.hvm\":{\"altp2m\":\"True\"}", ""));
    assert_true(g.attr[BALLAST_ALTP2M] != 0 && g.attr[BALLAST_ALTP2M] != BALLAST_UNSET);
    g = good(CONFIG(PVH, SIZE ",\"altp2m\":\"external\",\"type.pvh\":{\"pvshim\":\"True\"}", ""));
    assert_int_equal(g.attr[BALLAST_PVSHIM], 1);
    assert_true(g.attr[BALLAST_ALTP2M] != 0 && g.attr[BALLAST_ALTP2M] != BALLAST_UNSET);
    g = good(CONFIG(PV, SIZE ",\"video_memkb\":8192,\"nested_hvm\":\"True\"", ""));
    assert_true(g.attr[BALLAST_NESTEDHVM] == BALLAST_UNSET);
    assert_true(g.attr[BALLAST_VIDEORAM] == BALLAST_UNSET);
}

/* What is not counted is said. */
static void slack(void **state)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    char text[200];
    (void)state;
    assert_int_equal(parse(CONFIG(PV, SIZE ",\"type.pv\":{\"slack_memkb\":1024}", ""), &list, &err),
                     0);
    assert_true(guestcfg_remark_text(&list.guests[0].remarks, GUESTCFG_REMARK_NOT_COUNTED, text,
                                     sizeof(text)) > 0);
    assert_non_null(strstr(text, "slack_memkb"));
    guestcfg_list_release(&list);
    assert_int_equal(parse(CONFIG(PV, SIZE ",\"type.pv\":{\"slack_memkb\":0}", ""), &list, &err),
                     0);
    assert_int_equal(list.guests[0].remarks.set, 0);
    guestcfg_list_release(&list);
}

static void lists(void **state)
{
    (void)state;
    struct guestcfg_list list = {0};
    struct ballast_error err;
    /* xl list -l: dom0 is no guest. */
    assert_int_equal(
        parse("[{\"domid\":0,\"config\":" CONFIG(PV, SIZE, "") "},{\"domid\":3,\"config\":" CONFIG(
                  PVH, SIZE, "") "},{\"domid\":4,\"config\":" CONFIG(PV, SIZE, "") "}]",
              &list, &err),
        0);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.guests[0].guest.type, BALLAST_PVH);
    guestcfg_list_release(&list);
    /* xl create -n, and beside ours. */
    assert_int_equal(
        parse(
            "{\"domid\":null,\"config\":" CONFIG(
                PV, SIZE, "") "}\n"
                              "{\"name\":\"own\",\"type\":\"pv\",\"config\":{\"memory_kib\":4096}}",
            &list, &err),
        0);
    assert_int_equal(list.count, 2);
    guestcfg_list_release(&list);
    refuses("[{\"domid\":0,\"config\":" CONFIG(PV, SIZE, "") "}]", "l.json: ", "no guest");
}

static void refusals(void **state)
{
    (void)state;
    refuses("{\"c_info\":{\"name\":\"g\"},\"b_info\":{}}", "l.json:1: c_info.type: ", "missing");
    refuses("{\"c_info\":{\"type\":\"pv\"}}", "l.json:1: c_info.name: ", "missing");
    refuses("{\"b_info\":{}}", "l.json:1: c_info.type: ", "missing");
    refuses(CONFIG("\"type\":\"invalid\"", SIZE, ""), "l.json:1: c_info.type: ", "invalid");
    refuses(CONFIG(PV, "\"max_memkb\":\"4096\"", ""), "l.json:2: b_info.max_memkb: ", "number");
    refuses(CONFIG(PV, "\"max_memkb\":-1", ""), "l.json:2: b_info.max_memkb: ", "negative");
    refuses(CONFIG(HVM ",\"hap\":\"yes\"", SIZE, ""), "l.json:1: c_info.hap: ", "\"True\"");
    refuses(CONFIG(HVM, SIZE ",\"type.hvm\":{\"vga\":{\"kind\":\"voodoo\"}}", ""),
            "l.json:2: b_info.type.hvm.vga.kind: ", "writes none, cirrus, std or qxl there");
    refuses(CONFIG(HVM, SIZE ",\"type.hvm\":[]", ""), "l.json:2: b_info.type.hvm: ", "object");
    refuses(CONFIG(HVM, SIZE ",\"avail_vcpus\":2", ""), "l.json:2: b_info.avail_vcpus: ", "array");
    refuses(CONFIG(PVH, SIZE ",\"arch_arm\":{\"gic_version\":\"v2\"}", ""),
            "l.json:2: b_info.arch_arm: ", "Arm");
    refuses(CONFIG(PVH, "\"max_memkb\":1024,\"target_memkb\":2048", ""),
            "l.json:2: b_info.max_memkb: ", "");
    refuses("[{\"domid\":1,\"config\":" CONFIG(PV, "\"max_memkb\":-1", "") "}]",
            "l.json:2: [0].config.b_info.max_memkb: ", "negative");
}

static void names_its_uuid(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        const char *read;
    } rows[] = {
        {",\"uuid\":\"6F1c2f0e-8d0b-4a7e-9c55-0123456789ab\"",
         "6f1c2f0e-8d0b-4a7e-9c55-0123456789ab"},
        {",\"uuid\":\"6f1c2f0e\"", ""},
        {",\"uuid\":7", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        struct guestcfg_list list = {0};
        struct ballast_error err;
        (void)snprintf(text, sizeof(text), CONFIG(PV "%s", SIZE, ""), rows[i].written);
        assert_int_equal(parse(text, &list, &err), 0);
        assert_string_equal(list.guests[0].uuid, rows[i].read);
        guestcfg_list_release(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member), cmocka_unit_test(names_its_uuid),
        cmocka_unit_test(defaults),     cmocka_unit_test(spellings),
        cmocka_unit_test(slack),        cmocka_unit_test(lists),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("guestcfg_libxl", tests, NULL, NULL);
}
