/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ballast/ballast.h>

const char *ballast_version(void)
{
    return BALLAST_VERSION;
}
