/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/error.h"
#include "edge/file/file.h"
#include "edge/guestcfg/list.h"
#include "edge/guestcfg/place.h"

/* What editors and package managers leave beside a file, and xl's own configuration. */
static bool is_guest_file(const char *name)
{
    static const char *const ends[] = {"~",        ".bak",      ".swp",      ".rpmnew",
                                       ".rpmsave", ".dpkg-old", ".dpkg-new", ".dpkg-dist"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i]);
        if (length >= end && strcmp(name + length - end, ends[i]) == 0)
            return false;
    }
    return name[0] != '.' && strcmp(name, "xl.conf") != 0;
}

/* FNV-1a, 64 bits: Fowler, Noll, Vo. */
static uint64_t mix_bytes(uint64_t sum, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static uint64_t stamp_of(const char *name, const struct stat *st)
{
    const int64_t numbers[] = {(int64_t)st->st_dev,          (int64_t)st->st_ino,
                               (int64_t)st->st_size,         (int64_t)st->st_mtim.tv_sec,
                               (int64_t)st->st_mtim.tv_nsec, (int64_t)st->st_ctim.tv_sec,
                               (int64_t)st->st_ctim.tv_nsec};
    uint64_t sum = mix_bytes(UINT64_C(0xcbf29ce484222325), name, strlen(name) + 1);
    return mix_bytes(sum, numbers, sizeof(numbers));
}

/* The files of a folder, by name. */
struct names {
    char **at;
    size_t count;
    uint64_t bytes; /* in those that are not too large for a guest */
    uint64_t stamp; /* the sum over all files: their order does not matter */
};

static void release_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->at[i]);
    free(names->at);
}

static int add_file_name(struct names *names, const char *name)
{
    char *copy = strdup(name);
    char **grown = copy ? reallocarray(names->at, names->count + 1, sizeof(*grown)) : NULL;
    if (!grown) {
        free(copy);
        return -ENOMEM;
    }
    names->at = grown;
    names->at[names->count++] = copy;
    return 0;
}

static int compare_file_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_files(const char *path, DIR *directory, struct names *names,
                      struct ballast_error *err)
{
    const struct dirent *entry;
    while ((entry = readdir(directory))) {
        struct stat st;
        if (!is_guest_file(entry->d_name) || fstatat(dirfd(directory), entry->d_name, &st, 0) < 0 ||
            !S_ISREG(st.st_mode))
            continue;
        if (names->count == GUESTCFG_MAX_FILES)
            return ballast_fail(err, -EFBIG, "%s: it has more than %d files: use a smaller folder",
                                path, GUESTCFG_MAX_FILES);
        if (st.st_size <= GUESTCFG_MAX_ONE_GUEST)
            names->bytes += (uint64_t)st.st_size;
        if (names->bytes > GUESTCFG_MAX_FOLDER)
            return ballast_fail(err, -EFBIG,
                                "%s: its files have more than %d bytes: use a smaller folder", path,
                                GUESTCFG_MAX_FOLDER);
        if (add_file_name(names, entry->d_name) < 0)
            return ballast_fail(err, -ENOMEM, "out of memory");
        names->stamp += stamp_of(entry->d_name, &st);
    }
    if (names->count > 0)
        qsort(names->at, names->count, sizeof(*names->at), compare_file_names);
    return 0;
}

static int read_names(const char *path, struct names *names, struct ballast_error *err)
{
    DIR *directory = opendir(path);
    if (!directory)
        return ballast_fail(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
    int rc = list_files(path, directory, names, err);
    (void)closedir(directory);
    return rc;
}

int guestcfg_folder_stamp(const char *path, uint64_t *out, struct ballast_error *err)
{
    struct names names = {0};
    int rc = read_names(path, &names, err);
    if (rc == 0)
        *out = names.stamp + names.count;
    release_names(&names);
    return rc;
}

static int read_folder_file(const char *path, const struct guestcfg_options *options,
                            struct guestcfg_list *list, struct ballast_error *err)
{
    char *data;
    size_t length;
    int rc = file_read(path, FILE_REGULAR, GUESTCFG_MAX_ONE_GUEST, &data, &length, err);
    if (rc < 0)
        return rc;
    rc = guestcfg_parse(path, data, length, options, list, err);
    free(data);
    return rc;
}

/* Whatever is wrong with a file costs that file. */
static int read_or_note(const char *folder, const char *name, const struct guestcfg_options *given,
                        struct guestcfg_list *list, struct ballast_error *err)
{
    struct ballast_error why;
    struct guestcfg_options options = *given;
    char *path = NULL;
    options.keep_going = true;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return ballast_fail(err, -ENOMEM, "out of memory");
    int rc = read_folder_file(path, &options, list, &why);
    free(path);
    if (rc < 0 && rc != -ENOMEM)
        rc = guestcfg_list_fault(list, &options, -EINVAL, &why);
    /* More faults than are kept are counted no more. */
    return rc == -ENOMEM ? ballast_fail(err, rc, "out of memory") : 0;
}

int guestcfg_read_folder(const char *path, const struct guestcfg_options *options,
                         struct guestcfg_list *list, struct ballast_error *err)
{
    struct names names = {0};
    int rc = read_names(path, &names, err);
    for (size_t i = 0; i < names.count && rc == 0; i++)
        rc = read_or_note(path, names.at[i], options, list, err);
    release_names(&names);
    return rc;
}
