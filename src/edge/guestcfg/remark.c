/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"
#include "edge/guestcfg/place.h"
#include "edge/json/json.h"

const char *guestcfg_remark_name(enum guestcfg_remark remark)
{
    static const char *const words[GUESTCFG_REMARKS] = {
        [GUESTCFG_REMARK_MAX_MEMORY] = "max-memory",
        [GUESTCFG_REMARK_NOT_COUNTED] = "not-counted",
        [GUESTCFG_REMARK_UNKNOWN_KEYS] = "unknown-keys",
    };
    return (unsigned)remark < GUESTCFG_REMARKS ? words[remark] : NULL;
}

static bool is_listed(const char *names, const char *key, size_t length)
{
    for (const char *at = names; *at; at += strspn(at, ", ")) {
        size_t known = strcspn(at, ",");
        if (known == length && memcmp(at, key, length) == 0)
            return true;
        at += known;
    }
    return false;
}

void guestcfg_remark_key(struct guestcfg_remarks *remarks, enum guestcfg_remark remark,
                         const char *key, size_t length)
{
    struct guestcfg_keys *keys =
        remark == GUESTCFG_REMARK_NOT_COUNTED ? &remarks->not_counted : &remarks->unknown;
    size_t has = strlen(keys->names);
    remarks->set |= UINT32_C(1) << remark;
    if (is_listed(keys->names, key, length))
        return;
    if (has + length + 3 > sizeof(keys->names)) {
        keys->left_out++;
        return;
    }
    if (has > 0) {
        memcpy(keys->names + has, ", ", 2);
        has += 2;
    }
    memcpy(keys->names + has, key, length);
    keys->names[has + length] = '\0';
    json_printable(keys->names);
}

static void say_keys(struct ballast_text *text, const struct guestcfg_keys *keys)
{
    ballast_text_add(text, "%s", keys->names);
    if (keys->left_out > 0)
        ballast_text_add(text, "%s%u more", *keys->names ? " and " : "", keys->left_out);
}

size_t guestcfg_remark_text(const struct guestcfg_remarks *remarks, enum guestcfg_remark remark,
                            char *buf, size_t size)
{
    struct ballast_text text = ballast_text_over(buf, size);
    if (!remarks || !(remarks->set & (UINT32_C(1) << remark)))
        return 0;
    switch (remark) {
    case GUESTCFG_REMARK_MAX_MEMORY:
        ballast_text_add(
            &text,
            "maxMemory of %" PRIu64
            " KiB sizes the paging pool, as in Qubes' libvirt; upstream's Xen driver refuses the "
            "element",
            remarks->kib);
        break;
    case GUESTCFG_REMARK_NOT_COUNTED:
        say_keys(&text, &remarks->not_counted);
        ballast_text_add(&text, ": any host memory this takes is not counted");
        break;
    case GUESTCFG_REMARK_UNKNOWN_KEYS:
        ballast_text_add(&text, "unknown keys, ignored as xl ignores them: ");
        say_keys(&text, &remarks->unknown);
        break;
    case GUESTCFG_REMARKS:
        break;
    }
    return text.length;
}
