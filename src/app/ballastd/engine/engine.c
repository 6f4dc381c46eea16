/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/costs.h"
#include "app/ballastd/engine/defence.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/pins.h"
#include "app/ballastd/server/subscriptions.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/host_breakdown.h"
#include "edge/hv/xen.h"

/* A store that cannot be opened is tried again so often; the clock is the real one. */
#define OPEN_AGAIN_USEC (5 * BALLAST_SEC_USEC)
/* How long after the last move it is looked as often as while something moves. */
#define CALM_USEC (2 * BALLAST_SEC_USEC)
/* The same decision about the same domain is said again after so long. */
#define SAY_AGAIN_USEC (60 * BALLAST_SEC_USEC)
/* A fast simulated clock may make so many ticks in one turn of the loop. */
enum { TICKS_A_TURN = 8 };

/*
 * The book's question for uuids comes without a context; there is one loop in a process, and
 * nobody else asks.
 */
static struct overlay *sampled_overlay;

static void uuid_of(uint32_t domid, uint8_t uuid[LEDGER_UUID])
{
    size_t at;
    memset(uuid, 0, LEDGER_UUID);
    if (overlay_find(sampled_overlay, domid, &at) == 0)
        memcpy(uuid, overlay_domain(sampled_overlay, at)->uuid, LEDGER_UUID);
}

static bool find_setting(void *context, const uint8_t uuid[LEDGER_UUID],
                         struct overlay_setting *out)
{
    struct daemon *daemon = context;
    return reservations_get_setting(daemon->reservations, uuid, out);
}

static struct balloon_stop find_last_stop(void *context, const uint8_t uuid[LEDGER_UUID])
{
    struct daemon *daemon = context;
    return floors_find(&daemon->floors, uuid);
}

/* What the balancer has learned of where balloons stop outlives it. */
static void keep_stops(struct daemon *daemon)
{
    const struct balancer *balancer = tick_balancer(daemon->tick);
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    struct domain_estimate estimate;
    if (balancer_stop_changes(balancer) == daemon->stop_changes)
        return;
    daemon->stop_changes = balancer_stop_changes(balancer);
    for (size_t i = 0; i < host->domain_count; i++) {
        if (balancer_estimate(balancer, host->domains[i].id, &estimate) == 0)
            floors_note(&daemon->floors, overlay_domain(daemon->overlay, i)->uuid,
                        &estimate.last_stop);
    }
    floors_keep(&daemon->floors, daemon->reservations);
}

/* Second balancer */

bool engine_balances(const struct daemon *daemon)
{
    return !daemon->paused && !daemon->rival.stands_back && daemon->config.balloons;
}

static void update_hold(struct daemon *daemon)
{
    overlay_hold_still(daemon->overlay, daemon->paused || daemon->rival.stands_back);
}

static void on_foreign_target(void *context, const struct ballast_domain *domain,
                              struct overlay_record *record, uint64_t was_kib)
{
    struct daemon *daemon = context;
    struct engine_rival *rival = &daemon->rival;
    uint64_t now_usec = daemon_now_usec(daemon);
    engine_log(LOG_INFO,
               "domain %" PRIu32 " (%s): its target was moved from %" PRIu64 " to %" PRIu64
               " KiB, not by us",
               domain->id, domain->name, was_kib, domain->target_kib);
    struct recorder_news news = RECORDER_NEWS;
    news.domid = domain->id;
    news.who = "somebody else";
    news.what = "foreign-target";
    news.from_kib = was_kib;
    news.to_kib = domain->target_kib;
    recorder_news(daemon, &news);
    rival->seen_usec[rival->count++ % ENGINE_RIVAL_MOST] = now_usec;
    uint64_t most = daemon->config.rival_writes;
    /* One may be an administrator's; while there is a rival none is. */
    if (!rival->stands_back)
        pins_foreign(daemon, record, domain, was_kib);
    if (rival->stands_back || rival->count < most)
        return;
    uint64_t first_usec = rival->seen_usec[(rival->count - most) % ENGINE_RIVAL_MOST];
    if (now_usec - first_usec > daemon->config.rival_usec)
        return;
    char why[ALERT_TEXT];
    (void)snprintf(why, sizeof(why),
                   "%" PRIu64 " targets were set by somebody else within %" PRIu64
                   " s: no target is moved until that has stopped for %" PRIu64
                   " s, or 'ballast resume'; stop the other balancer (xapi's squeezed, qmemman, "
                   "a script), or this one",
                   most, (now_usec - first_usec) / BALLAST_SEC_USEC,
                   daemon->config.rival_quiet_usec / BALLAST_SEC_USEC);
    rival->stands_back = true;
    rival->unpin_usec = first_usec;
    update_hold(daemon);
    alerts_set(&daemon->alerts, ALERT_RIVAL, now_usec, why);
}

/* Not while the look that showed it is being put together. */
static void unpin_rivals(struct daemon *daemon)
{
    uint64_t since_usec = daemon->rival.unpin_usec;
    daemon->rival.unpin_usec = 0;
    if (since_usec > 0)
        pins_drop_foreign(daemon, since_usec);
}

void engine_resume(struct daemon *daemon)
{
    daemon->rival.stands_back = false;
    daemon->rival.count = 0;
    update_hold(daemon);
    alerts_set(&daemon->alerts, ALERT_RIVAL, daemon_now_usec(daemon), NULL);
}

void engine_pause(struct daemon *daemon, bool paused)
{
    daemon->paused = paused;
    if (!paused)
        engine_resume(daemon);
    update_hold(daemon);
    engine_log(LOG_NOTICE, paused ? "balancing is paused" : "balancing goes on");
}

static void wait_for_quiet(struct daemon *daemon)
{
    const struct engine_rival *rival = &daemon->rival;
    if (!rival->stands_back)
        return;
    uint64_t last_usec = rival->seen_usec[(rival->count - 1) % ENGINE_RIVAL_MOST];
    if (daemon_now_usec(daemon) - last_usec >= daemon->config.rival_quiet_usec)
        engine_resume(daemon);
}

/* What the tick remembers */

/* What is said: what has another reason than the last one of that domain, or was long ago. */
static bool is_news(const struct daemon *daemon, const struct decision *decision)
{
    const struct decision *before = decisions_of(daemon->decisions, decision->domid);
    return daemon->options.verbose || decision->what != DECISION_SET || !before ||
           before->reason != decision->reason || before->outcome != decision->outcome ||
           decision->time_usec - before->time_usec > SAY_AGAIN_USEC;
}

static void note_decision(struct daemon *daemon, const struct decision *decision)
{
    static const char *const outcomes[] = {[TICK_DONE] = "",
                                           [TICK_SKIPPED] = " (skipped: state changed)",
                                           [TICK_FAILED] = " (failed)"};
    char text[512];
    if (is_news(daemon, decision)) {
        decision_text(decision, text, sizeof(text));
        engine_log(decision->outcome == TICK_FAILED ? LOG_WARNING : LOG_INFO, "%s%s", text,
                   outcomes[decision->outcome]);
    }
    recorder_decision(daemon, decision);
    subscriptions_notify_decision(daemon, decisions_add(daemon->decisions, decision));
}

static void remember_set(void *memory, const struct ballast_host *host,
                         const struct balancer_set *set, enum tick_outcome outcome)
{
    struct daemon *daemon = memory;
    size_t at;
    struct decision decision = {.time_usec = host->now_usec,
                                .what = DECISION_SET,
                                .domid = set->id,
                                .target_kib = set->target_kib,
                                .maxmem_kib = set->maxmem_kib,
                                .outcome = outcome,
                                .reason = set->reason,
                                .a_kib = set->a_kib,
                                .b_kib = set->b_kib,
                                .floor = set->floor};
    if (overlay_find(daemon->overlay, set->id, &at) == 0) {
        struct overlay_record *domain = overlay_domain(daemon->overlay, at);
        (void)snprintf(decision.name, sizeof(decision.name), "%s", host->domains[at].name);
        bool gives = set->reason == BALANCER_RECLAIMED_FOR_START ||
                     set->reason == BALANCER_SQUEEZED_FOR_START ||
                     set->reason == BALANCER_BELOW_PIN;
        if (outcome == TICK_DONE && gives && domain->reclaim_from_kib == 0)
            domain->reclaim_from_kib = host->domains[at].tot_kib;
    }
    note_decision(daemon, &decision);
}

static void remember_verdict(void *memory, const struct ballast_host *host,
                             const struct balancer_verdict *verdict, bool carried_out)
{
    struct decision decision = {.time_usec = host->now_usec,
                                .what = verdict->granted ? DECISION_GRANT : DECISION_REFUSE,
                                .reservation = verdict->request,
                                .reason = verdict->reason,
                                .a_kib = verdict->a_kib,
                                .b_kib = verdict->b_kib};
    struct daemon *daemon = memory;
    const struct ledger_reservation *record =
        ledger_find(reservations_ledger(daemon->reservations), verdict->request);
    /* While nobody is balanced it was refused by other numbers; see answer(). */
    if (record && record->state == LEDGER_REFUSED)
        decision.b_kib = record->b_kib;
    /* One that was not comes again with the next tick. */
    if (carried_out)
        note_decision(daemon, &decision);
}

/* Promises */

static void on_reservation(void *context, const struct ledger_reservation *record)
{
    struct daemon *daemon = context;
    daemon->decided |= record->state != LEDGER_REQUESTED && record->state != LEDGER_RECLAIMING;
    recorder_reservation(daemon, record);
    if (daemon->change_count == daemon->change_room) {
        size_t room = daemon->change_room ? 2 * daemon->change_room : 64;
        struct engine_change *changes = reallocarray(daemon->changes, room, sizeof(*changes));
        /* Nobody is told then; who asks still learns it. */
        if (!changes)
            return;
        daemon->changes = changes;
        daemon->change_room = room;
    }
    daemon->changes[daemon->change_count++] =
        (struct engine_change){.id = record->id, .asked = record->state == LEDGER_REQUESTED};
}

static void on_trouble(void *context, const char *why)
{
    struct daemon *daemon = context;
    char text[ALERT_TEXT];
    if (why)
        (void)snprintf(text, sizeof(text), "%s; nothing new is promised until it can be written",
                       why);
    alerts_set(&daemon->alerts, ALERT_LEDGER, daemon_now_usec(daemon), why ? text : NULL);
}

/* Whoever reads a time, or waits for a lease to end, must know which clock it is by. */
static void note_clock(struct daemon *daemon, uint64_t calendar, uint64_t ledger)
{
    char text[ALERT_TEXT];
    uint64_t ahead_sec = ballast_sub_floor(ledger, calendar) / BALLAST_SEC_USEC;
    (void)snprintf(
        text, sizeof(text),
        "the ledger's clock is %" PRIu64 " s ahead of the calendar, which is or was set "
        "wrong: leases and deadlines run on from there. Set the calendar right and start "
        "ballastd again; if it is right, stop ballastd, run 'ballastd --set-clock-back "
        "--state-dir %s' and start ballastd: nothing is lost",
        ahead_sec, daemon->options.state_dir);
    alerts_set(&daemon->alerts, ALERT_CLOCK, daemon_now_usec(daemon),
               ahead_sec > CLOCK_AHEAD_SEC ? text : NULL);
}

/*
 * Leases and deadlines outlive the daemon, so the ledger's time is the calendar's, except that it
 * never goes back: a calendar that was set back only starts from where the ledger was.
 */
static void set_epoch(struct daemon *daemon)
{
    uint64_t calendar = clock_calendar_usec();
    uint64_t ledger = ledger_now_usec(reservations_ledger(daemon->reservations));
    uint64_t begin_usec = ballast_max_u64(calendar, ledger);
    overlay_set_epoch(daemon->overlay,
                      ballast_sub_floor(begin_usec, engine_host_now_usec(daemon->host)));
    daemon->started_usec = daemon->moved_usec = begin_usec;
    note_clock(daemon, calendar, ledger);
}

/*
 * As long as nobody is asked to give, the balancer's refusals say nothing of what could be free
 * once balancing goes on: they wait until then or for their deadline, but for what all could not
 * give together.
 */
static int answer_request(void *context, const struct ballast_host *host,
                          const struct balancer_verdict *verdict, struct ballast_error *err)
{
    struct daemon *daemon = context;
    struct tick_book inner = tick_ledger_book(reservations_book(daemon->reservations));
    struct balancer_verdict ours = *verdict;
    if (!verdict->granted && verdict->reason != BALANCER_TOO_LATE && !engine_balances(daemon)) {
        struct ledger *ledger = reservations_ledger(daemon->reservations);
        struct ledger_free free_now =
            tick_ledger_free_of(reservations_book(daemon->reservations), host);
        ours.b_kib = ballast_add_ceil(ledger_available_kib(ledger, &free_now),
                                      overlay_spare_kib(daemon->overlay));
        if (verdict->reason != BALANCER_NEVER_FITS || verdict->a_kib <= ours.b_kib)
            return ballast_fail(err, -EAGAIN, "nobody is balanced now");
    }
    int rc = inner.answer(inner.book, host, &ours, err);
    /* Its memory is there and cannot be promised: others do not go without it meanwhile. */
    if (rc < 0 && rc != -EAGAIN && verdict->granted) {
        struct ledger *ledger = reservations_ledger(daemon->reservations);
        struct ledger_verdict refused;
        (void)ledger_refuse(ledger, verdict->request, LEDGER_DEADLINE_OVER, 0, 0,
                            ballast_max_u64(host->now_usec, ledger_now_usec(ledger)), &refused,
                            NULL);
    }
    return rc;
}

static int list_waiting(void *context, const struct balancer_request **out, size_t *count,
                        struct ballast_error *err)
{
    struct daemon *daemon = context;
    struct tick_book inner = tick_ledger_book(reservations_book(daemon->reservations));
    return inner.waiting(inner.book, out, count, err);
}

static uint64_t promised_kib(void *context, const struct ballast_host *host)
{
    struct daemon *daemon = context;
    return tick_ledger_unseen_kib(reservations_book(daemon->reservations), host);
}

static int make_tick(struct daemon *daemon, struct ballast_error *err)
{
    struct tick_config config = {
        .hv = overlay_hv(daemon->overlay),
        .policy = daemon->policy,
        .options = {.inaccuracy_kib = daemon->config.inaccuracy_kib,
                    .guard_kib = engine_host_guard_kib(daemon->host)},
        .book = {.book = daemon,
                 .waiting = list_waiting,
                 .promised_kib = promised_kib,
                 .answer = answer_request},
        .memory = {.memory = daemon, .set = remember_set, .verdict = remember_verdict},
        .checks_laws = daemon->options.check_laws,
    };
    daemon->tick = tick_new(&config);
    return daemon->tick ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
}

static void take_policy(struct daemon *daemon)
{
    char name[64];
    daemon->policy = daemon->config.policy;
    if (reservations_get_text(daemon->reservations, "policy", name, sizeof(name)) == 0 &&
        policy_find(name))
        daemon->policy = policy_find(name);
}

static int open_reservations(struct daemon *daemon, struct ballast_error *err)
{
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(daemon->overlay);
    if (daemon->tick)
        return 0;
    if (daemon_real_usec() < daemon->ready_usec)
        return -EAGAIN;
    daemon->ready_usec = daemon_real_usec() + OPEN_AGAIN_USEC;
    int rc = hv->ops->refresh(hv, &host, err);
    if (rc < 0) {
        alerts_set(&daemon->alerts, ALERT_HOST, daemon_now_usec(daemon), err->text);
        return rc;
    }
    if ((rc = reservations_open(daemon->reservations, host->total_kib, err)) < 0)
        return rc;
    set_epoch(daemon);
    take_policy(daemon);
    floors_load(&daemon->floors, daemon->reservations);
    return make_tick(daemon, err);
}

uint64_t engine_available_kib(struct daemon *daemon)
{
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    struct ledger_free free_now = tick_ledger_free_of(reservations_book(daemon->reservations),
                                                      overlay_snapshot(daemon->overlay));
    uint64_t kept_kib = daemon->tick ? balancer_kept_kib(tick_balancer(daemon->tick)) : 0;
    return ballast_sub_floor(ledger_available_kib(ledger, &free_now), kept_kib);
}

/* The look */

static void note_breaches(struct daemon *daemon, const struct tick_result *result)
{
    char text[256];
    for (size_t i = 0; i < result->breach_count; i++) {
        tick_breach_text(&result->breaches[i], text, sizeof(text));
        engine_log(LOG_ERR, "%s", text);
    }
    daemon->breaches += result->breach_count;
}

/* Of a simulated host everything is known: what its parts do not sum to has been lost or made. */
static int check_conservation(struct daemon *daemon, const struct ballast_host *host,
                              struct ballast_error *err)
{
    struct ballast_host_breakdown parts;
    if (!engine_host_is_sim(daemon->host))
        return 0;
    int rc = ballast_host_divide(host, promised_kib(daemon, host), NULL, &parts, NULL, err);
    if (rc < 0 || (parts.overcounted_kib == 0 && parts.part_kib[BALLAST_PART_UNEXPLAINED] == 0))
        return rc;
    return ballast_fail(err, -EPROTO,
                        "law 1, conservation: %" PRIu64 " KiB are nobody's, %" PRIu64
                        " KiB are there twice",
                        parts.part_kib[BALLAST_PART_UNEXPLAINED], parts.overcounted_kib);
}

/*
 * A build that no grant awaits is foreign until somebody binds it, also when nothing of it is left
 * to build.
 */
static bool is_foreign_build(const struct daemon *daemon, const struct ballast_host *host, size_t i)
{
    struct ledger_domain life = {.domid = host->domains[i].id};
    memcpy(life.uuid, overlay_domain(daemon->overlay, i)->uuid, sizeof(life.uuid));
    return host->domains[i].state == BALLAST_DOMAIN_BUILD &&
           !ledger_had_domain(reservations_ledger(daemon->reservations), &life);
}

static bool any_foreign_build(const struct daemon *daemon, const struct ballast_host *host)
{
    for (size_t i = 0; i < host->domain_count; i++) {
        if (is_foreign_build(daemon, host, i))
            return true;
    }
    return false;
}

/*
 * Foreign builds take from what is promised, and no daemon can hold them; ours are not foreign, and
 * what they have taken by now is used.
 */
static void check_ledger(struct daemon *daemon)
{
    struct ballast_error err;
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(daemon->overlay);
    if (!daemon->options.check_laws || hv->ops->refresh(hv, &host, NULL) < 0)
        return;
    (void)tick_ledger_see(reservations_book(daemon->reservations), host, uuid_of, NULL);
    struct ledger_free free_now =
        tick_ledger_free_of(reservations_book(daemon->reservations), host);
    bool alone = free_now.foreign_kib == 0 && !any_foreign_build(daemon, host);
    daemon->law_checks += alone;
    if (ledger_check(ledger, alone ? &free_now : NULL, &err) == 0 &&
        check_conservation(daemon, host, &err) == 0)
        return;
    engine_log(LOG_ERR, "%s", err.text);
    daemon->breaches++;
}

static uint64_t held_sum(const struct ballast_host *host)
{
    uint64_t sum = host->domain_count;
    for (size_t i = 0; i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        sum = sum * 31 + domain->id;
        sum = sum * 31 + domain->tot_kib + (domain->state == BALLAST_DOMAIN_BUILD);
    }
    return sum;
}

static void note_moves(struct daemon *daemon, const struct tick_result *result)
{
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    struct ledger_sums sums = ledger_sums(reservations_ledger(daemon->reservations));
    uint64_t sum = held_sum(host);
    bool open = sums.in_state[LEDGER_REQUESTED] + sums.in_state[LEDGER_RECLAIMING] +
                    sums.in_state[LEDGER_BOUND] >
                0;
    if (open || sum != daemon->held_sum || result->done + result->failed + result->skipped > 0)
        daemon->moved_usec = daemon_now_usec(daemon);
    daemon->held_sum = sum;
}

/* Guests whose writing to xenstore is not listened to, by name: what they do is theirs to answer
 * for. */
static void note_noise(struct daemon *daemon)
{
    enum { NAMED = 4 };
    uint32_t domids[NAMED];
    char why[ALERT_TEXT];
    size_t at;
    size_t filled = 0;
    size_t count = engine_host_noisy(daemon->host, domids, NAMED);
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    for (size_t i = 0; i < count && i < NAMED; i++) {
        bool found = overlay_find(daemon->overlay, domids[i], &at) == 0;
        filled +=
            (size_t)snprintf(why + filled, sizeof(why) - filled, "%s%.64s (domain %" PRIu32 ")",
                             i > 0 ? ", " : "", found ? host->domains[at].name : "", domids[i]);
    }
    if (count > NAMED)
        filled +=
            (size_t)snprintf(why + filled, sizeof(why) - filled, " and %zu more", count - NAMED);
    if (count > 0)
        (void)snprintf(
            why + filled, sizeof(why) - filled,
            ": more than %d writes to xenstore in a second: sampled once a second for %" PRIu64
            " s instead of at each write; look in the guest for what writes",
            XEN_EVENTS_MOST, XEN_NOISY_USEC / BALLAST_SEC_USEC);
    alerts_set(&daemon->alerts, ALERT_NOISE, daemon_now_usec(daemon), count > 0 ? why : NULL);
}

static void sample_host(struct daemon *daemon)
{
    struct ballast_error err;
    struct tick_result result;
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(daemon->overlay);
    int rc = hv->ops->refresh(hv, &host, &err);
    if (rc == 0) {
        sampled_overlay = daemon->overlay;
        unpin_rivals(daemon);
        recorder_begin(daemon);
        /* What it could not write it says through trouble(); nothing is lost, it comes again. */
        tick_ledger_keep(reservations_book(daemon->reservations),
                         balancer_kept_kib(tick_balancer(daemon->tick)));
        (void)tick_ledger_see(reservations_book(daemon->reservations), host, uuid_of, NULL);
        rc = tick_run(daemon->tick, host->now_usec, &result, &err);
        note_breaches(daemon, &result);
    }
    alerts_set(&daemon->alerts, ALERT_HOST, daemon_now_usec(daemon), rc < 0 ? err.text : NULL);
    daemon->ticks++;
    daemon->sampled_usec = daemon_real_usec();
    if (rc < 0)
        return;
    note_noise(daemon);
    note_moves(daemon, &result);
    defence_check(daemon, &result);
    keep_stops(daemon);
    recorder_sample(daemon);
    costs_sample(daemon);
    check_ledger(daemon);
    daemon->watched = true;
}

static int step_host(struct daemon *daemon, uint64_t most_usec, bool *behind)
{
    struct ballast_error err;
    int rc = engine_host_step(daemon->host, most_usec, behind, &err);
    if (rc == 0)
        return 0;
    /* Only a fault of the simulated host itself comes here. */
    engine_log(LOG_ERR, "the simulated host: %s", err.text);
    daemon->breaches++;
    daemon->exit_status = 1;
    daemon_stop(daemon);
    return rc;
}

static uint64_t interval_usec(const struct daemon *daemon)
{
    bool calm = daemon_now_usec(daemon) - daemon->moved_usec > CALM_USEC;
    return calm ? daemon->config.idle_interval_usec : daemon->config.interval_usec;
}

/* Two moves of one reservation, one soon after the other, are told once, as it is then. */
static bool comes_again(const struct daemon *daemon, size_t i)
{
    for (size_t j = i + 1; j < daemon->change_count && j <= i + 8; j++) {
        if (daemon->changes[j].id == daemon->changes[i].id)
            return true;
    }
    return false;
}

/*
 * What `free` has freed is kept until a toolstack begins to build with it, or its lease ends: to
 * go on keeping it then would be to free it twice.
 */
static void end_free_holds(struct daemon *daemon)
{
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    const struct ballast_host *host = overlay_snapshot(daemon->overlay);
    const struct ledger_reservation *at = NULL;
    struct ledger_verdict verdict;
    struct ledger_free free_now =
        tick_ledger_free_of(reservations_book(daemon->reservations), host);
    if (free_now.foreign_kib == 0)
        return;
    while ((at = ledger_next(ledger, at))) {
        if (at->state == LEDGER_GRANTED &&
            strncmp(at->owner, ENGINE_FREE, strlen(ENGINE_FREE)) == 0)
            break;
    }
    if (at)
        (void)ledger_release(ledger, at->id, NULL,
                             reservations_now_usec(daemon->reservations, daemon->overlay), &verdict,
                             NULL);
}

void engine_settle(struct daemon *daemon)
{
    struct ledger *ledger = reservations_ledger(daemon->reservations);
    struct ledger_verdict verdict;
    /* Starting to free is a change itself, and comes behind; so this ends. */
    for (size_t i = 0; i < daemon->change_count; i++) {
        struct engine_change change = daemon->changes[i];
        const struct ledger_reservation *record = ledger_find(ledger, change.id);
        if (change.asked && record && record->state == LEDGER_REQUESTED)
            (void)ledger_start_reclaiming(
                ledger, change.id, reservations_now_usec(daemon->reservations, daemon->overlay),
                &verdict, NULL);
        if (!comes_again(daemon, i) && (record = ledger_find(ledger, change.id)))
            subscriptions_notify_reservation(daemon, record);
    }
    daemon->change_count = 0;
    waiters_answer(daemon);
}

static void tick_due(uv_timer_t *timer);

static void arm_in(struct daemon *daemon, uint64_t usec)
{
    uint64_t msec = ballast_max_u64(ballast_div_up(usec, 1000), 1);
    daemon->due_usec = daemon_real_usec() + msec * 1000;
    uv_timer_start(&daemon->timer, tick_due, msec, 0);
}

static void arm_timer(struct daemon *daemon)
{
    arm_in(daemon, engine_host_real_usec(daemon->host, interval_usec(daemon)));
}

static void tick_due(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    struct ballast_error err;
    bool behind = true;
    daemon->late_ticks += daemon_real_usec() > daemon->due_usec + 2 * daemon->config.interval_usec;
    for (int i = 0; i < TICKS_A_TURN && behind && !daemon->ending; i++) {
        if (step_host(daemon, interval_usec(daemon), &behind) < 0)
            return;
        if (open_reservations(daemon, &err) < 0)
            break;
        wait_for_quiet(daemon);
        sample_host(daemon);
        engine_settle(daemon);
    }
    engine_host_save(daemon->host);
    if (daemon->tick) {
        end_free_holds(daemon);
        subscriptions_notify_progress(daemon);
        reservations_write_again(daemon->reservations);
        reservations_trim(daemon->reservations);
        recorder_work(daemon);
    }
    arm_timer(daemon);
}

void engine_set_policy(struct daemon *daemon, const struct policy *policy)
{
    daemon->policy = policy;
    if (daemon->tick)
        tick_set_policy(daemon->tick, policy);
}

bool engine_catch_up(struct daemon *daemon)
{
    bool behind;
    /* While something moves no tick is to be left out. */
    return step_host(daemon, interval_usec(daemon), &behind) == 0;
}

void engine_sample(struct daemon *daemon)
{
    struct ballast_error err;
    if (open_reservations(daemon, &err) < 0)
        return;
    wait_for_quiet(daemon);
    sample_host(daemon);
    engine_host_save(daemon->host);
    /* At rest the next tick may be far away. */
    if (!daemon->ending && daemon->due_usec > daemon_real_usec() + daemon->config.interval_usec)
        arm_timer(daemon);
}

void engine_sample_soon(struct daemon *daemon)
{
    uint64_t due_usec = daemon->sampled_usec + daemon->config.interval_usec;
    uint64_t now_usec = daemon_real_usec();
    if (now_usec >= due_usec) {
        engine_sample(daemon);
        if (daemon->tick)
            engine_settle(daemon);
    } else if (daemon->due_usec > due_usec) {
        arm_in(daemon, due_usec - now_usec);
    }
}

int engine_init(struct daemon *daemon, struct ballast_error *err)
{
    daemon->policy = daemon->config.policy;
    daemon->decisions = decisions_new();
    daemon->recorder = recorder_new(daemon->options.state_dir);
    daemon->costs = costs_new();
    daemon->reservations = reservations_new(&(struct reservations_options){
        .state_dir = daemon->options.state_dir,
        .host = daemon->host,
        .changed = on_reservation,
        .trouble = on_trouble,
        .context = daemon,
    });
    daemon->overlay = overlay_new(&(struct overlay_options){
        .host = daemon->host,
        .config = &daemon->config,
        .settings = find_setting,
        .last_stop = find_last_stop,
        .foreign = on_foreign_target,
        .context = daemon,
    });
    if (!daemon->decisions || !daemon->recorder || !daemon->costs || !daemon->reservations ||
        !daemon->overlay)
        return ballast_fail(err, -ENOMEM, "out of memory");
    /* Until the ledger is read there is only the calendar. */
    overlay_set_epoch(daemon->overlay,
                      ballast_sub_floor(clock_calendar_usec(), engine_host_now_usec(daemon->host)));
    daemon->started_usec = daemon->moved_usec = daemon_now_usec(daemon);
    return 0;
}

void engine_begin(struct daemon *daemon)
{
    uv_timer_init(&daemon->loop, &daemon->timer);
    daemon->timer.data = daemon;
    engine_sample(daemon);
    if (daemon->tick)
        engine_settle(daemon);
    arm_timer(daemon);
}

void engine_release(struct daemon *daemon)
{
    tick_free(daemon->tick);
    reservations_free(daemon->reservations);
    overlay_free(daemon->overlay);
    decisions_free(daemon->decisions);
    recorder_free(daemon->recorder);
    costs_free(daemon->costs);
    free(daemon->changes);
}
