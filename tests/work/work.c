/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "work.h"

#include "counted.h"

#undef memchr
#undef memcpy
#undef memmove
#undef realloc

static uint64_t work;

uint64_t work_done(void)
{
    return work;
}

/* Called by the compiler's own instructions (-fsanitize-coverage=trace-pc). */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    work++;
}

void *work_memchr(const void *data, int wanted, size_t size)
{
    void *found = memchr(data, wanted, size);
    work += found ? (size_t)((char *)found - (const char *)data) : size;
    return found;
}

void *work_memcpy(void *restrict to, const void *restrict from, size_t size)
{
    work += size;
    return memcpy(to, from, size);
}

void *work_memmove(void *to, const void *from, size_t size)
{
    work += size;
    return memmove(to, from, size);
}

void *work_realloc(void *old, size_t size)
{
    work += size;
    return realloc(old, size);
}
