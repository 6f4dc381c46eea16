/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/rpc/call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/ballastd/engine/overlay.h"
#include "app/ballastd/engine/reservations.h"
#include "app/ballastd/rpc/encode.h"
#include "core/base/uuid.h"
#include "edge/wire/methods.h"

void call_fail(struct call *call, int code, const char *format, ...)
{
    va_list args;
    call->code = code;
    va_start(args, format);
    (void)vsnprintf(call->text, sizeof(call->text), format, args);
    va_end(args);
}

void call_refuse(struct call *call, const struct ledger_verdict *verdict)
{
    bool unknown = verdict->reason == LEDGER_UNKNOWN;
    call->code = unknown ? WIRE_NOT_FOUND : WIRE_REFUSED;
    ledger_reason_text(verdict->reason, &verdict->figures, call->text, sizeof(call->text));
    call->data = encode_refusal(verdict);
}

void call_unavailable(struct call *call, int rc, const struct ballast_error *err)
{
    call_fail(call, rc == -EINVAL ? WIRE_INVALID_PARAMS : WIRE_UNAVAILABLE, "%s", err->text);
}

struct ledger *call_ledger(struct call *call)
{
    struct ledger *ledger = engine_ledger(call->engine);
    const char *trouble = reservations_trouble(engine_reservations(call->engine));
    if (!ledger || !engine_balancer(call->engine)) {
        call_fail(call, WIRE_UNAVAILABLE, "%s",
                  trouble ? trouble : "the host has not been read yet: see 'ballast status'");
        return NULL;
    }
    return ledger;
}

static bool is_called(struct engine *engine, size_t i, const struct wire_domain_name *name,
                      const uint8_t *uuid)
{
    const struct ballast_domain *domain = &overlay_snapshot(engine_overlay(engine))->domains[i];
    const struct overlay_record *record = overlay_domain(engine_overlay(engine), i);
    if (name->is_number)
        return domain->id == name->domid;
    if (uuid)
        return memcmp(record->uuid, uuid, LEDGER_UUID) == 0;
    return strcmp(domain->name, name->name) == 0;
}

bool call_domain(struct call *call, size_t *out)
{
    struct wire_domain_name name;
    uint8_t uuid[LEDGER_UUID];
    struct engine *engine = call->engine;
    const struct ballast_host *host = overlay_snapshot(engine_overlay(engine));
    size_t found = 0;
    if (!host || !wire_param_domain(call->params, "domain", &name)) {
        call_fail(call, WIRE_UNAVAILABLE, "the host has not been read yet: see 'ballast status'");
        return false;
    }
    bool by_uuid = !name.is_number && ballast_uuid_parse(name.name, uuid) == 0;
    for (size_t i = 0; i < host->domain_count; i++) {
        if (!is_called(engine, i, &name, by_uuid ? uuid : NULL))
            continue;
        *out = i;
        found++;
    }
    if (found == 1)
        return true;
    if (name.is_number)
        call_fail(call, WIRE_NOT_FOUND, "there is no domain %" PRIu32, name.domid);
    else
        call_fail(call, WIRE_NOT_FOUND, found ? "several domains are named %s" : "no domain is %s",
                  name.name);
    return false;
}

const char *call_owner(const struct call *call)
{
    const struct rpc_session *session = call->session;
    const char *given = wire_param_string(call->params, "owner", NULL);
    if (given)
        return given;
    /* Root is the operator: without a login it acts for all owners. */
    return session->uid == 0 && !session->logged_in ? NULL : session->owner;
}
