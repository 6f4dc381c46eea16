/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/starts/birth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "app/ballast/cli/command.h"
#include "app/ballast/cli/fields.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/client/pages.h"
#include "core/base/units.h"
#include "core/model/host.h"

/* A daemon that is started anew reads its ledger and the host first. */
#define PATIENCE_USEC (UINT64_C(10) * BALLAST_SEC_USEC)

/* What is no text on the wire is a question mark there, and what is no text here is one here. */
static bool has_name(const struct json_object *domain, const char *name)
{
    if (strcmp(cli_field_string(domain, "name"), name) == 0)
        return true;
    char *there = cli_field_shown(domain, "name");
    char *here = cli_shown(name);
    bool same = strcmp(there, here) == 0;
    free(there);
    free(here);
    return same;
}

int cli_birth_expect(struct cli_birth *birth, struct cli_daemon *daemon, const char *name)
{
    struct json_object *all = NULL;
    *birth = (struct cli_birth){.daemon = daemon, .name = name};
    int rc = cli_pages(daemon, &cli_list_of_domains, cli_params(), &all);
    size_t count = rc ? 0 : json_object_array_length(all);
    birth->before = cli_must(calloc(count + 1, sizeof(*birth->before)));
    for (size_t i = 0; i < count; i++) {
        const struct json_object *domain = json_object_array_get_idx(all, i);
        if (has_name(domain, name))
            birth->before[birth->before_count++] = cli_field_u64(domain, "domid");
    }
    json_object_put(all);
    if (rc)
        cli_birth_end(birth);
    return rc;
}

static bool was_there(const struct cli_birth *birth, uint64_t domid)
{
    for (size_t i = 0; i < birth->before_count; i++) {
        if (birth->before[i] == domid)
            return true;
    }
    return false;
}

static uint64_t now_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * BALLAST_SEC_USEC + (uint64_t)now.tv_nsec / 1000;
}

/* One that was started anew knows the reservation: the next look asks that one. */
static void find_daemon(struct cli_birth *birth)
{
    struct ballast_error err;
    struct cli_daemon *daemon = birth->daemon;
    cli_daemon_close(daemon);
    if (wire_connect(daemon->run_dir, false, &daemon->client, &err) == 0) {
        cli_daemon_attach(daemon, birth->reservation, birth->owner);
        birth->gone_usec = 0;
        return;
    }
    if (birth->gone_usec == 0)
        birth->gone_usec = now_usec();
    if (now_usec() - birth->gone_usec < PATIENCE_USEC)
        return;
    birth->state = CLI_BIRTH_LOST;
    (void)snprintf(birth->why, sizeof(birth->why), "%s", err.text);
}

/* Asks without a word; 0 with an answer. */
static int ask(struct cli_birth *birth, const char *method, struct json_object *params,
               struct wire_message *answer)
{
    struct wire_client *client = birth->daemon->client;
    int rc = -1;
    if (client)
        rc = wire_call(client, method, params, PATIENCE_USEC, NULL, NULL, answer, NULL);
    else
        json_object_put(params);
    if (rc < 0)
        find_daemon(birth);
    return rc;
}

static void bind_it(struct cli_birth *birth, const struct json_object *domain)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct json_object *params = cli_params();
    const char *uuid = cli_field_string(domain, "uuid");
    cli_params_u64(params, "id", birth->reservation);
    cli_params_u64(params, "domid", cli_field_u64(domain, "domid"));
    cli_params_string(params, "uuid", *uuid ? uuid : NULL);
    cli_params_string(params, "owner", birth->owner);
    if (ask(birth, "bind", params, &answer) == 0) {
        birth->domid = cli_field_u64(domain, "domid");
        birth->state = answer.error_code ? CLI_BIRTH_REFUSED : CLI_BIRTH_BOUND;
        char *shown = cli_shown(answer.error_text);
        (void)snprintf(birth->why, sizeof(birth->why), "%s", shown);
        free(shown);
        /* Gone between two questions, or a ledger that cannot be written for now: look again. */
        if (answer.error_code == WIRE_NOT_FOUND || answer.error_code == WIRE_UNAVAILABLE)
            birth->state = CLI_BIRTH_NONE;
    }
    wire_message_release(&answer);
}

void cli_birth_look(struct cli_birth *birth)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    uint64_t after = BALLAST_NONE;
    bool more = true;
    while (more && birth->state == CLI_BIRTH_NONE) {
        struct json_object *params = cli_params();
        cli_params_u64(params, "after", after);
        if (ask(birth, "domains", params, &answer) < 0)
            return;
        size_t count = cli_field_count(answer.result, "domains");
        for (size_t i = 0; i < count && birth->state == CLI_BIRTH_NONE; i++) {
            const struct json_object *domain = cli_field_at(answer.result, "domains", i);
            after = cli_field_u64(domain, "domid");
            if (has_name(domain, birth->name) && !was_there(birth, after))
                bind_it(birth, domain);
        }
        more = count > 0 && after != BALLAST_NONE && cli_field_bool(answer.result, "more");
        wire_message_release(&answer);
    }
}

void cli_birth_end(struct cli_birth *birth)
{
    free(birth->before);
    birth->before = NULL;
}
