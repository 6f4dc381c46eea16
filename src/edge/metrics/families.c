/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/metrics/families.h"

#include <inttypes.h>
#include <string.h>

#include <json-c/json.h>

#include "core/base/units.h"
#include "core/model/host.h"
#include "edge/json/field.h"

/* Above this there is no xen maximum: dom0's without max: is all ones. */
#define NO_LIMIT_KIB (UINT64_C(1) << 50)

/* A family with one sample, which is a member of the answer. */
struct row {
    struct metrics_family family;
    const char *key;
};

static void write_rows(struct metrics_text *text, const struct row *rows, size_t count,
                       const struct json_object *object)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = json_field_u64(object, rows[i].key);
        if (value == BALLAST_NONE)
            continue;
        metrics_sample(text, &rows[i].family, NULL, 0, value, false);
    }
}

static void write_one(struct metrics_text *text, const struct metrics_family *family,
                      uint64_t value)
{
    metrics_sample(text, family, NULL, 0, value, false);
}

/* The daemon */

static void write_build(struct metrics_text *text, const struct json_object *hello)
{
    static const struct metrics_family family = {"ballast_build", METRICS_INFO, METRICS_PLAIN,
                                                 "The daemon that answers."};
    const char *daemon = json_field_string(hello, "daemon");
    const char *version = strchr(daemon, ' ');
    struct metrics_label label = {"version", version ? version + 1 : daemon};
    if (!hello)
        return;
    metrics_sample(text, &family, &label, 1, 1, false);
}

static void write_alerts(struct metrics_text *text, const struct json_object *status)
{
    static const struct metrics_family family = {"ballast_alert", METRICS_GAUGE, METRICS_PLAIN,
                                                 "1 for each alert of the daemon, by name."};
    const struct json_object *alerts = json_field(status, "alerts");
    size_t count = json_count(alerts);
    for (size_t i = 0; i < count; i++) {
        const struct json_object *alert = json_object_array_get_idx(alerts, i);
        struct metrics_label label = {"name", json_field_string(alert, "name")};
        metrics_sample(text, &family, &label, 1, 1, false);
    }
}

static void write_moved(struct metrics_text *text, const struct json_object *status)
{
    static const struct metrics_family family = {
        "ballast_moved_bytes", METRICS_COUNTER, METRICS_BYTES,
        "Memory that running domains freed (down) and took (up) since the daemon started."};
    static const struct {
        const char *key;
        const char *direction;
    } ways[] = {{"moved_down_kib", "down"}, {"moved_up_kib", "up"}};
    for (size_t i = 0; i < 2; i++) {
        uint64_t kib = json_field_u64(status, ways[i].key);
        struct metrics_label label = {"direction", ways[i].direction};
        if (kib != BALLAST_NONE)
            metrics_sample(text, &family, &label, 1, kib, false);
    }
}

static void write_admissions(struct metrics_text *text, const struct json_object *status)
{
    static const struct metrics_family family = {
        "ballast_admission", METRICS_COUNTER, METRICS_PLAIN,
        "Reservations that were granted and refused since the daemon started, by reason."};
    const struct json_object *admissions = json_field(status, "admissions");
    size_t count = json_count(admissions);
    for (size_t i = 0; i < count; i++) {
        const struct json_object *entry = json_object_array_get_idx(admissions, i);
        uint64_t number = json_field_u64(entry, "count");
        const struct metrics_label labels[] = {{"result", json_field_string(entry, "result")},
                                               {"reason", json_field_string(entry, "reason")}};
        if (number != BALLAST_NONE)
            metrics_sample(text, &family, labels, 2, number, false);
    }
}

/*
 * Guests that were compared with their prediction, by result; `outside` of them are above its bound
 * or below.
 */
static void write_predictions(struct metrics_text *text, const struct json_object *prediction)
{
    static const struct metrics_family family = {
        "ballast_prediction", METRICS_COUNTER, METRICS_PLAIN,
        "Guests whose cost was compared with its prediction since the daemon started, by verdict: "
        "within its bound, below or above."};
    uint64_t guests = json_field_u64(prediction, "guests");
    uint64_t outside = json_field_u64(prediction, "outside");
    uint64_t above = json_field_u64(prediction, "above");
    if (guests == BALLAST_NONE || outside == BALLAST_NONE || above == BALLAST_NONE)
        return;
    const struct {
        const char *verdict;
        uint64_t count;
    } rows[] = {{"within", ballast_sub_floor(guests, outside)},
                {"below", ballast_sub_floor(outside, above)},
                {"above", above}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct metrics_label label = {"verdict", rows[i].verdict};
        metrics_sample(text, &family, &label, 1, rows[i].count, false);
    }
}

static void write_profile(struct metrics_text *text, const struct json_object *prediction)
{
    static const struct metrics_family family = {
        "ballast_prediction_profile", METRICS_INFO, METRICS_PLAIN,
        "The profile that predicts the cost of guests, and its file if it is from a calibration."};
    const struct metrics_label labels[] = {{"profile", json_field_string(prediction, "profile")},
                                           {"file", json_field_string(prediction, "file")}};
    if (*labels[0].value)
        metrics_sample(text, &family, labels, 2, 1, false);
}

static void write_flags(struct metrics_text *text, const struct json_object *status)
{
    static const struct metrics_family paused = {"ballast_paused", METRICS_GAUGE, METRICS_PLAIN,
                                                 "1 while balancing is paused by command."};
    static const struct metrics_family writable = {
        "ballast_ledger_writable", METRICS_GAUGE, METRICS_PLAIN,
        "0 while nothing can be reserved because the ledger cannot be written."};
    static const struct metrics_family history = {
        "ballast_history_working", METRICS_GAUGE, METRICS_PLAIN,
        "0 while samples and events are lost because the history cannot be written."};
    static const struct metrics_family size = {"ballast_history_size_bytes", METRICS_GAUGE,
                                               METRICS_BYTES, "The size of the history on disk."};
    const struct json_object *flag = json_field(status, "paused");
    if (flag)
        write_one(text, &paused, (uint64_t)json_object_get_boolean(flag));
    flag = json_field(json_field(status, "ledger"), "writable");
    if (flag)
        write_one(text, &writable, (uint64_t)json_object_get_boolean(flag));
    /* If no history is configured, none is missing. */
    flag = json_field(json_field(status, "history"), "working");
    if (flag && json_field_u64(json_field(status, "history"), "most_kib") != 0)
        write_one(text, &history, (uint64_t)json_object_get_boolean(flag));
    uint64_t kib = json_field_u64(json_field(status, "history"), "size_kib");
    if (kib != BALLAST_NONE)
        write_one(text, &size, kib);
}

void metrics_daemon(struct metrics_text *text, const struct metrics_input *input)
{
    static const struct metrics_family up = {
        "ballast_up", METRICS_GAUGE, METRICS_PLAIN,
        "1 if ballastd answers and has read its host, else 0."};
    static const struct row rows[] = {
        {{"ballast_uptime_seconds", METRICS_GAUGE, METRICS_SECONDS,
          "The time since the daemon started."},
         "uptime_usec"},
        {{"ballast_ticks", METRICS_COUNTER, METRICS_PLAIN,
          "How often the daemon sampled the host."},
         "ticks"},
        {{"ballast_late_ticks", METRICS_COUNTER, METRICS_PLAIN,
          "How often it sampled the host late."},
         "late_ticks"},
        {{"ballast_unreserved_starts", METRICS_COUNTER, METRICS_PLAIN,
          "Domains that were built without a reservation since the daemon began."},
         "unreserved_starts"},
        {{"ballast_low_memory_events", METRICS_COUNTER, METRICS_PLAIN,
          "Low-memory notifications from Xen; absent if the daemon does not receive them."},
         "low_memory_events"},
        {{"ballast_clients", METRICS_GAUGE, METRICS_PLAIN, "Connections to its sockets."},
         "clients"},
    };
    write_one(text, &up, input->host != NULL);
    write_build(text, input->hello);
    if (!input->status)
        return;
    write_rows(text, rows, sizeof(rows) / sizeof(rows[0]), input->status);
    write_flags(text, input->status);
    write_alerts(text, input->status);
    write_moved(text, input->status);
    write_admissions(text, input->status);
    write_predictions(text, json_field(input->status, "prediction"));
    write_profile(text, json_field(input->status, "prediction"));
}

/* The host */

/*
 * By how much the parts exceed the total, as in a snapshot that was not taken at one moment, is a
 * component of its own and negative; so the sum is always the total.
 */
static void write_parts(struct metrics_text *text, const struct json_object *host,
                        uint64_t total_kib)
{
    static const struct metrics_family family = {
        "ballast_host_memory_bytes", METRICS_GAUGE, METRICS_BYTES,
        "The parts of the host's memory, which sum to ballast_host_memory_total_bytes."};
    const struct json_object *parts = json_field(host, "parts");
    uint64_t sum_kib = 0;
    if (json_object_is_type(parts, json_type_object)) {
        struct json_object_iterator at = json_object_iter_begin((struct json_object *)parts);
        struct json_object_iterator end = json_object_iter_end((struct json_object *)parts);
        for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
            struct metrics_label label = {"component", json_object_iter_peek_name(&at)};
            uint64_t kib = json_field_u64(parts, label.value);
            if (kib == BALLAST_NONE || kib > UINT64_MAX - sum_kib ||
                strcmp(label.value, "overcounted") == 0)
                continue;
            sum_kib += kib;
            metrics_sample(text, &family, &label, 1, kib, false);
        }
    }
    struct metrics_label label = {"component", "overcounted"};
    uint64_t beyond_kib = sum_kib > total_kib ? sum_kib - total_kib : total_kib - sum_kib;
    metrics_sample(text, &family, &label, 1, beyond_kib, sum_kib > total_kib);
}

/* Of the component xen; nothing where that is not known. */
static void write_xen_parts(struct metrics_text *text, const struct json_object *host)
{
    static const struct metrics_family family = {
        "ballast_host_xen_memory_bytes", METRICS_GAUGE, METRICS_BYTES,
        "What the component xen of ballast_host_memory_bytes consists of, as far as it is known."};
    const struct json_object *parts = json_field(host, "xen_parts");
    if (!json_object_is_type(parts, json_type_object))
        return;
    struct json_object_iterator at = json_object_iter_begin((struct json_object *)parts);
    struct json_object_iterator end = json_object_iter_end((struct json_object *)parts);
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        struct metrics_label label = {"part", json_object_iter_peek_name(&at)};
        uint64_t kib = json_field_u64(parts, label.value);
        if (kib != BALLAST_NONE)
            metrics_sample(text, &family, &label, 1, kib, false);
    }
}

/* 1 for the state that it is in, 0 for the others. */
static void write_host_state(struct metrics_text *text, const struct json_object *host)
{
    static const struct metrics_family family = {"ballast_host_state", METRICS_GAUGE, METRICS_PLAIN,
                                                 "How scarce memory is: 1 for the present state."};
    static const char *const states[] = {"plenty", "soft", "hard", "low"};
    const char *now = json_field_string(host, "state");
    for (size_t i = 0; *now && i < sizeof(states) / sizeof(states[0]); i++) {
        struct metrics_label label = {"state", states[i]};
        metrics_sample(text, &family, &label, 1, strcmp(now, states[i]) == 0, false);
    }
}

void metrics_host(struct metrics_text *text, const struct json_object *host)
{
    static const struct row rows[] = {
        {{"ballast_host_memory_total_bytes", METRICS_GAUGE, METRICS_BYTES,
          "All memory of the host."},
         "total_kib"},
        {{"ballast_host_available_bytes", METRICS_GAUGE, METRICS_BYTES,
          "What can be granted to a start at once."},
         "available_kib"},
        {{"ballast_host_reserved_claimed_bytes", METRICS_GAUGE, METRICS_BYTES,
          "Of what is reserved, what Xen itself keeps from all others."},
         "reserved_claim_kib"},
        {{"ballast_host_headroom_bytes", METRICS_GAUGE, METRICS_BYTES,
          "What is left free for starts that do not ask."},
         "headroom_kib"},
        {{"ballast_host_headroom_missing_bytes", METRICS_GAUGE, METRICS_BYTES,
          "How much of the headroom is not free."},
         "headroom_missing_kib"},
        {{"ballast_host_unneeded_bytes", METRICS_GAUGE, METRICS_BYTES,
          "What is available and what guests have beyond their need, less what others lack."},
         "unneeded_kib"},
        {{"ballast_host_unexplained_most_bytes", METRICS_GAUGE, METRICS_BYTES,
          "The most that should be unexplained on this host."},
         "unexplained_most_kib"},
        {{"ballast_host_deficit_bytes", METRICS_GAUGE, METRICS_BYTES,
          "By how much claims, reservations and slack exceed free memory."},
         "deficit_kib"},
    };
    uint64_t total_kib = json_field_u64(host, "total_kib");
    write_rows(text, rows, sizeof(rows) / sizeof(rows[0]), host);
    if (total_kib != BALLAST_NONE)
        write_parts(text, host, total_kib);
    write_xen_parts(text, host);
    write_host_state(text, host);
}

/* Reservations */

static void write_reservation(struct metrics_text *text, const struct metrics_family *family,
                              const struct json_object *entry, const char *key,
                              const char *less_key)
{
    char id[24];
    uint64_t kib = json_field_u64(entry, key);
    uint64_t less_kib = less_key ? json_field_u64(entry, less_key) : 0;
    (void)snprintf(id, sizeof(id), "%" PRIu64, json_field_u64(entry, "id"));
    const struct metrics_label labels[] = {{"client", json_field_string(entry, "owner")},
                                           {"id", id}};
    if (kib != BALLAST_NONE)
        metrics_sample(text, family, labels, 2,
                       ballast_sub_floor(kib, less_kib == BALLAST_NONE ? 0 : less_kib), false);
}

void metrics_reservations(struct metrics_text *text, const struct json_object *reservations)
{
    static const struct {
        struct metrics_family family;
        const char *key;
        const char *less_key;
    } rows[] = {
        {{"ballast_reservation_bytes", METRICS_GAUGE, METRICS_BYTES,
          "Memory that is granted to a start and not used yet."},
         "granted_kib",
         "used_kib"},
        {{"ballast_reservation_missing_bytes", METRICS_GAUGE, METRICS_BYTES,
          "Memory that a start and those before it still lack."},
         "missing_kib",
         NULL},
    };
    size_t count = ballast_min_u64(json_count(reservations), METRICS_RESERVATIONS);
    for (size_t row = 0; row < 2 && count > 0; row++) {
        for (size_t i = 0; i < count; i++)
            write_reservation(text, &rows[row].family, json_object_array_get_idx(reservations, i),
                              rows[row].key, rows[row].less_key);
    }
}

/* Domains */

/* The labels of a domain; `id` has room for its number. */
static void label_domain(const struct json_object *domain, char id[24],
                         struct metrics_label labels[3])
{
    (void)snprintf(id, 24, "%" PRIu64, json_field_u64(domain, "domid"));
    labels[0] = (struct metrics_label){"domid", id};
    labels[1] = (struct metrics_label){"uuid", json_field_string(domain, "uuid")};
    labels[2] = (struct metrics_label){"name", json_field_string(domain, "name")};
}

/* The value of a domain; BALLAST_NONE: none. */
typedef uint64_t value_fn(const struct json_object *domain);

/* The part of its estimated need that exceeds its current memory. */
static uint64_t pressure_permyriad(const struct json_object *domain)
{
    uint64_t need_kib = json_field_u64(domain, "need_kib");
    uint64_t current_kib = json_field_u64(domain, "current_kib");
    if (need_kib == BALLAST_NONE || current_kib == BALLAST_NONE)
        return BALLAST_NONE;
    if (need_kib == 0)
        return 0;
    return ballast_mul_div(ballast_sub_floor(need_kib, current_kib), BALLAST_PERMYRIAD, need_kib);
}

static uint64_t domain_follows(const struct json_object *domain)
{
    const char *balloon_status = json_field_string(domain, "balloon_status");
    if (strcmp(balloon_status, "follows") == 0 || strcmp(balloon_status, "slow") == 0)
        return 1;
    return strcmp(balloon_status, "stuck") == 0 || strcmp(balloon_status, "no-driver") == 0
               ? 0
               : BALLAST_NONE;
}

static uint64_t finite_maximum_kib(const struct json_object *domain)
{
    uint64_t kib = json_field_u64(domain, "xen_maximum_kib");
    return kib >= NO_LIMIT_KIB ? BALLAST_NONE : kib;
}

struct domain_row {
    struct metrics_family family;
    const char *key;
    value_fn *value; /* instead of a key */
};

static const struct domain_row domain_rows[] = {
    {{"ballast_domain_target_bytes", METRICS_GAUGE, METRICS_BYTES,
      "The target of the domain, video memory included."},
     "target_kib",
     NULL},
    {{"ballast_domain_pinned_target_bytes", METRICS_GAUGE, METRICS_BYTES,
      "The target that an administrator set and the balancer keeps; absent if there is none."},
     "pinned_kib",
     NULL},
    {{"ballast_domain_xen_maximum_bytes", METRICS_GAUGE, METRICS_BYTES,
      "Its xen maximum; absent if it has none."},
     NULL,
     finite_maximum_kib},
    {{"ballast_domain_dynamic_min_bytes", METRICS_GAUGE, METRICS_BYTES, "Its dynamic minimum."},
     "dynamic_min_kib",
     NULL},
    {{"ballast_domain_dynamic_max_bytes", METRICS_GAUGE, METRICS_BYTES, "Its dynamic maximum."},
     "dynamic_max_kib",
     NULL},
    {{"ballast_domain_need_bytes", METRICS_GAUGE, METRICS_BYTES,
      "Its need, as the balancer estimates it."},
     "need_kib",
     NULL},
    {{"ballast_domain_used_bytes", METRICS_GAUGE, METRICS_BYTES,
      "The memory in use, as the guest reports it."},
     "used_kib",
     NULL},
    {{"ballast_domain_report_age_seconds", METRICS_GAUGE, METRICS_SECONDS,
      "The age of that report."},
     "report_age_usec",
     NULL},
    {{"ballast_domain_pressure_ratio", METRICS_GAUGE, METRICS_RATIO,
      "The part of its estimated need that exceeds its current memory."},
     NULL,
     pressure_permyriad},
    {{"ballast_domain_balloon_follows", METRICS_GAUGE, METRICS_PLAIN,
      "1 if its balloon follows its target, 0 if it is stuck or has no driver; "
      "absent before it was asked."},
     NULL,
     domain_follows},
    {{"ballast_domain_shares", METRICS_GAUGE, METRICS_PLAIN,
      "Its shares, the weight among domains."},
     "shares",
     NULL},
};

/* What its agent reports of its pressure; counts begin at its boot. */
static const struct metrics_family pressure_families[BALLAST_PRESSURES] = {
    [BALLAST_PRESSURE_SOME] =
        {"ballast_domain_psi_some_ratio", METRICS_GAUGE, METRICS_RATIO,
         "The part of the last 10 seconds in which some task of the guest waited for memory, as "
         "ballast-agent reports it."},
    [BALLAST_PRESSURE_FULL] =
        {"ballast_domain_psi_full_ratio", METRICS_GAUGE, METRICS_RATIO,
         "The part of the last 10 seconds in which all its tasks waited for memory."},
    [BALLAST_PRESSURE_REFAULTS] =
        {"ballast_domain_refaults", METRICS_COUNTER, METRICS_PLAIN,
         "Pages of its working set that its kernel reclaimed and read again, since its boot."},
    [BALLAST_PRESSURE_SWAPINS] = {"ballast_domain_swapins", METRICS_COUNTER, METRICS_PLAIN,
                                  "Pages that it read from swap, since its boot."},
    [BALLAST_PRESSURE_STALLS] = {"ballast_domain_stalls", METRICS_COUNTER, METRICS_PLAIN,
                                 "Allocations that had to reclaim memory first, since its boot."},
    [BALLAST_PRESSURE_OOM_KILLS] =
        {"ballast_domain_oom_kills", METRICS_COUNTER, METRICS_PLAIN,
         "Processes that its kernel killed for lack of memory, since its boot."},
};

static void write_domain_value(struct metrics_text *text, const struct metrics_family *family,
                               const struct json_object *domain, uint64_t value)
{
    char id[24];
    struct metrics_label labels[3];
    if (value == BALLAST_NONE)
        return;
    label_domain(domain, id, labels);
    metrics_sample(text, family, labels, 3, value, false);
}

static void write_domain_row(struct metrics_text *text, const struct domain_row *row,
                             const struct json_object *domains, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct json_object *domain = json_object_array_get_idx(domains, i);
        write_domain_value(text, &row->family, domain,
                           row->value ? row->value(domain) : json_field_u64(domain, row->key));
    }
}

static void write_pressure(struct metrics_text *text, enum ballast_pressure_kind kind,
                           const struct json_object *domains, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct json_object *domain = json_object_array_get_idx(domains, i);
        write_domain_value(
            text, &pressure_families[kind], domain,
            json_field_u64(json_field(domain, "pressure"), ballast_pressure_name(kind)));
    }
}

struct cut {
    struct metrics_text *text;
    const struct metrics_family *family;
    struct metrics_label labels[4];
    uint64_t left_kib;
};

/* The next component, at most what is left. */
static void cut_off(struct cut *cut, const char *component, uint64_t kib)
{
    uint64_t part_kib = ballast_min_u64(kib == BALLAST_NONE ? 0 : kib, cut->left_kib);
    cut->left_kib -= part_kib;
    cut->labels[3] = (struct metrics_label){"component", component};
    metrics_sample(cut->text, cut->family, cut->labels, 4, part_kib, false);
}

/*
 * If the configuration is known it determines the parts, and what exceeds it is in the last
 * component of each half; else there are only the two halves.
 */
static void write_memory(struct metrics_text *text, const struct metrics_family *family,
                         const struct json_object *domain)
{
    struct json_object *segments = json_field(domain, "segments");
    uint64_t overhead_kib = json_field_u64(domain, "overhead_kib");
    char id[24];
    struct cut cut = {.text = text, .family = family};
    label_domain(domain, id, cut.labels);
    cut.left_kib = json_field_u64(domain, "current_kib");
    if (cut.left_kib == BALLAST_NONE)
        return;
    if (segments) {
        cut_off(&cut, "video", json_field_u64(segments, "video"));
        cut_off(&cut, "extra", json_field_u64(segments, "extra_internal"));
    }
    cut_off(&cut, segments ? "guest" : "held", BALLAST_NONE - 1);
    cut.left_kib = overhead_kib == BALLAST_NONE ? 0 : overhead_kib;
    if (segments) {
        cut_off(&cut, "paging_pool", json_field_u64(segments, "shadow"));
        cut_off(&cut, "iommu", json_field_u64(segments, "iommu"));
    }
    cut_off(&cut, "overhead", BALLAST_NONE - 1);
}

/*
 * For guests that were built while the daemon sampled; negative if the cost was below the
 * prediction.
 */
static void write_errors(struct metrics_text *text, const struct json_object *domains, size_t count)
{
    static const struct metrics_family family = {
        "ballast_prediction_error_bytes", METRICS_GAUGE, METRICS_BYTES,
        "The measured cost of a guest's build, less the predicted one."};
    for (size_t i = 0; i < count; i++) {
        const struct json_object *domain = json_object_array_get_idx(domains, i);
        const struct json_object *error = json_field(json_field(domain, "cost"), "difference_kib");
        char id[24];
        struct metrics_label labels[3];
        if (!json_object_is_type(error, json_type_int))
            continue;
        int64_t kib = json_object_get_int64(error);
        label_domain(domain, id, labels);
        metrics_sample(text, &family, labels, 3, kib < 0 ? -(uint64_t)kib : (uint64_t)kib, kib < 0);
    }
}

static void write_domain_info(struct metrics_text *text, const struct json_object *domains,
                              size_t count)
{
    static const struct metrics_family family = {"ballast_domain", METRICS_INFO, METRICS_PLAIN,
                                                 "The type and state of a domain."};
    for (size_t i = 0; i < count; i++) {
        const struct json_object *domain = json_object_array_get_idx(domains, i);
        char id[24];
        struct metrics_label labels[5];
        label_domain(domain, id, labels);
        labels[3] = (struct metrics_label){"type", json_field_string(domain, "type")};
        labels[4] = (struct metrics_label){"state", json_field_string(domain, "state")};
        metrics_sample(text, &family, labels, 5, 1, false);
    }
}

static void write_sources(struct metrics_text *text, const struct json_object *domains,
                          size_t count)
{
    static const struct metrics_family family = {
        "ballast_domain_report", METRICS_INFO, METRICS_PLAIN,
        "Which program reports the use of a domain's memory."};
    for (size_t i = 0; i < count; i++) {
        const struct json_object *domain = json_object_array_get_idx(domains, i);
        char id[24];
        struct metrics_label labels[4];
        if (!json_field(domain, "report_source"))
            continue;
        label_domain(domain, id, labels);
        labels[3] = (struct metrics_label){"source", json_field_string(domain, "report_source")};
        metrics_sample(text, &family, labels, 4, 1, false);
    }
}

void metrics_domains(struct metrics_text *text, const struct json_object *domains)
{
    static const struct metrics_family memory = {
        "ballast_domain_memory_bytes", METRICS_GAUGE, METRICS_BYTES,
        "What a domain costs the host: its current memory, and overhead."};
    size_t count = ballast_min_u64(json_count(domains), METRICS_DOMAINS);
    if (count == 0)
        return;
    write_domain_info(text, domains, count);
    write_sources(text, domains, count);
    for (size_t i = 0; i < count; i++)
        write_memory(text, &memory, json_object_array_get_idx(domains, i));
    for (size_t row = 0; row < sizeof(domain_rows) / sizeof(domain_rows[0]); row++)
        write_domain_row(text, &domain_rows[row], domains, count);
    for (int kind = 0; kind < BALLAST_PRESSURES; kind++)
        write_pressure(text, (enum ballast_pressure_kind)kind, domains, count);
    write_errors(text, domains, count);
}
