/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/pin_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/units.h"

void pin_text_write(const struct overlay_pin *pin, char out[PIN_TEXT])
{
    char uid[24] = "-";
    if (pin->uid != BALLAST_NONE)
        (void)snprintf(uid, sizeof(uid), "%" PRIu64, pin->uid);
    (void)snprintf(out, PIN_TEXT, "%" PRIu64 " %" PRIu64 " %s %s", pin->kib, pin->usec, uid,
                   pin->who);
}

/* A number and the blank behind it. */
static bool take_pin_number(const char **at, uint64_t *out)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    errno = 0;
    *out = strtoull(*at, &end, 10);
    if (errno || *end != ' ')
        return false;
    *at = end + 1;
    return true;
}

bool pin_text_parse(const char *text, struct overlay_pin *out)
{
    struct overlay_pin pin = {.uid = BALLAST_NONE};
    if (!take_pin_number(&text, &pin.kib) || !take_pin_number(&text, &pin.usec))
        return false;
    if (strncmp(text, "- ", 2) == 0)
        text += 2;
    else if (!take_pin_number(&text, &pin.uid))
        return false;
    if (pin.kib == 0 || *text == '\0' || strlen(text) >= OVERLAY_PIN_WHO)
        return false;
    (void)snprintf(pin.who, sizeof(pin.who), "%s", text);
    *out = pin;
    return true;
}
