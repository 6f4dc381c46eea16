/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All nodes of all domains in three rounds, over a socket with our own xenstored: a real one does
 * not run without Xen. An answer that differs from the protocol is refused.
 */
#include "unit.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xenstore_lib.h>

#include "edge/hv/xen_bulk.h"

enum { GUESTS = 40, LARGEST = sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX };

/* How the other side behaves. */
enum manner {
    GOOD,
    BACKWARDS, /* what came together is answered from its end */
    IN_BYTES,  /* one byte at a time */
    CLOSES,
    LONG,
    WRONG_NUMBER,
    TWICE,
    WRONG_TYPE,
    FAILS,    /* EIO for everything */
    TOO_LONG, /* E2BIG for directories */
    MANNERS
};

static char folder[] = "/tmp/ballast-bulk-XXXXXX";

/* Guest N: name gN, target 1000 + N and so on; odd ones have a kernel that is up. */
static const char *value_of(const char *path, char text[64])
{
    unsigned id;
    char node[64];
    if (sscanf(path, "/local/domain/%u/%63s", &id, node) != 2 || id == 0)
        return NULL;
    snprintf(text, 64, "g%u", id);
    if (strcmp(node, "name") == 0)
        return text;
    snprintf(text, 64, "%u", 1000 + id);
    if (strcmp(node, "memory/target") == 0)
        return text;
    snprintf(text, 64, "%u", 2000 + id);
    if (strcmp(node, "memory/static-max") == 0)
        return text;
    snprintf(text, 64, "%u", 3000 + id);
    if (strcmp(node, "data/meminfo_free") == 0)
        return id % 5 == 0 ? text : NULL;
    if (strcmp(node, "data/ballast/alive") == 0 || strcmp(node, "data/ballast/stalls") == 0)
        return id % 8 == 0 ? text : NULL;
    if (strcmp(node, "control/feature-suspend") == 0)
        return id % 2 ? "1" : "";
    if (strcmp(node, "control/feature-poweroff") == 0 ||
        strcmp(node, "control/feature-reboot") == 0)
        return id % 4 == 2 ? "1" : "";
    if (strcmp(node, "target") == 0)
        return id == 7 ? "6" : NULL;
    return NULL;
}

static size_t listing_of(const char *path, char *out)
{
    static const char memory[] = "static-max\0target\0other";
    static const char control[] = "feature-suspend\0feature-poweroff\0feature-reboot\0sysrq";
    size_t length = 0;
    if (strncmp(path, "/local/domain/0/", 16) == 0)
        return 0;
    if (strstr(path, "/memory"))
        memcpy(out, memory, length = sizeof(memory));
    else if (strstr(path, "/control"))
        memcpy(out, control, length = sizeof(control));
    return length;
}

static size_t answer(enum manner manner, const struct xsd_sockmsg *asked, const char *path,
                     char out[LARGEST])
{
    struct xsd_sockmsg head = *asked;
    char text[64];
    const char *error = NULL;
    char *value = out + sizeof(head);
    size_t length = 0;
    const char *found = asked->type == XS_READ ? value_of(path, text) : NULL;
    if (manner == FAILS)
        error = "EIO";
    else if (manner == TOO_LONG && asked->type == XS_DIRECTORY)
        error = "E2BIG";
    else if (asked->type == XS_DIRECTORY && (length = listing_of(path, value)) == 0)
        error = "ENOENT";
    else if (asked->type == XS_READ && !found)
        error = "ENOENT";
    if (found && !error)
        memcpy(value, found, length = strlen(found));
    if (error) {
        memcpy(value, error, length = strlen(error) + 1);
        head.type = XS_ERROR;
    }
    head.len = (uint32_t)length;
    if (manner == LONG)
        head.len = XENSTORE_PAYLOAD_MAX + 1;
    if (manner == WRONG_NUMBER)
        head.req_id += 1000;
    if (manner == TWICE)
        head.req_id = 0;
    if (manner == WRONG_TYPE)
        head.type = XS_WRITE;
    memcpy(out, &head, sizeof(head));
    return sizeof(head) + length;
}

static void put(int fd, enum manner manner, const char *bytes, size_t length)
{
    size_t step = manner == IN_BYTES ? 1 : length;
    for (size_t at = 0; at < length; at += step) {
        if (send(fd, bytes + at, step, MSG_NOSIGNAL) < 0)
            _exit(0); /* the other side has had enough */
    }
}

/* All whole requests of what is there; those that came together can be told from their end. */
static size_t serve_some(int fd, enum manner manner, const char *bytes, size_t length)
{
    size_t begins[256];
    size_t count = 0;
    size_t at = 0;
    char out[LARGEST];
    struct xsd_sockmsg head;
    while (length - at >= sizeof(head) && count < 256) {
        memcpy(&head, bytes + at, sizeof(head));
        if (length - at < sizeof(head) + head.len)
            break;
        begins[count++] = at;
        at += sizeof(head) + head.len;
    }
    for (size_t i = 0; i < count; i++) {
        size_t begin = begins[manner == BACKWARDS ? count - 1 - i : i];
        memcpy(&head, bytes + begin, sizeof(head));
        put(fd, manner, out, answer(manner, &head, bytes + begin + sizeof(head), out));
    }
    return at;
}

static void serve(int listener, enum manner manner)
{
    static char bytes[1 << 16];
    size_t length = 0;
    int fd = accept(listener, NULL, NULL);
    for (;;) {
        ssize_t got = recv(fd, bytes + length, sizeof(bytes) - length, 0);
        if (got <= 0 || manner == CLOSES)
            _exit(0);
        length += (size_t)got;
        size_t used = serve_some(fd, manner, bytes, length);
        memmove(bytes, bytes + used, length - used);
        length -= used;
    }
}

static pid_t start(enum manner manner)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", folder);
    (void)unlink(address.sun_path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        serve(listener, manner);
    close(listener);
    return child;
}

static int read_all(enum manner manner, struct xen_followed *all, uint64_t *calls,
                    struct ballast_error *err)
{
    struct xen_followed *followed[GUESTS + 1];
    struct xen_bulk *bulk;
    pid_t child = start(manner);
    for (uint32_t i = 0; i <= GUESTS; i++) {
        xen_store_meet(&all[i], i);
        followed[i] = &all[i];
    }
    assert_int_equal(xen_bulk_open(&bulk, err), 0);
    int rc = xen_bulk_read(bulk, followed, GUESTS + 1, err);
    *calls = xen_bulk_calls(bulk);
    xen_bulk_close(bulk);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return rc;
}

static void check_guest(const struct xen_followed *guest)
{
    char name[16];
    uint32_t id = guest->domid;
    snprintf(name, sizeof(name), "g%" PRIu32, id);
    assert_int_equal(guest->stale, 0);
    assert_string_equal(guest->said.name, name);
    assert_int_equal(guest->said.target_kib, 1000 + id);
    assert_int_equal(guest->said.static_max_kib, 2000 + id);
    assert_int_equal(guest->said.videoram_kib, BALLAST_NONE);
    assert_int_equal(guest->said.serves, id == 7 ? 6 : BALLAST_NONE);
    assert_int_equal(guest->said.on[XEN_NODE_FEATURE_SUSPEND], id % 2);
    assert_int_equal(guest->said.free_kib, id % 5 == 0 ? 3000 + id : BALLAST_NONE);
    assert_int_equal(guest->said.alive, id % 8 == 0 ? 3000 + id : BALLAST_NONE);
    assert_int_equal(guest->said.pressure[BALLAST_PRESSURE_STALLS],
                     id % 8 == 0 ? 3000 + id : BALLAST_NONE);
    assert_int_equal(guest->said.pressure[BALLAST_PRESSURE_SOME], BALLAST_NONE);
    /* Of the others only one without it is asked. */
    assert_int_equal(guest->said.on[XEN_NODE_FEATURE_REBOOT], id % 4 == 2);
}

static void reads_everything(void **state)
{
    (void)state;
    static const enum manner good[] = {GOOD, BACKWARDS, IN_BYTES, TOO_LONG};
    for (size_t m = 0; m < sizeof(good) / sizeof(good[0]); m++) {
        struct xen_followed all[GUESTS + 1];
        struct ballast_error err = {0};
        uint64_t calls;
        assert_int_equal(read_all(good[m], all, &calls, &err), 0);
        assert_string_equal(all[0].said.name, "");
        assert_int_equal(all[0].said.target_kib, BALLAST_NONE);
        for (uint32_t i = 1; i <= GUESTS; i++)
            check_guest(&all[i]);
        /* Name, whom it serves, free memory, an agent, two listings; three nodes; pressure and
         * driver; two more without a kernel. */
        if (good[m] == GOOD)
            assert_int_equal(calls, 6 * (GUESTS + 1) + 3 * GUESTS +
                                        (BALLAST_PRESSURES + 1) * (GUESTS / 8) + 2 * (GUESTS / 2));
    }
}

static void refuses_what_is_no_answer(void **state)
{
    (void)state;
    static const struct {
        enum manner manner;
        const char *text;
    } bad[] = {{CLOSES, "closed the connection"}, {LONG, "longer than"},
               {WRONG_NUMBER, "not made"},        {TWICE, "not made"},
               {WRONG_TYPE, "another type"},      {FAILS, "domain 0: EIO"}};
    for (size_t m = 0; m < sizeof(bad) / sizeof(bad[0]); m++) {
        struct xen_followed all[GUESTS + 1];
        struct ballast_error err = {0};
        uint64_t calls;
        assert_int_equal(read_all(bad[m].manner, all, &calls, &err), -EIO);
        unit_assert_text(err, bad[m].text);
        for (uint32_t i = 0; i <= GUESTS; i++) {
            assert_int_equal(all[i].stale, XEN_NODES_ALL);
            assert_int_equal(all[i].said.target_kib, BALLAST_NONE);
        }
    }
}

static void says_that_there_is_no_socket(void **state)
{
    (void)state;
    struct xen_bulk *bulk = NULL;
    struct ballast_error err = {0};
    char path[64];
    snprintf(path, sizeof(path), "%s/socket", folder);
    (void)unlink(path);
    assert_int_equal(xen_bulk_open(&bulk, &err), -ENOTSUP);
    unit_assert_text(err, path);
    assert_null(bulk);
    xen_bulk_close(bulk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(refuses_what_is_no_answer),
        cmocka_unit_test(says_that_there_is_no_socket),
    };
    if (!mkdtemp(folder) || setenv("XENSTORED_RUNDIR", folder, 1) < 0)
        return 1;
    (void)unsetenv("XENSTORED_PATH");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    char path[64];
    snprintf(path, sizeof(path), "%s/socket", folder);
    (void)unlink(path);
    (void)rmdir(folder);
    return failed;
}
