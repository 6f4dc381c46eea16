/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/server/connection.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "app/ballastd/rpc/dispatch.h"
#include "app/ballastd/server/listener.h"
#include "app/ballastd/engine/log.h"
#include "app/ballastd/server/places.h"
#include "app/ballastd/server/subscriptions.h"
#include "app/ballastd/server/owned_reservations.h"
#include "core/base/units.h"

enum {
    CALLS_A_TURN = 16,
    /*
     * A connection's part of a turn, of the processor's time, and how long the loop works for
     * connections before it looks for others, and at the host, again. A usual call takes 20 us with
     * its line; the worst line (16384 keys) 16 ms, after which its connection sits out the most
     * that any does, 50 turns: a call that a tick was due with is not its caller's fault.
     */
    PART_USEC = 100,
    DEBT_USEC = 50 * PART_USEC,
    WORK_USEC = 5000,
    READ_BYTES = 1 << 16,
    UNREAD_MOST = 1 << 20,  /* bytes that wait to be read by the peer; ballast-protocol(7) */
    UNREAD_PAUSE = 1 << 18, /* from here on nothing is taken from it */
};
/* A line that was begun must be ended within so long. */
#define LINE_USEC (30 * BALLAST_SEC_USEC)

static char read_buffer[READ_BYTES]; /* one loop, one read at a time */

static void free_connection(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    places_forget(connection);
    wire_decoder_free(connection->decoder);
    free(connection->made);
    free(connection);
}

void connection_close(struct connection *connection)
{
    struct daemon *daemon = connection->daemon;
    if (connection->closing)
        return;
    connection->closing = true;
    if (connection->prev)
        connection->prev->next = connection->next;
    else
        daemon->connections = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    connection->listener->clients--;
    places_leave(connection);
    uv_close((uv_handle_t *)&connection->pipe, free_connection);
    waiters_drop(connection);
    owned_release(connection);
}

void connection_turn_away(struct connection *connection, const char *why)
{
    char *line;
    size_t length;
    if (wire_error(NULL, WIRE_BUSY, why, NULL, &line, &length, NULL) == 0) {
        uv_buf_t buf = uv_buf_init(line, (unsigned)length);
        (void)uv_try_write((uv_stream_t *)&connection->pipe, &buf, 1);
        free(line);
    }
    connection_close(connection);
}

/* What it was sent and has not read; what is in the kernel counts as the kernel has it. */
static size_t unread_by(const struct connection *connection)
{
    uv_os_fd_t fd;
    int kept = 0;
    if (uv_fileno((const uv_handle_t *)&connection->pipe, &fd) < 0 ||
        ioctl(fd, SIOCOUTQ, &kept) < 0)
        kept = 0;
    return uv_stream_get_write_queue_size((const uv_stream_t *)&connection->pipe) + (size_t)kept;
}

static void note_reading(struct connection *connection, uint64_t now_usec)
{
    size_t unread = unread_by(connection);
    if (unread == 0 || unread < connection->unread)
        connection->read_usec = now_usec;
    connection->unread = unread;
}

void connection_schedule_close(struct connection *connection)
{
    connection->doomed = true;
    uv_idle_start(&connection->daemon->pump, connection_pump);
}

struct sending {
    uv_write_t write;
    char *line;
    size_t length;
};

static void on_sent(uv_write_t *write, int status)
{
    struct sending *sending = (struct sending *)write;
    struct connection *connection = write->handle->data;
    /* Others of this user may have more to say, too. */
    if (places_waited(connection, sending->length) && !connection->daemon->ending)
        uv_idle_start(&connection->daemon->pump, connection_pump);
    free(sending->line);
    free(sending);
    if (status < 0) {
        connection_close(connection);
        return;
    }
    if (connection->closing)
        return;
    size_t unread = uv_stream_get_write_queue_size((uv_stream_t *)&connection->pipe);
    if (unread == 0 &&
        (connection->last || (connection->ended && connection->waits == 0 && !connection->more)))
        connection_close(connection);
    else if (unread <= UNREAD_PAUSE && connection->more)
        uv_idle_start(&connection->daemon->pump, connection_pump);
}

static void log_unread(const struct connection *connection)
{
    engine_log(LOG_NOTICE, "client %d of user %u does not read what it is sent: closed",
               (int)connection->pid, (unsigned)connection->uid);
}

static bool try_send(struct connection *connection, struct sending *sending, size_t length)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->pipe;
    uv_buf_t buf = uv_buf_init(sending->line, (unsigned)length);
    size_t unread = uv_stream_get_write_queue_size(stream);
    if (unread > 0 && (unread + length > UNREAD_MOST || places_is_over(connection, length))) {
        log_unread(connection);
        return false;
    }
    note_reading(connection, daemon_real_usec());
    if (uv_write(&sending->write, stream, &buf, 1, on_sent) < 0)
        return false;
    places_wait(connection, length);
    connection->unread = unread_by(connection);
    return true;
}

void connection_send(struct connection *connection, char *line, size_t length)
{
    struct sending *sending =
        connection->closing || connection->doomed ? NULL : malloc(sizeof(*sending));
    if (sending) {
        sending->line = line;
        sending->length = length;
    }
    if (sending && try_send(connection, sending, length))
        return;
    free(line);
    free(sending);
    if (!connection->closing)
        connection_schedule_close(connection);
}

static void refuse_rest(struct connection *connection, const struct ballast_error *err)
{
    char *line;
    size_t length;
    connection->last = true;
    connection->more = false;
    uv_read_stop((uv_stream_t *)&connection->pipe);
    /* What is at fault is the line, or our own memory. */
    int code = err->code == -ENOMEM ? WIRE_INTERNAL_ERROR : WIRE_INVALID_REQUEST;
    if (wire_error(NULL, code, err->text, NULL, &line, &length, NULL) == 0)
        connection_send(connection, line, length);
    else
        connection_schedule_close(connection);
}

static bool is_full(const struct connection *connection)
{
    return places_is_full(connection) ||
           uv_stream_get_write_queue_size((const uv_stream_t *)&connection->pipe) > UNREAD_PAUSE;
}

/* Nobody is charged for a slow disk, or for what else runs on the machine. */
static int64_t cpu_usec(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * (int64_t)BALLAST_SEC_USEC + used.tv_nsec / 1000;
}

/* A few calls of one connection, as long as it has credit. */
static void take_messages(struct connection *connection)
{
    struct wire_message message = {0};
    struct ballast_error err;
    int rc = 1;
    int64_t until_usec = cpu_usec() + connection->credit_usec;
    for (int i = 0; i < CALLS_A_TURN && connection->credit_usec > 0 && !connection->doomed &&
                    !is_full(connection);
         i++) {
        rc = wire_decoder_next(connection->decoder, &message, &err);
        if (rc <= 0)
            break;
        connection->heard_usec = daemon_real_usec();
        dispatch_message(connection, &message);
        wire_message_release(&message);
        connection->credit_usec = until_usec - cpu_usec();
        if (connection->credit_usec < -DEBT_USEC)
            connection->credit_usec = -DEBT_USEC;
    }
    if (connection->doomed)
        return;
    if (rc < 0) {
        refuse_rest(connection, &err);
        return;
    }
    connection->more = rc > 0;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(read_buffer, sizeof(read_buffer));
}

/* After a turn: go on at once, read more, or be done. */
static void continue_reading(struct connection *connection)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->pipe;
    if (connection->closing || connection->doomed || connection->last)
        return;
    if (connection->more) {
        uv_read_stop(stream);
        /* One that does not read is gone on with when it does; see sent(). */
        if (!is_full(connection))
            uv_idle_start(&connection->daemon->pump, connection_pump);
    } else if (connection->ended) {
        if (connection->waits == 0 && uv_stream_get_write_queue_size(stream) == 0)
            connection_close(connection);
    } else {
        uv_read_start(stream, on_alloc, on_read);
    }
}

static bool wants_turn(const struct connection *connection)
{
    return connection->doomed || (connection->more && !is_full(connection));
}

static void have_turn(struct connection *connection)
{
    connection->turn = connection->daemon->turn;
    if (connection->doomed) {
        connection_close(connection);
        return;
    }
    /* Credit is not saved up. */
    connection->credit_usec =
        connection->credit_usec < 0 ? connection->credit_usec + PART_USEC : PART_USEC;
    if (connection->credit_usec > 0)
        take_messages(connection);
    continue_reading(connection);
}

/* false: nobody has more to say. Where all would sit out they do so at once. */
static bool begin_turn(struct daemon *daemon)
{
    int64_t best_usec = INT64_MIN;
    for (const struct connection *connection = daemon->connections; connection;
         connection = connection->next) {
        if (wants_turn(connection) && connection->credit_usec > best_usec)
            best_usec = connection->credit_usec;
    }
    for (struct connection *connection = daemon->connections; connection && best_usec < 0;
         connection = connection->next) {
        if (wants_turn(connection))
            connection->credit_usec -= best_usec;
    }
    daemon->turn++;
    return best_usec > INT64_MIN;
}

/* What one turn leaves undone the next one of the loop goes on with, behind everybody else. */
void connection_pump(uv_idle_t *idle)
{
    struct daemon *daemon = idle->data;
    uint64_t begin_usec = daemon_real_usec();
    bool left = false;
    for (int i = 0; i < 2; i++)
        listener_resume(&daemon->listeners[i]);
    for (struct connection *next, *connection = daemon->connections; connection;
         connection = next) {
        next = connection->next;
        if (connection->turn == daemon->turn || !wants_turn(connection))
            continue;
        left = daemon_real_usec() - begin_usec >= WORK_USEC;
        if (left)
            break;
        have_turn(connection);
    }
    if (left)
        return;
    if (!begin_turn(daemon))
        uv_idle_stop(idle);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct connection *connection = stream->data;
    struct ballast_error err;
    if (count == 0)
        return;
    if (count == UV_EOF) {
        connection->ended = true;
        uv_read_stop(stream);
        continue_reading(connection);
        return;
    }
    if (count < 0) {
        connection_close(connection);
        return;
    }
    if (wire_decoder_pending(connection->decoder) == 0)
        connection->heard_usec = daemon_real_usec();
    if (wire_decoder_feed(connection->decoder, buf->base, (size_t)count, &err) < 0) {
        refuse_rest(connection, &err);
        return;
    }
    /* It is taken in its turn, not now: who has sent first need not be who comes first. */
    connection->more = true;
    continue_reading(connection);
}

/*
 * All groups of the peer, as they were when it connected (SO_PEERGROUPS, Linux 4.13); to be freed.
 * It may be in 65536 of them (NGROUPS_MAX), so the kernel is asked first how many there are. NULL:
 * none, or not known.
 */
static gid_t *groups_of(int fd, size_t *count)
{
    *count = 0;
#ifdef SO_PEERGROUPS
    gid_t none;
    socklen_t size = 0;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &size) == 0 || errno != ERANGE)
        return NULL;
    gid_t *groups = calloc(1, size);
    if (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
        *count = size / sizeof(*groups);
        return groups;
    }
    free(groups);
#endif
    return NULL;
}

static bool has_group(int fd, const struct connection *connection, gid_t group)
{
    size_t count;
    gid_t *groups = groups_of(fd, &count);
    bool found = connection->gid == group;
    for (size_t i = 0; i < count; i++)
        found |= groups[i] == group;
    free(groups);
    return found;
}

static int ask_kernel(struct connection *connection)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&connection->pipe, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -EACCES;
    connection->uid = peer.uid;
    connection->gid = peer.gid;
    connection->pid = peer.pid;
    const struct daemon *daemon = connection->daemon;
    connection->trusted = peer.uid == 0 || peer.uid == geteuid() ||
                          (daemon->has_group && has_group(fd, connection, daemon->group));
    connection->may_change = connection->listener->control && connection->trusted;
    (void)snprintf(connection->owner, sizeof(connection->owner), "uid-%u", (unsigned)peer.uid);
    return 0;
}

void connection_accept(struct listener *listener, struct daemon *daemon)
{
    struct ballast_error err;
    struct connection *connection = calloc(1, sizeof(*connection));
    if (!connection) {
        /* Tried again at once, then from time to time: until then libuv asks for nobody else. */
        listener->waits = true;
        uv_idle_start(&daemon->pump, connection_pump);
        return;
    }
    connection->daemon = daemon;
    connection->listener = listener;
    connection->heard_usec = daemon_real_usec();
    connection->read_usec = connection->heard_usec;
    connection->decoder = wire_decoder_new(WIRE_FROM_CLIENT);
    uv_pipe_init(&daemon->loop, &connection->pipe, 0);
    connection->pipe.data = connection;
    connection->next = daemon->connections;
    if (connection->next)
        connection->next->prev = connection;
    daemon->connections = connection;
    listener->clients++;
    if (uv_accept((uv_stream_t *)&listener->pipe, (uv_stream_t *)&connection->pipe) < 0 ||
        !connection->decoder || ask_kernel(connection) < 0)
        connection_close(connection);
    else if (places_enter(connection, &err) < 0)
        connection_turn_away(connection, err.text);
    else if (uv_read_start((uv_stream_t *)&connection->pipe, on_alloc, on_read) < 0)
        connection_close(connection);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void connection_note_made(struct connection *connection, uint64_t id)
{
    if (!connection->made)
        connection->made = calloc(CONNECTION_MADE, sizeof(*connection->made));
    if (!connection->made)
        return;
    if (connection->made_count == CONNECTION_MADE) {
        connection->made_count -= CONNECTION_MADE / 2;
        memmove(connection->made, connection->made + CONNECTION_MADE / 2,
                connection->made_count * sizeof(*connection->made));
    }
    connection->made[connection->made_count++] = id;
}

bool connection_has_made(const struct connection *connection, uint64_t id)
{
    return connection->made_count > 0 &&
           bsearch(&id, connection->made, connection->made_count, sizeof(id), compare_ids) != NULL;
}

/* Whether what the kernel still has for us may end a line. */
static bool may_end_line(uv_os_fd_t fd)
{
    int unheard = 0;
    if (ioctl(fd, FIONREAD, &unheard) < 0 || unheard > READ_BYTES)
        return true;
    if (unheard == 0)
        return false;
    ssize_t seen = recv(fd, read_buffer, sizeof(read_buffer), MSG_PEEK | MSG_DONTWAIT);
    return seen < unheard || memchr(read_buffer, '\n', (size_t)seen) != NULL;
}

bool connection_has_left(const struct connection *connection)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&connection->pipe, &fd) < 0)
        return false;
    struct pollfd poll_one = {.fd = fd};
    return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & (POLLHUP | POLLERR)) != 0 &&
           !wire_decoder_has_line(connection->decoder) && !may_end_line(fd);
}

/* A peer that closed only its half waits for answers; one that is gone does not. */
static bool is_gone(struct connection *connection)
{
    uv_os_fd_t fd;
    struct pollfd poll_one = {.events = 0};
    if (!connection->ended || uv_fileno((uv_handle_t *)&connection->pipe, &fd) < 0)
        return false;
    poll_one.fd = fd;
    return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & (POLLHUP | POLLERR)) != 0;
}

/* What goes with a connection is not lost because its program was stopped for a while. */
static bool is_not_reading(struct connection *connection, uint64_t now_usec)
{
    note_reading(connection, now_usec);
    if (connection->unread == 0 || connection->owned_count > 0 ||
        now_usec - connection->read_usec <= connection->daemon->config.unread_usec)
        return false;
    if (!connection->doomed)
        log_unread(connection);
    return true;
}

void connection_sweep(struct daemon *daemon)
{
    uint64_t now_usec = daemon_real_usec();
    if (daemon->listeners[0].waits || daemon->listeners[1].waits)
        uv_idle_start(&daemon->pump, connection_pump);
    for (struct connection *connection = daemon->connections; connection;
         connection = connection->next) {
        bool half = !connection->more && wire_decoder_pending(connection->decoder) > 0;
        if ((half && now_usec - connection->heard_usec > LINE_USEC) ||
            is_not_reading(connection, now_usec) || is_gone(connection))
            connection_schedule_close(connection);
    }
}
