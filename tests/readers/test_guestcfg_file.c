/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as users provide them, and the format detected for each. */
#include "check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/guestcfg/guestcfg.h"

static char folder[] = "/tmp/ballast-test-XXXXXX";
static char path[sizeof(folder) + 16];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/g", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

static void write_file(const char *data, size_t length)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(data, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

static int read_text(const char *text, struct guestcfg_list *list, struct ballast_error *err)
{
    write_file(text, strlen(text));
    return guestcfg_read(path, NULL, list, err);
}

static const char json[] = "{\"name\":\"j\",\"type\":\"pv\",\"config\":{}}";
static const char xml[] = "<domain><name>x</name><os><type>xen</type></os><memory>1024</memory>"
                          "</domain>";

static void test_formats(void **state)
{
    (void)state;
    struct guestcfg_list list = {0};
    struct ballast_error err;
    char text[512];
    assert_int_equal(read_text(json, &list, &err), 0);
    assert_int_equal(read_text(xml, &list, &err), 0);
    (void)snprintf(text, sizeof(text), "\xef\xbb\xbf\r\n\t %s\r\n", json);
    assert_int_equal(read_text(text, &list, &err), 0);
    (void)snprintf(text, sizeof(text), "\xef\xbb\xbf%s\r\n", xml);
    assert_int_equal(read_text(text, &list, &err), 0);
    (void)snprintf(text, sizeof(text), "[%s,%s]", json, json);
    assert_int_equal(read_text(text, &list, &err), 0);
    assert_int_equal(list.count, 6);
    static const char names[] = "jxjxjj";
    for (size_t i = 0; i < list.count; i++)
        assert_int_equal(list.guests[i].guest.name[0], names[i]);
    guestcfg_list_release(&list);
    assert_int_equal(list.count, 0);
    guestcfg_list_release(&list);
}

static void test_bad_files(void **state)
{
    (void)state;
    struct guestcfg_list list = {0};
    struct ballast_error err;
    check_error(read_text("", &list, &err), -EINVAL, &err, path, "is empty");
    check_error(read_text(" \n\n", &list, &err), -EINVAL, &err, path, "is empty");
    check_error(read_text("{", &list, &err), -EINVAL, &err, path, ":1: ");
    write_file("{\"name\":\"a\0b\"}", 14);
    check_error(guestcfg_read(path, NULL, &list, &err), -EINVAL, &err, path, ":1: a control");
    write_file("<a>\0</a>", 8);
    check_error(guestcfg_read(path, NULL, &list, &err), -EINVAL, &err, path, ":1: a NUL byte");
    check_error(guestcfg_read("/nonexistent/g", NULL, &list, &err), -ENOENT, &err,
                "/nonexistent/g: cannot be opened", "No such file");
    check_error(guestcfg_read(folder, NULL, &list, &err), -EISDIR, &err, folder, "directory");
    check_error(guestcfg_read("/dev/zero", NULL, &list, &err), -EFBIG, &err,
                "/dev/zero: ", "use a smaller file");
    check_error(guestcfg_read("a\033b", NULL, &list, &err), -ENOENT, &err, "a?b: ", "");
    assert_int_equal(list.count, 0);
    guestcfg_list_release(&list);
}

static void test_unreadable(void **state)
{
    (void)state;
    struct guestcfg_list list = {0};
    struct ballast_error err;
    write_file(json, sizeof(json) - 1);
    assert_int_equal(chmod(path, 0), 0);
    if (access(path, R_OK) == 0) {
        print_message("skipped: root may read every file\n");
        skip();
    }
    check_error(guestcfg_read(path, NULL, &list, &err), -EACCES, &err, path, "cannot be opened");
}

/* Standard input is there once: a second "-" finds it empty. */
static void test_stdin(void **state)
{
    (void)state;
    struct guestcfg_list list = {0};
    struct ballast_error err;
    write_file(json, sizeof(json) - 1);
    int saved = dup(STDIN_FILENO);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    assert_int_equal(guestcfg_read("-", NULL, &list, &err), 0);
    assert_int_equal(list.count, 1);
    check_error(guestcfg_read("-", NULL, &list, &err), -EINVAL, &err, "<stdin>: is empty", "once");
    assert_int_equal(list.count, 1);
    if (saved >= 0)
        assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    (void)close(saved);
    (void)close(fd);
    guestcfg_list_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_stdin),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
