/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/assets.h"

#include <stdlib.h>
#include <string.h>

static int compare_path(const void *key, const void *member)
{
    return strcmp(key, ((const struct web_asset *)member)->path);
}

const struct web_asset *web_asset_find(const char *path)
{
    return bsearch(path, web_assets, web_asset_count, sizeof(*web_assets), compare_path);
}
