/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files of a folder are guests, what a bad one costs, and when the folder has changed. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#include "edge/guestcfg/folder.h"
#include "edge/guestcfg/place.h"

static char folder[] = "/tmp/guestcfg-folder.XXXXXX";

static void path_of(const char *name, char out[256])
{
    (void)snprintf(out, 256, "%s/%s", folder, name);
}

static void put_file(const char *name, const char *text)
{
    char path[256];
    path_of(name, path);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void put_guest(const char *name, unsigned mib)
{
    char text[256];
    (void)snprintf(text, sizeof(text),
                   "{\"name\":\"%s\",\"type\":\"pvh\",\"config\":{\"memory_kib\":%u,\"vcpus\":1}}",
                   name, mib * 1024);
    put_file(name, text);
}

static void remove_file(const char *name)
{
    char path[256];
    path_of(name, path);
    assert_int_equal(unlink(path), 0);
}

static uint64_t stamp(void)
{
    uint64_t out;
    struct ballast_error err;
    if (guestcfg_folder_stamp(folder, &out, &err) < 0)
        fail_msg("%s", err.text);
    return out;
}

static struct guestcfg_list read_all(void)
{
    struct guestcfg_list list = {0};
    struct ballast_error err;
    struct guestcfg_options options = {0};
    if (guestcfg_read_folder(folder, &options, &list, &err) < 0)
        fail_msg("%s", err.text);
    return list;
}

static void test_which_files(void **state)
{
    (void)state;
    char link_path[256];
    char sub_path[256];
    put_guest("b", 512);
    put_guest("a", 256);
    put_guest("a~", 999);
    put_guest(".hidden", 999);
    put_guest("c.dpkg-new", 999);
    put_file("xl.conf", "autoballoon=0\n");
    path_of("z-link", link_path);
    path_of("sub", sub_path);
    assert_int_equal(symlink("b", link_path), 0);
    assert_int_equal(mkdir(sub_path, 0700), 0);
    assert_int_equal(mkfifo(strcat(strcpy(link_path, folder), "/pipe"), 0600), 0);
    struct guestcfg_list list = read_all();
    assert_int_equal(list.count, 3);
    assert_int_equal(list.fault_count, 0);
    assert_string_equal(list.guests[0].guest.name, "a");
    assert_string_equal(list.guests[1].guest.name, "b");
    assert_string_equal(list.guests[2].guest.name, "b");
    guestcfg_list_release(&list);
    for (size_t i = 0; i < 8; i++)
        remove_file((const char *[]){"b", "a", "a~", ".hidden", "c.dpkg-new", "xl.conf", "z-link",
                                     "pipe"}[i]);
    assert_int_equal(rmdir(sub_path), 0);
}

/* A bad file costs itself, whatever is wrong with it. */
static void test_bad_files(void **state)
{
    (void)state;
    put_guest("good", 256);
    put_file("broken", "{\"name\":");
    put_file("empty", "");
    struct guestcfg_list list = read_all();
    assert_int_equal(list.count, 1);
    assert_string_equal(list.guests[0].guest.name, "good");
    assert_int_equal(list.fault_count, 2);
    assert_non_null(strstr(list.faults[0].text, "/broken"));
    assert_non_null(strstr(list.faults[1].text, "/empty"));
    guestcfg_list_release(&list);
    remove_file("good");
    remove_file("broken");
    remove_file("empty");
}

static void test_stamp(void **state)
{
    (void)state;
    uint64_t empty = stamp();
    put_guest("a", 256);
    uint64_t one = stamp();
    assert_true(one != empty);
    assert_true(stamp() == one);
    put_guest(".a", 256);
    put_guest("a~", 256);
    assert_true(stamp() == one);
    put_guest("a", 1024);
    uint64_t longer = stamp();
    assert_true(longer != one);
    put_guest("b", 256);
    assert_true(stamp() != longer);
    remove_file("b");
    assert_true(stamp() == longer);
    remove_file("a");
    assert_true(stamp() == empty);
    remove_file(".a");
    remove_file("a~");
}

static void test_no_folder(void **state)
{
    (void)state;
    uint64_t out = 7;
    struct guestcfg_list list = {0};
    struct guestcfg_options options = {0};
    struct ballast_error err;
    check_error(guestcfg_folder_stamp("/no/such", &out, &err), -ENOENT, &err,
                "/no/such: ", "No such file");
    assert_int_equal(out, 7);
    check_error(guestcfg_read_folder("/no/such", &options, &list, &err), -ENOENT, &err,
                "/no/such: ", "No such file");
    assert_int_equal(list.count, 0);
}

static void test_too_many(void **state)
{
    (void)state;
    char name[32];
    uint64_t out;
    struct ballast_error err;
    for (int i = 0; i <= GUESTCFG_MAX_FILES; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        put_file(name, "");
    }
    check_error(guestcfg_folder_stamp(folder, &out, &err), -EFBIG, &err, folder, "more than 1000");
    remove_file("0");
    assert_int_equal(guestcfg_folder_stamp(folder, &out, &err), 0);
    for (int i = 1; i <= GUESTCFG_MAX_FILES; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        remove_file(name);
    }
}

/* Reading takes time, so all of them together have a bound; what is too large is not read. */
static void test_too_large(void **state)
{
    (void)state;
    enum { FILES = GUESTCFG_MAX_FOLDER / GUESTCFG_MAX_ONE_GUEST };
    char path[256];
    char name[32];
    uint64_t out;
    struct guestcfg_list list = {0};
    struct guestcfg_options options = {0};
    struct ballast_error err;
    for (int i = 0; i <= FILES; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        put_file(name, "");
        path_of(name, path);
        assert_int_equal(truncate(path, GUESTCFG_MAX_ONE_GUEST + (i == 0)), 0);
    }
    assert_int_equal(guestcfg_folder_stamp(folder, &out, &err), 0);
    put_file("more", "1");
    check_error(guestcfg_folder_stamp(folder, &out, &err), -EFBIG, &err, folder,
                "more than 8388608 bytes");
    check_error(guestcfg_read_folder(folder, &options, &list, &err), -EFBIG, &err, folder,
                "more than 8388608 bytes");
    assert_int_equal(list.count + list.fault_count, 0);
    remove_file("more");
    for (int i = 0; i <= FILES; i++) {
        (void)snprintf(name, sizeof(name), "%d", i);
        remove_file(name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_files), cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_stamp),       cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_too_many),    cmocka_unit_test(test_too_large),
    };
    assert_non_null(mkdtemp(folder));
    int failed = cmocka_run_group_tests_name("guestcfg-folder", tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
