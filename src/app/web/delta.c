/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/delta.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "edge/json/field.h"

static const struct {
    const char *list, *key;
} lists[] = {{"domains", "domid"}, {"reservations", "id"}, {"events", "number"}};

/* The keys of a list, in its order. */
struct keys {
    struct json_object *list;
    size_t count;
    uint64_t *key;
};

static bool keys_read(struct keys *keys, struct json_object *list, const char *name)
{
    *keys = (struct keys){.list = list};
    if (!json_object_is_type(list, json_type_array))
        return false;
    keys->count = json_object_array_length(list);
    keys->key = malloc((keys->count + 1) * sizeof(*keys->key));
    for (size_t i = 0; keys->key && i < keys->count; i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        struct json_object *key = json_field(item, name);
        if (!json_object_is_type(key, json_type_int))
            return false;
        keys->key[i] = json_object_get_uint64(key);
    }
    return keys->key != NULL;
}

/* The index of `key`, searched from `from` on and around; count: not found. */
static size_t keys_find(const struct keys *keys, uint64_t key, size_t from)
{
    for (size_t i = 0; i < keys->count; i++) {
        size_t at = (from + i) % keys->count;
        if (keys->key[at] == key)
            return at;
    }
    return keys->count;
}

static bool is_unique(const struct keys *keys)
{
    size_t rises = 1;
    while (rises < keys->count && keys->key[rises - 1] < keys->key[rises])
        rises++;
    if (rises >= keys->count)
        return true;
    for (size_t i = 0; i < keys->count; i++) {
        if (keys_find(keys, keys->key[i], i + 1) != i)
            return false;
    }
    return true;
}

static bool is_same_order(const struct keys *a, const struct keys *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->key, b->key, a->count * sizeof(*a->key)) == 0);
}

static void add_change(struct json_object *object, const char *name, struct json_object *item)
{
    struct json_object *list = json_field(object, name);
    if (!list) {
        list = json_object_new_array();
        json_object_object_add(object, name, list);
    }
    json_object_array_add(list, item);
}

/*
 * The members that differ, and its key; NULL: an item that lost one cannot be encoded as a change.
 */
static struct json_object *item_delta(struct json_object *before, struct json_object *after,
                                      const char *key)
{
    if (json_object_object_length(before) > json_object_object_length(after))
        return NULL;
    struct json_object *changed = json_object_new_object();
    size_t kept = 0;
    json_object_object_foreach(after, name, value)
    {
        struct json_object *old = NULL;
        bool had = json_object_object_get_ex(before, name, &old);
        kept += had;
        if (!had || strcmp(name, key) == 0 || !json_object_equal(old, value))
            json_object_object_add(changed, name, json_object_get(value));
    }
    if (kept == (size_t)json_object_object_length(before))
        return changed;
    json_object_put(changed);
    return NULL;
}

static void delta_item(struct json_object *out, struct json_object *old, struct json_object *item,
                       const char *key)
{
    struct json_object *changed = old ? item_delta(old, item, key) : NULL;
    if (!changed)
        add_change(out, "new", json_object_get(item));
    else if (json_object_object_length(changed) > 1)
        add_change(out, "changed", changed);
    else
        json_object_put(changed);
}

static struct json_object *list_delta(const struct keys *before, const struct keys *after,
                                      const char *key, bool same_order)
{
    struct json_object *out = json_object_new_object();
    size_t next = 0;
    for (size_t i = 0; i < after->count; i++) {
        size_t at = keys_find(before, after->key[i], next);
        struct json_object *old =
            at < before->count ? json_object_array_get_idx(before->list, at) : NULL;
        next = old ? at + 1 : next;
        delta_item(out, old, json_object_array_get_idx(after->list, i), key);
    }
    if (!same_order) {
        json_object_object_add(out, "order", json_object_new_array());
        for (size_t i = 0; i < after->count; i++)
            add_change(out, "order", json_object_new_uint64(after->key[i]));
    }
    return out;
}

/* false: it has to be sent in full. */
static bool delta_list(struct json_object *out, const char *name, const char *key,
                       struct json_object *old, struct json_object *list)
{
    struct keys before;
    struct keys after = {0};
    bool is_delta = keys_read(&before, old, key) && keys_read(&after, list, key);
    bool same_order = is_delta && is_same_order(&before, &after);
    is_delta = is_delta && is_unique(&before) && (same_order || is_unique(&after));
    struct json_object *delta = is_delta ? list_delta(&before, &after, key, same_order) : NULL;
    if (delta && json_object_object_length(delta) > 0)
        json_object_object_add(out, name, delta);
    else
        json_object_put(delta);
    free(before.key);
    free(after.key);
    return is_delta;
}

static const char *array_key(const char *name)
{
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (strcmp(lists[i].list, name) == 0)
            return lists[i].key;
    }
    return NULL;
}

struct json_object *delta_new(struct json_object *before, struct json_object *after)
{
    struct json_object *out = json_object_new_object();
    struct json_object *set = json_object_new_object();
    if (!out || !set) {
        json_object_put(out);
        json_object_put(set);
        return NULL;
    }
    json_object_object_add(out, "seq", json_object_get(json_field(after, "seq")));
    json_object_object_add(out, "since", json_object_get(json_field(before, "seq")));
    json_object_object_add(out, "set", set);
    json_object_object_foreach(after, name, value)
    {
        struct json_object *old = json_field(before, name);
        const char *key = array_key(name);
        if (strcmp(name, "seq") == 0 || (key && delta_list(out, name, key, old, value)))
            continue;
        if (!json_object_equal(old, value))
            json_object_object_add(set, name, json_object_get(value));
    }
    return out;
}
