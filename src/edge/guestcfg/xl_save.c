/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/xl_save.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/base/error.h"
#include "edge/guestcfg/list.h"
#include "edge/guestcfg/place.h"

/* xl.h: savefileheader_magic, SAVEFILE_BYTEORDER_VALUE, XL_MANDATORY_FLAG_JSON. */
enum { MAGIC_BYTES = 32, FLAG_JSON = 1 };
static const char magic[MAGIC_BYTES + 1] = "Xen saved domain, xl format\n \0 \r";
#define BYTE_ORDER_MARK UINT32_C(0x01020304)

/* The words behind the magic, in the order of the machine that wrote them. */
struct save_words {
    uint32_t byte_order;
    uint32_t mandatory_flags;
    uint32_t optional_flags;
    uint32_t optional_length; /* of what stands between the header and the stream */
    uint32_t config_length;   /* the first of that */
};

_Static_assert(GUESTCFG_SAVE_HEAD == MAGIC_BYTES + sizeof(struct save_words),
               "the head is the magic and these words");

bool guestcfg_is_xl_save(const char *data, size_t length)
{
    return length >= GUESTCFG_SAVE_HEAD && memcmp(data, magic, MAGIC_BYTES) == 0;
}

static int read_save_words(const char *name, const char *data, struct save_words *out,
                           struct ballast_error *err)
{
    memcpy(out, data + MAGIC_BYTES, sizeof(*out));
    if (out->byte_order != BYTE_ORDER_MARK)
        return guestcfg_fail(err, name, 0, NULL,
                             "was saved on a machine of another byte order: use one saved here");
    if (out->optional_length < sizeof(out->config_length) || out->config_length == 0)
        return guestcfg_fail(err, name, 0, NULL,
                             "holds no configuration: use the xl.cfg of the guest");
    if (out->config_length > out->optional_length - sizeof(out->config_length) ||
        out->config_length > GUESTCFG_MAX_ONE_GUEST)
        return guestcfg_fail(err, name, 0, NULL,
                             "its configuration of %" PRIu32 " bytes is too long: use at most %d",
                             out->config_length, GUESTCFG_MAX_ONE_GUEST);
    return 0;
}

int guestcfg_xl_save_bytes(const char *name, const char *head, size_t *out,
                           struct ballast_error *err)
{
    struct save_words words;
    if (!guestcfg_is_xl_save(head, GUESTCFG_SAVE_HEAD))
        return guestcfg_fail(err, name, 0, NULL, "is not from 'xl save': use a file that is");
    int rc = read_save_words(name, head, &words, err);
    if (rc == 0)
        *out = GUESTCFG_SAVE_HEAD + words.config_length;
    return rc;
}

int guestcfg_parse_xl_save(const char *name, const char *data, size_t length,
                           const struct guestcfg_options *options, struct guestcfg_list *list,
                           struct ballast_error *err)
{
    struct guestcfg_guest guest;
    struct save_words words;
    int rc = read_save_words(name, data, &words, err);
    if (rc < 0)
        return rc;
    const char *config = data + GUESTCFG_SAVE_HEAD;
    if (words.config_length > length - GUESTCFG_SAVE_HEAD)
        return guestcfg_fail(err, name, 0, NULL, "ends within its configuration: save it again");
    /* xl counts the NUL at its end. */
    size_t size = words.config_length;
    while (size > 0 && config[size - 1] == '\0')
        size--;
    if (words.mandatory_flags & FLAG_JSON)
        return guestcfg_parse_json(name, config, size, options, list, err);
    rc = guestcfg_parse_xl(name, config, size, options, &guest, err);
    return rc < 0 ? guestcfg_list_fault(list, options, rc, err)
                  : guestcfg_list_add(list, &guest, err);
}
