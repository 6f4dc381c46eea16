/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define OWNER "squeezed:"

static bool is_plain_name(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length >= LEDGER_OWNER - sizeof(OWNER))
        return false;
    for (size_t step; *name; name += step) {
        step = ballast_text_character(name);
        if (step == 0)
            return false;
    }
    return true;
}

/* FNV-1a. Sessions are not checked, so a collision does no more harm than the use of one name. */
static uint64_t hash_of_name(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

void squeezed_owner(const char *service, char out[LEDGER_OWNER])
{
    if (is_plain_name(service))
        (void)snprintf(out, LEDGER_OWNER, OWNER "%s", service);
    else
        (void)snprintf(out, LEDGER_OWNER, OWNER "#%016" PRIx64, hash_of_name(service));
}

bool squeezed_is_owner(const char *owner)
{
    return strncmp(owner, OWNER, sizeof(OWNER) - 1) == 0;
}

/* Version 8 of RFC 9562: what its bits mean is ours. */
static const uint8_t form[BALLAST_UUID_BYTES] = {0xba, 0x11, 0xa5, 0x7e, 0, 0, 0x80, 0, 0x80};

void squeezed_id_text(uint64_t reservation, char out[BALLAST_UUID_TEXT])
{
    uint8_t uuid[BALLAST_UUID_BYTES];
    memcpy(uuid, form, sizeof(uuid));
    uuid[5] = (uint8_t)(reservation >> 56);
    for (int i = 0; i < 7; i++)
        uuid[15 - i] = (uint8_t)(reservation >> (8 * i));
    ballast_uuid_text(uuid, out);
}

uint64_t squeezed_id_read(const char *text)
{
    uint8_t uuid[BALLAST_UUID_BYTES];
    if (ballast_uuid_parse(text, uuid) < 0)
        return 0;
    uint64_t id = uuid[5];
    for (int i = 9; i < 16; i++)
        id = id << 8 | uuid[i];
    uuid[5] = 0;
    return memcmp(uuid, form, 9) == 0 ? id : 0;
}
