/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of the page, compiled in: tools/embed makes the table out of what web/ was built to. */
#ifndef APP_WEB_ASSETS_H
#define APP_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct web_asset {
    const char *path;         /* "/", "/assets/page-1a2b3c4d.js" */
    const char *type;         /* of its content */
    const char *tag;          /* entity tag of its content, quotes included */
    bool is_named_by_content; /* it never changes under this name */
    const unsigned char *plain;
    size_t plain_length;
    const unsigned char *packed; /* gzip; NULL where that is no shorter */
    size_t packed_length;
};

/* Sorted by path; the program has them, not this folder. */
extern const struct web_asset web_assets[];
extern const size_t web_asset_count;

/* NULL: there is none. */
const struct web_asset *web_asset_find(const char *path);

#endif
