/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballastd/squeezed/switch_service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ballastd/engine/log.h"
#include "app/ballastd/squeezed/switch_link.h"
#include "app/ballastd/squeezed/tasks.h"
#include "edge/squeezed/switch.h"

#define QUEUE "org.xen.xapi.memory"

enum {
    AGAIN_MSEC = 1000,
    /*
     * How long a transfer waits. After a crash the switch expects the next one for as long, and
     * another reader cannot be distinguished from this one before that.
     */
    TRANSFER_SEC = 5,
    PATH_MOST = 3 * SWITCH_NAME_MOST + 128,
    /* Held at once: xenopsd has some 25 workers. The rest stays in the switch. */
    MESSAGES_MOST = 1024,
    MESSAGES_BYTES_MOST = 4 << 20,
};

enum message_step {
    MESSAGE_LOOKS,   /* does its reply queue still exist? */
    MESSAGE_WORKS,   /* its task is under way */
    MESSAGE_ANSWERS, /* its answer is to be sent */
    MESSAGE_ACKS,    /* it is to be acknowledged */
};

struct message {
    struct message *next;
    struct switch_service *service;
    struct switch_message from; /* its texts are the message's */
    enum message_step step;
    struct squeezed_task *task;
    uint64_t granted;
    char *answer;
    size_t answer_length;
};

/* The order on the connection for transfers. */
enum service_step { SERVICE_LOGS_IN, SERVICE_MAKES_QUEUE, SERVICE_LOOKS, SERVICE_READS };

struct switch_service {
    uv_loop_t *loop;
    uv_timer_t again; /* data: this */
    struct squeezed_tasks *tasks;
    char path[108];
    enum service_step step;
    struct switch_link *reads;   /* NULL: none */
    struct switch_link *answers; /* NULL: none */
    bool can_answer;             /* it has logged in */
    struct message *first;       /* in the order of the queue */
    size_t count;
    size_t bytes;            /* of all these */
    struct message *current; /* whose request `answers` is busy with; NULL: the login, or none */
    char from[32];           /* the next transfer begins after this message; "": at the front */
    bool waits_to_read;      /* for messages to be done */
    char logged[128];        /* why it is not connected or does not read; "": nothing */
    bool ended;
};

static void connect_reads(struct switch_service *service);

static const struct switch_room no_messages;

/* Messages */

static void free_message(struct message *message)
{
    free(message->from.payload);
    free(message->from.reply_queue);
    free(message->answer);
    free(message);
}

static void drop_message(struct message *message)
{
    struct message **at = &message->service->first;
    while (*at != message)
        at = &(*at)->next;
    *at = message->next;
    message->service->count--;
    message->service->bytes -= switch_message_bytes(&message->from);
    if (message->service->current == message)
        message->service->current = NULL;
    if (message->task)
        squeezed_task_suspend(message->task);
    free_message(message);
}

static void go_on_answering(struct switch_service *service);
static void ask_for_transfer(struct switch_service *service);
static void try_later(struct switch_service *service, const char *why);

static void set_answer(struct message *message, char *text, size_t length)
{
    message->answer = text;
    message->answer_length = length;
    message->step = MESSAGE_ANSWERS;
}

static void answer_message(void *context, const struct squeezed_answer *answer, uint64_t granted)
{
    struct message *message = context;
    char *text = NULL;
    size_t length = 0;
    message->task = NULL;
    message->granted = granted;
    /* Without memory it stays in the switch and comes again with the next connection. */
    if (squeezed_write_json(answer, &text, &length) == 0)
        set_answer(message, text, length);
    go_on_answering(message->service);
}

/* FNV-1a over all in which two messages can differ. */
static uint64_t message_mark(const struct switch_message *from)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ from->number;
    for (const char *c = from->reply_queue; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < from->payload_length; i++)
        hash = (hash ^ (unsigned char)from->payload[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* What cannot be read is answered by a text that is not JSON, as by squeezed. */
static void work_on_message(struct message *message)
{
    struct squeezed_request request = {0};
    struct ballast_error err;
    struct squeezed_caller caller = {.peer = {.uid = geteuid(), .pid = getpid(), .trusted = true},
                                     .reply = answer_message,
                                     .context = message,
                                     .mark = message_mark(&message->from)};
    message->step = MESSAGE_WORKS;
    int rc =
        squeezed_read_json(message->from.payload, message->from.payload_length, &request, &err);
    if (rc == 0) {
        struct switch_service *service = message->service;
        struct squeezed_task *task = squeezed_task_new(service->tasks, &request, &caller);
        if (task)
            message->task = task;
    } else if (rc == -EINVAL) {
        struct squeezed_answer answer = {.kind = SQUEEZED_INTERNAL_ERROR, .text = err.text};
        answer_message(message, &answer, 0);
    } else {
        char *text = strdup(err.text);
        if (text)
            set_answer(message, text, strlen(text));
    }
}

/* The connection for answers */

/* Nothing is done for a request whose asker's queue is gone. */
static void take_list(struct message *message, const struct switch_reading *reading)
{
    bool there = false;
    if (switch_reading_there(reading, &there) < 0)
        try_later(message->service, "its list of queues cannot be read");
    else if (there)
        work_on_message(message);
    else
        message->step = MESSAGE_ACKS;
}

static void take_sent(struct message *message, const struct switch_reading *reading)
{
    bool there = false;
    if (switch_reading_there(reading, &there) < 0) {
        try_later(message->service, "its receipt for an answer cannot be read");
        return;
    }
    if (!there)
        standin_release(message->service->tasks->engine, message->granted);
    message->step = MESSAGE_ACKS;
}

static void ask_for_message(struct message *message)
{
    struct switch_service *service = message->service;
    char path[PATH_MOST];
    char reply[3 * SWITCH_NAME_MOST];
    /* A request with a longer name was read as one without an asker. */
    (void)switch_name_encode(message->from.reply_queue, reply, sizeof(reply));
    service->current = message;
    if (message->step == MESSAGE_LOOKS) {
        (void)snprintf(path, sizeof(path), "/list/%s", reply);
        switch_link_ask(
            service->answers, path, NULL, 0,
            switch_reading_new(SWITCH_HAS_QUEUE, message->from.reply_queue, no_messages));
    } else if (message->step == MESSAGE_ANSWERS) {
        (void)snprintf(path, sizeof(path), "/response/%s/" QUEUE "/%" PRIu64, reply,
                       message->from.number);
        switch_link_ask(service->answers, path, message->answer, message->answer_length,
                        switch_reading_new(SWITCH_HAS_RECEIVER, NULL, no_messages));
    } else {
        (void)snprintf(path, sizeof(path), "/ack/" QUEUE "/%" PRIu64, message->from.number);
        switch_link_ask(service->answers, path, NULL, 0, NULL);
    }
}

static bool has_room(const struct switch_service *service)
{
    return service->count < MESSAGES_MOST &&
           service->bytes + switch_message_bytes_most() <= MESSAGES_BYTES_MOST;
}

static void go_on_answering(struct switch_service *service)
{
    struct message *message = service->first;
    if (!service->answers || !service->can_answer || service->answers->busy || service->current)
        return;
    while (message && message->step == MESSAGE_WORKS)
        message = message->next;
    if (message)
        ask_for_message(message);
    else if (service->waits_to_read && has_room(service))
        ask_for_transfer(service);
}

/* All messages here stay in the switch, and come again. */
static void disconnect_service(struct switch_service *service)
{
    while (service->first)
        drop_message(service->first);
    switch_link_close(service->reads);
    switch_link_close(service->answers);
    service->reads = service->answers = NULL;
    service->current = NULL;
    service->can_answer = service->waits_to_read = false;
    service->from[0] = '\0';
}

static void on_again(uv_timer_t *timer)
{
    connect_reads(timer->data);
}

/* Logs a cause that is not the last one, or is it again after it has worked. */
static void try_later(struct switch_service *service, const char *why)
{
    if (strncmp(service->logged, why, sizeof(service->logged) - 1) != 0)
        engine_log(LOG_WARNING, "message switch %s: %s: trying once a second", service->path, why);
    (void)snprintf(service->logged, sizeof(service->logged), "%s", why);
    disconnect_service(service);
    uv_timer_start(&service->again, on_again, AGAIN_MSEC, 0);
}

/* Whether it is an answer to go on with; else the service has been disconnected. */
static bool is_answer(struct switch_service *service, const struct switch_link *link,
                      unsigned status)
{
    char why[32];
    (void)snprintf(why, sizeof(why), "it answered %u", status);
    if (!link->why && status == 200)
        return true;
    try_later(service, link->why ? link->why : why);
    return false;
}

static void on_switch_answered(struct switch_link *link, unsigned status,
                               struct switch_reading *reading)
{
    struct switch_service *service = link->context;
    struct message *message = service->current;
    service->current = NULL;
    if (!is_answer(service, link, status))
        return;
    if (!service->can_answer) {
        service->can_answer = true;
        ask_for_transfer(service);
    } else if (message && message->step == MESSAGE_LOOKS) {
        take_list(message, reading);
    } else if (message && message->step == MESSAGE_ANSWERS) {
        take_sent(message, reading);
    } else if (message) {
        drop_message(message);
    }
    go_on_answering(service);
}

static void log_in_link(struct switch_link *link)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/login/ballastd:%d", (int)getpid());
    switch_link_ask(link, path, NULL, 0, NULL);
}

/* The connection for transfers */

static void ask_for_transfer(struct switch_service *service)
{
    char body[128];
    char from[48] = "";
    service->waits_to_read = !has_room(service);
    if (service->waits_to_read)
        return;
    if (service->from[0])
        (void)snprintf(from, sizeof(from), "\"from\":\"%s\",", service->from);
    int length = snprintf(body, sizeof(body), "{%s\"timeout\":%d.0,\"queues\":[\"" QUEUE "\"]}",
                          from, TRANSFER_SEC);
    service->step = SERVICE_READS;
    struct switch_room room = {MESSAGES_MOST - service->count,
                               MESSAGES_BYTES_MOST - service->bytes};
    switch_link_ask(service->reads, "/transfer", body, (size_t)length,
                    switch_reading_new(SWITCH_TRANSFER, QUEUE, room));
}

static bool add_message(struct switch_service *service, struct switch_message *from)
{
    struct message **at = &service->first;
    struct message *message = calloc(1, sizeof(*message));
    if (!message)
        return false;
    *message = (struct message){.service = service, .from = *from};
    message->step = from->is_request ? MESSAGE_LOOKS : MESSAGE_ACKS;
    from->payload = from->reply_queue = NULL;
    while (*at)
        at = &(*at)->next;
    *at = message;
    service->count++;
    service->bytes += switch_message_bytes(&message->from);
    return true;
}

static void take_batch(struct switch_service *service, struct switch_reading *reading)
{
    struct switch_batch batch;
    struct ballast_error err;
    bool taken = true;
    if (switch_reading_batch(reading, &batch, &err) < 0) {
        try_later(service, err.text);
        return;
    }
    for (size_t i = 0; i < batch.count && taken; i++)
        taken = add_message(service, &batch.messages[i]);
    (void)snprintf(service->from, sizeof(service->from), "%.*s",
                   (int)strspn(batch.next, "-0123456789"), batch.next);
    switch_batch_release(&batch);
    if (!taken) {
        try_later(service, "out of memory");
        return;
    }
    ask_for_transfer(service);
    go_on_answering(service);
}

static void begin_answering(struct switch_service *service)
{
    struct switch_link to = {
        .answered = on_switch_answered, .connected = log_in_link, .context = service};
    service->answers = switch_link_new(service->loop, service->path, &to);
    if (!service->answers)
        try_later(service, "out of memory");
    else
        engine_log(LOG_NOTICE, "squeezed's interface: message switch %s", service->path);
    if (service->answers)
        service->logged[0] = '\0';
}

static void take_look(struct switch_service *service, const struct switch_reading *reading)
{
    bool another = true;
    if (switch_reading_there(reading, &another) < 0)
        try_later(service, "its diagnostics cannot be read");
    else if (another)
        try_later(service,
                  "another program reads squeezed's queue, or ballastd did less than 5 s ago: "
                  "stop squeezed");
    else
        begin_answering(service);
}

static void on_read_answered(struct switch_link *link, unsigned status,
                             struct switch_reading *reading)
{
    struct switch_service *service = link->context;
    if (!is_answer(service, link, status))
        return;
    switch (service->step) {
    case SERVICE_LOGS_IN:
        service->step = SERVICE_MAKES_QUEUE;
        switch_link_ask(link, "/persistent/" QUEUE, NULL, 0, NULL);
        break;
    case SERVICE_MAKES_QUEUE:
        service->step = SERVICE_LOOKS;
        switch_link_ask(link, "/", NULL, 0,
                        switch_reading_new(SWITCH_HAS_READER, QUEUE, no_messages));
        break;
    case SERVICE_LOOKS:
        take_look(service, reading);
        break;
    case SERVICE_READS:
        take_batch(service, reading);
        break;
    }
}

static void connect_reads(struct switch_service *service)
{
    struct switch_link to = {
        .answered = on_read_answered, .connected = log_in_link, .context = service};
    service->step = SERVICE_LOGS_IN;
    service->reads = switch_link_new(service->loop, service->path, &to);
    if (!service->reads)
        try_later(service, "out of memory");
}

struct switch_service *switch_service_new(uv_loop_t *loop, const char *path,
                                          struct squeezed_tasks *tasks)
{
    struct switch_service *service = calloc(1, sizeof(*service));
    if (!service)
        return NULL;
    service->loop = loop;
    service->tasks = tasks;
    (void)snprintf(service->path, sizeof(service->path), "%s", path);
    uv_timer_init(loop, &service->again);
    service->again.data = service;
    connect_reads(service);
    return service;
}

static void free_service(uv_handle_t *handle)
{
    free(handle->data);
}

void switch_service_close(struct switch_service *service)
{
    if (!service || service->ended)
        return;
    service->ended = true;
    disconnect_service(service);
    uv_close((uv_handle_t *)&service->again, free_service);
}
