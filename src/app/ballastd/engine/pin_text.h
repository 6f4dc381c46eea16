/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pin as the ledger's store keeps it: one line, "KIB USEC UID WHO". */
#ifndef APP_BALLASTD_ENGINE_PIN_TEXT_H
#define APP_BALLASTD_ENGINE_PIN_TEXT_H

#include <stdbool.h>

#include "app/ballastd/engine/overlay.h"

enum { PIN_TEXT = 160 };

void pin_text_write(const struct overlay_pin *pin, char out[PIN_TEXT]);
/* false: it is not one. */
bool pin_text_parse(const char *text, struct overlay_pin *out);

#endif
