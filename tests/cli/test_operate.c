/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands of a running host check beside Xen: the lock, and rival balancers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/ballast/cli/time.h"
#include "app/ballast/host/rival_balancers.h"
#include "core/base/quantity.h"
#include "core/base/units.h"
#include "edge/lock/lock.h"

static char root[] = "/tmp/ballast-operate-XXXXXX";

static const char *below(const char *path)
{
    static char full[100]; /* a socket's path has 107 */
    (void)snprintf(full, sizeof(full), "%s%s", root, path);
    return full;
}

static void make_folder(const char *path)
{
    assert_true(mkdir(below(path), 0755) == 0 || errno == EEXIST);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(below(path), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void make_process(const char *folder, const char *name)
{
    char comm[64];
    make_folder("/proc");
    make_folder(folder);
    (void)snprintf(comm, sizeof(comm), "%s/comm", folder);
    write_file(comm, name);
}

static void test_lock(void **state)
{
    (void)state;
    struct ballast_error err;
    struct lock_holder holder;
    char dir[256];
    (void)snprintf(dir, sizeof(dir), "%s", below("/made"));
    int first = lock_take(dir, "ballast free", &holder, &err);
    assert_true(first >= 0);
    assert_int_equal(lock_take(dir, "ballast", &holder, &err), -EWOULDBLOCK);
    assert_int_equal(holder.pid, getpid());
    assert_string_equal(holder.what, "ballast free");
    assert_string_equal(holder.path, below("/made/lock"));
    close(first);
    int again = lock_take(dir, "ballast", &holder, &err);
    assert_true(again >= 0);
    /* A holder that wrote something else is not quoted. */
    static const char *const bad[] = {"\033[2Jevil\n", "12 \033[2Jevil\n",   "12 evil",
                                      "-1 evil\n",     "99999999999 evil\n", "12\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(ftruncate(again, 0), 0);
        assert_true(pwrite(again, bad[i], strlen(bad[i]), 0) == (ssize_t)strlen(bad[i]));
        assert_int_equal(lock_take(dir, "ballast", &holder, &err), -EWOULDBLOCK);
        assert_int_equal(holder.pid, 0);
        assert_string_equal(holder.what, "");
    }
    /* One that was replaced while it was held is no lock: the new one is. */
    assert_int_equal(unlink(below("/made/lock")), 0);
    int fresh = lock_take(dir, "ballast", &holder, &err);
    assert_true(fresh >= 0);
    close(fresh);
    close(again);
}

static void test_lock_dir(void **state)
{
    (void)state;
    struct ballast_error err;
    struct lock_holder holder;
    char dir[256];
    (void)snprintf(dir, sizeof(dir), "%s", below("/made"));
    /* A link is not followed to some other directory or file, and a file is no directory. */
    assert_int_equal(symlink(dir, below("/link")), 0);
    assert_true(lock_take(below("/link"), "ballast", &holder, &err) < 0);
    assert_int_equal(lock_take(below("/made/lock"), "ballast", &holder, &err), -ENOTDIR);
    assert_int_equal(unlink(below("/made/lock")), 0);
    assert_int_equal(symlink("/etc/passwd", below("/made/lock")), 0);
    assert_int_equal(lock_take(dir, "ballast", &holder, &err), -ELOOP);
    assert_int_equal(unlink(below("/made/lock")), 0);
    assert_int_equal(chmod(dir, 0757), 0);
    assert_int_equal(lock_take(dir, "ballast", &holder, &err), -EPERM);
    assert_non_null(strstr(err.text, "others may write"));
    assert_int_equal(chmod(dir, 0755), 0);
}

static void test_others(void **state)
{
    (void)state;
    struct cli_rival_balancers rivals;
    cli_rival_balancers_find(&rivals, root);
    assert_int_equal(rivals.count, 0);
    assert_int_equal(rivals.libvirt, CLI_LIBVIRT_NONE);
    cli_rival_balancers_release(&rivals);

    make_process("/proc/812", "squeezed\n");
    make_process("/proc/9", "not-squeezed\n");
    make_process("/proc/acpi", "momd\n");
    make_process("/proc/77", "virtxend\n");
    cli_rival_balancers_find(&rivals, root);
    assert_int_equal(rivals.count, 1);
    assert_string_equal(rivals.balancers[0], "squeezed runs (process 812)");
    assert_false(rivals.ours);
    assert_int_equal(rivals.libvirt, CLI_LIBVIRT_AUTO);
    cli_rival_balancers_release(&rivals);

    make_folder("/etc");
    make_folder("/etc/libvirt");
    write_file("/etc/libvirt/libxl.conf", "#autoballoon = 1\n autoballoon = 0\n");
    cli_rival_balancers_find(&rivals, root);
    assert_int_equal(rivals.libvirt, CLI_LIBVIRT_KEEPS);
    cli_rival_balancers_release(&rivals);
    write_file("/etc/libvirt/libxl.conf", "autoballoon=1\n");
    cli_rival_balancers_find(&rivals, root);
    assert_int_equal(rivals.libvirt, CLI_LIBVIRT_SHRINKS);
    cli_rival_balancers_release(&rivals);
}

static void make_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", below(name));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
}

static bool is_ours(const char *lock)
{
    struct cli_rival_balancers rivals;
    write_file("/run/ballast/lock", lock);
    cli_rival_balancers_find(&rivals, root);
    bool ours = rivals.ours;
    cli_rival_balancers_release(&rivals);
    return ours;
}

/* The daemon that has the host's lock is ours, and not a rival to be warned of. */
static void test_our_daemon(void **state)
{
    (void)state;
    struct cli_rival_balancers rivals;
    make_folder("/run");
    make_folder("/run/ballast");
    cli_rival_balancers_find(&rivals, root);
    size_t before = rivals.count;
    cli_rival_balancers_release(&rivals);
    make_process("/proc/813", "ballastd\n");
    make_process("/proc/814", "bash\n");
    make_socket("/run/ballast/control.sock");
    cli_rival_balancers_find(&rivals, root);
    assert_int_equal(rivals.count, before);
    assert_false(rivals.ours); /* that one keeps another host, or simulates one */
    cli_rival_balancers_release(&rivals);
    assert_true(is_ours("813 ballastd\n"));
    assert_false(is_ours("814 ballastd\n")); /* it ended, and another has its id */
    assert_false(is_ours("815 ballastd\n"));
    assert_false(is_ours("813 ballast free\n"));
    assert_false(is_ours("813"));
}

static void test_socket(void **state)
{
    (void)state;
    struct cli_rival_balancers rivals;
    make_folder("/run/qubes");
    write_file("/run/qubes/qmemman.sock", "a file is no socket");
    cli_rival_balancers_find(&rivals, root);
    size_t before = rivals.count;
    cli_rival_balancers_release(&rivals);
    assert_int_equal(unlink(below("/run/qubes/qmemman.sock")), 0);
    make_socket("/run/qubes/qmemman.sock");
    cli_rival_balancers_find(&rivals, root);
    assert_int_equal(rivals.count, before + 1);
    assert_string_equal(rivals.balancers[before], "/run/qubes/qmemman.sock exists");
    cli_rival_balancers_release(&rivals);
    /* It is our daemon's own, where that speaks qmemman's interface. */
    assert_true(is_ours("813 ballastd\n"));
    cli_rival_balancers_find(&rivals, root);
    assert_int_equal(rivals.count, before);
    cli_rival_balancers_release(&rivals);
}

static void test_sizes(void **state)
{
    (void)state;
    struct ballast_error err;
    uint64_t kib = 7;
    assert_int_equal(ballast_size_parse("512", &kib, &err), 0);
    assert_int_equal(kib, 512 * 1024);
    assert_int_equal(ballast_size_parse("512k", &kib, &err), 0);
    assert_int_equal(kib, 512);
    assert_int_equal(ballast_size_parse("2G", &kib, &err), 0);
    assert_int_equal(kib, 2 * 1024 * 1024);
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "M", "0x1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(ballast_size_parse(bad[i], &kib, &err), -EINVAL);
    assert_int_equal(ballast_size_parse("18446744073709551615K", &kib, &err), -EOVERFLOW);
    char longest[200];
    memset(longest, '1', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(ballast_size_parse(longest, &kib, &err), -EOVERFLOW);
    assert_int_equal(kib, 2 * 1024 * 1024);
}

static void test_times(void **state)
{
    (void)state;
    struct ballast_error err;
    uint64_t usec = 7;
    assert_int_equal(ballast_time_parse("0", &usec, &err), 0);
    assert_int_equal(usec, 0);
    assert_int_equal(ballast_time_parse("250ms", &usec, &err), 0);
    assert_int_equal(usec, 250000);
    assert_int_equal(ballast_time_parse("3s", &usec, &err), 0);
    assert_int_equal(usec, 3000000);
    assert_int_equal(ballast_time_parse("24h", &usec, &err), 0);
    assert_int_equal(usec, UINT64_C(86400000000));
    assert_int_equal(ballast_time_parse("2w", &usec, &err), 0);
    assert_int_equal(usec, UINT64_C(14) * 86400000000);
    assert_int_equal(ballast_time_parse("3653d", &usec, &err), 0);
    assert_int_equal(ballast_time_parse("5min", &usec, &err), 0);
    assert_int_equal(usec, UINT64_C(300000000));
    assert_int_equal(ballast_time_parse("1440m", &usec, &err), 0);
    assert_true(usec == UINT64_C(86400000000));
    static const char *const bad[] = {
        "", "-1", " 1", "s", "3654d", "1y", "1s ", "523w", "18446744073709551616"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(ballast_time_parse(bad[i], &usec, &err), -EINVAL);
    assert_true(usec == UINT64_C(86400000000));
}

static int remove_all(void **state)
{
    (void)state;
    char command[64];
    (void)snprintf(command, sizeof(command), "rm -r %s", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock),   cmocka_unit_test(test_lock_dir),
        cmocka_unit_test(test_others), cmocka_unit_test(test_our_daemon),
        cmocka_unit_test(test_socket), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_times),
    };
    if (!mkdtemp(root))
        return 1;
    return cmocka_run_group_tests(tests, NULL, remove_all);
}
