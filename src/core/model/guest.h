/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a guest: see include/ballast/guest.h for what it is. */
#ifndef CORE_MODEL_GUEST_H
#define CORE_MODEL_GUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <ballast/guest.h>

enum { BALLAST_GUEST_NAME = 256 }; /* terminator included */

struct ballast_guest {
    char name[BALLAST_GUEST_NAME];
    enum ballast_guest_type type;
    uint64_t attr[BALLAST_GUEST_ATTRS]; /* BALLAST_UNSET: left to the default */
};

/*
 * Initializes a guest without attributes; -EINVAL if the name is too long or has control
 * characters.
 */
int ballast_guest_init(struct ballast_guest *guest, enum ballast_guest_type type, const char *name,
                       struct ballast_error *err);

/* The type with that name ("pv", "pvh", "hvm"), or -ENOENT. */
int ballast_guest_type_find(const char *word);
/* The value of a BALLAST_ATTR_CHOICE's word, or -ENOENT. */
int ballast_guest_attr_word_find(enum ballast_guest_attr attr, const char *word);
/* The words of a choice, for a message: "none, cirrus, stdvga or qxl". */
void ballast_guest_attr_choices(enum ballast_guest_attr attr, char *buf, size_t size);

#endif
