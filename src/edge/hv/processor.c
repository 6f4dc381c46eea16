/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/hv/processor.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

/* The fields of leaf 1's eax: Intel SDM 2A, CPUID, "version information"; AMD APM 3 has the same.
 */
void processor_word(const uint32_t leaf0[4], const uint32_t leaf1[4], char *out, size_t size)
{
    char vendor[13] = "";
    uint32_t version = leaf1[0];
    unsigned family = version >> 8 & 0xf;
    unsigned model = version >> 4 & 0xf;
    if (family >= 6)
        model |= version >> 12 & 0xf0;
    if (family == 0xf)
        family += version >> 20 & 0xff;
    memcpy(vendor, &leaf0[1], 4);
    memcpy(vendor + 4, &leaf0[3], 4);
    memcpy(vendor + 8, &leaf0[2], 4);
    for (char *at = vendor; *at; at++)
        *at = isalnum((unsigned char)*at) ? *at : '?';
    (void)snprintf(out, size, "%s-%u-%X-%X", vendor, family, model, version & 0xf);
}

void processor_here(char *out, size_t size)
{
    out[0] = '\0';
#if defined(__x86_64__) || defined(__i386__)
    uint32_t leaf0[4];
    uint32_t leaf1[4];
    if (__get_cpuid(0, &leaf0[0], &leaf0[1], &leaf0[2], &leaf0[3]) &&
        __get_cpuid(1, &leaf1[0], &leaf1[1], &leaf1[2], &leaf1[3]))
        processor_word(leaf0, leaf1, out, size);
#else
    (void)size;
#endif
}
