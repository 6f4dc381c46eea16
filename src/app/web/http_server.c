/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/web/http_server.h"

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
    struct http_conn *conn;
    uint64_t since_usec;
    bool is_stream;
    bool waits;   /* suspended until a collector, an answer or its time is over */
    bool waited;  /* it waits only once */
    uint64_t ask; /* of the link; 0: none */
    unsigned status;
    char *text; /* the answer to `ask` */
    size_t text_length;
};

/* A TCP connection, with one request after the other. */
struct http_conn {
    struct http_server *server;
    struct http_conn *next;
    struct http_conn *prev;
    int fd;
    uint64_t since_usec; /* it was accepted, or its last request ended */
    struct request *request;
};

struct http_server {
    struct MHD_Daemon *http;
    struct request_address ours;
    struct link *link;
    struct collector *collector;
    struct events *events;
    struct http_conn *conns;
    bool closing;
    size_t conn_count;
    size_t waiting;
    size_t answers;    /* bytes of all requests' texts */
    uint64_t now_usec; /* of the loop's turn */
    uint64_t swept_usec;
};

/* How often deadlines are checked. */
#define SWEEP_USEC BALLAST_SEC_USEC
/* When connections become scarce, idle ones have less time. */
enum { SCARCE = HTTP_CONNECTIONS * 3 / 4 };
#define SCARCE_USEC (UINT64_C(2) * BALLAST_SEC_USEC)

static struct http_conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* MHD_NotifyConnectionCallback */
static void on_http_connection(void *context, struct MHD_Connection *connection,
                               void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    struct http_conn *conn = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        conn = info ? calloc(1, sizeof(*conn)) : NULL;
        *socket_context = conn;
        if (!conn)
            return;
        *conn = (struct http_conn){.server = server,
                                   .next = server->conns,
                                   .fd = info->connect_fd,
                                   .since_usec = server->now_usec};
        if (server->conns)
            server->conns->prev = conn;
        server->conns = conn;
        server->conn_count++;
    } else if (conn) {
        if (conn->next)
            conn->next->prev = conn->prev;
        if (conn->prev)
            conn->prev->next = conn->next;
        else
            server->conns = conn->next;
        server->conn_count--;
        free(conn);
        *socket_context = NULL;
    }
}

/* MHD_RequestCompletedCallback */
static void on_request_end(void *context, struct MHD_Connection *connection, void **request_context,
                           enum MHD_RequestTerminationCode code)
{
    struct http_server *server = context;
    struct request *request = *request_context;
    (void)connection;
    (void)code;
    if (!request)
        return;
    if (request->waits)
        server->waiting--;
    request->conn->request = NULL;
    request->conn->since_usec = server->now_usec;
    server->answers -= request->text_length;
    free(request->text);
    free(request);
    *request_context = NULL;
}

static const char *request_header(struct MHD_Connection *connection, const char *name)
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

/* true: it was refused, with the result in *rc. */
static bool refuse_request(struct http_server *server, struct MHD_Connection *connection,
                           const char *url, const char *method, enum MHD_Result *rc)
{
    unsigned hosts = 0;
    const char *length = request_header(connection, "Content-Length");
    const char *site = request_header(connection, "Sec-Fetch-Site");
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, count_host, &hosts);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        *rc = answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
    else if ((length && strcmp(length, "0") != 0) ||
             request_header(connection, "Transfer-Encoding"))
        *rc = answer_error(connection, MHD_HTTP_BAD_REQUEST, "a request must not have a body");
    else if (hosts != 1)
        *rc = answer_error(connection, MHD_HTTP_BAD_REQUEST, "one Host header is needed");
    else if (!request_host_is_ours(request_header(connection, "Host"), &server->ours))
        *rc = answer_error(connection, MHD_HTTP_MISDIRECTED_REQUEST,
                           "this server has another name: use its address or localhost");
    else if (site && strcmp(site, "cross-site") == 0 && strncmp(url, "/api/", 5) == 0)
        *rc = answer_error(connection, MHD_HTTP_FORBIDDEN,
                           "requests from pages of other servers are refused");
    else
        return false;
    return true;
}

/*
 * Suspends it until http_server_state_changed() or http_server_answered(), or until its time is
 * over.
 */
static bool wait_for_host(struct http_server *server, struct request *request)
{
    /* libmicrohttpd ends the program when it is stopped with a suspended connection. */
    if (request->waited || server->closing || server->waiting >= HTTP_WAITING)
        return false;
    request->waits = true;
    request->waited = true;
    request->since_usec = server->now_usec;
    server->waiting++;
    MHD_suspend_connection(request->connection);
    return true;
}

static void resume_request(struct http_server *server, struct request *request)
{
    request->waits = false;
    server->waiting--;
    MHD_resume_connection(request->connection);
}

static enum MHD_Result get_state(struct http_server *server, struct request *request)
{
    const struct frame *frame;
    struct MHD_Connection *connection = request->connection;
    if (!request->waited && !collector_want(server->collector, HTTP_FRESH_USEC, server->now_usec) &&
        wait_for_host(server, request))
        return MHD_YES;
    if (!(frame = collector_frame(server->collector)))
        return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                            collector_why_away(server->collector)
                                ? collector_why_away(server->collector)
                                : "the daemon has not answered yet");
    /*
     * The last known state is better than none; 203 says that it is not the daemon's present
     * answer.
     */
    return answer_data(connection,
                       collector_why_away(server->collector)
                           ? MHD_HTTP_NON_AUTHORITATIVE_INFORMATION
                           : MHD_HTTP_OK,
                       "application/json", frame->bytes + frame->json_at, frame->json_length);
}

static enum MHD_Result get_metrics(struct http_server *server, struct request *request)
{
    struct metrics_page page;
    struct MHD_Connection *connection = request->connection;
    if (!request->waited && !collector_want(server->collector, HTTP_FRESH_USEC, server->now_usec) &&
        wait_for_host(server, request))
        return MHD_YES;
    /* Old figures would be stored as new ones, so there are none while the daemon is away. */
    const struct json_object *state =
        collector_why_away(server->collector) ? NULL : collector_state(server->collector);
    if (web_metrics(state, request_header(connection, "Accept"), &page) < 0)
        return MHD_NO;
    enum MHD_Result rc = answer_data(connection, MHD_HTTP_OK, page.type, page.text, page.length);
    free(page.text);
    return rc;
}

static enum MHD_Result get_health(struct http_server *server, struct request *request)
{
    const char *text = link_is_up(server->link) ? "ok\n" : "the daemon is away\n";
    return answer_data(request->connection,
                       link_is_up(server->link) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
                       "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result get_stream(struct http_server *server, struct request *request, bool head)
{
    uint64_t known = 0;
    struct MHD_Connection *connection = request->connection;
    if (head)
        return answer_data(connection, MHD_HTTP_OK, "text/event-stream", "", 0);
    if (events_count(server->events) >= EVENTS_MOST)
        return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                            "too many pages are open here");
    (void)request_number(request_header(connection, "Last-Event-ID"), &known);
    request->is_stream = true;
    return events_answer(server->events, connection, known, server->now_usec);
}

static const char *request_argument(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* The questions for the daemon over HTTP, with their numeric parameters. */
struct question {
    const char *method;
    const char *numbers[5];
    const char *hint;
};

static const struct question history = {"history",
                                        {"since_usec", "until_usec", "points"},
                                        "use domain, since_usec, until_usec and points, of which "
                                        "all but domain are whole numbers"};
static const struct question past_events = {
    "events",
    {"since_usec", "after", "before", "most"},
    "use domain, since_usec, after, before and most, of which all but domain are whole numbers"};

/* NULL: the question is invalid. */
static struct json_object *params_of(struct MHD_Connection *connection,
                                     const struct question *question)
{
    struct json_object *params = json_object_new_object();
    const char *domain = request_argument(connection, "domain");
    uint64_t value = 0;
    bool good = !domain || (*domain && strlen(domain) <= WIRE_STRING_MOST);
    if (domain && good)
        json_object_object_add(params, "domain",
                               request_number(domain, &value) ? json_object_new_uint64(value)
                                                              : json_object_new_string(domain));
    for (size_t i = 0; good && question->numbers[i]; i++) {
        const char *text = request_argument(connection, question->numbers[i]);
        good = !text || request_number(text, &value);
        if (text && good)
            json_object_object_add(params, question->numbers[i], json_object_new_uint64(value));
    }
    if (good)
        return params;
    json_object_put(params);
    return NULL;
}

static enum MHD_Result forward_call(struct http_server *server, struct request *request,
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
    if (server->waiting < HTTP_WAITING && server->answers < HTTP_ANSWERS_MOST)
        request->ask =
            link_ask(server->link, question->method, json_object_get(params), server->now_usec);
    json_object_put(params);
    if (request->ask != 0 && wait_for_host(server, request))
        return MHD_YES;
    return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                        "the daemon is away, or has too many requests");
}

static enum MHD_Result route_request(struct http_server *server, struct request *request,
                                     const char *url, bool head)
{
    if (strcmp(url, "/api/state") == 0)
        return get_state(server, request);
    if (strcmp(url, "/api/stream") == 0)
        return get_stream(server, request, head);
    if (strcmp(url, "/api/history") == 0)
        return forward_call(server, request, &history);
    if (strcmp(url, "/api/events") == 0)
        return forward_call(server, request, &past_events);
    if (strcmp(url, "/metrics") == 0)
        return get_metrics(server, request);
    if (strcmp(url, "/healthz") == 0)
        return get_health(server, request);
    const struct web_asset *asset = web_asset_find(url);
    if (asset)
        return answer_asset(request->connection, asset);
    return answer_error(request->connection, MHD_HTTP_NOT_FOUND, "there is no such page");
}

/* MHD_AccessHandlerCallback */
static enum MHD_Result handle_request(void *context, struct MHD_Connection *connection,
                                      const char *url, const char *method, const char *version,
                                      const char *upload, size_t *upload_size,
                                      void **request_context)
{
    struct http_server *server = context;
    struct request *request = *request_context;
    enum MHD_Result rc = MHD_NO;
    (void)version;
    (void)upload;
    if (request) {
        /* refuse_request() has refused a body. */
        return *upload_size == 0 ? route_request(server, request, url, strcmp(method, "HEAD") == 0)
                                 : MHD_NO;
    }
    struct http_conn *conn = conn_of(connection);
    request = conn ? calloc(1, sizeof(*request)) : NULL;
    if (!request)
        return MHD_NO;
    *request =
        (struct request){.connection = connection, .conn = conn, .since_usec = server->now_usec};
    conn->request = request;
    *request_context = request;
    return refuse_request(server, connection, url, method, &rc) ? rc : MHD_YES;
}

int http_server_open(int listener, const struct request_address *ours, struct link *link,
                     struct collector *collector, struct http_server **out,
                     struct ballast_error *err)
{
    struct http_server *server = calloc(1, sizeof(*server));
    struct events *events = server ? events_new(collector) : NULL;
    if (!events) {
        (void)close(listener);
        free(server);
        return ballast_fail(err, -ENOMEM, "out of memory");
    }
    *server =
        (struct http_server){.ours = *ours, .link = link, .collector = collector, .events = events};
    server->http = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle_request, server,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEADERS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)(HTTP_ANSWER_USEC / BALLAST_SEC_USEC), MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, on_http_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
        on_request_end, server, MHD_OPTION_END);
    if (!server->http) {
        (void)close(listener);
        events_free(events);
        free(server);
        return ballast_fail(err, -EIO, "the HTTP server cannot be started");
    }
    *out = server;
    return 0;
}

void http_server_close(struct http_server *server)
{
    if (!server)
        return;
    server->closing = true;
    events_end(server->events);
    for (struct http_conn *conn = server->conns; conn; conn = conn->next) {
        if (conn->request && conn->request->waits)
            resume_request(server, conn->request);
    }
    (void)MHD_run(server->http);
    MHD_stop_daemon(server->http);
    events_free(server->events);
    free(server);
}

int http_server_fd(const struct http_server *server)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->listen_fd : -1;
}

uint64_t http_server_due_usec(const struct http_server *server, uint64_t now_usec)
{
    MHD_UNSIGNED_LONG_LONG timeout_msec = 0;
    uint64_t due_usec = server->conns ? server->swept_usec + SWEEP_USEC : BALLAST_NONE;
    if (MHD_get_timeout(server->http, &timeout_msec) == MHD_YES)
        due_usec = ballast_min_u64(due_usec, now_usec + timeout_msec * 1000);
    return due_usec;
}

static bool is_late(const struct http_server *server, const struct http_conn *conn)
{
    const struct request *request = conn->request;
    uint64_t now_usec = server->now_usec;
    if (!request)
        return now_usec >=
               conn->since_usec + (server->conn_count > SCARCE ? SCARCE_USEC : HTTP_REQUEST_USEC);
    /* Streams have their own deadlines in events.c. */
    return !request->is_stream && !request->waits &&
           now_usec >= request->since_usec + HTTP_ANSWER_USEC;
}

/* libmicrohttpd counts an occasional byte as activity; this does not. */
static void close_late(struct http_server *server)
{
    for (struct http_conn *conn = server->conns; conn; conn = conn->next) {
        struct request *request = conn->request;
        if (request && request->waits && server->now_usec >= request->since_usec + HTTP_DAEMON_USEC)
            resume_request(server, request);
        else if (is_late(server, conn))
            (void)shutdown(conn->fd, SHUT_RDWR);
    }
    server->swept_usec = server->now_usec;
}

void http_server_turn(struct http_server *server, uint64_t now_usec)
{
    server->now_usec = now_usec;
    events_turn(server->events, now_usec);
    if (now_usec >= server->swept_usec + SWEEP_USEC)
        close_late(server);
    (void)MHD_run(server->http);
}

void http_server_state_changed(struct http_server *server)
{
    for (struct http_conn *conn = server->conns; conn; conn = conn->next) {
        struct request *request = conn->request;
        if (request && request->waits && request->ask == 0)
            resume_request(server, request);
    }
}

/* An older daemon keeps no history, and a new domain has none yet: nothing is known. */
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

/* Unread answers of others may leave no room for it; then it waited in vain. */
static void set_text(struct http_server *server, struct request *request,
                     const struct wire_message *answer)
{
    char *text = text_of(answer);
    size_t length = text ? strlen(text) : 0;
    if (length > HTTP_ANSWERS_MOST - server->answers) {
        free(text);
        return;
    }
    request->text = text;
    request->text_length = length;
    request->status = status_of(answer->error_code);
    server->answers += length;
}

bool http_server_answered(struct http_server *server, uint64_t id,
                          const struct wire_message *answer)
{
    for (struct http_conn *conn = server->conns; conn; conn = conn->next) {
        struct request *request = conn->request;
        if (!request || request->ask != id)
            continue;
        set_text(server, request, answer);
        if (request->waits)
            resume_request(server, request);
        return true;
    }
    return false;
}

bool http_server_has_followers(const struct http_server *server)
{
    return events_count(server->events) > 0;
}
