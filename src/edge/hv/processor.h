/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which processor this is: what a calibration is worth nothing on another of. */
#ifndef EDGE_HV_PROCESSOR_H
#define EDGE_HV_PROCESSOR_H

#include <stddef.h>
#include <stdint.h>

/*
 * "GenuineIntel-6-55-4": vendor, family, model and stepping, the last two in hexadecimal, as perf
 * writes it (Linux, tools/perf: get_cpuid_str). `leaf` 0 and 1 of CPUID: eax, ebx, ecx, edx each.
 * Bytes of the vendor that are no letters or digits become '?'.
 */
void processor_word(const uint32_t leaf0[4], const uint32_t leaf1[4], char *out, size_t size);

/*
 * Of this machine, as CPUID tells dom0, whose is the host's; "" where that is not x86. Some
 * hypervisors trap the instruction, so it is not for every tick.
 */
void processor_here(char *out, size_t size);

#endif
