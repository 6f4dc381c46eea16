/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "edge/calibration/calibration.h"

static char *written(const struct calibration *calibration)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    MUST(out, "memory");
    MUST(calibration_write(out, calibration, NULL) == 0, "it can be written");
    MUST(fclose(out) == 0, "memory");
    return text;
}

/* What is read is written, and that is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct calibration *first, *second;
    struct ballast_error err;
    int rc = calibration_parse("f", (const char *)data, size, &first, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        return 0;
    }
    char *text = written(first);
    MUST(calibration_parse("f", text, strlen(text), &second, &err) == 0, "it is read again");
    char *again = written(second);
    MUST(strcmp(text, again) == 0, "it is the same");
    calibration_free(first);
    calibration_free(second);
    free(text);
    free(again);
    return 0;
}
