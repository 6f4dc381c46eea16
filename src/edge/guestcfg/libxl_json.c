/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl omits members that have their default (libxl_types.idl, tools/libs/light/gentypes.py), so
 * an absent member leaves the choice to the toolstack.
 */
#include "edge/guestcfg/libxl_json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/libxl_config.h"
#include "core/model/profile.h"
#include "core/model/settle.h"
#include "edge/guestcfg/place.h"

struct part {
    const struct json_object *object; /* NULL: absent */
    struct json_at at;
};

struct config {
    struct part whole;
    struct part create;
    struct part build;
    struct part of_type; /* "type.hvm" within the build info */
    struct ballast_error *err;
};

static bool libxl_part_has(const struct json_object *object, const char *key)
{
    return json_object_object_get_ex(object, key, NULL);
}

static bool is_config(const struct json_object *object)
{
    return json_object_is_type(object, json_type_object) &&
           (libxl_part_has(object, "c_info") || libxl_part_has(object, "b_info"));
}

bool guestcfg_is_libxl_json(const struct json_object *object)
{
    struct json_object *config = NULL;
    if (!json_object_is_type(object, json_type_object))
        return false;
    return is_config(object) ||
           (json_object_object_get_ex(object, "config", &config) && is_config(config));
}

static int enter_libxl(const struct part *part, const char *key, struct part *in,
                       struct ballast_error *err)
{
    struct json_object *object = NULL;
    int rc = part->object ? json_get_object(part->object, key, &part->at, &object, err) : -ENOENT;
    *in = (struct part){rc == 0 ? object : NULL, json_at_key(&part->at, key)};
    return rc == -ENOENT ? 0 : rc;
}

static int read_defbool(const struct part *part, const char *key, uint64_t *out,
                        struct ballast_error *err)
{
    struct json_object *member = NULL;
    const char *word;
    if (json_object_object_get_ex(part->object, key, &member) &&
        json_object_is_type(member, json_type_boolean)) {
        *out = json_object_get_boolean(member) != 0;
        return 0;
    }
    int rc = json_get_string(part->object, key, &part->at, &word, err);
    if (rc < 0)
        return rc;
    if (strcmp(word, "<default>") == 0)
        return 0;
    if (strcasecmp(word, "True") != 0 && strcasecmp(word, "False") != 0)
        return json_fail(err, &part->at, key,
                         "invalid value '%.40s': libxl writes \"True\" or \"False\" there", word);
    *out = strcasecmp(word, "True") == 0;
    return 0;
}

/* Names of libxl's default, of several releases. */
static bool is_default_word(const char *word)
{
    return strcmp(word, "default") == 0 || strcmp(word, "unknown") == 0 ||
           strcmp(word, "invalid") == 0;
}

static int fail_word(const struct part *part, const char *key, enum ballast_libxl_member member,
                     const char *word, struct ballast_error *err)
{
    char list[160];
    struct ballast_text text = ballast_text_over(list, sizeof(list));
    const char *const *words = ballast_libxl_about(member)->words;
    for (size_t i = 0; words[i]; i++)
        ballast_text_add(&text, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
    return json_fail(err, &part->at, key, "invalid value '%.40s': libxl writes %s there", word,
                     list);
}

static int read_word(const struct part *part, const char *key, enum ballast_libxl_member member,
                     uint64_t *out, struct ballast_error *err)
{
    const char *word;
    int rc = json_get_string(part->object, key, &part->at, &word, err);
    if (rc < 0 || is_default_word(word))
        return rc;
    int value = ballast_libxl_value_of(member, word);
    if (value < 0)
        return fail_word(part, key, member, word, err);
    *out = (uint64_t)value;
    return 0;
}

static int read_items(const struct part *part, const char *key, uint64_t *out,
                      struct ballast_error *err)
{
    struct json_object *array;
    int rc = json_get_array(part->object, key, &part->at, &array, err);
    if (rc == 0)
        *out = json_object_array_length(array);
    return rc;
}

static int read_libxl_value(const struct part *part, const char *key,
                            enum ballast_libxl_member member, uint64_t *out,
                            struct ballast_error *err)
{
    uint64_t raw = BALLAST_UNSET;
    int rc = -ENOENT;
    switch (ballast_libxl_about(member)->kind) {
    case BALLAST_LIBXL_KIB:
    case BALLAST_LIBXL_COUNT:
    case BALLAST_LIBXL_FRAMES:
        rc = json_get_u64(part->object, key, &part->at, &raw, err);
        break;
    case BALLAST_LIBXL_DEFBOOL:
        rc = read_defbool(part, key, &raw, err);
        break;
    case BALLAST_LIBXL_WORD:
        rc = read_word(part, key, member, &raw, err);
        break;
    case BALLAST_LIBXL_ITEMS:
        rc = read_items(part, key, &raw, err);
        break;
    }
    if (rc == 0)
        *out = ballast_libxl_value(member, raw);
    return rc == -ENOENT ? 0 : rc;
}

static const struct part *part_of(const struct config *config, const char *group)
{
    if (*group == '\0')
        return &config->whole;
    if (strcmp(group, "c_info") == 0)
        return &config->create;
    return strcmp(group, "b_info") == 0 ? &config->build : &config->of_type;
}

/* A member within its part; the key may name a nested object: "vga.kind". */
static int find_member(const struct config *config, enum ballast_libxl_member member,
                       struct part *part, const char **key)
{
    const struct ballast_libxl_about *about = ballast_libxl_about(member);
    const char *dot = strchr(about->key, '.');
    *part = *part_of(config, about->group);
    *key = dot ? dot + 1 : about->key;
    if (!dot)
        return 0;
    char outer[32];
    struct part in;
    (void)snprintf(outer, sizeof(outer), "%.*s", (int)(dot - about->key), about->key);
    int rc = enter_libxl(part, outer, &in, config->err);
    *part = in;
    return rc;
}

/* Members of "type.hvm" apply to HVM guests only; other types have "type.pv" instead. */
static bool is_of_type(enum ballast_libxl_member member, enum ballast_guest_type type)
{
    const char *group = ballast_libxl_about(member)->group;
    return strncmp(group, "type.", 5) != 0 || strcmp(group + 5, ballast_guest_type_name(type)) == 0;
}

static int read_members(const struct config *config, enum ballast_guest_type type,
                        uint64_t value[BALLAST_LIBXL_MEMBERS])
{
    int rc = 0;
    for (int i = 0; i < BALLAST_LIBXL_MEMBERS && rc == 0; i++) {
        enum ballast_libxl_member member = (enum ballast_libxl_member)i;
        struct part part;
        const char *key;
        value[i] = BALLAST_UNSET;
        if (!is_of_type(member, type))
            continue;
        rc = find_member(config, member, &part, &key);
        if (rc == 0 && part.object)
            rc = read_libxl_value(&part, key, member, &value[i], config->err);
    }
    return rc;
}

/* Members that libxl writes for Arm guests only. */
static int refuse_arm(const struct config *config)
{
    struct part arm;
    int rc = enter_libxl(&config->build, "arch_arm", &arm, config->err);
    if (rc == 0 && arm.object && json_object_object_length(arm.object) > 0)
        return json_fail(config->err, &config->build.at, "arch_arm",
                         "this is an Arm guest: Ballast knows only x86 guests");
    return rc;
}

/* Raises a PV guest's Xen maximum by that much; libxl's own tools never set it. */
static int note_slack(const struct config *config, struct guestcfg_remarks *remarks)
{
    static const char key[] = "slack_memkb";
    uint64_t kib = 0;
    if (!config->of_type.object)
        return 0;
    int rc = json_get_u64(config->of_type.object, key, &config->of_type.at, &kib, config->err);
    if (rc == 0 && kib > 0)
        guestcfg_remark_key(remarks, GUESTCFG_REMARK_NOT_COUNTED, key, strlen(key));
    return rc == -ENOENT ? 0 : rc;
}

static int begin_libxl_guest(const struct config *config, struct ballast_guest *guest)
{
    const char *word;
    const char *name;
    struct ballast_error why;
    int rc = config->create.object ? json_get_string(config->create.object, "type",
                                                     &config->create.at, &word, config->err)
                                   : -ENOENT;
    if (rc == -ENOENT)
        return json_fail(config->err, &config->create.at, "type",
                         "missing: libxl writes \"pv\", \"pvh\" or \"hvm\" there");
    if (rc < 0)
        return rc;
    int type = ballast_guest_type_find(word);
    if (type < 0)
        return json_fail(config->err, &config->create.at, "type",
                         "invalid type '%.40s': libxl writes \"pv\", \"pvh\" or \"hvm\" there",
                         word);
    rc = json_get_string(config->create.object, "name", &config->create.at, &name, config->err);
    if (rc == -ENOENT)
        return json_fail(config->err, &config->create.at, "name",
                         "missing: libxl writes one for every guest");
    if (rc == 0 && ballast_guest_init(guest, (enum ballast_guest_type)type, name, &why) < 0)
        return json_fail(config->err, &config->create.at, "name", "%s", why.text);
    return rc;
}

/* libxl writes it for every guest; without one, or with another word, it is not known. */
static void read_libxl_uuid(const struct config *config, char out[BALLAST_UUID_TEXT])
{
    uint8_t uuid[BALLAST_UUID_BYTES];
    const char *text;
    if (json_get_string(config->create.object, "uuid", &config->create.at, &text, NULL) == 0 &&
        ballast_uuid_parse(text, uuid) == 0)
        ballast_uuid_text(uuid, out);
}

static int fail_libxl_model(const struct config *config, const struct ballast_error *why)
{
    struct part part = config->build;
    const char *key = NULL;
    if (why->subject >= 0 && why->subject < BALLAST_GUEST_ATTRS)
        (void)find_member(config, ballast_libxl_member_of((enum ballast_guest_attr)why->subject),
                          &part, &key);
    (void)json_fail(config->err, &part.at, key, "%s", why->text);
    if (config->err)
        config->err->subject = why->subject;
    return -EINVAL;
}

static int enter_config(const struct json_object *object, const struct json_at *at,
                        struct config *out)
{
    char word[16];
    const char *type;
    int rc;
    out->whole = (struct part){object, *at};
    if (!is_config(object) &&
        (rc = enter_libxl(&(struct part){object, *at}, "config", &out->whole, out->err)) < 0)
        return rc;
    if ((rc = enter_libxl(&out->whole, "c_info", &out->create, out->err)) < 0 ||
        (rc = enter_libxl(&out->whole, "b_info", &out->build, out->err)) < 0)
        return rc;
    out->of_type = (struct part){NULL, out->build.at};
    if (!out->create.object ||
        json_get_string(out->create.object, "type", &out->create.at, &type, NULL) < 0)
        return 0;
    (void)snprintf(word, sizeof(word), "type.%s", type);
    return enter_libxl(&out->build, word, &out->of_type, out->err);
}

static bool is_dom0(const struct json_object *object)
{
    struct json_object *domid = NULL;
    return json_object_object_get_ex(object, "domid", &domid) &&
           json_object_is_type(domid, json_type_int) && json_object_get_int64(domid) == 0;
}

int guestcfg_read_libxl_json(const struct json_object *object, const struct json_at *at,
                             const struct guestcfg_options *options, struct guestcfg_guest *out,
                             struct ballast_error *err)
{
    struct config config = {.err = err};
    struct guestcfg_guest made = {0};
    uint64_t value[BALLAST_LIBXL_MEMBERS];
    struct ballast_error why = {.subject = BALLAST_ERROR_NO_SUBJECT};
    struct ballast_settled settled;
    int rc;
    if (is_dom0(object))
        return 1;
    if ((rc = enter_config(object, at, &config)) < 0 || (rc = refuse_arm(&config)) < 0 ||
        (rc = begin_libxl_guest(&config, &made.guest)) < 0 ||
        (rc = note_slack(&config, &made.remarks)) < 0 ||
        (rc = read_members(&config, made.guest.type, value)) < 0)
        return rc;
    if (ballast_libxl_apply(&made.guest, value, &why) < 0 ||
        ballast_settle(&made.guest, options ? options->caps : NULL,
                       ballast_profile_toolstack(options ? options->profile : NULL), &settled,
                       &why) < 0)
        return fail_libxl_model(&config, &why);
    read_libxl_uuid(&config, made.uuid);
    *out = made;
    return 0;
}
