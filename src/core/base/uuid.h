/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* UUIDs as people write them: 8-4-4-4-12 hexadecimal digits. */
#ifndef CORE_BASE_UUID_H
#define CORE_BASE_UUID_H

#include <stdint.h>

enum { BALLAST_UUID_BYTES = 16, BALLAST_UUID_TEXT = 37 };

/* Digits of either case. -EINVAL if it is not a UUID; *out is unchanged. */
int ballast_uuid_parse(const char *text, uint8_t out[BALLAST_UUID_BYTES]);
/* The text of a UUID, in lower case: 36 characters and a NUL. */
void ballast_uuid_text(const uint8_t uuid[BALLAST_UUID_BYTES], char out[BALLAST_UUID_TEXT]);

#endif
