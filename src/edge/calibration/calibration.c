/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/calibration/calibration.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/profile_xen.h"
#include "core/model/xen_release.h"
#include "edge/file/file.h"
#include "edge/json/json.h"

/* More than this is not a hypervisor's cost. */
#define MOST_PAGES           65536
#define MOST_ARENA_PERMYRIAD 10000000

/* The profile with what it refers to. */
struct whole {
    struct calibration is;
    struct ballast_profile profile;
};

static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789-_.";
    size_t length = strlen(name);
    return length > 0 && length < CALIBRATION_NAME && strspn(name, letters) == length;
}

/* A name that a calibration may have. */
static bool is_free_name(const char *name)
{
    return is_name(name) && !ballast_profile_find(name);
}

/* A calibration whose terms are still to be set. */
static int begin_calibration(const char *name, const char *base, struct whole **out,
                             struct ballast_error *err)
{
    const struct ballast_profile *corrected = ballast_profile_find(base);
    if (!is_name(name))
        return ballast_fail(
            err, -EINVAL,
            "invalid name of a profile '%.60s': use at most %d letters, digits, '-', '_' and '.'",
            name, CALIBRATION_NAME - 1);
    if (ballast_profile_find(name))
        return ballast_fail(err, -EINVAL,
                            "'%s' is the name of another profile already: choose another", name);
    if (!corrected || !ballast_xen_profile_terms(corrected) || strlen(base) >= CALIBRATION_NAME)
        return ballast_fail(err, -EINVAL,
                            "'%.60s' is not an exact profile: use one of 'ballast profiles' that "
                            "begins with xen-",
                            base);
    struct whole *whole = calloc(1, sizeof(*whole));
    if (!whole)
        return ballast_fail(err, -ENOMEM, "out of memory");
    memcpy(whole->is.name, name, strlen(name) + 1);
    memcpy(whole->is.base, base, strlen(base) + 1);
    whole->is.terms = *ballast_xen_profile_terms(corrected);
    *out = whole;
    return 0;
}

static struct calibration *finish_calibration(struct whole *whole)
{
    (void)snprintf(whole->is.summary, sizeof(whole->is.summary),
                   "exact: %s as %llu guests on a host%s%s have corrected it", whole->is.base,
                   (unsigned long long)whole->is.guests, *whole->is.xen_version ? " of Xen " : "",
                   whole->is.xen_version);
    ballast_xen_profile_make(&whole->profile, whole->is.name, whole->is.summary, &whole->is.terms);
    whole->is.profile = &whole->profile;
    return &whole->is;
}

void calibration_free(struct calibration *calibration)
{
    free((struct whole *)calibration);
}

static int set_xen_version(struct whole *whole, const char *version, struct ballast_error *err)
{
    struct ballast_xen_release unused;
    if (*version == '\0')
        return 0;
    int rc = ballast_xen_release_parse(version, &unused, err);
    if (rc < 0)
        return rc;
    (void)snprintf(whole->is.xen_version, sizeof(whole->is.xen_version), "%s", version);
    json_printable(whole->is.xen_version);
    return 0;
}

static void set_processor(struct whole *whole, const char *processor)
{
    (void)snprintf(whole->is.processor, sizeof(whole->is.processor), "%s", processor);
    json_printable(whole->is.processor);
}

int calibration_of(const struct fit_result *result, const char *name,
                   const struct ballast_host *host, uint64_t guests, struct calibration **out,
                   struct ballast_error *err)
{
    struct whole *whole;
    int rc = begin_calibration(name, ballast_profile_name(result->profile), &whole, err);
    if (rc < 0)
        return rc;
    rc = set_xen_version(whole, host->xen_version, err);
    if (rc < 0) {
        free(whole);
        return rc;
    }
    set_processor(whole, host->processor);
    whole->is.guests = guests;
    fit_terms(result, &whole->is.terms);
    *out = finish_calibration(whole);
    return 0;
}

struct source {
    const struct json_object *object;
    struct json_at at;
    struct ballast_error *err;
};

static int enter_object(const struct source *source, const char *key, struct source *in)
{
    struct json_object *object;
    int rc = json_get_object(source->object, key, &source->at, &object, source->err);
    if (rc == -ENOENT)
        return json_fail(source->err, &source->at, key, "missing: add an object");
    if (rc == 0)
        *in = (struct source){object, json_at_key(&source->at, key), source->err};
    return rc;
}

static int read_pages(const struct source *source, const char *key, int32_t *out)
{
    int64_t pages;
    int rc = json_get_i64(source->object, key, &source->at, &pages, source->err);
    if (rc == -ENOENT)
        return json_fail(source->err, &source->at, key,
                         "missing: add a number of pages, 0 for none");
    if (rc < 0)
        return rc;
    if (pages < -MOST_PAGES || pages > MOST_PAGES)
        return json_fail(source->err, &source->at, key, "%lld: at most %d pages either way",
                         (long long)pages, MOST_PAGES);
    *out = (int32_t)pages;
    return 0;
}

static int read_limit(const struct source *source, const char *key, uint64_t most, uint32_t *out)
{
    uint64_t number;
    int rc = json_get_u64(source->object, key, &source->at, &number, source->err);
    if (rc == -ENOENT)
        return json_fail(source->err, &source->at, key, "missing: add it");
    if (rc < 0)
        return rc;
    if (number > most)
        return json_fail(source->err, &source->at, key, "%llu: at most %llu",
                         (unsigned long long)number, (unsigned long long)most);
    *out = (uint32_t)number;
    return 0;
}

static int read_corrections(const struct source *top, struct ballast_xen_terms *out)
{
    struct source in, of;
    int rc = enter_object(top, "corrections", &in);
    for (int type = 0; rc == 0 && type < BALLAST_GUEST_TYPES; type++) {
        rc = enter_object(&in, ballast_guest_type_name((enum ballast_guest_type)type), &of);
        if (rc == 0)
            rc = read_pages(&of, "base", &out->off_base_pages[type]);
        if (rc == 0)
            rc = read_pages(&of, "vcpu", &out->off_vcpu_pages[type]);
    }
    return rc < 0 ? rc : read_pages(&in, "nested_vcpu", &out->off_nested_vcpu_pages);
}

static int read_arena(const struct source *top, struct ballast_xen_terms *out)
{
    struct source in, of;
    int rc = enter_object(top, "arena", &in);
    for (int type = 0; rc == 0 && type < BALLAST_GUEST_TYPES; type++) {
        rc = enter_object(&in, ballast_guest_type_name((enum ballast_guest_type)type), &of);
        if (rc == 0)
            rc = read_limit(&of, "base", MOST_PAGES, &out->arena[type].base_pages);
        if (rc == 0)
            rc = read_limit(&of, "vcpu_permyriad", MOST_ARENA_PERMYRIAD,
                            &out->arena[type].vcpu_permyriad);
    }
    return rc;
}

static int get_text(const struct source *top, const char *key, const char *otherwise,
                    const char **out)
{
    int rc = json_get_string(top->object, key, &top->at, out, top->err);
    if (rc != -ENOENT)
        return rc;
    if (!otherwise)
        return json_fail(top->err, &top->at, key, "missing: add it");
    *out = otherwise;
    return 0;
}

static int read_head(const struct source *top, struct whole **out)
{
    const char *name, *base, *version, *processor;
    struct ballast_error why;
    uint64_t shape = 1, guests = 0;
    int rc = json_get_u64(top->object, "v", &top->at, &shape, top->err);
    if (rc < 0 && rc != -ENOENT)
        return rc;
    if (shape != 1)
        return json_fail(top->err, &top->at, "v", "%llu: use version 1", (unsigned long long)shape);
    rc = json_get_u64(top->object, "guests", &top->at, &guests, top->err);
    if ((rc < 0 && rc != -ENOENT) || (rc = get_text(top, "calibration", NULL, &name)) < 0 ||
        (rc = get_text(top, "base", NULL, &base)) < 0 ||
        (rc = get_text(top, "xen_version", "", &version)) < 0 ||
        (rc = get_text(top, "processor", "", &processor)) < 0)
        return rc;
    if (strlen(processor) >= BALLAST_PROCESSOR)
        return json_fail(top->err, &top->at, "processor", "longer than %d bytes: shorten it",
                         BALLAST_PROCESSOR - 1);
    rc = begin_calibration(name, base, out, &why);
    if (rc < 0)
        return json_fail(top->err, &top->at, is_free_name(name) ? "base" : "calibration", "%s",
                         why.text);
    (*out)->is.guests = guests;
    set_processor(*out, processor);
    if (set_xen_version(*out, version, &why) < 0)
        rc = json_fail(top->err, &top->at, "xen_version", "%s", why.text);
    if (rc < 0)
        free(*out);
    return rc;
}

static int read_whole(const struct json_object *object, const struct json_at *at,
                      struct calibration **out, struct ballast_error *err)
{
    struct source top = {object, *at, err};
    struct whole *whole;
    if (!json_object_is_type(object, json_type_object))
        return json_fail(err, at, NULL, "the profile of a host must be a JSON object");
    int rc = read_head(&top, &whole);
    if (rc < 0)
        return rc;
    if ((rc = read_corrections(&top, &whole->is.terms)) < 0 ||
        (rc = read_arena(&top, &whole->is.terms)) < 0) {
        free(whole);
        return rc;
    }
    *out = finish_calibration(whole);
    return 0;
}

int calibration_parse(const char *name, const char *data, size_t length, struct calibration **out,
                      struct ballast_error *err)
{
    struct json_reader reader = json_reader_over(name, data, length);
    struct json_object *object, *second = NULL;
    struct json_at at;
    int rc = json_next(&reader, &object, &at, err);
    if (rc < 0)
        return rc;
    if (!object)
        return ballast_fail(
            err, -EINVAL,
            "%s: is empty: use the profile of a host, as 'ballast calibrate' writes it", name);
    struct calibration *made = NULL;
    rc = read_whole(object, &at, &made, err);
    json_object_put(object);
    if (rc == 0 && (rc = json_next(&reader, &second, &at, err)) == 0 && second)
        rc = json_fail(err, &at, NULL, "a second object: use one profile per file");
    json_object_put(second);
    if (rc < 0)
        calibration_free(made);
    else
        *out = made;
    return rc;
}

int calibration_read(const char *path, enum file_kind kind, struct calibration **out,
                     struct ballast_error *err)
{
    char *data;
    size_t length;
    int rc = file_read(path, kind, 1 << 20, &data, &length, err);
    if (rc < 0)
        return rc;
    rc = calibration_parse(file_name(path), data, length, out, err);
    if (rc == 0)
        (void)snprintf((*out)->path, sizeof((*out)->path), "%s", path);
    free(data);
    return rc;
}

static enum calibration_match match_word(const char *made_on, const char *runs)
{
    if (*made_on == '\0' || *runs == '\0')
        return CALIBRATION_UNKNOWN;
    return strcmp(made_on, runs) == 0 ? CALIBRATION_SAME : CALIBRATION_OTHER;
}

enum calibration_match calibration_match(const struct calibration *calibration,
                                         const struct ballast_host *host, char *why, size_t size)
{
    enum calibration_match xen = match_word(calibration->xen_version, host->xen_version);
    enum calibration_match processor = match_word(calibration->processor, host->processor);
    struct ballast_text text = ballast_text_over(why, size);
    ballast_text_add(&text, "%s", "");
    if (xen == CALIBRATION_OTHER)
        ballast_text_add(&text, "it was made on Xen %s, and this is %s", calibration->xen_version,
                         host->xen_version);
    else if (processor == CALIBRATION_OTHER)
        ballast_text_add(&text, "it was made on a processor %s, and this is %s",
                         calibration->processor, host->processor);
    return xen > processor ? xen : processor;
}
