/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/engine/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ballastd/engine/changes.h"
#include "app/ballastd/engine/clock.h"
#include "app/ballastd/engine/costs.h"
#include "app/ballastd/engine/defence.h"
#include "app/ballastd/engine/headroom.h"
#include "app/ballastd/engine/outlook.h"
#include "app/ballastd/engine/law_checks.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/engine/rival.h"
#include "app/ballastd/engine/state.h"
#include "app/ballastd/engine/tick_book.h"
#include "app/ballastd/engine/tick_memory.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/hv/hv.h"

/* A store that cannot be opened is tried again so often; the clock is the real one. */
#define OPEN_AGAIN_USEC (5 * BALLAST_SEC_USEC)
/* How long after the last move the host is sampled as often as while something moves. */
#define CALM_USEC (2 * BALLAST_SEC_USEC)
/* A domain so near to its target is there: extra internal pages, LIBXL_MAXMEM_CONSTANT. */
#define THERE_KIB UINT64_C(1024)
/* A fast simulated clock may make so many ticks in one turn of the loop. */
enum { TICKS_A_TURN = 8 };

static bool find_setting(void *context, const uint8_t uuid[LEDGER_UUID],
                         struct overlay_setting *out)
{
    struct engine *engine = context;
    return reservations_get_setting(engine->reservations, uuid, out);
}

static struct balloon_stop find_last_stop(void *context, const uint8_t uuid[LEDGER_UUID])
{
    struct engine *engine = context;
    return floors_find(&engine->floors, uuid);
}

/* What the balancer has learned of where balloons stop outlives it. */
static void keep_stops(struct engine *engine)
{
    const struct balancer *balancer = tick_balancer(engine->tick);
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    struct domain_estimate estimate;
    if (balancer_stop_changes(balancer) == engine->stop_changes)
        return;
    engine->stop_changes = balancer_stop_changes(balancer);
    for (size_t i = 0; i < host->domain_count; i++) {
        if (balancer_estimate(balancer, host->domains[i].id, &estimate) == 0)
            floors_note(&engine->floors, overlay_domain(engine->overlay, i)->uuid,
                        &estimate.last_stop);
    }
    floors_keep(&engine->floors, engine->reservations);
}

/* The ledger */

static void on_trouble(void *context, const char *why)
{
    struct engine *engine = context;
    char text[ALERT_TEXT];
    bool is_daemon = engine->options.role == ENGINE_BALANCES;
    if (why)
        (void)snprintf(text, sizeof(text), "%s%s", why,
                       is_daemon ? "; ballastd grants no reservations until it can write the ledger"
                                 : "");
    alerts_set(&engine->alerts, ALERT_LEDGER, engine_now_usec(engine), why ? text : NULL);
}

/* Times and leases follow the ledger's clock, which may not be the calendar. */
static void note_clock(struct engine *engine, uint64_t calendar, uint64_t ledger)
{
    char text[ALERT_TEXT];
    uint64_t ahead_sec = ballast_sub_floor(ledger, calendar) / BALLAST_SEC_USEC;
    (void)snprintf(
        text, sizeof(text),
        "the ledger's clock is %" PRIu64 " s ahead of the calendar, which is or was wrong, and "
        "leases and deadlines follow the ledger's clock: correct the calendar and restart "
        "ballastd; if the calendar is right, stop ballastd, run 'ballastd --set-clock-back "
        "--state-dir %s' and start ballastd: nothing is lost",
        ahead_sec, engine->options.state_dir);
    alerts_set(&engine->alerts, ALERT_CLOCK, engine_now_usec(engine),
               ahead_sec > CLOCK_AHEAD_SEC ? text : NULL);
}

/*
 * Leases and deadlines outlive the daemon, so the ledger's time is the calendar's, except that it
 * never goes back: a calendar that was set back only starts from where the ledger was.
 */
static void set_epoch(struct engine *engine)
{
    uint64_t calendar = clock_calendar_usec();
    uint64_t ledger = ledger_now_usec(reservations_ledger(engine->reservations));
    uint64_t begin_usec = ballast_max_u64(calendar, ledger);
    overlay_set_epoch(engine->overlay, ballast_sub_floor(begin_usec, hv_now_usec(engine->host)));
    engine->counters.started_usec = engine->moved_usec = begin_usec;
    note_clock(engine, calendar, ledger);
}

static void take_policy(struct engine *engine)
{
    char name[64];
    engine->policy = engine->options.policy ? engine->options.policy : engine->config.policy;
    if (engine->options.policy)
        return;
    if (reservations_get_text(engine->reservations, "policy", name, sizeof(name)) < 0)
        return;
    if (policy_find(name))
        engine->policy = policy_find(name);
    else
        engine_log(LOG_WARNING,
                   "the ledger names an unknown policy, '%s': using %s; choose one with "
                   "'ballast policy NAME'",
                   name, engine->policy->name);
}

static int make_tick(struct engine *engine, struct ballast_error *err)
{
    struct tick_config config = {
        .hv = overlay_hv(engine->overlay),
        .policy = engine->policy,
        .options = {.inaccuracy_kib = engine->config.inaccuracy_kib,
                    .guard_kib = engine->host->ops->guard_kib,
                    .settings = engine_config_settings(&engine->config)},
        .book = tick_book_of(engine),
        .memory = tick_memory_of(engine),
        .dry = engine->options.role != ENGINE_BALANCES,
        .checks_laws = engine->options.check_laws,
    };
    engine->tick = tick_new(&config);
    return engine->tick ? 0 : ballast_fail(err, -ENOMEM, "out of memory");
}

static int open_reservations(struct engine *engine, struct ballast_error *err)
{
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(engine->overlay);
    if (engine->tick)
        return 0;
    if (clock_real_usec() < engine->ready_usec)
        return -EAGAIN;
    engine->ready_usec = clock_real_usec() + OPEN_AGAIN_USEC;
    int rc = hv->ops->refresh(hv, &host, err);
    if (rc < 0) {
        alerts_set(&engine->alerts, ALERT_HOST, engine_now_usec(engine), err->text);
        return rc;
    }
    if ((rc = reservations_open(engine->reservations, host->total_kib, err)) < 0)
        return rc;
    set_epoch(engine);
    /* A command that changes the host is alone: an earlier `free` has ended. */
    if (engine->options.role != ENGINE_BALANCES && !engine->options.read_only &&
        (rc = changes_end_free_requests(engine, err)) < 0)
        return rc;
    take_policy(engine);
    floors_load(&engine->floors, engine->reservations);
    recorder_open(engine);
    return make_tick(engine, err);
}

/* The sample */

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

static void note_moves(struct engine *engine, const struct tick_result *result)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    struct ledger_sums sums = ledger_sums(reservations_ledger(engine->reservations));
    uint64_t sum = held_sum(host);
    bool open = sums.in_state[LEDGER_REQUESTED] + sums.in_state[LEDGER_RECLAIMING] +
                    sums.in_state[LEDGER_BOUND] >
                0;
    if (open || sum != engine->held_sum || result->done + result->failed + result->skipped > 0)
        engine->moved_usec = engine_now_usec(engine);
    engine->held_sum = sum;
}

/* Guests whose writing to xenstore is not listened to, by name: what they do is theirs to answer
 * for. */
static void note_noise(struct engine *engine)
{
    enum { NAMED = 4 };
    uint32_t domids[NAMED];
    char why[ALERT_TEXT];
    size_t at;
    size_t filled = 0;
    size_t count = hv_noisy(engine->host, domids, NAMED);
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    for (size_t i = 0; i < count && i < NAMED; i++) {
        bool found = overlay_find(engine->overlay, domids[i], &at) == 0;
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
            " s instead of at each write: find the program in the guest that writes",
            HV_EVENTS_MOST, HV_NOISY_USEC / BALLAST_SEC_USEC);
    alerts_set(&engine->alerts, ALERT_NOISE, engine_now_usec(engine), count > 0 ? why : NULL);
}

/* What only looks at a host finds the same as the daemon there, which remembers it. */
static void note_findings(struct engine *engine, const struct tick_result *result)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    bool remembers = engine->options.role == ENGINE_BALANCES;
    for (size_t i = 0; remembers && i < result->decided.finding_count; i++)
        recorder_finding(engine, &result->decided.findings[i], host->now_usec);
}

/* A request is served all the same: then, and until those that moved for it are stopped. */
static void rest_or_serve(struct engine *engine)
{
    struct ledger_sums sums = ledger_sums(reservations_ledger(engine->reservations));
    if (!engine->rests)
        return;
    if (sums.in_state[LEDGER_REQUESTED] + sums.in_state[LEDGER_RECLAIMING] > 0)
        engine->calm_ticks = 0;
    else if (engine->calm_ticks < ENGINE_CALM_TICKS)
        engine->calm_ticks++;
    rival_update_hold(engine);
}

static void sample_and_tick(struct engine *engine)
{
    struct ballast_error err;
    struct tick_result result;
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(engine->overlay);
    rest_or_serve(engine);
    int rc = hv->ops->refresh(hv, &host, &err);
    if (rc == 0) {
        rival_unpin(engine);
        recorder_begin(engine);
        /* What it could not write it says through trouble(); nothing is lost, it comes again. */
        tick_ledger_keep(reservations_book(engine->reservations),
                         balancer_kept_kib(tick_balancer(engine->tick)));
        claims_see(engine);
        tick_book_see(engine, host);
        claims_lower(engine);
        headroom_refresh(engine, host);
        rc = tick_run(engine->tick, host->now_usec, &result, &err);
        law_checks_note(engine, &result);
        claims_follow(engine);
    }
    alerts_set(&engine->alerts, ALERT_HOST, engine_now_usec(engine), rc < 0 ? err.text : NULL);
    engine->counters.ticks++;
    engine->sampled_usec = clock_real_usec();
    if (rc < 0)
        return;
    note_noise(engine);
    outlook_follow(engine);
    note_findings(engine, &result);
    note_moves(engine, &result);
    defence_check(engine, &result);
    keep_stops(engine);
    recorder_sample(engine);
    costs_sample(engine);
    law_checks_run(engine);
    /* One of which was reported while this sample was taken. */
    if (hv_take_newcomer(engine->host))
        engine_meet_domain(engine);
}

static int step_host(struct engine *engine, uint64_t most_usec, bool *behind)
{
    struct ballast_error err;
    int rc = hv_step(engine->host, most_usec, behind, &err);
    if (rc == 0)
        return 0;
    /* Only a fault of the simulated host itself comes here. */
    engine_log(LOG_ERR, "the simulated host: %s", err.text);
    engine->counters.breaches++;
    engine->failed = true;
    return rc;
}

static uint64_t interval_usec(const struct engine *engine)
{
    bool calm = engine_now_usec(engine) - engine->moved_usec > CALM_USEC;
    return calm ? engine->config.idle_interval_usec : engine->config.interval_usec;
}

static void schedule_in(struct engine *engine, uint64_t usec)
{
    engine->due_usec = clock_real_usec() + ballast_max_u64(usec, 1000);
}

static void schedule_next(struct engine *engine)
{
    schedule_in(engine, hv_real_usec(engine->host, interval_usec(engine)));
}

/* What a tick that was due leaves to be done when there is time. */
static void work_behind(struct engine *engine)
{
    changes_end_free_holds(engine);
    engine->observer.ticked(engine->observer.context);
    reservations_write_again(engine->reservations);
    reservations_trim(engine->reservations);
    recorder_work(engine);
}

void engine_tick(struct engine *engine)
{
    struct ballast_error err;
    bool behind = true;
    engine->counters.late_ticks +=
        clock_real_usec() > engine->due_usec + 2 * engine->config.interval_usec;
    for (int i = 0; i < TICKS_A_TURN && behind; i++) {
        if (step_host(engine, interval_usec(engine), &behind) < 0)
            return;
        if (open_reservations(engine, &err) < 0)
            break;
        rival_wait_for_quiet(engine);
        sample_and_tick(engine);
        engine_settle(engine);
    }
    hv_save(engine->host);
    if (engine->tick)
        work_behind(engine);
    schedule_next(engine);
}

bool engine_catch_up(struct engine *engine)
{
    bool behind;
    if (engine->host->stepped)
        return true;
    /* While something moves no tick is to be left out. */
    return step_host(engine, interval_usec(engine), &behind) == 0;
}

void engine_sample(struct engine *engine)
{
    struct ballast_error err;
    if (open_reservations(engine, &err) < 0)
        return;
    rival_wait_for_quiet(engine);
    sample_and_tick(engine);
    hv_save(engine->host);
    /* At rest the next tick may be far away. */
    if (engine->due_usec > clock_real_usec() + engine->config.interval_usec)
        schedule_next(engine);
}

void engine_sample_soon(struct engine *engine)
{
    uint64_t due_usec = engine->sampled_usec + engine->config.interval_usec;
    uint64_t now_usec = clock_real_usec();
    if (now_usec >= due_usec) {
        engine_sample(engine);
        engine_settle(engine);
    } else if (engine->due_usec > due_usec) {
        schedule_in(engine, due_usec - now_usec);
    }
}

void engine_lower_claim(struct engine *engine)
{
    if (engine->tick)
        claims_lower(engine);
}

/* A domain that has come may await memory that is claimed. */
void engine_meet_domain(struct engine *engine)
{
    struct ballast_error err;
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(engine->overlay);
    if (!engine->tick || engine->claims.now.count == 0 || hv->ops->refresh(hv, &host, &err) < 0)
        return;
    claims_see(engine);
    tick_book_see(engine, host);
    claims_lower(engine);
    hv_save(engine->host);
}

void engine_start_follows(struct engine *engine, uint64_t id)
{
    tick_ledger_start_follows(reservations_book(engine->reservations), id);
    claims_hand_over(engine, id);
}

void engine_settle(struct engine *engine)
{
    if (engine->tick)
        changes_settle(engine);
}

void engine_leave_reboots(struct engine *engine)
{
    engine->leaves_reboots = true;
}

void engine_begin(struct engine *engine)
{
    uint64_t begin_usec = clock_real_usec();
    engine_sample(engine);
    engine_settle(engine);
    if (engine->tick && engine->options.role == ENGINE_RECLAIMS)
        tick_set_dry(engine->tick, false);
    /* The first interval counts from here: reading the ledger may have taken its time. */
    engine->due_usec = begin_usec + hv_real_usec(engine->host, interval_usec(engine));
}

/* The domain keeps what it was asked to free and has not freed. */
static void leave_as_it_is(struct engine *engine, const struct ballast_domain *domain,
                           const struct overlay_record *record)
{
    struct ballast_error err;
    struct hv *hv = overlay_hv(engine->overlay);
    bool runs = domain->state == BALLAST_DOMAIN_RUN && domain->has_balloon;
    bool is_ours = record->set_target_kib != BALLAST_NONE;
    if (!runs || !is_ours || domain->tot_kib <= ballast_add_ceil(domain->target_kib, THERE_KIB))
        return;
    uint64_t maxmem_kib = ballast_max_u64(domain->maxmem_kib, domain->tot_kib);
    if (hv->ops->set(hv, domain->id, domain->tot_kib, maxmem_kib, &err) < 0)
        engine_log(LOG_WARNING, "domain %" PRIu32 ": it goes on to free memory: %s", domain->id,
                   err.text);
}

void engine_stop_reclaiming(struct engine *engine)
{
    struct ballast_error err;
    const struct ballast_host *host;
    struct hv *hv = overlay_hv(engine->overlay);
    bool seen = engine->tick && hv->ops->refresh(hv, &host, &err) == 0;
    for (size_t i = 0; seen && i < host->domain_count; i++)
        leave_as_it_is(engine, &host->domains[i], overlay_domain(engine->overlay, i));
    overlay_stop_raising(engine->overlay);
}

bool engine_moves(const struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    for (size_t i = 0; host && i < host->domain_count; i++) {
        const struct ballast_domain *domain = &host->domains[i];
        bool runs = domain->state == BALLAST_DOMAIN_RUN && domain->has_balloon;
        uint64_t low_kib = ballast_min_u64(domain->tot_kib, domain->target_kib);
        uint64_t high_kib = ballast_max_u64(domain->tot_kib, domain->target_kib);
        if (runs && high_kib > ballast_add_ceil(low_kib, THERE_KIB))
            return true;
    }
    return false;
}

/* What the host tells */

int engine_events_fd(const struct engine *engine)
{
    return hv_event_fd(engine->host);
}

void engine_take_events(struct engine *engine)
{
    if (!hv_take_events(engine->host))
        return;
    if (hv_take_newcomer(engine->host))
        engine_meet_domain(engine);
    engine_sample_soon(engine);
}

int engine_low_memory_fd(struct engine *engine)
{
    struct ballast_error err;
    int fd = hv_low_memory_fd(engine->host, &err);
    engine->counters.low_count = fd < 0 ? BALLAST_NONE : 0;
    if (fd < 0)
        engine_log(LOG_NOTICE,
                   "the low-memory notification (VIRQ_ENOMEM) is not available: %s; ignoring",
                   err.text);
    return fd;
}

/* Memory is taken fast: maxima may have to come down before the next tick. */
void engine_take_low_memory(struct engine *engine)
{
    if (!hv_take_low_memory(engine->host))
        return;
    engine->counters.low_count++;
    engine_sample(engine);
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    char free_text[32];
    struct ballast_text text = ballast_text_over(free_text, sizeof(free_text));
    ballast_text_add_size(&text, host ? host->free_kib : 0);
    engine_log(LOG_INFO, "low memory: %s free", free_text);
    engine_settle(engine);
}

/* What is set */

/* The usual profile is the machine's: other hosts have none but what the configuration names. */
static void take_config(struct engine *engine, struct engine_config *config)
{
    engine->config = *config;
    *config = (struct engine_config){0};
    if (engine->host->ops->is_machine)
        engine_config_usual_profile(&engine->config);
    if (!engine->options.state_dir || engine->options.read_only)
        engine->config.history_kib = 0;
}

static void use_policy(struct engine *engine, const struct policy *policy)
{
    engine->policy = policy;
    if (engine->tick)
        tick_set_policy(engine->tick, policy);
}

void engine_reconfigure(struct engine *engine, struct engine_config *config,
                        const struct ballast_error *err)
{
    alerts_set(&engine->alerts, ALERT_CONFIG, engine_now_usec(engine), err ? err->text : NULL);
    if (err)
        return;
    bool other_policy = config->policy != engine->config.policy;
    engine_config_release(&engine->config);
    take_config(engine, config);
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    if (host)
        engine_config_resolve(&engine->config, host->total_kib);
    if (engine->tick) {
        struct balancer_settings settings = engine_config_settings(&engine->config);
        tick_set_inaccuracy(engine->tick, engine->config.inaccuracy_kib);
        tick_set_settings(engine->tick, &settings);
    }
    /* A policy set by a command stays until the file names another one. */
    if (other_policy) {
        use_policy(engine, engine->config.policy);
        (void)reservations_put_text(engine->reservations, "policy", NULL, NULL);
    }
}

int engine_set_policy(struct engine *engine, const struct policy *policy, struct ballast_error *err)
{
    int rc = reservations_put_text(engine->reservations, "policy", policy->name, err);
    if (rc < 0)
        return rc;
    use_policy(engine, policy);
    engine_log(LOG_NOTICE, "the policy is now %s", policy->name);
    return 0;
}

void engine_pause(struct engine *engine, bool paused)
{
    engine->paused = paused;
    if (!paused)
        rival_end(engine);
    rival_update_hold(engine);
    engine_log(LOG_NOTICE, paused ? "balancing: paused" : "balancing: resumed");
}

void engine_rest(struct engine *engine, bool rests)
{
    if (engine->rests == rests)
        return;
    engine->rests = rests;
    engine->calm_ticks = ENGINE_CALM_TICKS;
    rival_update_hold(engine);
}

void engine_record_setting(struct engine *engine, const char *what, uint64_t domid, uint64_t uid,
                           const char *detail)
{
    char who[HISTORY_WORD];
    struct recorder_news news = RECORDER_NEWS;
    (void)snprintf(who, sizeof(who), "user %" PRIu64, uid);
    news.domid = domid;
    news.who = who;
    news.what = "setting";
    news.reason = what;
    news.detail = detail;
    recorder_news(engine, &news);
}

void engine_forget_donors(struct engine *engine)
{
    const struct ballast_host *host = overlay_snapshot(engine->overlay);
    for (size_t i = 0; host && i < host->domain_count; i++)
        overlay_domain(engine->overlay, i)->reclaim_from_kib = 0;
}

/* From the first moment to the last */

static void record_alert(void *context, enum alert_kind name, const struct alert *alert)
{
    struct engine *engine = context;
    struct recorder_news news = RECORDER_NEWS;
    news.what = alert->on ? "alert" : "alert-over";
    news.reason = alert_name(name);
    news.detail = alert->message;
    recorder_news(engine, &news);
    engine->observer.alert(engine->observer.context, name, alert);
}

static void meet_newcomer(void *context, const uint8_t uuid[HV_UUID], const char *name)
{
    claims_meet(context, uuid, name);
}

static int make_parts(struct engine *engine, struct ballast_error *err)
{
    engine->recorder = recorder_new(engine->options.state_dir);
    engine->costs = costs_new();
    engine->reservations = reservations_new(&(struct reservations_options){
        .state_dir = engine->options.state_dir,
        .read_only = engine->options.read_only,
        .host = engine->host,
        .changed = changes_on_reservation,
        .trouble = on_trouble,
        .context = engine,
    });
    engine->overlay = overlay_new(&(struct overlay_options){
        .host = engine->host,
        .config = &engine->config,
        .reclaims_only = engine->options.role == ENGINE_RECLAIMS,
        .settings = find_setting,
        .last_stop = find_last_stop,
        .foreign = rival_on_foreign_target,
        .context = engine,
    });
    if (!engine->recorder || !engine->costs || !engine->reservations || !engine->overlay)
        return ballast_fail(err, -ENOMEM, "out of memory");
    hv_on_newcomer(engine->host, meet_newcomer, engine);
    return 0;
}

int engine_new(const struct engine_options *options, struct hv *host, struct engine_config *config,
               const struct engine_observer *observer, struct engine **out,
               struct ballast_error *err)
{
    struct engine *engine = calloc(1, sizeof(*engine));
    if (!engine) {
        hv_close(host);
        engine_config_release(config);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    engine->options = *options;
    engine->host = host;
    engine->observer = *observer;
    engine->alerts.notify = record_alert;
    engine->alerts.context = engine;
    engine->counters.low_count = BALLAST_NONE;
    take_config(engine, config);
    engine->policy = engine->config.policy;
    int rc = make_parts(engine, err);
    if (rc < 0) {
        engine_free(engine);
        return rc;
    }
    /* Until the ledger is read there is only the calendar. */
    overlay_set_epoch(engine->overlay, ballast_sub_floor(clock_calendar_usec(), hv_now_usec(host)));
    engine->counters.started_usec = engine->moved_usec = engine_now_usec(engine);
    *out = engine;
    return 0;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    tick_free(engine->tick);
    reservations_free(engine->reservations);
    overlay_free(engine->overlay);
    recorder_free(engine->recorder);
    costs_free(engine->costs);
    claims_release(&engine->claims);
    hv_save(engine->host);
    hv_close(engine->host);
    engine_config_release(&engine->config);
    free(engine->changes);
    free(engine->dying);
    free(engine);
}
