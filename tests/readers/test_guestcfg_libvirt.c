/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "edge/guestcfg/guestcfg.h"
#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xml_pieces.h"

#define UNSET BALLAST_UNSET

static struct ballast_guest good(const char *text)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    char *copy = unterminated(text, strlen(text));
    if (guestcfg_parse_libvirt("v.xml", copy, strlen(text), NULL, &list, &err) < 0)
        fail_msg("%s\n%s", text, err.text);
    free(copy);
    assert_int_equal(list.count, 1);
    struct ballast_guest guest = list.guests[0].guest;
    guestcfg_list_release(&list);
    return guest;
}

static void refuses(const char *text, const char *begin, const char *contains)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    char *copy = unterminated(text, strlen(text));
    int rc = guestcfg_parse_libvirt("v.xml", copy, strlen(text), NULL, &list, &err);
    check_error(rc, -EINVAL, &err, begin, contains);
    assert_int_equal(list.count, 0);
    guestcfg_list_release(&list);
    free(copy);
}

/* A guest of that type with `body` on its second line. */
static void make(char *text, size_t size, const char *type, const char *body)
{
    (void)snprintf(text, size,
                   "<domain type='xen'><name>v</name><os><type>%s</type></os>\n%s</domain>", type,
                   body);
}

static struct ballast_guest good_of(const char *type, const char *body)
{
    char text[2048];
    make(text, sizeof(text), type, body);
    return good(text);
}

static void refuses_of(const char *type, const char *body, const char *begin, const char *contains)
{
    char text[2048];
    make(text, sizeof(text), type, body);
    refuses(text, begin, contains);
}

static void test_whole(void **state)
{
    (void)state;
    struct ballast_guest guest = good("<?xml version='1.0' encoding='UTF-8'?>\n"
                                      "<domain type='xen' id='3' xmlns:q='http://example.org/q'>\n"
                                      "  <name> web </name>\n"
                                      "  <memory unit='GiB'>4</memory>\n"
                                      "  <currentMemory unit='KiB'>2097152</currentMemory>\n"
                                      "  <maxMemory slots='16' unit='GiB'>16</maxMemory>\n"
                                      "  <vcpu placement='static' current='2'>4</vcpu>\n"
                                      "  <os><type arch='x86_64' machine='xenfv'>hvm</type></os>\n"
                                      "  <features><acpi/><hap state='on'/></features>\n"
                                      "  <q:memory>1</q:memory>\n"
                                      "  <devices>\n"
                                      "    <emulator>/usr/lib/xen/bin/qemu-system-i386</emulator>\n"
                                      "    <disk type='block'><source dev='/dev/vg/web'/></disk>\n"
                                      "    <graphics type='vnc'/>\n"
                                      "    <video><model type='vga' vram='32768'/></video>\n"
                                      "    <video><model type='qxl'/></video>\n"
                                      "  </devices>\n"
                                      "</domain>\n");
    assert_string_equal(guest.name, "web");
    assert_int_equal(guest.type, BALLAST_HVM);
    assert_int_equal(guest.attr[BALLAST_MAXMEM], 4194304);
    assert_int_equal(guest.attr[BALLAST_MEMORY], 2097152);
    assert_int_equal(guest.attr[BALLAST_MAXVCPUS], 4);
    assert_int_equal(guest.attr[BALLAST_VCPUS], 2);
    assert_int_equal(guest.attr[BALLAST_HAP], 1);
    assert_int_equal(guest.attr[BALLAST_VGA], BALLAST_VGA_STD);
    assert_int_equal(guest.attr[BALLAST_VIDEORAM], 32768);
    assert_int_equal(guest.attr[BALLAST_DEVICE_MODEL], BALLAST_QEMU_XEN);
    /* 4 vCPUs of 256 pages, 2 pages for each of 4096 MiB: 9216 pages. */
    /* By maxMemory: 4 * (256 * 4 + 2 * 16384). */
    assert_int_equal(guest.attr[BALLAST_SHADOW_MEMORY], 135168);
    assert_true(guest.attr[BALLAST_PCI_DEVICES] == UNSET);
    assert_true(guest.attr[BALLAST_STUBDOMAIN] == UNSET);
}

static void test_type(void **state)
{
    (void)state;
    assert_int_equal(good_of("hvm", "<memory>65536</memory>").type, BALLAST_HVM);
    assert_int_equal(good_of("xenpvh", "<memory>65536</memory>").type, BALLAST_PVH);
    assert_int_equal(good_of("xen", "<memory>65536</memory>").type, BALLAST_PV);
    assert_int_equal(good_of("linux", "<memory>65536</memory>").type, BALLAST_PV);
    assert_int_equal(good("<domain><name>a</name><bootloader/><memory>1024</memory></domain>").type,
                     BALLAST_PV);
    refuses_of("exe", "<memory>1024</memory>", "v.xml:1: os/type: invalid type 'exe'", "xenpvh");
    refuses("<domain><name>a</name><memory>1</memory></domain>", "v.xml: os/type: missing", "hvm");
    refuses("<domain><os><type>hvm</type></os></domain>", "v.xml: name: missing", "");
    refuses("<domain><name> </name><os><type>hvm</type></os></domain>", "v.xml:1: name: missing",
            "");
    refuses("<domain><name>a\tb</name><os><type>hvm</type></os></domain>",
            "v.xml:1: name: ", "control");
    refuses("<domain type='kvm'/>", "v.xml:1: domain: unsupported type=\"kvm\"", "xen");
    refuses("<network/>", "v.xml:1: the outermost element", "<network>");
    refuses("<d:domain xmlns:d='x'/>", "v.xml:1: the outermost element", "<domain>");
}

static void test_units(void **state)
{
    (void)state;
    static const struct {
        const char *memory;
        uint64_t kib; /* rounded up to KiB, and that to MiB */
    } cases[] = {
        {"<memory>1048576</memory>", 1048576},
        {"<memory unit=''>1048576</memory>", 1048576},
        {"<memory unit='KiB'>\n 1048575\t</memory>", 1048576},
        {"<memory unit='k'>1048577</memory>", 1049600},
        {"<memory unit='b'>1073741824</memory>", 1048576},
        {"<memory unit='bytes'>1073741825</memory>", 1049600},
        {"<memory unit='KB'>1048576</memory>", 1024000}, /* 1048576000 bytes */
        {"<memory unit='MB'>1024</memory>", 1000448},    /* 1024000000 bytes: 977 MiB */
        {"<memory unit='GB'>1</memory>", 976896},        /* 953.67 MiB */
        {"<memory unit='TB'>1</memory>", 976563200},     /* 953674.32 MiB */
        {"<memory unit='m'>512</memory>", 524288},
        {"<memory unit='MiB'>512</memory>", 524288},
        {"<memory unit='g'>2</memory>", 2097152},
        {"<memory unit='TiB'>1</memory>", 1073741824},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ballast_guest guest = good_of("xen", cases[i].memory);
        assert_int_equal(guest.attr[BALLAST_MAXMEM], cases[i].kib);
        assert_int_equal(guest.attr[BALLAST_MEMORY], cases[i].kib);
    }
    refuses_of("xen", "<memory unit='MiBs'>1</memory>", "v.xml:2: memory: invalid unit 'MiBs'",
               "GiB");
    refuses_of("xen", "<memory unit='x'>1</memory>", "v.xml:2: memory: invalid unit 'x'", "GiB");
    refuses_of("xen", "<memory unit='iB'>1</memory>", "v.xml:2: memory: invalid unit 'iB'", "GiB");
    refuses_of("xen", "<memory unit='TiB'>8388608</memory>",
               "v.xml:2: memory: ", "at most 8388607 TiB");
    refuses_of("xen", "<memory unit='EiB'>16</memory>", "v.xml:2: memory: ", "at most 8388607 TiB");
    refuses_of("xen", "<memory>18446744073709551616</memory>", "v.xml:2: memory: ", "whole number");
    refuses_of("xen", "<memory>-1</memory>", "v.xml:2: memory: invalid number '-1'",
               "whole number");
    refuses_of("xen", "<memory>1.5</memory>", "v.xml:2: memory: invalid size '1.5'",
               "write 1 with unit=\"KiB\"");
    refuses_of("xen", "<memory unit='GiB'>1.5</memory>", "v.xml:2: memory: invalid size '1.5'",
               "write 1536 with unit=\"MiB\"");
    refuses_of("xen", "<memory>512M</memory>", "v.xml:2: memory: invalid size '512M'",
               "write 512 with unit=\"MiB\"");
    refuses_of("xen", "<memory/>", "v.xml:2: memory: invalid number ''", "whole number");
    refuses_of("xen", "<memory>0</memory>", "v.xml:2: memory: 0", "needs memory");
    refuses_of("xen", "", "v.xml: memory: missing", "");
}

static void test_memory(void **state)
{
    (void)state;
    struct ballast_guest guest =
        good_of("xen", "<memory unit='MiB'>64</memory><currentMemory>0</currentMemory>");
    assert_int_equal(guest.attr[BALLAST_MEMORY], 65536);
    guest = good_of("xen", "<memory unit='MiB'>64</memory><memory unit='MiB'>65</memory>");
    assert_int_equal(guest.attr[BALLAST_MAXMEM], 65536);
    refuses_of("xen",
               "<memory unit='MiB'>64</memory>\n<currentMemory unit='MiB'>65</currentMemory>",
               "v.xml:3: currentMemory: 66560 KiB is more than memory (65536 KiB)", "at most");
    refuses_of("xen",
               "<memory unit='MiB'>64</memory>\n<maxMemory unit='MiB' slots='1'>63</maxMemory>",
               "v.xml:3: maxMemory: 64512 KiB is less than memory (65536 KiB)", "at least");

    static const char cells[] = "<cpu><numa><cell id='0' memory='64' unit='MiB'/>"
                                "<cell id='1' memory='65536'/></numa></cpu>\n";
    char body[512];
    guest = good_of("hvm", cells);
    assert_int_equal(guest.attr[BALLAST_VNUMA_NODES], 2);
    assert_int_equal(guest.attr[BALLAST_MAXMEM], 131072);
    (void)snprintf(body, sizeof(body), "%s<memory>131072</memory>", cells);
    assert_int_equal(good_of("hvm", body).attr[BALLAST_VNUMA_NODES], 2);
    (void)snprintf(body, sizeof(body), "%s<memory>131073</memory>", cells);
    refuses_of("hvm", body, "v.xml:3: memory: 131073 KiB", "cells sum to 131072 KiB");
    refuses_of("hvm", "<cpu><numa><cell id='0'/></numa></cpu>", "v.xml:2: cell: invalid number ''",
               "number");
}

static void test_vcpus(void **state)
{
    (void)state;
    static const char memory[] = "<memory>65536</memory>";
    char body[256];
    static const struct {
        const char *vcpu;
        uint64_t most;
        uint64_t online;
    } cases[] = {
        {"", 1, 1},
        {"<vcpu/>", 1, 1},
        {"<vcpu>3</vcpu>", 3, 3},
        {"<vcpu current='1'>3</vcpu>", 3, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void)snprintf(body, sizeof(body), "%s%s", memory, cases[i].vcpu);
        struct ballast_guest guest = good_of("xen", body);
        assert_int_equal(guest.attr[BALLAST_MAXVCPUS], cases[i].most);
        assert_int_equal(guest.attr[BALLAST_VCPUS], cases[i].online);
        /* All that can ever be online, for PV too: 256 pages each, and 2 for each of 64 MiB. */
        assert_int_equal(guest.attr[BALLAST_SHADOW_MEMORY], 4 * (256 * cases[i].most + 128));
    }
    static const struct {
        const char *vcpu;
        const char *contains;
    } bad[] = {
        {"<vcpu>0</vcpu>", "use 1 or more"},
        {"<vcpu>two</vcpu>", "use 1 or more"},
        {"<vcpu current='3'>2</vcpu>", "from 1 to 2"},
        {"<vcpu current='0'>2</vcpu>", "from 1 to 2"},
        {"<vcpu>9999999999</vcpu>", "at most"},
        {"<vcpu>8193</vcpu>", "at most 8192"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(body, sizeof(body), "%s\n%s", memory, bad[i].vcpu);
        refuses_of("xen", body, "v.xml:3: vcpu: ", bad[i].contains);
    }
}

static struct ballast_guest with_devices(const char *type, const char *devices)
{
    char body[1024];
    (void)snprintf(body, sizeof(body), "<memory unit='MiB'>512</memory><devices>%s</devices>",
                   devices);
    return good_of(type, body);
}

static void test_video(void **state)
{
    (void)state;
    static const char old[] = "<emulator>/usr/lib/xen/bin/qemu-dm</emulator>";
    static const struct {
        const char *devices;
        enum ballast_vga vga;
        uint64_t new_kib;
        uint64_t old_kib;
    } cases[] = {
        {"<video><model type='vga'/></video>", BALLAST_VGA_STD, 16384, 8192},
        {"<video><model type='xen' vram='0'/></video>", BALLAST_VGA_STD, 16384, 8192},
        {"<video><model type='cirrus'/></video>", BALLAST_VGA_CIRRUS, 8192, 4096},
        {"<video/>", BALLAST_VGA_CIRRUS, 8192, 4096},
        {"<graphics type='vnc'/>", BALLAST_VGA_CIRRUS, 8192, 4096},
        {"<video><model type='vga' vram='20480'/></video>", BALLAST_VGA_STD, 20480, 20480},
        {"", BALLAST_VGA_NONE, UNSET, UNSET},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char both[512];
        struct ballast_guest guest = with_devices("hvm", cases[i].devices);
        assert_int_equal(guest.attr[BALLAST_VGA], cases[i].vga);
        assert_true(guest.attr[BALLAST_VIDEORAM] == cases[i].new_kib);
        (void)snprintf(both, sizeof(both), "%s%s", cases[i].devices, old);
        guest = with_devices("hvm", both);
        assert_int_equal(guest.attr[BALLAST_DEVICE_MODEL], BALLAST_QEMU_XEN_TRADITIONAL);
        assert_true(guest.attr[BALLAST_VIDEORAM] == cases[i].old_kib);
    }
    assert_int_equal(
        with_devices("hvm", "<video><model type='qxl'/></video>").attr[BALLAST_VIDEORAM], 131072);
    struct ballast_guest pvh = with_devices("xenpvh", "<video><model type='vmvga'/></video>");
    assert_true(pvh.attr[BALLAST_VGA] == UNSET && pvh.attr[BALLAST_VIDEORAM] == UNSET);

#define HVM "<memory unit='MiB'>512</memory><devices>\n"
    refuses_of("hvm", HVM "<video><model type='virtio'/></video></devices>",
               "v.xml:3: video: unsupported video model 'virtio'", "cirrus");
    refuses_of("hvm", HVM "<video><model type='vga' vram='16383'/></video></devices>",
               "v.xml:3: video: vram=\"16383\"", "16384");
    refuses_of("hvm", HVM "<video><model type='vga' vram='-1'/></video></devices>",
               "v.xml:3: video: invalid vram=\"-1\"", "number");
    refuses_of("hvm",
               HVM "<video><model type='cirrus' vram='4095'/></video>"
                   "<emulator>/usr/lib/xen/bin/qemu-dm</emulator></devices>",
               "v.xml:3: video: vram=\"4095\"", "4096");
}

static void test_stubdomain(void **state)
{
    (void)state;
    struct ballast_guest guest =
        with_devices("hvm", "<emulator type='stubdom-linux' memory='153600' cmdline='x'/>");
    assert_int_equal(guest.attr[BALLAST_STUBDOMAIN], 1);
    assert_int_equal(guest.attr[BALLAST_DEVICE_MODEL], BALLAST_QEMU_XEN);
    assert_int_equal(guest.attr[BALLAST_STUBDOMAIN_MEMORY], 153600);
    guest = with_devices("hvm", "<emulator type='stubdom'/>");
    assert_int_equal(guest.attr[BALLAST_STUBDOMAIN], 1);
    assert_int_equal(guest.attr[BALLAST_DEVICE_MODEL], BALLAST_QEMU_XEN_TRADITIONAL);
    assert_true(guest.attr[BALLAST_STUBDOMAIN_MEMORY] == UNSET);
    guest = with_devices("xenpvh", "<emulator type='stubdom'/>");
    assert_true(guest.attr[BALLAST_STUBDOMAIN] == UNSET);
    refuses_of("hvm", HVM "<emulator type='stubdom-bsd'/></devices>",
               "v.xml:3: emulator: invalid type=\"stubdom-bsd\"", "stubdom-linux");
    refuses_of("hvm", HVM "<emulator type='stubdom' memory='64M'/></devices>",
               "v.xml:3: emulator: invalid memory=\"64M\"", "KiB");
}

static void test_features(void **state)
{
    (void)state;
#define MEMORY "<memory unit='MiB'>512</memory>"
    assert_int_equal(good_of("hvm", MEMORY "<features><hap/></features>").attr[BALLAST_HAP], 1);
    assert_int_equal(
        good_of("hvm", MEMORY "<features><hap state='off'/></features>").attr[BALLAST_HAP], 0);
    assert_true(good_of("xen", MEMORY "<features><hap/></features>").attr[BALLAST_HAP] == UNSET);
    static const struct {
        const char *attrs;
        uint64_t value;
    } cases[] = {
        {"state='on'", BALLAST_PASSTHROUGH_ENABLED},
        {"state='on' mode='sync_pt'", BALLAST_PASSTHROUGH_SYNC_PT},
        {"state='on' mode='share_pt'", BALLAST_PASSTHROUGH_SHARE_PT},
        {"state='off' mode='x'", BALLAST_PASSTHROUGH_DISABLED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char body[256];
        (void)snprintf(body, sizeof(body),
                       MEMORY "<features><xen><passthrough %s/></xen></features>", cases[i].attrs);
        assert_int_equal(good_of("hvm", body).attr[BALLAST_PASSTHROUGH], cases[i].value);
    }
    refuses_of("hvm", MEMORY "\n<features><hap state='yes'/></features>",
               "v.xml:3: hap: invalid state=\"yes\"", "on");
    refuses_of("hvm", MEMORY "<features><xen>\n<passthrough state='on' mode='x'/></xen></features>",
               "v.xml:3: passthrough: invalid mode=\"x\"", "share_pt");
}

static void test_hostdev(void **state)
{
    (void)state;
    struct ballast_guest guest = with_devices(
        "hvm", "<hostdev mode='subsystem' type='pci'/><hostdev type='pci'/>"
               "<hostdev mode='subsystem' type='usb'/><hostdev mode='capabilities' type='pci'/>"
               "<interface type='hostdev'><source><address type='pci'/></source></interface>"
               "<interface type='bridge'/>");
    assert_int_equal(guest.attr[BALLAST_PCI_DEVICES], 3);
    refuses_of("hvm",
               MEMORY "<currentMemory unit='MiB'>256</currentMemory><devices>\n"
                      "<hostdev type='pci'/></devices>",
               "v.xml:3: hostdev: ", "on demand");
    refuses_of("xenpvh",
               MEMORY "<devices>\n<interface type='hostdev'>"
                      "<source><address type='pci'/></source></interface></devices>",
               "v.xml:3: interface: ", "PVH");
}

static void test_hostile(void **state)
{
    (void)state;
    refuses("<domain>\n<name>", "v.xml:2: not well-formed XML: ", "");
    refuses("<domain>\n</name></domain>", "v.xml:2: not well-formed XML: ", "");
    refuses("<", "v.xml:1: not well-formed XML: ", "");
    refuses("<domain>&boom;</domain>", "v.xml:1: not well-formed XML: ", "boom");
    refuses("<domain/>and so on", "v.xml: os/type: ", "missing");
    refuses("<!-- nothing -->", "v.xml: ", "no <domain>");
    refuses("<?xml version='1.0'?>\n<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]>\n"
            "<domain><name>&b;</name></domain>",
            "v.xml:2: a document type declaration", "");
    refuses("<!DOCTYPE domain SYSTEM 'file:///etc/passwd'><domain/>",
            "v.xml:1: a document type declaration", "");
    refuses("<domain><name>\x1b[31m</name></domain>", "v.xml:1: not well-formed XML: ", "");
    refuses("<domain type='\xff'/>", "v.xml:1: not well-formed XML: ", "");

    size_t size = GUESTCFG_MAX_ONE_GUEST + 1;
    char *text = malloc(size);
    struct guestcfg_list guest = {0};
    struct ballast_error err;
    assert_non_null(text);
    memset(text, ' ', size);
    for (size_t i = 0; i + 3 <= size; i += 3)
        memcpy(text + i, "<a>", 3);
    check_error(guestcfg_parse_libvirt("v.xml", text, size - 1, NULL, &guest, &err), -EINVAL, &err,
                "v.xml:", "XML");
    assert_int_equal(guestcfg_parse_libvirt("v.xml", text, size, NULL, &guest, &err), -EFBIG);
    free(text);
    check_error(guestcfg_parse_libvirt("v.xml", "<a>\n\0", 5, NULL, &guest, &err), -EINVAL, &err,
                "v.xml:2: a NUL byte", "");
}

#define DOMAIN(name, type)                                                                         \
    "<domain type='xen'><name>" name "</name><os><type>" type "</type></os>\n"                     \
    "<memory>65536</memory></domain>\n"

static void parse_all(const char *text, bool keep_going, struct guestcfg_list *list, int wanted,
                      struct ballast_error *err)
{
    struct guestcfg_options options = {.keep_going = keep_going};
    char *copy = unterminated(text, strlen(text));
    int rc = guestcfg_parse_libvirt("v.xml", copy, strlen(text), &options, list, err);
    if (rc != wanted)
        fail_msg("%d: %s\n%s", rc, rc < 0 ? err->text : "", text);
    free(copy);
}

/* `virsh dumpxml` of each domain into one file, a list, and what libvirt keeps of one that runs. */
static void test_several(void **state)
{
    static const char *const texts[] = {
        DOMAIN("a", "xen") DOMAIN("b", "hvm"),
        "<?xml version='1.0'?>\n" DOMAIN("a", "xen") "\n<!-- > -->\n<?xml version='1.0'?>" DOMAIN(
            "b", "xenpvh") "<!-- </domain> -->\n",
        "<domains>\n" DOMAIN("a", "xen") DOMAIN("b", "xen") "</domains>",
        "<domstatus state='running' reason='booted' pid='1'>\n<x y='>'/>" DOMAIN(
            "a", "xen") "</domstatus>\n" DOMAIN("b", "xen"),
    };
    struct ballast_error err;
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct guestcfg_list list = {0};
        parse_all(texts[i], false, &list, 0, &err);
        assert_int_equal(list.count, 2);
        assert_string_equal(list.guests[0].guest.name, "a");
        assert_string_equal(list.guests[1].guest.name, "b");
        guestcfg_list_release(&list);
    }
    refuses("<domstatus/>", "v.xml:1: ", "<domain>");
    /* Lines are the file's. */
    refuses(DOMAIN("a", "xen") DOMAIN("b", "kvm"), "v.xml:3: os/type: ", "kvm");
    refuses(DOMAIN("a", "xen") "\n\n<domain>&x;</domain>", "v.xml:5: not well-formed XML", "x");
    refuses(DOMAIN("a", "xen") "<!DOCTYPE a>\n<domain/>", "v.xml:3: a document type", "");
}

/* One that is bad does not hide the others. */
static void test_keep_going(void **state)
{
    static const char text[] =
        DOMAIN("a", "xen") DOMAIN("b", "kvm") "<domain>&x;</domain>\n" DOMAIN("c", "xen");
    struct guestcfg_list list = {0};
    struct ballast_error err;
    (void)state;
    parse_all(text, true, &list, 0, &err);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.fault_count, 2);
    assert_string_equal(list.guests[1].guest.name, "c");
    assert_non_null(strstr(list.faults[0].text, "v.xml:3: os/type"));
    assert_non_null(strstr(list.faults[1].text, "v.xml:5: "));
    guestcfg_list_release(&list);
    parse_all(text, false, &list, -EINVAL, &err);
    assert_int_equal(list.count, 0);
    guestcfg_list_release(&list);
}

/* libxml2 needs their square in time. */
static void test_attributes(void **state)
{
    (void)state;
    size_t size = 90000 * 16;
    char *text = malloc(size);
    assert_non_null(text);
    size_t length = (size_t)snprintf(text, size, "<!-- -->\n<domain");
    for (int i = 0; i < 60000; i++)
        length += (size_t)snprintf(text + length, size - length, " a%d='='", i);
    (void)snprintf(text + length, size - length, "/>");
    refuses(text, "v.xml:2: an element has too many attributes", "");
    length = (size_t)snprintf(text, size, "<domain");
    for (int i = 0; i < GUESTCFG_XML_MAX_ATTRIBUTES; i++)
        length += (size_t)snprintf(text + length, size - length, " a%d=\"=\"", i);
    (void)snprintf(text + length, size - length, "/>");
    refuses(text, "v.xml: os/type: ", "missing");
    free(text);
    /* There a tag can have attributes that no byte of it shows. */
    refuses("<?xml version='1.0' encoding='UTF-7'?>\n<domain a+AD0-''/>",
            "v.xml:1: unsupported encoding 'UTF-7': ", "UTF-8");
    refuses("<!-- -->\n<?xml version='1.0' encoding = \"IBM037\"?><domain/>",
            "v.xml:2: unsupported encoding 'IBM037': ", "");
    refuses("<?xml version='1.0' encoding='ISO-8859-1'?>\n<domain/>", "v.xml: os/type", "missing");
    refuses("<domain xmlns='http://libvirt.org/schemas/domain/xen/1.0' type='xen'/>",
            "v.xml:1: xmlns: ", "delete xmlns=\"http://libvirt.org");
}

static void test_limits(void **state)
{
    (void)state;
    static const char controllers[] =
        "<memory>65536</memory><vcpu>1</vcpu><devices><controller type='usb' maxGrantFrames='9'/>"
        "<controller type='xenbus' maxGrantFrames='32' maxEventChannels='2047'/></devices>";
    struct ballast_guest guest = good_of("xenpvh", controllers);
    assert_int_equal(guest.attr[BALLAST_MAX_GRANT_FRAMES], 32);
    assert_int_equal(guest.attr[BALLAST_MAX_EVENT_CHANNELS], 2047);
    assert_true(guest.attr[BALLAST_MAX_MAPTRACK_FRAMES] == UNSET);
    guest = good_of("xenpvh", "<memory>65536</memory>");
    assert_true(guest.attr[BALLAST_MAX_GRANT_FRAMES] == UNSET);
    refuses_of("xenpvh",
               "<memory>65536</memory><devices><controller type='xenbus' maxGrantFrames='x'/>"
               "</devices>",
               "v.xml:2: controller: invalid maxGrantFrames=\"x\"", "number");
    /* libxlMakeDomBuildInfo hands on what is more than 0. */
    guest = good_of("xenpvh",
                    "<memory>65536</memory><devices><controller type='xenbus' maxGrantFrames='0' "
                    "maxEventChannels='0'/></devices>");
    assert_true(guest.attr[BALLAST_MAX_GRANT_FRAMES] == UNSET);
    assert_true(guest.attr[BALLAST_MAX_EVENT_CHANNELS] == UNSET);
}

static void test_uuid(void **state)
{
    (void)state;
    static const char body[] = "<domain><name>v</name><uuid>%s</uuid><os><type>xen</type></os>"
                               "<memory>1024</memory></domain>";
    static const struct {
        const char *written;
        const char *read;
    } rows[] = {
        {"6F1c2f0e-8d0b-4a7e-9c55-0123456789ab", "6f1c2f0e-8d0b-4a7e-9c55-0123456789ab"},
        {"6f1c2f0e", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[512];
        struct guestcfg_list list = {0};
        struct ballast_error err;
        int length = snprintf(text, sizeof(text), body, rows[i].written);
        assert_int_equal(guestcfg_parse_libvirt("v.xml", text, (size_t)length, NULL, &list, &err),
                         0);
        assert_string_equal(list.guests[0].uuid, rows[i].read);
        guestcfg_list_release(&list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_several),    cmocka_unit_test(test_keep_going),
        cmocka_unit_test(test_attributes), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_whole),      cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_type),       cmocka_unit_test(test_units),
        cmocka_unit_test(test_memory),     cmocka_unit_test(test_vcpus),
        cmocka_unit_test(test_video),      cmocka_unit_test(test_stubdomain),
        cmocka_unit_test(test_features),   cmocka_unit_test(test_hostdev),
        cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
