/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>

#include "core/base/text.h"
#include "edge/guestcfg/guestcfg.h"

/*
 * xl accepts any bytes as a name, but JSON must be UTF-8. Each invalid byte becomes one '?', so the
 * name stays within the limit on its length.
 */
static void put_json_text_escaped(FILE *out, const unsigned char *c, int length)
{
    uint32_t code = length > 1 ? c[0] & (0x7fU >> length) : c[0];
    for (int i = 1; i < length; i++)
        code = code << 6 | (c[i] & 0x3fU);
    if (code < 0x10000)
        (void)fprintf(out, "\\u%04x", code);
    else
        (void)fprintf(out, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

/* Escapes control characters, so that reading restores the same name. */
static void put_json_text_string(FILE *out, const char *string)
{
    const unsigned char *c = (const unsigned char *)string;
    (void)fputc('"', out);
    while (*c) {
        int length = (int)ballast_text_utf8((const char *)c, 4);
        if (*c == '"' || *c == '\\')
            (void)fprintf(out, "\\%c", *c);
        else if (length == 0)
            (void)fputc('?', out);
        else if (ballast_text_character((const char *)c) == 0)
            put_json_text_escaped(out, c, length);
        else
            (void)fwrite(c, 1, (size_t)length, out);
        c += length ? length : 1;
    }
    (void)fputc('"', out);
}

static void put_breakdown(FILE *out, const struct ballast_breakdown *breakdown)
{
    for (int i = 0; i < BALLAST_SEGMENTS; i++)
        (void)fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : ",\"segments\":{",
                      ballast_segment_name((enum ballast_segment)i), breakdown->segment_kib[i]);
    for (int i = 0; i < BALLAST_SPANS; i++)
        (void)fprintf(out, "%s\"%s\":%" PRIu64, i ? "," : "},\"spans\":{",
                      ballast_span_name((enum ballast_span)i), breakdown->span_kib[i]);
    (void)fprintf(out,
                  "},\"need\":%" PRIu64 ",\"xenstore\":{\"static-max\":%" PRIu64
                  ",\"target\":%" PRIu64 ",\"videoram\":%" PRIu64 "}",
                  breakdown->need_kib, breakdown->xenstore.static_max_kib,
                  breakdown->xenstore.target_kib, breakdown->xenstore.videoram_kib);
}

/* Where the profile knows it: docs/formats.md. */
static void put_cost(FILE *out, const struct ballast_breakdown *breakdown)
{
    struct ballast_cost_kib cost;
    if (ballast_breakdown_cost(breakdown, &cost))
        (void)fprintf(out,
                      ",\"cost\":{\"settled\":%" PRIu64 ",\"fresh_max\":%" PRIu64
                      ",\"later_max\":%" PRIu64 "}",
                      cost.settled_kib, cost.fresh_max_kib, cost.later_max_kib);
}

static void put_cost_term(FILE *out, const char *before, const struct ballast_cost_about *about,
                          int64_t pages)
{
    static const char *const sums[BALLAST_COST_SUMS] = {"settled", "fresh_max", "later_max"};
    (void)fprintf(out, "%s{\"term\":\"%s\",\"pages\":%" PRId64 ",\"in\":\"%s\",\"sure\":\"%s\"",
                  before, about->word, pages, sums[about->sum], ballast_sureness_name(about->sure));
    (void)fputs(",\"source\":", out);
    put_json_text_string(out, about->source);
    (void)fputs(",\"shown\":", out);
    put_json_text_string(out, about->shown);
    (void)fputc('}', out);
}

static void put_cost_terms(FILE *out, const struct ballast_breakdown *breakdown)
{
    const char *before = ",\"cost_terms\":[";
    if (!ballast_breakdown_cost(breakdown, NULL))
        return;
    for (int i = 0; i < BALLAST_COST_TERMS; i++) {
        enum ballast_cost_term term = (enum ballast_cost_term)i;
        int64_t pages = ballast_breakdown_cost_pages(breakdown, term);
        if (pages == 0)
            continue;
        put_cost_term(out, before, ballast_cost_about(term), pages);
        before = ",";
    }
    (void)fputc(']', out);
}

static void put_json_text_value(FILE *out, enum ballast_guest_attr attr, uint64_t value)
{
    switch (ballast_guest_attr_kind(attr)) {
    case BALLAST_ATTR_KIB:
    case BALLAST_ATTR_COUNT:
        (void)fprintf(out, "%" PRIu64, value);
        break;
    case BALLAST_ATTR_FLAG:
        (void)fputs(value ? "true" : "false", out);
        break;
    case BALLAST_ATTR_CHOICE:
        put_json_text_string(out, ballast_guest_attr_choice(attr, value));
        break;
    }
}

static void put_config(FILE *out, const struct ballast_guest *guest)
{
    const char *before = "";
    (void)fputs(",\"config\":{", out);
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
        if (guest->attr[i] == BALLAST_UNSET)
            continue;
        (void)fprintf(out, "%s\"%s\":", before,
                      ballast_guest_attr_name((enum ballast_guest_attr)i));
        put_json_text_value(out, (enum ballast_guest_attr)i, guest->attr[i]);
        before = ",";
    }
    (void)fputc('}', out);
}

static void put_terms(FILE *out, const struct ballast_breakdown *breakdown)
{
    const char *before = "";
    (void)fputs(",\"need_terms\":{", out);
    for (int i = 0; i < BALLAST_NEED_TERMS; i++) {
        if (breakdown->term_kib[i] == 0)
            continue;
        (void)fprintf(out, "%s\"%s\":%s%" PRIu64, before,
                      ballast_need_term_name((enum ballast_need_term)i),
                      breakdown->term_minus[i] ? "-" : "", breakdown->term_kib[i]);
        before = ",";
    }
    (void)fputc('}', out);
}

static void put_note(FILE *out, const char **before, const char *word, const char *text)
{
    (void)fprintf(out, "%s{\"note\":", *before);
    put_json_text_string(out, word);
    (void)fputs(",\"text\":", out);
    put_json_text_string(out, text);
    (void)fputc('}', out);
    *before = ",";
}

static void put_notes(FILE *out, const struct ballast_breakdown *breakdown,
                      const struct guestcfg_remarks *remarks)
{
    char text[512];
    const char *before = "";
    (void)fputs(",\"notes\":[", out);
    for (int i = 0; i < BALLAST_NOTES; i++) {
        enum ballast_note note = (enum ballast_note)i;
        if (ballast_breakdown_note_text(breakdown, note, text, sizeof(text)) > 0)
            put_note(out, &before, ballast_note_name(note), text);
    }
    for (int i = 0; i < GUESTCFG_REMARKS; i++) {
        enum guestcfg_remark remark = (enum guestcfg_remark)i;
        if (guestcfg_remark_text(remarks, remark, text, sizeof(text)) > 0)
            put_note(out, &before, guestcfg_remark_name(remark), text);
    }
    (void)fputc(']', out);
}

static void put_difference(FILE *out, const char *key, const struct ballast_breakdown *asks,
                           const struct ballast_breakdown *exact, enum ballast_cost_sum sum)
{
    bool lacks;
    uint64_t kib = ballast_cost_beside(asks, exact, sum, &lacks);
    (void)fprintf(out, ",\"%s\":%s%" PRIu64, key, lacks ? "-" : "", kib);
}

static void put_beside(FILE *out, const struct ballast_breakdown *asks,
                       const struct guestcfg_beside *beside)
{
    (void)fputs(",\"beside\":[", out);
    for (size_t i = 0; i < beside->count; i++) {
        const struct guestcfg_exact *exact = &beside->exact[i];
        (void)fputs(i ? ",{\"profile\":" : "{\"profile\":", out);
        put_json_text_string(out, exact->profile_name);
        put_difference(out, "settled", asks, exact->breakdown, BALLAST_COST_SETTLED);
        put_difference(out, "fresh_max", asks, exact->breakdown, BALLAST_COST_FRESH_MAX);
        (void)fputc('}', out);
    }
    (void)fputc(']', out);
}

int guestcfg_write_json_beside(FILE *out, const char *name, const struct ballast_guest *guest,
                               const struct ballast_breakdown *breakdown, const char *profile_name,
                               const struct guestcfg_remarks *remarks,
                               const struct guestcfg_beside *beside)
{
    errno = 0;
    (void)fputs("{\"name\":", out);
    put_json_text_string(out, name);
    (void)fputs(",\"type\":", out);
    put_json_text_string(out, ballast_guest_type_name(breakdown->type));
    if (profile_name && *profile_name) {
        (void)fputs(",\"profile\":", out);
        put_json_text_string(out, profile_name);
    }
    put_breakdown(out, breakdown);
    put_cost(out, breakdown);
    if (guest) {
        put_config(out, guest);
        put_terms(out, breakdown);
        put_cost_terms(out, breakdown);
        put_notes(out, breakdown, remarks);
    }
    if (beside)
        put_beside(out, breakdown, beside);
    (void)fputs("}\n", out);
    if (ferror(out))
        return errno > 0 ? -errno : -EIO;
    return 0;
}

int guestcfg_write_json(FILE *out, const char *name, const struct ballast_guest *guest,
                        const struct ballast_breakdown *breakdown, const char *profile_name)
{
    return guestcfg_write_json_beside(out, name, guest, breakdown, profile_name, NULL, NULL);
}
