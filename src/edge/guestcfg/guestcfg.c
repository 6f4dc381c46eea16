/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/guestcfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/file/file.h"
#include "edge/guestcfg/list.h"
#include "edge/guestcfg/place.h"
#include "edge/json/json.h"

void guestcfg_list_release(struct guestcfg_list *list)
{
    free(list->guests);
    free(list->faults);
    *list = (struct guestcfg_list){0};
}

int guestcfg_list_add(struct guestcfg_list *list, const struct guestcfg_guest *guest,
                      struct ballast_error *err)
{
    /* The array has room for the next power of two, so that only those counts make it larger. */
    if ((list->count & (list->count - 1)) == 0) {
        size_t room = list->count ? list->count * 2 : 1;
        struct guestcfg_guest *moved = reallocarray(list->guests, room, sizeof(*moved));
        if (!moved)
            return ballast_fail(err, -ENOMEM, "out of memory");
        list->guests = moved;
    }
    list->guests[list->count++] = *guest;
    return 0;
}

int guestcfg_list_fault(struct guestcfg_list *list, const struct guestcfg_options *options, int rc,
                        const struct ballast_error *err)
{
    bool is_input = rc == -EINVAL || rc == -EFBIG || rc == -EOVERFLOW || rc == -ERANGE;
    if (!options || !options->keep_going || !err || !is_input ||
        list->fault_count >= GUESTCFG_MAX_FAULTS)
        return rc;
    struct ballast_error *moved =
        reallocarray(list->faults, list->fault_count + 1, sizeof(*list->faults));
    if (!moved)
        return -ENOMEM;
    list->faults = moved;
    list->faults[list->fault_count++] = *err;
    return 0;
}

/* The first byte that is no white space, past a byte order mark; -1 where there is none. */
static int first_byte(const char *data, size_t length)
{
    size_t i = length >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (i < length && memchr(" \t\r\n\f\v", data[i], 6))
        i++;
    return i < length ? (unsigned char)data[i] : -1;
}

int guestcfg_parse(const char *name, const char *data, size_t length,
                   const struct guestcfg_options *options, struct guestcfg_list *list,
                   struct ballast_error *err)
{
    struct guestcfg_guest guest;
    int rc;
    switch (first_byte(data, length)) {
    case -1:
        return guestcfg_fail(err, name, 0, NULL,
                             "is empty: an xl.cfg, a libvirt domain XML or JSON should be there");
    case '{':
    case '[':
        return guestcfg_parse_json(name, data, length, options, list, err);
    case '<':
        return guestcfg_parse_libvirt(name, data, length, options, list, err);
    default:
        rc = guestcfg_parse_xl(name, data, length, options, &guest, err);
        return rc < 0 ? guestcfg_list_fault(list, options, rc, err)
                      : guestcfg_list_add(list, &guest, err);
    }
}

int guestcfg_read(const char *path, const struct guestcfg_options *options,
                  struct guestcfg_list *list, struct ballast_error *err)
{
    char *data;
    size_t length;
    int rc = file_read(path, FILE_ANY, GUESTCFG_MAX_BYTES, &data, &length, err);
    if (rc < 0)
        return rc;
    if (length == 0 && strcmp(path, "-") == 0)
        rc = guestcfg_fail(err, file_name(path), 0, NULL,
                           "is empty; standard input can be read only once");
    else
        rc = guestcfg_parse(file_name(path), data, length, options, list, err);
    free(data);
    return rc;
}
