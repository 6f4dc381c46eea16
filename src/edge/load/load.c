/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/load/load.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "core/base/error.h"

static const char *loader_complaint(void)
{
    const char *text = dlerror();
    return text ? text : "the loader has no message";
}

static void put_pointer(void *table, size_t i, void *pointer)
{
    memcpy((char *)table + i * sizeof(pointer), &pointer, sizeof(pointer));
}

/* The last pointer is filled last. */
static int is_filled(const void *table, size_t count)
{
    void *last;
    memcpy(&last, (const char *)table + (count - 1) * sizeof(last), sizeof(last));
    return last != NULL;
}

int load_library(const char *soname, const char *const *names, size_t count, void *table,
                 struct ballast_error *err)
{
    if (is_filled(table, count))
        return 0;
    void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return ballast_fail(err, -ENOTSUP, "%s", loader_complaint());
    for (size_t i = 0; i < count; i++) {
        void *found = dlsym(library, names[i]);
        if (!found) {
            int rc = ballast_fail(err, -ENOTSUP, "%s", loader_complaint());
            memset(table, 0, count * sizeof(found));
            dlclose(library);
            return rc;
        }
        put_pointer(table, i, found);
    }
    return 0;
}
