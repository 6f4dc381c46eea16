/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/conn.h"

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

#include "app/ballastd/calls.h"
#include "app/ballastd/door.h"
#include "app/ballastd/log.h"
#include "app/ballastd/places.h"
#include "app/ballastd/tell.h"
#include "app/ballastd/tie.h"
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

static void freed(uv_handle_t *handle)
{
    struct conn *conn = handle->data;
    places_forget(conn);
    wire_decoder_free(conn->decoder);
    free(conn->made);
    free(conn);
}

void conn_close(struct conn *conn)
{
    struct daemon *daemon = conn->daemon;
    if (conn->closing)
        return;
    conn->closing = true;
    if (conn->prev)
        conn->prev->next = conn->next;
    else
        daemon->conns = conn->next;
    if (conn->next)
        conn->next->prev = conn->prev;
    conn->door->clients--;
    places_leave(conn);
    uv_close((uv_handle_t *)&conn->pipe, freed);
    tell_forget(conn);
    tie_end(conn);
}

void conn_turn_away(struct conn *conn, const char *why)
{
    char *line;
    size_t length;
    if (wire_error(NULL, WIRE_BUSY, why, NULL, &line, &length, NULL) == 0) {
        uv_buf_t buf = uv_buf_init(line, (unsigned)length);
        (void)uv_try_write((uv_stream_t *)&conn->pipe, &buf, 1);
        free(line);
    }
    conn_close(conn);
}

/* What it was sent and has not read; what is in the kernel counts as the kernel has it. */
static size_t unread_by(const struct conn *conn)
{
    uv_os_fd_t fd;
    int kept = 0;
    if (uv_fileno((const uv_handle_t *)&conn->pipe, &fd) < 0 || ioctl(fd, SIOCOUTQ, &kept) < 0)
        kept = 0;
    return uv_stream_get_write_queue_size((const uv_stream_t *)&conn->pipe) + (size_t)kept;
}

static void note_reading(struct conn *conn, uint64_t now_usec)
{
    size_t unread = unread_by(conn);
    if (unread == 0 || unread < conn->unread)
        conn->read_usec = now_usec;
    conn->unread = unread;
}

void conn_end(struct conn *conn)
{
    conn->doomed = true;
    uv_idle_start(&conn->daemon->pump, conn_pump);
}

struct sending {
    uv_write_t write;
    char *line;
    size_t length;
};

static void sent(uv_write_t *write, int status)
{
    struct sending *sending = (struct sending *)write;
    struct conn *conn = write->handle->data;
    /* Others of this user may have more to say, too. */
    if (places_waited(conn, sending->length) && !conn->daemon->ending)
        uv_idle_start(&conn->daemon->pump, conn_pump);
    free(sending->line);
    free(sending);
    if (status < 0) {
        conn_close(conn);
        return;
    }
    if (conn->closing)
        return;
    size_t unread = uv_stream_get_write_queue_size((uv_stream_t *)&conn->pipe);
    if (unread == 0 && (conn->last || (conn->ended && conn->waits == 0 && !conn->more)))
        conn_close(conn);
    else if (unread <= UNREAD_PAUSE && conn->more)
        uv_idle_start(&conn->daemon->pump, conn_pump);
}

static void say_deaf(const struct conn *conn)
{
    daemon_log(DAEMON_NOTICE, "client %d of user %u does not read what it is sent: closed",
               (int)conn->pid, (unsigned)conn->uid);
}

static bool try_send(struct conn *conn, struct sending *sending, size_t length)
{
    uv_stream_t *stream = (uv_stream_t *)&conn->pipe;
    uv_buf_t buf = uv_buf_init(sending->line, (unsigned)length);
    size_t unread = uv_stream_get_write_queue_size(stream);
    if (unread > 0 && (unread + length > UNREAD_MOST || places_is_over(conn, length))) {
        say_deaf(conn);
        return false;
    }
    note_reading(conn, daemon_real_usec());
    if (uv_write(&sending->write, stream, &buf, 1, sent) < 0)
        return false;
    places_wait(conn, length);
    conn->unread = unread_by(conn);
    return true;
}

void conn_send(struct conn *conn, char *line, size_t length)
{
    struct sending *sending = conn->closing || conn->doomed ? NULL : malloc(sizeof(*sending));
    if (sending) {
        sending->line = line;
        sending->length = length;
    }
    if (sending && try_send(conn, sending, length))
        return;
    free(line);
    free(sending);
    if (!conn->closing)
        conn_end(conn);
}

static void too_much(struct conn *conn, const struct ballast_error *err)
{
    char *line;
    size_t length;
    conn->last = true;
    conn->more = false;
    uv_read_stop((uv_stream_t *)&conn->pipe);
    /* What is at fault is the line, or our own memory. */
    int code = err->code == -ENOMEM ? WIRE_INTERNAL_ERROR : WIRE_INVALID_REQUEST;
    if (wire_error(NULL, code, err->text, NULL, &line, &length, NULL) == 0)
        conn_send(conn, line, length);
    else
        conn_end(conn);
}

static bool is_full(const struct conn *conn)
{
    return places_is_full(conn) ||
           uv_stream_get_write_queue_size((const uv_stream_t *)&conn->pipe) > UNREAD_PAUSE;
}

/* Nobody is charged for a slow disk, or for what else runs on the machine. */
static int64_t cpu_usec(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * (int64_t)BALLAST_SEC_USEC + used.tv_nsec / 1000;
}

/* A few calls of one connection, as long as it has credit. */
static void work(struct conn *conn)
{
    struct wire_message message = {0};
    struct ballast_error err;
    int rc = 1;
    int64_t until_usec = cpu_usec() + conn->credit_usec;
    for (int i = 0; i < CALLS_A_TURN && conn->credit_usec > 0 && !conn->doomed && !is_full(conn);
         i++) {
        rc = wire_decoder_next(conn->decoder, &message, &err);
        if (rc <= 0)
            break;
        conn->heard_usec = daemon_real_usec();
        calls_take(conn, &message);
        wire_message_release(&message);
        conn->credit_usec = until_usec - cpu_usec();
        if (conn->credit_usec < -DEBT_USEC)
            conn->credit_usec = -DEBT_USEC;
    }
    if (conn->doomed)
        return;
    if (rc < 0) {
        too_much(conn, &err);
        return;
    }
    conn->more = rc > 0;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(read_buffer, sizeof(read_buffer));
}

/* After a turn: go on at once, read more, or be done. */
static void go_on(struct conn *conn)
{
    uv_stream_t *stream = (uv_stream_t *)&conn->pipe;
    if (conn->closing || conn->doomed || conn->last)
        return;
    if (conn->more) {
        uv_read_stop(stream);
        /* One that does not read is gone on with when it does; see sent(). */
        if (!is_full(conn))
            uv_idle_start(&conn->daemon->pump, conn_pump);
    } else if (conn->ended) {
        if (conn->waits == 0 && uv_stream_get_write_queue_size(stream) == 0)
            conn_close(conn);
    } else {
        uv_read_start(stream, give_buffer, on_read);
    }
}

static bool wants_turn(const struct conn *conn)
{
    return conn->doomed || (conn->more && !is_full(conn));
}

static void have_turn(struct conn *conn)
{
    conn->turn = conn->daemon->turn;
    if (conn->doomed) {
        conn_close(conn);
        return;
    }
    /* Credit is not saved up. */
    conn->credit_usec = conn->credit_usec < 0 ? conn->credit_usec + PART_USEC : PART_USEC;
    if (conn->credit_usec > 0)
        work(conn);
    go_on(conn);
}

/* false: nobody has more to say. Where all would sit out they do so at once. */
static bool begin_turn(struct daemon *daemon)
{
    int64_t best_usec = INT64_MIN;
    for (const struct conn *conn = daemon->conns; conn; conn = conn->next) {
        if (wants_turn(conn) && conn->credit_usec > best_usec)
            best_usec = conn->credit_usec;
    }
    for (struct conn *conn = daemon->conns; conn && best_usec < 0; conn = conn->next) {
        if (wants_turn(conn))
            conn->credit_usec -= best_usec;
    }
    daemon->turn++;
    return best_usec > INT64_MIN;
}

/* What one turn leaves undone the next one of the loop goes on with, behind everybody else. */
void conn_pump(uv_idle_t *idle)
{
    struct daemon *daemon = idle->data;
    uint64_t begin_usec = daemon_real_usec();
    bool left = false;
    for (int i = 0; i < 2; i++)
        door_again(&daemon->doors[i]);
    for (struct conn *next, *conn = daemon->conns; conn; conn = next) {
        next = conn->next;
        if (conn->turn == daemon->turn || !wants_turn(conn))
            continue;
        left = daemon_real_usec() - begin_usec >= WORK_USEC;
        if (left)
            break;
        have_turn(conn);
    }
    if (left)
        return;
    if (!begin_turn(daemon))
        uv_idle_stop(idle);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct conn *conn = stream->data;
    struct ballast_error err;
    if (count == 0)
        return;
    if (count == UV_EOF) {
        conn->ended = true;
        uv_read_stop(stream);
        go_on(conn);
        return;
    }
    if (count < 0) {
        conn_close(conn);
        return;
    }
    if (wire_decoder_pending(conn->decoder) == 0)
        conn->heard_usec = daemon_real_usec();
    if (wire_decoder_feed(conn->decoder, buf->base, (size_t)count, &err) < 0) {
        too_much(conn, &err);
        return;
    }
    /* It is taken in its turn, not now: who has sent first need not be who comes first. */
    conn->more = true;
    go_on(conn);
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

static bool has_group(int fd, const struct conn *conn, gid_t group)
{
    size_t count;
    gid_t *groups = groups_of(fd, &count);
    bool found = conn->gid == group;
    for (size_t i = 0; i < count; i++)
        found |= groups[i] == group;
    free(groups);
    return found;
}

static int ask_kernel(struct conn *conn)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    uv_os_fd_t fd;
    if (uv_fileno((uv_handle_t *)&conn->pipe, &fd) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return -EACCES;
    conn->uid = peer.uid;
    conn->gid = peer.gid;
    conn->pid = peer.pid;
    const struct daemon *daemon = conn->daemon;
    conn->trusted = peer.uid == 0 || peer.uid == geteuid() ||
                    (daemon->has_group && has_group(fd, conn, daemon->group));
    conn->may_change = conn->door->control && conn->trusted;
    (void)snprintf(conn->owner, sizeof(conn->owner), "uid-%u", (unsigned)peer.uid);
    return 0;
}

void conn_accept(struct daemon_door *door, struct daemon *daemon)
{
    struct ballast_error err;
    struct conn *conn = calloc(1, sizeof(*conn));
    if (!conn) {
        /* Tried again at once, then from time to time: until then libuv asks for nobody else. */
        door->waits = true;
        uv_idle_start(&daemon->pump, conn_pump);
        return;
    }
    conn->daemon = daemon;
    conn->door = door;
    conn->heard_usec = daemon_real_usec();
    conn->read_usec = conn->heard_usec;
    conn->decoder = wire_decoder_new(WIRE_FROM_CLIENT);
    uv_pipe_init(&daemon->loop, &conn->pipe, 0);
    conn->pipe.data = conn;
    conn->next = daemon->conns;
    if (conn->next)
        conn->next->prev = conn;
    daemon->conns = conn;
    door->clients++;
    if (uv_accept((uv_stream_t *)&door->pipe, (uv_stream_t *)&conn->pipe) < 0 || !conn->decoder ||
        ask_kernel(conn) < 0)
        conn_close(conn);
    else if (places_enter(conn, &err) < 0)
        conn_turn_away(conn, err.text);
    else if (uv_read_start((uv_stream_t *)&conn->pipe, give_buffer, on_read) < 0)
        conn_close(conn);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void conn_made(struct conn *conn, uint64_t id)
{
    if (!conn->made)
        conn->made = calloc(CONN_MADE, sizeof(*conn->made));
    if (!conn->made)
        return;
    if (conn->made_count == CONN_MADE) {
        conn->made_count -= CONN_MADE / 2;
        memmove(conn->made, conn->made + CONN_MADE / 2, conn->made_count * sizeof(*conn->made));
    }
    conn->made[conn->made_count++] = id;
}

bool conn_has_made(const struct conn *conn, uint64_t id)
{
    return conn->made_count > 0 &&
           bsearch(&id, conn->made, conn->made_count, sizeof(id), compare_ids) != NULL;
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

bool conn_has_left(const struct conn *conn)
{
    uv_os_fd_t fd;
    if (uv_fileno((const uv_handle_t *)&conn->pipe, &fd) < 0)
        return false;
    struct pollfd poll_one = {.fd = fd};
    return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & (POLLHUP | POLLERR)) != 0 &&
           !wire_decoder_has_line(conn->decoder) && !may_end_line(fd);
}

/* A peer that closed only its half waits for answers; one that is gone does not. */
static bool is_gone(struct conn *conn)
{
    uv_os_fd_t fd;
    struct pollfd poll_one = {.events = 0};
    if (!conn->ended || uv_fileno((uv_handle_t *)&conn->pipe, &fd) < 0)
        return false;
    poll_one.fd = fd;
    return poll(&poll_one, 1, 0) > 0 && (poll_one.revents & (POLLHUP | POLLERR)) != 0;
}

/* What goes with a connection is not lost because its program was stopped for a while. */
static bool is_deaf(struct conn *conn, uint64_t now_usec)
{
    note_reading(conn, now_usec);
    if (conn->unread == 0 || conn->tied_count > 0 ||
        now_usec - conn->read_usec <= conn->daemon->config.unread_usec)
        return false;
    if (!conn->doomed)
        say_deaf(conn);
    return true;
}

void conn_sweep(struct daemon *daemon)
{
    uint64_t now_usec = daemon_real_usec();
    if (daemon->doors[0].waits || daemon->doors[1].waits)
        uv_idle_start(&daemon->pump, conn_pump);
    for (struct conn *conn = daemon->conns; conn; conn = conn->next) {
        bool half = !conn->more && wire_decoder_pending(conn->decoder) > 0;
        if ((half && now_usec - conn->heard_usec > LINE_USEC) || is_deaf(conn, now_usec) ||
            is_gone(conn))
            conn_end(conn);
    }
}
