/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of the page, compiled in: tools/embed generates the table from the built page. */
#ifndef APP_WEB_ASSETS_H
#define APP_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct web_asset {
    const char *path;         /* "/", "/assets/page-1a2b3c4d.js" */
    const char *type;         /* of its content */
    const char *tag;          /* entity tag of its content, quotes included */
    bool is_named_by_content; /* its content never changes */
    const unsigned char *plain;
    size_t plain_length;
    const unsigned char *packed; /* gzip; NULL if that is not shorter */
    size_t packed_length;
};

/* Sorted by path; defined by the program, not in this folder. */
extern const struct web_asset web_assets[];
extern const size_t web_asset_count;

/* NULL if there is none. */
const struct web_asset *web_asset_find(const char *path);

#endif
