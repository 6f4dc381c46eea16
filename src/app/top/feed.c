/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The daemon as a source: read over its status socket, changed over its control socket. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "app/top/answers.h"
#include "app/top/source.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/wire/wire.h"

/* A daemon answers within a tick; until it does keys wait. */
#define LOOK_USEC UINT64_C(3000000)
/* A commit to a slow disk is in this. */
#define CHANGE_USEC UINT64_C(15000000)

struct top_feed {
    const char *run_dir;
    struct wire_client *client;
    struct top_host *host; /* during a sample: where events go that come meanwhile */
};

struct top_feed *top_feed_new(const char *run_dir)
{
    struct top_feed *feed = calloc(1, sizeof(*feed));
    if (feed)
        feed->run_dir = run_dir;
    return feed;
}

void top_feed_free(struct top_feed *feed)
{
    if (feed)
        wire_disconnect(feed->client);
    free(feed);
}

static int on_feed_message(void *context, const char *method, const struct json_object *params)
{
    struct top_feed *feed = context;
    (void)method; /* nothing else was subscribed to */
    top_take_event(feed->host, params);
    return 0;
}

/* An answer in *result (to be put), or the daemon's message in *err; a lost connection is closed.
 */
static int call_daemon(struct top_feed *feed, const char *method, struct json_object *params,
                       struct json_object **result, struct ballast_error *err)
{
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    *result = NULL;
    int rc =
        wire_call(feed->client, method, params, LOOK_USEC, on_feed_message, feed, &answer, err);
    if (rc < 0) {
        wire_disconnect(feed->client);
        feed->client = NULL;
        return rc;
    }
    if (answer.error_code)
        rc = ballast_fail(err, -EIO, "the daemon answers: %s", answer.error_text);
    *result = json_object_get(answer.result);
    wire_message_release(&answer);
    return rc;
}

static struct json_object *with_number(const char *key, uint64_t value)
{
    struct json_object *params = json_object_new_object();
    if (params && value != BALLAST_NONE)
        (void)json_object_object_add(params, key, json_object_new_uint64(value));
    return params;
}

/* Events come from now on; those of a daemon that was before this one may have other numbers. */
static int begin_feed(struct top_feed *feed, struct top_host *host, struct ballast_error *err)
{
    struct json_object *result;
    struct json_object *events = json_object_new_array();
    struct json_object *params = json_object_new_object();
    int rc = wire_connect(feed->run_dir, true, &feed->client, err);
    if (rc < 0 || !events || !params) {
        json_object_put(events);
        json_object_put(params);
        return rc < 0 ? rc : ballast_fail(err, -ENOMEM, "out of memory");
    }
    host->events = 0;
    (void)json_object_array_add(events, json_object_new_string("event"));
    (void)json_object_object_add(params, "events", events);
    rc = call_daemon(feed, "subscribe", params, &result, err);
    json_object_put(result);
    if (rc < 0)
        return rc;
    rc = call_daemon(feed, "events", with_number("most", TOP_EVENTS), &result, err);
    top_take_events(host, result);
    json_object_put(result);
    return rc;
}

static int ask_domains(struct top_feed *feed, struct top_host *out, struct ballast_error *err)
{
    uint64_t after = BALLAST_NONE;
    bool more = true;
    while (more) {
        struct json_object *result;
        int rc = call_daemon(feed, "domains", with_number("after", after), &result, err);
        if (rc == 0 && (rc = top_take_domains(out, result, &more)) < 0)
            rc = ballast_fail(err, rc, "out of memory");
        json_object_put(result);
        if (rc < 0)
            return rc;
        uint64_t last = out->count > 0 ? out->guests[out->count - 1].id : 0;
        /* One that goes in circles must not make us do so. */
        more = more && (after == BALLAST_NONE || last > after);
        after = last;
    }
    return 0;
}

static int ask_feed(struct top_feed *feed, struct top_host *out, struct ballast_error *err)
{
    struct json_object *result;
    int rc = call_daemon(feed, "status", NULL, &result, err);
    top_take_status(out, result);
    json_object_put(result);
    if (rc < 0)
        return rc;
    struct json_object *open = json_object_new_object();
    (void)json_object_object_add(open, "open", json_object_new_boolean(true));
    rc = call_daemon(feed, "reservations", open, &result, err);
    top_take_reservations(out, result);
    json_object_put(result);
    if (rc == 0)
        rc = ask_domains(feed, out, err);
    if (rc < 0)
        return rc;
    rc = call_daemon(feed, "host", NULL, &result, err);
    top_take_host(out, result);
    json_object_put(result);
    return rc;
}

static int sample_feed(void *context, struct top_host *host, struct ballast_error *err)
{
    struct top_feed *feed = context;
    struct top_host *fresh = calloc(1, sizeof(*fresh));
    int rc = fresh ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
    feed->host = host;
    if (rc == 0 && !feed->client)
        rc = begin_feed(feed, host, err);
    if (rc == 0)
        rc = ask_feed(feed, fresh, err);
    if (rc == 0) {
        for (size_t i = host->events; i > 0; i--)
            top_host_add_event(fresh, &host->event[i - 1]);
        top_host_release(host);
        *host = *fresh;
        *fresh = (struct top_host){0};
    }
    if (fresh)
        top_host_release(fresh);
    free(fresh);
    return rc;
}

static int feed_fd(void *context)
{
    const struct top_feed *feed = context;
    return feed->client ? wire_client_fd(feed->client) : -1;
}

static int feed_receive(void *context, struct top_host *host, struct ballast_error *err)
{
    struct top_feed *feed = context;
    if (!feed->client)
        return 0;
    feed->host = host;
    int rc = wire_wait(feed->client, 1, on_feed_message, feed, err);
    if (rc == 0 || rc == -ETIMEDOUT)
        return 0;
    wire_disconnect(feed->client);
    feed->client = NULL;
    return rc;
}

static struct json_object *feed_params_of(const struct top_change *change)
{
    struct json_object *params = json_object_new_object();
    if (!params)
        return NULL;
    if (!change->all && *change->uuid)
        (void)json_object_object_add(params, "domain", json_object_new_string(change->uuid));
    else if (!change->all)
        (void)json_object_object_add(params, "domain", json_object_new_int64(change->id));
    if (change->what == TOP_SET_TARGET)
        (void)json_object_object_add(params, "target_kib",
                                     json_object_new_uint64(change->target_kib));
    if (change->what == TOP_SET_RANGE) {
        (void)json_object_object_add(params, "min_kib",
                                     json_object_new_uint64(change->minimum_kib));
        (void)json_object_object_add(params, "max_kib",
                                     json_object_new_uint64(change->maximum_kib));
    }
    return params;
}

/* The socket that may change things is only open while it does. */
static int change_it(void *context, const struct top_change *change, struct ballast_error *err)
{
    static const char *const methods[] = {"set-target", "set-range", "pause", "resume"};
    const struct top_feed *feed = context;
    struct wire_message answer = {.kind = WIRE_RESPONSE};
    struct wire_client *client;
    int rc = wire_connect(feed->run_dir, false, &client, err);
    if (rc < 0)
        return rc;
    rc = wire_call(client, methods[change->what], feed_params_of(change), CHANGE_USEC, NULL, NULL,
                   &answer, err);
    if (rc == 0 && answer.error_code)
        rc = ballast_fail(err, -EPERM, "%s", answer.error_text);
    wire_message_release(&answer);
    wire_disconnect(client);
    return rc;
}

struct top_source top_feed_source(struct top_feed *feed)
{
    return (struct top_source){.context = feed,
                               .look = sample_feed,
                               .fd = feed_fd,
                               .receive = feed_receive,
                               .change = change_it};
}
