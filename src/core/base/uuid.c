/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/base/uuid.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int ballast_uuid_parse(const char *text, uint8_t out[BALLAST_UUID_BYTES])
{
    uint8_t uuid[BALLAST_UUID_BYTES] = {0};
    size_t digits = 0;
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        int digit = dash ? 0 : hex_digit(text[i]);
        if (digit < 0 || (dash && text[i] != '-'))
            return -EINVAL;
        if (dash)
            continue;
        uuid[digits / 2] = (uint8_t)(uuid[digits / 2] << 4 | digit);
        digits++;
    }
    if (text[36] != '\0')
        return -EINVAL;
    memcpy(out, uuid, sizeof(uuid));
    return 0;
}

void ballast_uuid_text(const uint8_t uuid[BALLAST_UUID_BYTES], char out[BALLAST_UUID_TEXT])
{
    size_t at = 0;
    for (size_t i = 0; i < BALLAST_UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        (void)snprintf(out + at, 3, "%02x", uuid[i]);
        at += 2;
    }
}
