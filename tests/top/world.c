/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "world.h"

#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include <json-c/json.h>

#include "app/top/answers.h"
#include "app/top/layout.h"

static void must(bool good)
{
    if (!good)
        abort();
}

void world_locale(void)
{
    must(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
}

static const char *const names[] = {"web",        "database",
                                    "mail",       "\xe5\xba\xab\xe5\xad\x98",
                                    "a\x1b[31mb", "builder-with-a-long-name-0123456789"};
static const char *const types[] = {"pvh", "hvm", "pv"};
static const char *const states[] = {"run", "run", "run", "run", "paused", "build"};
static const char *const statuses[] = {"follows", "follows", "stuck", "slow", "unknown"};

static struct json_object *add(struct json_object *object, const char *key,
                               struct json_object *value)
{
    must(json_object_object_add(object, key, value) == 0);
    return object;
}

static void add_kib(struct json_object *object, const char *key, uint64_t kib)
{
    add(object, key, json_object_new_uint64(kib));
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
    add(object, key, json_object_new_string(text));
}

static struct json_object *segments(size_t i, uint64_t current_kib, uint64_t static_kib)
{
    struct json_object *object = json_object_new_object();
    bool hvm = i % 3 == 1;
    if (i % 3 != 2)
        add_kib(object, "shadow", 18432);
    add_kib(object, "extra_external", 2048);
    add_kib(object, "extra_internal", 0);
    if (hvm)
        add_kib(object, "video", 16384);
    add_kib(object, "guest", current_kib - (hvm ? 16384 : 0));
    add_kib(object, "balloon", static_kib - current_kib);
    return object;
}

/* Guest 0 is dom0; of the others some are on their way down, some up, some there. */
static struct json_object *domain(size_t i)
{
    struct json_object *object = json_object_new_object();
    char text[TOP_TEXT];
    uint64_t current_kib = (1024 + 128 * (i % 7)) * UINT64_C(1024);
    uint64_t target_kib = i % 3 == 0   ? current_kib
                          : i % 3 == 1 ? current_kib / 2
                                       : current_kib + 262144;
    uint64_t static_kib = UINT64_C(3145728);
    add_kib(object, "domid", i);
    (void)snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012zu", i);
    add_text(object, "uuid", text);
    (void)snprintf(text, sizeof(text), "%s%zu", names[i % 6], i);
    add_text(object, "name", i == 0 ? "Domain-0" : text);
    add_text(object, "type", types[i % 3]);
    add_text(object, "state", states[i % 6]);
    add(object, "dom0", json_object_new_boolean(i == 0));
    add(object, "balloon", json_object_new_boolean(i % 4 != 3));
    add_kib(object, "current_kib", current_kib);
    add_kib(object, "target_kib", target_kib);
    add_kib(object, "xen_maximum_kib", current_kib + 1024);
    add_kib(object, "dynamic_min_kib", 524288);
    add_kib(object, "dynamic_max_kib", static_kib);
    add_kib(object, "static_max_kib", static_kib);
    add_kib(object, "overhead_kib", 20480);
    add(object, "segments", i % 5 == 4 ? NULL : segments(i, current_kib, static_kib));
    add(object, "used_kib", i % 2 ? NULL : json_object_new_uint64(700 * UINT64_C(1024)));
    add_kib(object, "shares", 1000);
    add(object, "opted_out", json_object_new_boolean(i % 11 == 7));
    add(object, "paused", json_object_new_boolean(i % 11 == 6));
    add_text(object, "balloon_status", statuses[i % 5]);
    add(object, "need_kib", i % 5 == 4 ? NULL : json_object_new_uint64(current_kib - 131072));
    (void)snprintf(text, sizeof(text), "%s%zu gives 131072 KiB that it does not use", names[0], i);
    add(object, "why",
        i % 3 == 1 ? add(json_object_new_object(), "message", json_object_new_string(text)) : NULL);
    return object;
}

static void fill_host(struct top_host *host, size_t count)
{
    static const char *const parts[] = {"xen",     "dom0",     "domains", "overhead", "unexplained",
                                        "claimed", "reserved", "slack",   "scrub",    "free"};
    struct json_object *answer = json_object_new_object();
    struct json_object *object = json_object_new_object();
    uint64_t total_kib = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        uint64_t kib = i == 2 ? count * 1400000 : (i + 1) * UINT64_C(123457);
        add_kib(object, parts[i], kib);
        total_kib += kib;
    }
    add_kib(answer, "now_usec", UINT64_C(1000000000));
    add_kib(answer, "total_kib", total_kib);
    add_kib(answer, "overcounted_kib", 0);
    add_kib(answer, "deficit_kib", 0);
    add(answer, "parts", object);
    add(answer, "state", json_object_new_string("soft"));
    top_take_host(host, answer);
    json_object_put(answer);
}

static void fill_events(struct top_host *host, size_t count)
{
    for (uint64_t i = 1; i <= (count > 40 ? 40 : count); i++) {
        char text[TOP_TEXT];
        char name[TOP_NAME];
        struct json_object *object = json_object_new_object();
        (void)snprintf(text, sizeof(text), "target lowered by %" PRIu64 " KiB for a start",
                       i * 4096);
        add_kib(object, "number", i);
        add_kib(object, "time_usec", UINT64_C(1000000000) - (41 - i) * (41 - i) * 1000000);
        add_text(object, "what", i % 5 == 0 ? "target-failed" : "target");
        (void)snprintf(name, sizeof(name), "web%" PRIu64, i);
        add_text(object, "name", name);
        add_text(object, "message", text);
        top_take_event(host, object);
        json_object_put(object);
    }
}

void world_fill(struct top_state *state, size_t count)
{
    bool more;
    struct json_object *status = json_object_new_object();
    struct json_object *answer = json_object_new_object();
    struct json_object *array = json_object_new_array();
    top_host_release(&state->host);
    add_text(status, "host", "h1");
    add_text(status, "policy", "ballast");
    add(status, "paused", json_object_new_boolean(false));
    top_take_status(&state->host, status);
    for (size_t i = 0; i < count; i++)
        must(json_object_array_add(array, domain(i)) == 0);
    add(answer, "domains", array);
    must(top_take_domains(&state->host, answer, &more) == 0 && !more);
    fill_host(&state->host, count);
    fill_events(&state->host, count);
    state->can_change = true;
    json_object_put(status);
    json_object_put(answer);
}

static void put_character(FILE *out, uint32_t code)
{
    if (code == 0)
        return;
    must(fprintf(out, "%lc", (wint_t)code) > 0);
}

static char *dump(const struct top_cells *cells, bool styles)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    must(out != NULL);
    for (unsigned row = 0; row < cells->rows; row++) {
        const struct term_cell *cell = &cells->cell[(size_t)row * cells->columns];
        unsigned end = cells->columns;
        while (end > 0 && !styles && cell[end - 1].code == ' ')
            end--;
        for (unsigned x = 0; x < end; x++) {
            if (styles)
                (void)fputc("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[cell[x].style % 26], out);
            else
                put_character(out, cell[x].code);
        }
        (void)fputc('\n', out);
    }
    must(fclose(out) == 0);
    return text;
}

char *world_text(const struct top_cells *cells)
{
    return dump(cells, false);
}

char *world_styles(const struct top_cells *cells)
{
    return dump(cells, true);
}

char *world_screen(struct top_state *state, unsigned columns, unsigned rows)
{
    struct top_cells cells = {0};
    must(top_cells_resize(&cells, columns, rows) == 0 && top_draw(state, &cells) == 0);
    char *text = dump(&cells, false);
    top_cells_release(&cells);
    return text;
}
