/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/qmemman/free_memory.h"

#include <inttypes.h>
#include <json-c/json.h>

#include "app/ballastd/engine/engine.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/qmemman/client.h"
#include "core/base/units.h"

/* qubesd waits without a limit: while nothing is balanced there would be no decision. */
#define DEADLINE_USEC (60 * BALLAST_SEC_USEC)
/*
 * How long a start takes at most: the connection keeps what is reserved, and this only bounds what
 * is lost where no later daemon ends it (leftovers.h).
 */
#define LEASE_USEC (60 * 60 * BALLAST_SEC_USEC)

static void answer_decided(struct qmemman_client *client)
{
    if (!client->call.answered)
        return;
    if (standin_call_code(&client->call) == 0) {
        qmemman_client_answer(client, qmemman_ok);
        return;
    }
    /* It may have been made all the same, where there was no memory for the answer. */
    standin_release(client->clients->engine, client->call.reservation);
    client->call.reservation = 0;
    engine_log(LOG_NOTICE, "qmemman: request of process %ld: %s", (long)client->peer.pid,
               standin_call_message(&client->call));
    qmemman_client_answer(client, qmemman_fail);
}

static void reserve_pool(struct qmemman_client *client, uint64_t kib)
{
    struct json_object *params = json_object_new_object();
    standin_param(&params, "min_kib", json_object_new_uint64(kib));
    standin_param(&params, "pool", json_object_new_boolean(true));
    /* Its guest is started as soon as this is answered, and is not known. */
    standin_param(&params, "starts", json_object_new_boolean(true));
    standin_param(&params, "wait", json_object_new_boolean(true));
    standin_param(&params, "deadline_usec", json_object_new_uint64(DEADLINE_USEC));
    standin_param(&params, "lease_usec", json_object_new_uint64(LEASE_USEC));
    client->asked_kib = kib;
    client->step = answer_decided;
    standin_call_ask(&client->call, "reserve", params);
}

void qmemman_free_memory(struct qmemman_client *client, uint64_t bytes)
{
    struct engine *engine = client->clients->engine;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    uint64_t kib = ballast_div_up(ballast_div_up(bytes, 1024), BALLAST_PAGE_KIB) * BALLAST_PAGE_KIB;
    if (bytes == 0)
        qmemman_client_answer(client, qmemman_ok);
    else if (!host || !engine_ledger(engine) || kib > host->total_kib)
        qmemman_client_answer(client, qmemman_fail);
    else
        reserve_pool(client, kib);
}
