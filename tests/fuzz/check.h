/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Invariants for any input of a fuzzer. */
#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ballast/error.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void)fprintf(stderr, "%s:%d: " #condition ": ", __FILE__, __LINE__);                  \
            (void)fprintf(stderr, __VA_ARGS__);                                                    \
            (void)fputc('\n', stderr);                                                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A refusal is one sentence that begins with the file, "f". */
static inline void check_refusal(int rc, const struct ballast_error *err)
{
    MUST(rc < 0 && err->code == rc, "rc %d, code %d", rc, err->code);
    MUST(strncmp(err->text, "f:", 2) == 0 && strlen(err->text) > 4, "\"%s\"", err->text);
    for (const char *c = err->text; *c; c++)
        MUST((unsigned char)*c >= ' ' && *c != 0x7f, "\"%s\"", err->text);
}

#endif
