/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/door.h"

#include <errno.h>
#include <json-c/json.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/web/answer.h"
#include "app/web/assets.h"
#include "app/web/metrics.h"
#include "core/base/error.h"
#include "core/base/units.h"
#include "core/model/host.h"
#include "edge/wire/methods.h"

struct request {
    struct MHD_Connection *connection;
    struct visit *visit;
    uint64_t since_usec;
    bool is_stream;
    bool waits;   /* suspended until a look, an answer or its time is over */
    bool waited;  /* once is enough */
    uint64_t ask; /* of the link; 0: none */
    unsigned status;
    char *text; /* what came for `ask` */
    size_t text_length;
};

/* A TCP connection, which makes one request after the other. */
struct visit {
    struct door *door;
    struct visit *next;
    struct visit *prev;
    int fd;
    uint64_t since_usec; /* it came, or its last request was done */
    struct request *request;
};

struct door {
    struct MHD_Daemon *http;
    struct request_address ours;
    struct link *link;
    struct look *look;
    struct events *events;
    struct visit *visits;
    size_t visit_count;
    size_t waiting;
    size_t answers;    /* bytes of all requests' texts */
    uint64_t now_usec; /* of the loop's turn */
    uint64_t swept_usec;
};

/* How often deadlines are looked at. */
#define SWEEP_USEC BALLAST_SEC_USEC
/* When places become scarce those that say nothing have less time. */
enum { SCARCE = DOOR_CONNECTIONS * 3 / 4 };
#define SCARCE_USEC (UINT64_C(2) * BALLAST_SEC_USEC)

static struct visit *visit_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* MHD_NotifyConnectionCallback */
static void came_or_went(void *context, struct MHD_Connection *connection, void **socket_context,
                         enum MHD_ConnectionNotificationCode code)
{
    struct door *door = context;
    struct visit *visit = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        visit = info ? calloc(1, sizeof(*visit)) : NULL;
        *socket_context = visit;
        if (!visit)
            return;
        *visit = (struct visit){.door = door,
                                .next = door->visits,
                                .fd = info->connect_fd,
                                .since_usec = door->now_usec};
        if (door->visits)
            door->visits->prev = visit;
        door->visits = visit;
        door->visit_count++;
    } else if (visit) {
        if (visit->next)
            visit->next->prev = visit->prev;
        if (visit->prev)
            visit->prev->next = visit->next;
        else
            door->visits = visit->next;
        door->visit_count--;
        free(visit);
        *socket_context = NULL;
    }
}

/* MHD_RequestCompletedCallback */
static void completed(void *context, struct MHD_Connection *connection, void **request_context,
                      enum MHD_RequestTerminationCode code)
{
    struct door *door = context;
    struct request *request = *request_context;
    (void)connection;
    (void)code;
    if (!request)
        return;
    if (request->waits)
        door->waiting--;
    request->visit->request = NULL;
    request->visit->since_usec = door->now_usec;
    door->answers -= request->text_length;
    free(request->text);
    free(request);
    *request_context = NULL;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result count_host(void *context, enum MHD_ValueKind kind, const char *key,
                                  const char *value)
{
    (void)kind;
    (void)value;
    *(unsigned *)context += strcasecmp(key, "Host") == 0;
    return MHD_YES;
}

/* true: it was refused, and *rc is what that came to. */
static bool refuse(struct door *door, struct MHD_Connection *connection, const char *url,
                   const char *method, enum MHD_Result *rc)
{
    unsigned hosts = 0;
    const char *length = header(connection, "Content-Length");
    const char *site = header(connection, "Sec-Fetch-Site");
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, count_host, &hosts);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        *rc = answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
    else if ((length && strcmp(length, "0") != 0) || header(connection, "Transfer-Encoding"))
        *rc = answer_error(connection, MHD_HTTP_BAD_REQUEST, "a request here has no body");
    else if (hosts != 1)
        *rc = answer_error(connection, MHD_HTTP_BAD_REQUEST, "one Host header is needed");
    else if (!request_host_is_ours(header(connection, "Host"), &door->ours))
        *rc = answer_error(connection, MHD_HTTP_MISDIRECTED_REQUEST,
                           "this server has another name: use its address or localhost");
    else if (site && strcmp(site, "cross-site") == 0 && strncmp(url, "/api/", 5) == 0)
        *rc = answer_error(connection, MHD_HTTP_FORBIDDEN, "not for pages of other servers");
    else
        return false;
    return true;
}

/* Puts it aside until door_looked() or door_answered(), or until that has taken too long. */
static bool wait_for(struct door *door, struct request *request)
{
    if (request->waited || door->waiting >= DOOR_WAITING)
        return false;
    request->waits = true;
    request->waited = true;
    request->since_usec = door->now_usec;
    door->waiting++;
    MHD_suspend_connection(request->connection);
    return true;
}

static void go_on(struct door *door, struct request *request)
{
    request->waits = false;
    door->waiting--;
    MHD_resume_connection(request->connection);
}

static enum MHD_Result get_state(struct door *door, struct request *request)
{
    const struct frame *frame;
    struct MHD_Connection *connection = request->connection;
    if (!request->waited && !look_want(door->look, DOOR_FRESH_USEC, door->now_usec) &&
        wait_for(door, request))
        return MHD_YES;
    if (!(frame = look_frame(door->look)))
        return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                            look_why_away(door->look) ? look_why_away(door->look)
                                                      : "the daemon has not answered yet");
    /* What was known last is better than nothing, and 203 says whose word it is not. */
    return answer_data(connection,
                       look_why_away(door->look) ? MHD_HTTP_NON_AUTHORITATIVE_INFORMATION
                                                 : MHD_HTTP_OK,
                       "application/json", frame->bytes + frame->json_at, frame->json_length);
}

static enum MHD_Result get_metrics(struct door *door, struct request *request)
{
    struct metrics_page page;
    struct MHD_Connection *connection = request->connection;
    if (!request->waited && !look_want(door->look, DOOR_FRESH_USEC, door->now_usec) &&
        wait_for(door, request))
        return MHD_YES;
    /* Old figures would be stored as new ones: a daemon that is away has none. */
    const struct json_object *state = look_why_away(door->look) ? NULL : look_state(door->look);
    if (web_metrics(state, header(connection, "Accept"), &page) < 0)
        return MHD_NO;
    enum MHD_Result rc = answer_data(connection, MHD_HTTP_OK, page.type, page.text, page.length);
    free(page.text);
    return rc;
}

static enum MHD_Result get_health(struct door *door, struct request *request)
{
    const char *text = link_is_up(door->link) ? "ok\n" : "the daemon is away\n";
    return answer_data(request->connection,
                       link_is_up(door->link) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                       "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result get_events(struct door *door, struct request *request, bool head)
{
    uint64_t known = 0;
    struct MHD_Connection *connection = request->connection;
    if (head)
        return answer_data(connection, MHD_HTTP_OK, "text/event-stream", "", 0);
    if (events_count(door->events) >= EVENTS_MOST)
        return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                            "too many pages are open here");
    (void)request_number(header(connection, "Last-Event-ID"), &known);
    request->is_stream = true;
    return events_answer(door->events, connection, known, door->now_usec);
}

static const char *argument(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* What may be asked of the daemon by HTTP, and the numbers that are handed on with it. */
struct question {
    const char *method;
    const char *numbers[4];
    const char *hint;
};

static const struct question history = {"history",
                                        {"since_usec", "until_usec", "points"},
                                        "domain, since_usec, until_usec and points are known, and "
                                        "all but domain are whole numbers"};
static const struct question why = {"why",
                                    {"since_usec", "before", "most"},
                                    "domain, since_usec, before and most are known, and all but "
                                    "domain are whole numbers"};

/* NULL: what is asked for cannot be. */
static struct json_object *params_of(struct MHD_Connection *connection,
                                     const struct question *question)
{
    struct json_object *params = json_object_new_object();
    const char *domain = argument(connection, "domain");
    uint64_t value = 0;
    bool good = !domain || (*domain && strlen(domain) <= WIRE_STRING_MOST);
    if (domain && good)
        json_object_object_add(params, "domain",
                               request_number(domain, &value) ? json_object_new_uint64(value)
                                                              : json_object_new_string(domain));
    for (size_t i = 0; good && question->numbers[i]; i++) {
        const char *text = argument(connection, question->numbers[i]);
        good = !text || request_number(text, &value);
        if (text && good)
            json_object_object_add(params, question->numbers[i], json_object_new_uint64(value));
    }
    if (good)
        return params;
    json_object_put(params);
    return NULL;
}

static enum MHD_Result hand_on(struct door *door, struct request *request,
                               const struct question *question)
{
    struct MHD_Connection *connection = request->connection;
    if (request->text)
        return answer_data(connection, request->status, "application/json", request->text,
                           request->text_length);
    if (request->waited)
        return answer_error(connection, MHD_HTTP_GATEWAY_TIMEOUT, "the daemon did not answer");
    struct json_object *params = params_of(connection, question);
    if (!params)
        return answer_error(connection, MHD_HTTP_BAD_REQUEST, question->hint);
    if (door->waiting < DOOR_WAITING && door->answers < DOOR_ANSWERS_MOST)
        request->ask =
            link_ask(door->link, question->method, json_object_get(params), door->now_usec);
    json_object_put(params);
    if (request->ask != 0 && wait_for(door, request))
        return MHD_YES;
    return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                        "the daemon is away, or too much is asked of it");
}

static enum MHD_Result route(struct door *door, struct request *request, const char *url, bool head)
{
    if (strcmp(url, "/api/state") == 0)
        return get_state(door, request);
    if (strcmp(url, "/api/events") == 0)
        return get_events(door, request, head);
    if (strcmp(url, "/api/history") == 0)
        return hand_on(door, request, &history);
    if (strcmp(url, "/api/why") == 0)
        return hand_on(door, request, &why);
    if (strcmp(url, "/metrics") == 0)
        return get_metrics(door, request);
    if (strcmp(url, "/healthz") == 0)
        return get_health(door, request);
    const struct web_asset *asset = web_asset_find(url);
    if (asset)
        return answer_asset(request->connection, asset);
    return answer_error(request->connection, MHD_HTTP_NOT_FOUND, "there is nothing of that name");
}

/* MHD_AccessHandlerCallback */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request_context)
{
    struct door *door = context;
    struct request *request = *request_context;
    enum MHD_Result rc = MHD_NO;
    (void)version;
    (void)upload;
    if (request) {
        /* refuse() has let no body in. */
        return *upload_size == 0 ? route(door, request, url, strcmp(method, "HEAD") == 0) : MHD_NO;
    }
    struct visit *visit = visit_of(connection);
    request = visit ? calloc(1, sizeof(*request)) : NULL;
    if (!request)
        return MHD_NO;
    *request =
        (struct request){.connection = connection, .visit = visit, .since_usec = door->now_usec};
    visit->request = request;
    *request_context = request;
    return refuse(door, connection, url, method, &rc) ? rc : MHD_YES;
}

int door_open(int listener, const struct request_address *ours, struct link *link,
              struct look *look, struct door **out, struct ballast_error *err)
{
    struct door *door = calloc(1, sizeof(*door));
    struct events *events = door ? events_new(look) : NULL;
    if (!events) {
        (void)close(listener);
        free(door);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    *door = (struct door){.ours = *ours, .link = link, .look = look, .events = events};
    door->http = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle, door,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)DOOR_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)DOOR_HEADERS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(DOOR_ANSWER_USEC / BALLAST_SEC_USEC), MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, came_or_went, door, MHD_OPTION_NOTIFY_COMPLETED, completed,
        door, MHD_OPTION_END);
    if (!door->http) {
        (void)close(listener);
        events_free(events);
        free(door);
        return ballast_fail(err, -EIO, "the HTTP server cannot be started");
    }
    *out = door;
    return 0;
}

void door_close(struct door *door)
{
    if (!door)
        return;
    events_end(door->events);
    for (struct visit *visit = door->visits; visit; visit = visit->next) {
        if (visit->request && visit->request->waits)
            go_on(door, visit->request);
    }
    (void)MHD_run(door->http);
    MHD_stop_daemon(door->http);
    events_free(door->events);
    free(door);
}

int door_fd(const struct door *door)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(door->http, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->listen_fd : -1;
}

uint64_t door_due_usec(const struct door *door, uint64_t now_usec)
{
    MHD_UNSIGNED_LONG_LONG timeout_msec = 0;
    uint64_t due_usec = door->visits ? door->swept_usec + SWEEP_USEC : BALLAST_NONE;
    if (MHD_get_timeout(door->http, &timeout_msec) == MHD_YES)
        due_usec = ballast_min_u64(due_usec, now_usec + timeout_msec * 1000);
    return due_usec;
}

static bool is_late(const struct door *door, const struct visit *visit)
{
    const struct request *request = visit->request;
    uint64_t now_usec = door->now_usec;
    if (!request)
        return now_usec >=
               visit->since_usec + (door->visit_count > SCARCE ? SCARCE_USEC : DOOR_REQUEST_USEC);
    /* Those that follow are the events' business. */
    return !request->is_stream && !request->waits &&
           now_usec >= request->since_usec + DOOR_ANSWER_USEC;
}

/* libmicrohttpd counts a byte now and then as being busy; we do not. */
static void sweep(struct door *door)
{
    for (struct visit *visit = door->visits; visit; visit = visit->next) {
        struct request *request = visit->request;
        if (request && request->waits && door->now_usec >= request->since_usec + DOOR_DAEMON_USEC)
            go_on(door, request);
        else if (is_late(door, visit))
            (void)shutdown(visit->fd, SHUT_RDWR);
    }
    door->swept_usec = door->now_usec;
}

void door_turn(struct door *door, uint64_t now_usec)
{
    door->now_usec = now_usec;
    events_turn(door->events, now_usec);
    if (now_usec >= door->swept_usec + SWEEP_USEC)
        sweep(door);
    (void)MHD_run(door->http);
}

void door_looked(struct door *door)
{
    for (struct visit *visit = door->visits; visit; visit = visit->next) {
        struct request *request = visit->request;
        if (request && request->waits && request->ask == 0)
            go_on(door, request);
    }
}

/* An older daemon keeps no history, and of a new domain there is none yet: nothing is known. */
static bool is_nothing(int code)
{
    return code == WIRE_METHOD_NOT_FOUND || code == WIRE_NOT_FOUND;
}

static unsigned status_of(int code)
{
    if (code == 0 || is_nothing(code))
        return MHD_HTTP_OK;
    return code == WIRE_INVALID_PARAMS ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static char *text_of(const struct wire_message *answer)
{
    if (is_nothing(answer->error_code))
        return strdup("null");
    if (!answer->error_code)
        return strdup(json_object_to_json_string_ext(answer->result, JSON_C_TO_STRING_PLAIN));
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "error", json_object_new_string(answer->error_text));
    char *text = strdup(json_object_to_json_string(object));
    json_object_put(object);
    return text;
}

/* What others have not taken yet may leave no room for it; then it waited for nothing. */
static void set_text(struct door *door, struct request *request, const struct wire_message *answer)
{
    char *text = text_of(answer);
    size_t length = text ? strlen(text) : 0;
    if (length > DOOR_ANSWERS_MOST - door->answers) {
        free(text);
        return;
    }
    request->text = text;
    request->text_length = length;
    request->status = status_of(answer->error_code);
    door->answers += length;
}

bool door_answered(struct door *door, uint64_t id, const struct wire_message *answer)
{
    for (struct visit *visit = door->visits; visit; visit = visit->next) {
        struct request *request = visit->request;
        if (!request || request->ask != id)
            continue;
        set_text(door, request, answer);
        if (request->waits)
            go_on(door, request);
        return true;
    }
    return false;
}

bool door_is_watched(const struct door *door)
{
    return events_count(door->events) > 0;
}
