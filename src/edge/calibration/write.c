/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>

#include "edge/calibration/calibration.h"

static const char *word_of(int type)
{
    return ballast_guest_type_name((enum ballast_guest_type)type);
}

/* Only quotes and backslashes need escapes: there are no control characters. */
static void write_quoted(FILE *out, const char *text)
{
    (void)fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            (void)fputc('\\', out);
        (void)fputc((unsigned char)*text < 0x80 ? *text : '?', out);
    }
    (void)fputc('"', out);
}

static void put_corrections(FILE *out, const struct ballast_xen_terms *terms)
{
    (void)fputs(",\"corrections\":{", out);
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++)
        (void)fprintf(out, "\"%s\":{\"base\":%" PRId32 ",\"vcpu\":%" PRId32 "},", word_of(type),
                      terms->off_base_pages[type], terms->off_vcpu_pages[type]);
    (void)fprintf(out, "\"nested_vcpu\":%" PRId32 "},\"arena\":{", terms->off_nested_vcpu_pages);
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++)
        (void)fprintf(out, "%s\"%s\":{\"base\":%" PRIu32 ",\"vcpu_permyriad\":%" PRIu32 "}",
                      type ? "," : "", word_of(type), terms->arena[type].base_pages,
                      terms->arena[type].vcpu_permyriad);
    (void)fputc('}', out);
}

static void put_estimate(FILE *out, const struct fit_result *result, enum fit_term term)
{
    const struct fit_estimate *estimate = &result->estimates[term];
    char text[256];
    (void)fit_estimate_text(result, term, text, sizeof(text));
    (void)fprintf(out,
                  "%s{\"term\":\"%s\",\"verdict\":\"%s\",\"profile\":%" PRId64
                  ",\"correction\":%" PRId64 ",\"least\":%" PRId64 ",\"most\":%" PRId64
                  ",\"guests\":%zu,\"exact\":%zu,\"below\":%zu,\"sizes\":%zu,\"text\":",
                  term ? "," : "", fit_term_name(term), fit_verdict_name(estimate->verdict),
                  estimate->shipped_pages, estimate->correction_pages, estimate->least_pages,
                  estimate->most_pages, estimate->cells, estimate->exact, estimate->below,
                  estimate->sizes);
    write_quoted(out, text);
    (void)fputc('}', out);
}

static void put_found(FILE *out, const struct fit_result *result)
{
    (void)fputs(",\"terms\":[", out);
    for (int term = 0; term < FIT_TERMS; term++)
        put_estimate(out, result, (enum fit_term)term);
    (void)fputs("],\"residuals\":{", out);
    for (int type = 0; type < BALLAST_GUEST_TYPES; type++) {
        const struct fit_arena *arena = &result->arenas[type];
        (void)fprintf(out,
                      "%s\"%s\":{\"guests\":%zu,\"zero\":%zu,\"median\":%" PRIu64
                      ",\"worst\":%" PRIu64 ",\"worst_vcpus\":%" PRIu64 ",\"beyond\":%zu}",
                      type ? "," : "", word_of(type), arena->cells, arena->zero,
                      arena->median_pages, arena->worst_pages, arena->worst_vcpus, arena->beyond);
    }
    (void)fprintf(out, "},\"unexplained\":%zu", result->unexplained);
}

int calibration_write(FILE *out, const struct calibration *calibration,
                      const struct fit_result *result)
{
    errno = 0;
    (void)fputs("{\"v\":1,\"calibration\":", out);
    write_quoted(out, calibration->name);
    (void)fputs(",\"base\":", out);
    write_quoted(out, calibration->base);
    if (*calibration->xen_version) {
        (void)fputs(",\"xen_version\":", out);
        write_quoted(out, calibration->xen_version);
    }
    if (*calibration->processor) {
        (void)fputs(",\"processor\":", out);
        write_quoted(out, calibration->processor);
    }
    (void)fprintf(out, ",\"guests\":%" PRIu64, calibration->guests);
    put_corrections(out, &calibration->terms);
    if (result)
        put_found(out, result);
    (void)fputs("}\n", out);
    if (ferror(out))
        return errno > 0 ? -errno : -EIO;
    return 0;
}
