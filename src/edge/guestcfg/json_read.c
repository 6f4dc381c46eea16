/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the "guest" of docs/formats.md: the output of `ballast explain --json`, or written by hand.
 */
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/model/profile.h"
#include "edge/guestcfg/libxl_json.h"
#include "edge/guestcfg/list.h"
#include "edge/guestcfg/place.h"
#include "edge/json/json.h"

struct source {
    const struct json_object *object;
    struct json_at at;
    struct ballast_error *err;
};

static int json_absent_is_fine(int rc)
{
    return rc == -ENOENT ? 0 : rc;
}

static int json_is_missing(int rc, const struct source *source, const char *key, const char *right)
{
    if (rc != -ENOENT)
        return rc;
    return json_fail(source->err, &source->at, key, "missing: %s", right);
}

/* A member that is an object, as a source; ->object is NULL where it is absent. */
static int enter_json(const struct source *source, const char *key, struct source *in)
{
    struct json_object *object = NULL;
    int rc = json_get_object(source->object, key, &source->at, &object, source->err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    *in = (struct source){object, json_at_key(&source->at, key), source->err};
    return 0;
}

static int begin_json_guest(const struct source *source, struct ballast_guest *guest)
{
    const char *name;
    const char *word;
    struct ballast_error why;
    int rc = json_get_string(source->object, "name", &source->at, &name, source->err);
    if (rc < 0)
        return json_is_missing(rc, source, "name", "give every guest a name");
    rc = json_get_string(source->object, "type", &source->at, &word, source->err);
    if (rc < 0)
        return json_is_missing(rc, source, "type", "write \"pv\", \"pvh\" or \"hvm\"");
    int type = ballast_guest_type_find(word);
    if (type < 0)
        return json_fail(source->err, &source->at, "type",
                         "invalid type '%.40s': use \"pv\", \"pvh\" or \"hvm\"", word);
    if (ballast_guest_init(guest, (enum ballast_guest_type)type, name, &why) < 0)
        return json_fail(source->err, &source->at, "name", "%s", why.text);
    return 0;
}

static int read_profile(const struct source *source, struct guestcfg_guest *out)
{
    const char *name;
    int rc = json_get_string(source->object, "profile", &source->at, &name, source->err);
    if (rc < 0)
        return json_absent_is_fine(rc);
    if (strlen(name) >= sizeof(out->given_profile))
        return json_fail(source->err, &source->at, "profile", "longer than %zu bytes: shorten it",
                         sizeof(out->given_profile) - 1);
    memcpy(out->given_profile, name, strlen(name) + 1);
    return 0;
}

static int read_json_flag(const struct source *config, const char *key, uint64_t *out)
{
    bool flag;
    int rc = json_get_bool(config->object, key, &config->at, &flag, config->err);
    if (rc == 0)
        *out = flag;
    return rc;
}

static int read_choice(const struct source *config, enum ballast_guest_attr attr, const char *key,
                       uint64_t *out)
{
    const char *word;
    int rc = json_get_string(config->object, key, &config->at, &word, config->err);
    if (rc < 0)
        return rc;
    int value = ballast_guest_attr_word_find(attr, word);
    if (value < 0) {
        char words[128];
        ballast_guest_attr_choices(attr, words, sizeof(words));
        return json_fail(config->err, &config->at, key, "invalid value '%.40s': use %s", word,
                         words);
    }
    *out = (uint64_t)value;
    return 0;
}

static int read_attr(const struct source *config, enum ballast_guest_attr attr,
                     struct ballast_guest *guest)
{
    const char *key = ballast_guest_attr_name(attr);
    struct ballast_error why;
    uint64_t value = BALLAST_UNSET;
    int rc = 0;
    switch (ballast_guest_attr_kind(attr)) {
    case BALLAST_ATTR_KIB:
    case BALLAST_ATTR_COUNT:
        rc = json_get_u64(config->object, key, &config->at, &value, config->err);
        break;
    case BALLAST_ATTR_FLAG:
        rc = read_json_flag(config, key, &value);
        break;
    case BALLAST_ATTR_CHOICE:
        rc = read_choice(config, attr, key, &value);
        break;
    }
    if (rc < 0)
        return json_absent_is_fine(rc);
    if (ballast_guest_set(guest, attr, value, &why) < 0)
        return json_fail(config->err, &config->at, key, "%s", why.text);
    return 0;
}

static int fail_json_model(const struct source *config, const struct ballast_error *why)
{
    bool of_attr = why->subject >= 0 && why->subject < BALLAST_GUEST_ATTRS;
    const char *key =
        of_attr ? ballast_guest_attr_name((enum ballast_guest_attr)why->subject) : NULL;
    (void)json_fail(config->err, &config->at, key, "%s", why->text);
    if (config->err)
        config->err->subject = why->subject;
    return -EINVAL;
}

/* A figure that is present must equal what the configuration gives. */
static int check_agreement(const struct source *source, const char *key, uint64_t made_kib,
                           const char *profile)
{
    uint64_t given_kib;
    int rc = json_get_u64(source->object, key, &source->at, &given_kib, source->err);
    if (rc < 0)
        return json_absent_is_fine(rc);
    if (given_kib != made_kib)
        return json_fail(source->err, &source->at, key,
                         "%" PRIu64 " KiB, but its configuration gives %" PRIu64
                         " KiB under profile %s: correct it or leave it out",
                         given_kib, made_kib, profile);
    return 0;
}

static int agree_all(const struct source *source, const struct ballast_breakdown *made,
                     const char *profile)
{
    struct source in;
    int rc = enter_json(source, "segments", &in);
    for (int i = 0; rc == 0 && in.object && i < BALLAST_SEGMENTS; i++)
        rc = check_agreement(&in, ballast_segment_name((enum ballast_segment)i),
                             made->segment_kib[i], profile);
    if (rc < 0 || (rc = enter_json(source, "spans", &in)) < 0)
        return rc;
    for (int i = 0; rc == 0 && in.object && i < BALLAST_SPANS; i++)
        rc = check_agreement(&in, ballast_span_name((enum ballast_span)i), made->span_kib[i],
                             profile);
    if (rc < 0 || (rc = check_agreement(source, "need", made->need_kib, profile)) < 0 ||
        (rc = enter_json(source, "xenstore", &in)) < 0 || !in.object)
        return rc;
    if ((rc = check_agreement(&in, "static-max", made->xenstore.static_max_kib, profile)) < 0 ||
        (rc = check_agreement(&in, "target", made->xenstore.target_kib, profile)) < 0)
        return rc;
    return check_agreement(&in, "videoram", made->xenstore.videoram_kib, profile);
}

/* 2^64 - 1 where the profile has no cost, since no figure can have that value. */
static struct ballast_cost_kib cost_of(const struct ballast_breakdown *made)
{
    struct ballast_cost_kib cost = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    (void)ballast_breakdown_cost(made, &cost);
    return cost;
}

static int agree_cost(const struct source *source, const struct ballast_breakdown *made,
                      const char *profile)
{
    struct ballast_cost_kib cost = cost_of(made);
    struct source in;
    int rc = enter_json(source, "cost", &in);
    if (rc < 0 || !in.object)
        return rc;
    if (!ballast_breakdown_cost(made, NULL))
        return json_fail(source->err, &source->at, "cost",
                         "profile %s has no cost to the page: leave it out", profile);
    if ((rc = check_agreement(&in, "settled", cost.settled_kib, profile)) < 0 ||
        (rc = check_agreement(&in, "fresh_max", cost.fresh_max_kib, profile)) < 0)
        return rc;
    return check_agreement(&in, "later_max", cost.later_max_kib, profile);
}

/* 2^64 - 1 cannot be read back: json_get_u64() refuses it as too large. */
static bool is_writable(const struct ballast_breakdown *breakdown)
{
    bool is = breakdown->need_kib != UINT64_MAX && breakdown->cost.later_max_kib != UINT64_MAX;
    for (int i = 0; i < BALLAST_SPANS; i++)
        is = is && breakdown->span_kib[i] != UINT64_MAX;
    return is;
}

static int read_configured(const struct source *source, const struct source *config,
                           const struct guestcfg_options *options, struct guestcfg_guest *out)
{
    const struct ballast_profile *profile =
        ballast_profile_find(out->given_profile[0] ? out->given_profile : NULL);
    if (!profile)
        return json_fail(source->err, &source->at, "profile",
                         "unknown profile '%s': leave it out to use %s", out->given_profile,
                         ballast_profile_name(ballast_profile_find(NULL)));
    int rc = 0;
    for (int i = 0; rc == 0 && i < BALLAST_GUEST_ATTRS; i++)
        rc = read_attr(config, (enum ballast_guest_attr)i, &out->guest);
    if (rc < 0)
        return rc;
    struct ballast_breakdown made;
    struct ballast_error why = {.subject = BALLAST_ERROR_NO_SUBJECT};
    rc = ballast_breakdown_evaluate(&made, profile, &out->guest, options ? options->caps : NULL,
                                    &why);
    if (rc < 0)
        return fail_json_model(config, &why);
    if (!is_writable(&made))
        return json_fail(config->err, &config->at, NULL,
                         "gives more KiB than fit in 64 bits: reduce it");
    if ((rc = agree_all(source, &made, ballast_profile_name(profile))) < 0 ||
        (rc = agree_cost(source, &made, ballast_profile_name(profile))) < 0)
        return rc;
    out->profile = out->given_profile[0] ? profile : NULL;
    return 0;
}

static int read_segments(const struct source *source, enum ballast_guest_type type,
                         uint64_t segment_kib[BALLAST_SEGMENTS])
{
    struct source in;
    int rc = enter_json(source, "segments", &in);
    if (rc < 0)
        return rc;
    if (!in.object)
        return json_fail(
            source->err, &source->at, NULL,
            "missing \"config\": add it, or \"segments\" where the configuration is unknown");
    for (int i = 0; i < BALLAST_SEGMENTS; i++) {
        enum ballast_segment segment = (enum ballast_segment)i;
        const char *key = ballast_segment_name(segment);
        segment_kib[i] = 0;
        rc = json_get_u64(in.object, key, &in.at, &segment_kib[i], in.err);
        if (rc < 0 && (rc != -ENOENT || ballast_segment_applies(segment, type)))
            return json_is_missing(rc, &in, key, "write its size in KiB, or 0");
        if (segment_kib[i] != 0 && !ballast_segment_applies(segment, type))
            return json_fail(in.err, &in.at, key,
                             "%" PRIu64 ": a %s guest has no such segment: write 0", segment_kib[i],
                             ballast_guest_type_name(type));
    }
    return 0;
}

static int check_json_spans(const struct source *source, const struct ballast_breakdown *given)
{
    struct source in;
    int rc = enter_json(source, "spans", &in);
    for (int i = 0; rc == 0 && in.object && i < BALLAST_SPANS; i++) {
        const char *key = ballast_span_name((enum ballast_span)i);
        uint64_t span_kib;
        rc = json_get_u64(in.object, key, &in.at, &span_kib, in.err);
        if (rc == 0 && span_kib != given->span_kib[i])
            return json_fail(in.err, &in.at, key,
                             "%" PRIu64 " KiB, but the segments sum to %" PRIu64
                             " KiB: make them equal",
                             span_kib, given->span_kib[i]);
        rc = json_absent_is_fine(rc);
    }
    return rc;
}

static int read_xenstore(const struct source *source, struct ballast_xenstore_kib *out)
{
    struct source in;
    int rc = enter_json(source, "xenstore", &in);
    if (rc < 0 || !in.object)
        return rc;
    if ((rc = json_absent_is_fine(
             json_get_u64(in.object, "static-max", &in.at, &out->static_max_kib, in.err))) < 0 ||
        (rc = json_absent_is_fine(
             json_get_u64(in.object, "target", &in.at, &out->target_kib, in.err))) < 0)
        return rc;
    return json_absent_is_fine(
        json_get_u64(in.object, "videoram", &in.at, &out->videoram_kib, in.err));
}

static int must_be_there(const struct source *in, const char *key, uint64_t *out_kib)
{
    return json_is_missing(json_get_u64(in->object, key, &in->at, out_kib, in->err), in, key,
                           "write its size in KiB");
}

static int read_cost(const struct source *source, struct ballast_breakdown *given)
{
    struct ballast_cost_kib cost;
    struct ballast_error why;
    struct source in;
    int rc = enter_json(source, "cost", &in);
    if (rc < 0 || !in.object)
        return rc;
    if ((rc = must_be_there(&in, "settled", &cost.settled_kib)) < 0 ||
        (rc = must_be_there(&in, "fresh_max", &cost.fresh_max_kib)) < 0 ||
        (rc = must_be_there(&in, "later_max", &cost.later_max_kib)) < 0)
        return rc;
    if (ballast_breakdown_set_cost(given, &cost, &why) < 0)
        return json_fail(source->err, &source->at, "cost", "%s", why.text);
    return 0;
}

static int read_given(const struct source *source, struct guestcfg_guest *out)
{
    static const struct ballast_xenstore_kib none;
    const struct ballast_profile *profile =
        out->given_profile[0] ? ballast_profile_find(out->given_profile) : NULL;
    enum ballast_guest_type type = out->guest.type;
    uint64_t segment_kib[BALLAST_SEGMENTS];
    struct ballast_breakdown given;
    struct ballast_error why;
    int rc = read_segments(source, type, segment_kib);
    if (rc < 0)
        return rc;
    /* Once to compute the sums, which are the defaults of missing figures. */
    rc = ballast_breakdown_from_segments(&given, type, profile, segment_kib, 0, &none, &why);
    if (rc == 0 && !is_writable(&given))
        rc =
            ballast_fail(&why, -EOVERFLOW, "they sum to more KiB than fit in 64 bits: reduce them");
    if (rc < 0)
        return json_fail(source->err, &source->at, "segments", "%s", why.text);
    uint64_t need_kib = given.span_kib[BALLAST_FOOTPRINT];
    struct ballast_xenstore_kib xenstore = {given.span_kib[BALLAST_STATIC_MAXIMUM],
                                            given.span_kib[BALLAST_BUILD_START],
                                            given.segment_kib[BALLAST_VIDEO]};
    if ((rc = check_json_spans(source, &given)) < 0 ||
        (rc = json_absent_is_fine(
             json_get_u64(source->object, "need", &source->at, &need_kib, source->err))) < 0 ||
        (rc = read_xenstore(source, &xenstore)) < 0)
        return rc;
    out->has_given = true;
    rc = ballast_breakdown_from_segments(&out->given, type, profile, segment_kib, need_kib,
                                         &xenstore, source->err);
    return rc < 0 ? rc : read_cost(source, &out->given);
}

static int read_json_guest(const struct source *source, const struct guestcfg_options *options,
                           struct guestcfg_guest *out)
{
    struct source config;
    int rc;
    *out = (struct guestcfg_guest){0};
    if (!json_object_is_type(source->object, json_type_object))
        return json_fail(source->err, &source->at, NULL,
                         "not an object: write a guest as a JSON object");
    if (guestcfg_is_libxl_json(source->object))
        return guestcfg_read_libxl_json(source->object, &source->at, options, out, source->err);
    if ((rc = begin_json_guest(source, &out->guest)) < 0 || (rc = read_profile(source, out)) < 0 ||
        (rc = enter_json(source, "config", &config)) < 0)
        return rc;
    return config.object ? read_configured(source, &config, options, out) : read_given(source, out);
}

/* The guests of one document: a single guest or an array. */
static int read_document(const struct source *source, const struct guestcfg_options *options,
                         struct guestcfg_list *list)
{
    bool is_array = json_object_is_type(source->object, json_type_array);
    size_t count = is_array ? json_object_array_length(source->object) : 1;
    struct source one = *source;
    struct guestcfg_guest guest;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (is_array) {
            one.object = json_object_array_get_idx(source->object, i);
            one.at = json_at_item(&source->at, i);
        }
        if (list->count >= GUESTCFG_MAX_GUESTS)
            return json_fail(source->err, &one.at, NULL, "more than %d guests: split the file",
                             GUESTCFG_MAX_GUESTS);
        if ((rc = read_json_guest(&one, options, &guest)) == 0)
            rc = guestcfg_list_add(list, &guest, source->err);
        if (rc < 0)
            rc = guestcfg_list_fault(list, options, rc, source->err);
        rc = rc > 0 ? 0 : rc; /* dom0 is not a guest */
    }
    return rc;
}

int guestcfg_parse_json(const char *name, const char *data, size_t length,
                        const struct guestcfg_options *options, struct guestcfg_list *list,
                        struct ballast_error *err)
{
    struct json_reader reader = json_reader_over(name, data, length);
    struct source source = {.err = err};
    struct json_object *document;
    size_t before = list->count;
    size_t faults = list->fault_count;
    int rc;
    while ((rc = json_next(&reader, &document, &source.at, err)) == 0 && document) {
        source.object = document;
        rc = read_document(&source, options, list);
        json_object_put(document);
        if (rc < 0)
            break;
    }
    /* Guests read before a syntax error stay in the list. */
    if (rc < 0 && list->count > before)
        rc = guestcfg_list_fault(list, options, rc, err);
    if (rc == 0 && list->count == before && list->fault_count == faults)
        rc = guestcfg_fail(err, name, 0, NULL,
                           "has no guest: add one with \"name\", \"type\" and \"config\"");
    if (rc < 0)
        list->count = before;
    return rc;
}
