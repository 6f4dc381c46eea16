/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/starts/domain_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/time.h"
#include "app/ballast/client/pages.h"
#include "core/base/units.h"
#include "core/model/host.h"

/* A daemon that restarts reads its ledger and the host first. */
#define PATIENCE_USEC (UINT64_C(10) * BALLAST_SEC_USEC)

/* Where the wire has a question mark for what is not text, so has this name. */
static bool has_name(const struct json_object *domain, const char *name)
{
    if (strcmp(json_field_string(domain, "name"), name) == 0)
        return true;
    char *there = cli_field_shown(domain, "name");
    char *here = cli_shown(name);
    bool same = strcmp(there, here) == 0;
    free(there);
    free(here);
    return same;
}

/* A domain without a uuid has none of ours: its text is empty. */
static bool is_watched(const struct cli_domain_watch *watch, const struct json_object *domain)
{
    return has_name(domain, watch->name) ||
           (watch->uuid && strcasecmp(json_field_string(domain, "uuid"), watch->uuid) == 0);
}

int cli_domain_watch_begin(struct cli_domain_watch *watch, struct cli_daemon *daemon,
                           const char *name, const char *uuid)
{
    struct json_object *all = NULL;
    *watch = (struct cli_domain_watch){
        .daemon = daemon, .name = name, .uuid = uuid, .namesake = BALLAST_NONE};
    int rc = cli_pages(daemon, &cli_list_of_domains, cli_params(), &all);
    size_t count = rc ? 0 : json_object_array_length(all);
    watch->before = xcheck(calloc(count + 1, sizeof(*watch->before)));
    for (size_t i = 0; i < count; i++) {
        const struct json_object *domain = json_object_array_get_idx(all, i);
        if (!is_watched(watch, domain))
            continue;
        uint64_t domid = json_field_u64(domain, "domid");
        watch->before[watch->before_count++] = domid;
        if (watch->namesake == BALLAST_NONE && has_name(domain, name))
            watch->namesake = domid;
    }
    json_object_put(all);
    if (rc)
        cli_domain_watch_end(watch);
    return rc;
}

static bool watch_was_there(const struct cli_domain_watch *watch, uint64_t domid)
{
    for (size_t i = 0; i < watch->before_count; i++) {
        if (watch->before[i] == domid)
            return true;
    }
    return false;
}

/* One that restarted knows the reservation: the next poll asks it. */
static void find_watch_daemon(struct cli_domain_watch *watch)
{
    struct ballast_error err;
    struct cli_daemon *daemon = watch->daemon;
    cli_daemon_close(daemon);
    if (wire_connect(daemon->run_dir, false, &daemon->client, &err) == 0) {
        cli_daemon_attach(daemon, watch->reservation, watch->owner);
        watch->gone_usec = 0;
        return;
    }
    if (watch->gone_usec == 0)
        watch->gone_usec = cli_now_usec();
    if (cli_now_usec() - watch->gone_usec < PATIENCE_USEC)
        return;
    watch->state = CLI_WATCH_LOST;
    (void)snprintf(watch->why, sizeof(watch->why), "%s", err.text);
}

/* Asks without a word; 0 with an answer. */
static int ask_watch(struct cli_domain_watch *watch, const char *method, struct json_object *params,
                     struct wire_message *answer)
{
    struct wire_client *client = watch->daemon->client;
    int rc = -1;
    if (client)
        rc = wire_call(client, method, params, PATIENCE_USEC, NULL, NULL, answer, NULL);
    else
        json_object_put(params);
    if (rc < 0)
        find_watch_daemon(watch);
    return rc;
}

static void bind_it(struct cli_domain_watch *watch, const struct json_object *domain)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct json_object *params = cli_params();
    const char *uuid = json_field_string(domain, "uuid");
    cli_params_u64(params, "id", watch->reservation);
    cli_params_u64(params, "domid", json_field_u64(domain, "domid"));
    cli_params_string(params, "uuid", *uuid ? uuid : NULL);
    cli_params_string(params, "owner", watch->owner);
    if (ask_watch(watch, "bind", params, &answer) == 0) {
        watch->domid = json_field_u64(domain, "domid");
        watch->state = answer.error_code ? CLI_WATCH_REFUSED : CLI_WATCH_BOUND;
        char *shown = cli_shown(answer.error_text);
        (void)snprintf(watch->why, sizeof(watch->why), "%s", shown);
        free(shown);
        /*
         * The domain ended between two polls, or the ledger cannot be written for now: poll again.
         */
        if (answer.error_code == WIRE_NOT_FOUND || answer.error_code == WIRE_UNAVAILABLE)
            watch->state = CLI_WATCH_NONE;
    }
    wire_message_release(&answer);
}

void cli_domain_watch_poll(struct cli_domain_watch *watch)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    uint64_t after = BALLAST_NONE;
    bool more = true;
    while (more && watch->state == CLI_WATCH_NONE) {
        struct json_object *params = cli_params();
        cli_params_u64(params, "after", after);
        if (ask_watch(watch, "domains", params, &answer) < 0)
            return;
        size_t count = json_field_count(answer.result, "domains");
        for (size_t i = 0; i < count && watch->state == CLI_WATCH_NONE; i++) {
            const struct json_object *domain = json_field_at(answer.result, "domains", i);
            after = json_field_u64(domain, "domid");
            if (is_watched(watch, domain) && !watch_was_there(watch, after))
                bind_it(watch, domain);
        }
        more = count > 0 && after != BALLAST_NONE && json_field_bool(answer.result, "more");
        wire_message_release(&answer);
    }
}

void cli_domain_watch_end(struct cli_domain_watch *watch)
{
    free(watch->before);
    watch->before = NULL;
}
