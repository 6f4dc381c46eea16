/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client with a scripted daemon: each script is one fault of a peer. */
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "edge/wire/wire.h"

#define RPC "{\"jsonrpc\":\"2.0\","
#define HELLO                                                                                      \
    RPC "\"id\":1,\"result\":{\"version\":1,\"daemon\":\"ballastd 0.1.0\",\"host\":\"h\",\"pid\":7}}\n"
#define PONG RPC "\"id\":2,\"result\":{}}\n"
#define TICK RPC "\"method\":\"tick\",\"params\":{\"free_kib\":4}}\n"
/* Only ends a test that fails. */
#define PATIENCE_USEC UINT64_C(60000000)

/* What the peer does, step by step. */
enum { STEPS = 8 };
struct step {
    enum { END, HEAR, SAY, SAY_SLOWLY, SAY_FOR_EVER, SAY_HUGE, PAUSE, HALF_CLOSE, HANG } what;
    const char *text;
};

static void put(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent < 0)
            _exit(0); /* the client has had enough */
        text += sent;
        length -= (size_t)sent;
    }
}

static void read_one_line(int fd)
{
    char c = 0;
    while (c != '\n' && recv(fd, &c, 1, 0) == 1)
        ;
}

static void put_slowly(int fd, const char *text)
{
    for (; *text; text++) {
        put(fd, text, 1);
        (void)usleep(1000);
    }
}

static void put_huge(int fd)
{
    size_t size = WIRE_LINE_MOST + 4096;
    char *text = malloc(size);
    memset(text, 'x', size);
    put(fd, text, size);
    free(text);
}

static void play(int fd, const struct step *step)
{
    for (; step->what != END; step++) {
        switch (step->what) {
        case HEAR:
            read_one_line(fd);
            break;
        case SAY:
            put(fd, step->text, strlen(step->text));
            break;
        case SAY_SLOWLY:
            put_slowly(fd, step->text);
            break;
        case SAY_FOR_EVER:
            for (;;)
                put(fd, step->text, strlen(step->text));
        case SAY_HUGE:
            put_huge(fd);
            break;
        case PAUSE:
            (void)usleep(150000);
            break;
        case HALF_CLOSE:
            (void)shutdown(fd, SHUT_WR);
            break;
        case HANG:
            (void)pause();
            break;
        case END:
            break;
        }
    }
}

/* A process that plays the steps at the other end of *fd. */
static pid_t start_peer(const struct step *steps, int *fd)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid_t peer = fork();
    assert_true(peer >= 0);
    if (peer == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* it must not outlive a test that fails */
        (void)close(ends[0]);
        play(ends[1], steps);
        _exit(0);
    }
    (void)close(ends[1]);
    *fd = ends[0];
    return peer;
}

static void stop_peer(pid_t peer)
{
    (void)kill(peer, SIGKILL);
    (void)waitpid(peer, NULL, 0);
}

static uint64_t now_usec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void test_hello(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct step steps[STEPS];
        int rc;
        const char *says;
    } cases[] = {
        {"good", {{HEAR, ""}, {SAY, HELLO}, {HANG, ""}}, 0, ""},
        {"slow", {{HEAR, ""}, {SAY_SLOWLY, HELLO}, {HANG, ""}}, 0, ""},
        {"other version",
         {{HEAR, ""}, {SAY, RPC "\"id\":1,\"result\":{\"version\":2}}\n"}, {HANG, ""}},
         -EPROTO,
         "version 2"},
        {"no version",
         {{HEAR, ""}, {SAY, RPC "\"id\":1,\"result\":{\"version\":\"1\"}}\n"}, {HANG, ""}},
         -EPROTO,
         "does not say which version"},
        {"null",
         {{HEAR, ""}, {SAY, RPC "\"id\":1,\"result\":null}\n"}, {HANG, ""}},
         -EPROTO,
         "not say"},
        {"forbidden",
         {{HEAR, ""},
          {SAY, RPC "\"id\":1,\"error\":{\"code\":-32001,\"message\":\"not you\"}}\n"},
          {HANG, ""}},
         -EACCES,
         "not you"},
        {"full house",
         {{SAY, RPC "\"id\":null,\"error\":{\"code\":-32004,\"message\":\"too many clients\"}}\n"}},
         -EBUSY,
         "too many clients"},
        {"gone", {{END, ""}}, -ECONNRESET, "before it answered to hello"},
        {"gone amid", {{HEAR, ""}, {SAY, "{\"jsonrpc\":"}}, -ECONNRESET, "in the middle"},
        {"half-closed", {{HEAR, ""}, {HALF_CLOSE, ""}, {HANG, ""}}, -ECONNRESET, "closed"},
        {"silent", {{HANG, ""}}, -ETIMEDOUT, "did not answer hello"},
        {"web server",
         {{HEAR, ""}, {SAY, "HTTP/1.1 400 Bad Request\r\n\r\n"}, {HANG, ""}},
         -EPROTO,
         "an invalid message"},
        {"huge", {{HEAR, ""}, {SAY_HUGE, ""}, {HANG, ""}}, -EPROTO, "longer than"},
        {"not asked",
         {{HEAR, ""}, {SAY, RPC "\"id\":9,\"result\":{}}\n"}, {HANG, ""}},
         -EPROTO,
         "not asked"},
        {"asks back",
         {{HEAR, ""}, {SAY, RPC "\"id\":9,\"method\":\"x\"}\n"}, {HANG, ""}},
         -EPROTO,
         "request"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct wire_client *client = NULL;
        struct ballast_error err = {.text = ""};
        int fd = -1;
        pid_t peer = start_peer(cases[i].steps, &fd);
        uint64_t time = cases[i].rc == -ETIMEDOUT ? 100000 : PATIENCE_USEC;
        int rc = wire_client_over(fd, "DIR", time, &client, &err);
        if (rc != cases[i].rc || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d \"%s\"", cases[i].name, rc, err.text);
        if (rc < 0) {
            assert_int_equal(err.code, rc);
            assert_non_null(strstr(err.text, "the daemon at DIR"));
            assert_int_equal(close(fd), 0); /* still ours */
        } else {
            assert_int_equal(wire_client_fd(client), fd);
            assert_non_null(wire_client_hello(client));
        }
        wire_disconnect(client);
        stop_peer(peer);
    }
}

/* The other end is closed: an error, not SIGPIPE, which would end this process. */
static void test_no_sigpipe(void **state)
{
    (void)state;
    int ends[2];
    struct wire_client *client = NULL;
    struct ballast_error err;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    (void)close(ends[1]);
    assert_int_equal(wire_client_over(ends[0], "DIR", PATIENCE_USEC, &client, &err), -ECONNRESET);
    (void)close(ends[0]);
}

struct tale {
    size_t count;
    size_t stop_at; /* 0: never */
};

static int told(void *context, const char *method, const struct json_object *params)
{
    struct tale *tale = context;
    struct json_object *free_kib;
    assert_string_equal(method, "tick");
    assert_true(json_object_object_get_ex(params, "free_kib", &free_kib));
    assert_int_equal(json_object_get_int(free_kib), 4);
    return ++tale->count == tale->stop_at ? -ECANCELED : 0;
}

static struct wire_client *connect_to(const struct step *steps, pid_t *peer)
{
    struct wire_client *client = NULL;
    struct ballast_error err;
    int fd = -1;
    *peer = start_peer(steps, &fd);
    if (wire_client_over(fd, "DIR", PATIENCE_USEC, &client, &err) < 0)
        fail_msg("%s", err.text);
    return client;
}

static void test_call(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct step steps[STEPS];
        int rc;
        const char *says;
        size_t told;
    } cases[] = {
        {"good", {{HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {SAY, PONG}, {HANG, ""}}, 0, "", 0},
        {"told",
         {{HEAR, ""}, {SAY, HELLO TICK}, {HEAR, ""}, {SAY, TICK PONG TICK}, {HANG, ""}},
         0,
         "",
         2},
        {"slow",
         {{HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {SAY_SLOWLY, TICK PONG}, {HANG, ""}},
         0,
         "",
         1},
        {"last words", {{HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {SAY, PONG}}, 0, "", 0},
        {"dies",
         {{HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {SAY, TICK RPC}},
         -ECONNRESET,
         "middle of its answer",
         1},
        {"half-closed",
         {{HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {HALF_CLOSE, ""}, {HANG, ""}},
         -ECONNRESET,
         "before it answered to ping",
         0},
        {"gone before", {{HEAR, ""}, {SAY, HELLO}}, -ECONNRESET, "closed", 0},
        {"malformed",
         {{HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {SAY, "{]\n"}, {HANG, ""}},
         -EPROTO,
         "an invalid message: byte 2",
         0},
        {"no UTF-8",
         {{HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {SAY, "\"\xff\"\n"}, {HANG, ""}},
         -EPROTO,
         "UTF-8",
         0},
        {"huge",
         {{HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {SAY_HUGE, ""}, {HANG, ""}},
         -EPROTO,
         "longer",
         0},
        {"both",
         {{HEAR, ""},
          {SAY, HELLO},
          {HEAR, ""},
          {SAY, RPC "\"id\":2,\"result\":1,\"error\":{}}\n"},
          {HANG, ""}},
         -EPROTO,
         "either",
         0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pid_t peer;
        struct wire_client *client = connect_to(cases[i].steps, &peer);
        struct wire_message answer = {.kind = WIRE_RESPONSE};
        struct ballast_error err = {.text = ""};
        struct tale tale = {0};
        int rc = wire_call(client, "ping", NULL, PATIENCE_USEC, told, &tale, &answer, &err);
        if (rc != cases[i].rc || !strstr(err.text, cases[i].says) || tale.count != cases[i].told)
            fail_msg("%s: %d \"%s\", told %zu", cases[i].name, rc, err.text, tale.count);
        if (rc < 0) {
            assert_null(answer.result);
            assert_int_equal(
                wire_call(client, "ping", json_object_new_object(), 0, NULL, NULL, &answer, &err),
                -ENOTCONN);
        }
        wire_message_release(&answer);
        wire_disconnect(client);
        stop_peer(peer);
    }
}

static void test_refusal(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {HEAR, ""},
        {SAY, HELLO},
        {HEAR, ""},
        {SAY, RPC
         "\"id\":2,\"error\":{\"code\":-32000,\"message\":\"no room\",\"data\":{\"needed_kib\":8}}}\n"},
        {HANG, ""},
        {END, ""}};
    pid_t peer;
    struct wire_client *client = connect_to(steps, &peer);
    struct wire_message answer;
    struct json_object *needed_kib;
    assert_int_equal(wire_call(client, "reserve", NULL, PATIENCE_USEC, NULL, NULL, &answer, NULL),
                     0);
    assert_int_equal(answer.error_code, WIRE_REFUSED);
    assert_string_equal(answer.error_text, "no room");
    assert_true(json_object_object_get_ex(answer.error_data, "needed_kib", &needed_kib));
    wire_message_release(&answer);
    wire_disconnect(client);
    stop_peer(peer);
}

/* A call that was given up is no obstacle: its answer comes late and is dropped. */
static void test_goes_on(void **state)
{
    (void)state;
    static const struct step steps[] = {{HEAR, ""},
                                        {SAY, HELLO},
                                        {HEAR, ""},
                                        {HEAR, ""},
                                        {SAY, TICK},
                                        {SAY, PONG},
                                        {SAY, RPC "\"id\":3,\"result\":33}\n" TICK TICK},
                                        {HANG, ""},
                                        {END, ""}};
    pid_t peer;
    struct wire_client *client = connect_to(steps, &peer);
    struct wire_message answer;
    struct ballast_error err;
    struct tale tale = {0};
    uint64_t begin = now_usec();
    assert_int_equal(wire_call(client, "ping", NULL, 100000, told, &tale, &answer, &err),
                     -ETIMEDOUT);
    assert_true(now_usec() - begin >= 100000);
    tale.stop_at = 1;
    assert_int_equal(wire_call(client, "ping", NULL, PATIENCE_USEC, told, &tale, &answer, &err),
                     -ECANCELED);
    /* Both answers are old now. */
    tale = (struct tale){.stop_at = 2};
    assert_int_equal(wire_wait(client, PATIENCE_USEC, told, &tale, &err), -ECANCELED);
    assert_int_equal(wire_wait(client, 1000, told, &tale, &err), -ETIMEDOUT);
    assert_int_equal(tale.count, 2);
    wire_disconnect(client);
    stop_peer(peer);
}

/* What ends a wait from outside leaves the connection as it was. */
static void test_stops(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {HEAR, ""}, {SAY, HELLO}, {HEAR, ""}, {HEAR, ""}, {SAY, RPC "\"id\":3,\"result\":33}\n"},
        {HANG, ""}, {END, ""}};
    pid_t peer;
    struct wire_client *client = connect_to(steps, &peer);
    struct wire_message answer;
    struct ballast_error err;
    int stop = eventfd(1, EFD_CLOEXEC);
    assert_true(stop >= 0);
    wire_client_stop_on(client, stop);
    assert_int_equal(wire_call(client, "ping", NULL, 0, NULL, NULL, &answer, &err), -EINTR);
    wire_client_stop_on(client, -1);
    assert_int_equal(wire_call(client, "ping", NULL, PATIENCE_USEC, NULL, NULL, &answer, &err), 0);
    assert_int_equal(json_object_get_int(answer.result), 33);
    wire_message_release(&answer);
    wire_disconnect(client);
    assert_int_equal(close(stop), 0);
    stop_peer(peer);
}

/* Notifications without end neither keep a call from ending nor cost memory. */
static void test_storm(void **state)
{
    (void)state;
    static const struct step steps[] = {
        {HEAR, ""}, {SAY, HELLO}, {SAY_FOR_EVER, TICK TICK TICK TICK}, {END, ""}};
    pid_t peer;
    struct wire_client *client = connect_to(steps, &peer);
    struct wire_message answer;
    struct ballast_error err;
    struct tale tale = {0};
    assert_int_equal(wire_call(client, "ping", NULL, 300000, told, &tale, &answer, &err),
                     -ETIMEDOUT);
    assert_true(tale.count > 100);
    wire_disconnect(client);
    stop_peer(peer);
}

/*
 * A request larger than the socket's buffer to a daemon that does not read while it has things to
 * say: both go on only because the client reads while it writes.
 */
static void test_both_ways(void **state)
{
    (void)state;
    char *ticks = malloc(600001);
    char *huge = malloc(900001);
    assert_true(ticks && huge);
    memset(huge, 'x', 900000);
    huge[900000] = '\0';
    size_t count = 0;
    ticks[0] = '\0';
    for (size_t at = 0; at + strlen(TICK) < 600000; at += strlen(TICK), count++)
        memcpy(ticks + at, TICK, strlen(TICK) + 1);
    const struct step steps[] = {{HEAR, ""},  {SAY, HELLO}, {SAY, ticks}, {HEAR, ""},
                                 {SAY, PONG}, {HANG, ""},   {END, ""}};
    pid_t peer;
    struct wire_client *client = connect_to(steps, &peer);
    struct json_object *params = json_object_new_object();
    json_object_object_add(params, "label", json_object_new_string(huge));
    struct wire_message answer;
    struct ballast_error err = {.text = ""};
    struct tale tale = {0};
    int rc = wire_call(client, "ping", params, PATIENCE_USEC, told, &tale, &answer, &err);
    if (rc < 0)
        fail_msg("%s", err.text);
    assert_int_equal(tale.count, count);
    wire_message_release(&answer);
    wire_disconnect(client);
    stop_peer(peer);
    free(ticks);
    free(huge);
}

/* Half a request leaves a connection on which nothing else can be said. */
static void test_stuck_peer(void **state)
{
    (void)state;
    static const struct step steps[] = {{HEAR, ""}, {SAY, HELLO}, {HANG, ""}, {END, ""}};
    pid_t peer;
    struct wire_client *client = connect_to(steps, &peer);
    char *huge = calloc(1, 900001);
    assert_non_null(huge);
    memset(huge, 'x', 900000);
    struct json_object *params = json_object_new_object();
    json_object_object_add(params, "label", json_object_new_string(huge));
    struct wire_message answer;
    struct ballast_error err;
    assert_int_equal(wire_call(client, "ping", params, 100000, NULL, NULL, &answer, &err),
                     -ETIMEDOUT);
    assert_int_equal(wire_call(client, "ping", NULL, 100000, NULL, NULL, &answer, &err), -ENOTCONN);
    assert_int_equal(wire_wait(client, 100000, NULL, NULL, &err), -ENOTCONN);
    free(huge);
    wire_disconnect(client);
    stop_peer(peer);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
}

/*
 * Signals interrupt every call that waits, and no wait ends by them or begins again: one that did
 * would never end, since there is always another signal.
 */
static void test_signals(void **state)
{
    (void)state;
    static const struct step steps[] = {{HEAR, ""},  {SAY, HELLO}, {HEAR, ""}, {PAUSE, ""},
                                        {SAY, PONG}, {HANG, ""},   {END, ""}};
    struct sigaction action = {.sa_handler = on_alarm}; /* no SA_RESTART */
    struct sigaction before;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    pid_t peer;
    struct wire_client *client = connect_to(steps, &peer);
    timer_t timer;
    struct itimerspec every = {.it_interval = {.tv_nsec = 2000000}, .it_value = {.tv_nsec = 1}};
    assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
    assert_int_equal(timer_settime(timer, 0, &every, NULL), 0);
    struct wire_message answer;
    struct ballast_error err = {.text = ""};
    int rc = wire_call(client, "ping", NULL, PATIENCE_USEC, NULL, NULL, &answer, &err);
    uint64_t begin = now_usec();
    int waited = wire_wait(client, 200000, NULL, NULL, &err);
    uint64_t took = now_usec() - begin;
    assert_int_equal(timer_delete(timer), 0);
    assert_int_equal(rc, 0);
    assert_int_equal(waited, -ETIMEDOUT);
    assert_true(took >= 200000);
    wire_message_release(&answer);
    wire_disconnect(client);
    stop_peer(peer);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* A user that the mode of socket and directory (0) shuts out: root is never, so it is another. */
static bool stranger_is_refused(const char *dir)
{
    pid_t stranger = fork();
    int status = 0;
    if (stranger == 0) {
        struct wire_client *client = NULL;
        struct ballast_error err = {.text = ""};
        bool is_root = geteuid() == 0;
        bool refused = (!is_root || setuid(65534) == 0) &&
                       wire_connect(dir, true, &client, &err) == -EACCES &&
                       strstr(err.text, "group ballast");
        _exit(refused ? 0 : 1);
    }
    return waitpid(stranger, &status, 0) == stranger && status == 0;
}

static void test_connect(void **state)
{
    (void)state;
    char dir[] = "/tmp/ballast-wire-XXXXXX";
    char path[64];
    struct wire_client *client = NULL;
    struct ballast_error err;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(wire_connect(dir, false, &client, &err), -ENOENT);
    assert_non_null(strstr(err.text, "no daemon at /tmp/ballast-wire-"));
    assert_non_null(
        strstr(err.text, "is ballastd running? --run-dir or BALLAST_RUN_DIR chooses another"));
    (void)snprintf(path, sizeof(path), "%s/status.sock", dir);
    int fd = listen_at(path);
    pid_t peer = fork();
    assert_true(peer >= 0);
    if (peer == 0) {
        static const struct step steps[] = {{HEAR, ""}, {SAY, HELLO}, {HANG, ""}, {END, ""}};
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        play(accept(fd, NULL, NULL), steps);
        _exit(0);
    }
    (void)close(fd);
    assert_int_equal(wire_connect(dir, true, &client, &err), 0);
    wire_disconnect(client);
    stop_peer(peer);
    client = NULL;
    /* The socket of a daemon that is no more. */
    assert_int_equal(wire_connect(dir, true, &client, &err), -ECONNREFUSED);
    assert_non_null(strstr(err.text, "is ballastd running?"));
    assert_int_equal(chmod(path, 0), 0);
    assert_true(stranger_is_refused(dir));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    char longest[200];
    memset(longest, 'd', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(wire_connect(longest, true, &client, &err), -ENAMETOOLONG);
    assert_non_null(strstr(err.text, "shorter --run-dir"));
    assert_null(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_sigpipe), cmocka_unit_test(test_hello),
        cmocka_unit_test(test_call),       cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_goes_on),    cmocka_unit_test(test_stops),
        cmocka_unit_test(test_storm),      cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_stuck_peer), cmocka_unit_test(test_signals),
        cmocka_unit_test(test_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
