/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/guestcfg.h"

#include <stdlib.h>
#include <string.h>

#include "edge/file/file.h"
#include "edge/guestcfg/list.h"
#include "edge/guestcfg/place.h"
#include "edge/guestcfg/xl_save.h"
#include "edge/json/json.h"

/* The first byte after a byte order mark and white space; -1: none. */
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
    if (guestcfg_is_xl_save(data, length))
        return guestcfg_parse_xl_save(name, data, length, options, list, err);
    switch (first_byte(data, length)) {
    case -1:
        return guestcfg_fail(err, name, 0, NULL,
                             "is empty: give an xl.cfg, a libvirt domain XML or JSON");
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

/* A saved guest is as large as its memory: no more of it is read than its configuration. */
static int read_guest_bytes(const char *path, char **data, size_t *length,
                            struct ballast_error *err)
{
    char *head = NULL;
    size_t head_length = 0;
    if (strcmp(path, "-") == 0 ||
        file_read_head(path, GUESTCFG_SAVE_HEAD, &head, &head_length, NULL) < 0)
        return file_read(path, FILE_ANY, GUESTCFG_MAX_BYTES, data, length, err);
    size_t size;
    bool is_saved = guestcfg_is_xl_save(head, head_length);
    int rc = is_saved ? guestcfg_xl_save_bytes(file_name(path), head, &size, err) : 0;
    free(head);
    if (rc < 0)
        return rc;
    return is_saved ? file_read_head(path, size, data, length, err)
                    : file_read(path, FILE_ANY, GUESTCFG_MAX_BYTES, data, length, err);
}

int guestcfg_read(const char *path, const struct guestcfg_options *options,
                  struct guestcfg_list *list, struct ballast_error *err)
{
    char *data;
    size_t length;
    int rc = read_guest_bytes(path, &data, &length, err);
    if (rc < 0)
        return rc;
    if (length == 0 && strcmp(path, "-") == 0)
        rc = guestcfg_fail(err, file_name(path), 0, NULL,
                           "is empty: standard input can be read only once; name it only once");
    else
        rc = guestcfg_parse(file_name(path), data, length, options, list, err);
    free(data);
    return rc;
}
