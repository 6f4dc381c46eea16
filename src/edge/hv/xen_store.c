/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Five watches a domain: its name, its "target" (of stubdomains), its memory, its control and its
 * data directory. One watch above all domains would bring what devices write there, too, and could
 * not be taken from one domain that writes too much. xenstored tells every new watch once of its
 * own path (docs/misc/xenstore.txt, WATCH); since everything is read after the watch was set, that
 * word is no news and is passed over.
 */
#include "edge/hv/xen_store.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore.h>

#include "core/base/error.h"
#include "edge/load/load.h"

#define XENSTORE(X)                                                                                \
    X(xs_open)                                                                                     \
    X(xs_close)                                                                                    \
    X(xs_read)                                                                                     \
    X(xs_rm)                                                                                       \
    X(xs_write)                                                                                    \
    X(xs_directory)                                                                                \
    X(xs_watch)                                                                                    \
    X(xs_unwatch)                                                                                  \
    X(xs_check_watch)                                                                              \
    X(xs_fileno)                                                                                   \
    X(xs_transaction_start)                                                                        \
    X(xs_transaction_end)

static struct {
    XENSTORE(LOAD_POINTER)
} lib;

struct xen_store {
    struct xs_handle *xs;
    uint64_t calls;
    bool lost;
};

enum { PATH = 96 };

static const char *const watched[] = {"name", "target", "memory", "control", "data"};
enum { WATCHED = sizeof(watched) / sizeof(watched[0]) };

/* One token for all: the path of an event tells whose it is. */
static const char token[] = "ballast";

static int fail_store(const char *what, const char *path, struct ballast_error *err)
{
    int code = errno > 0 ? errno : EIO;
    return ballast_fail(err, -code, "xenstore does not %s %s: %s", what, path, strerror(code));
}

static void domain_path(char path[PATH], uint32_t domid, const char *node)
{
    snprintf(path, PATH, "/local/domain/%" PRIu32 "%s%s", domid, *node ? "/" : "", node);
}

static int load_xenstore(struct ballast_error *err)
{
    static const char *const names[] = {XENSTORE(LOAD_NAME)};
    _Static_assert(sizeof(lib) == sizeof(names), "a pointer a name");
    struct ballast_error why;
    if (load_library(SONAME_XENSTORE, names, LOAD_COUNT(names), &lib, &why) == 0)
        return 0;
    return ballast_fail(err, -ENOTSUP, "xenstore cannot be asked: %s", why.text);
}

int xen_store_socket_path(char *out, size_t size)
{
    const char *path = getenv("XENSTORED_PATH");
    const char *folder = getenv("XENSTORED_RUNDIR");
    int length = path ? snprintf(out, size, "%s", path)
                      : snprintf(out, size, "%s/socket", folder ? folder : "/run/xenstored");
    return length >= 0 && (size_t)length < size ? 0 : -ENAMETOOLONG;
}

/* 0, or the errno that connecting to it fails with. */
static int try_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
        (int)sizeof(address.sun_path))
        return ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool reached = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    int code = reached ? 0 : errno;
    if (fd >= 0)
        close(fd);
    return code;
}

/* libxenstore tries the socket, then the device of a domain other than dom0, and reports the last
 * failure. */
static int fail_open_store(int code, struct ballast_error *err)
{
    char path[PATH_MAX];
    if (code == ENOMEM)
        return ballast_fail(err, -ENOMEM, "out of memory");
    int why = xen_store_socket_path(path, sizeof(path)) < 0 ? ENAMETOOLONG : try_socket(path);
    if (why == EACCES || why == EPERM)
        return ballast_fail(err, -EACCES, "%s: %s: run it as root", path, strerror(why));
    if (why == ENOENT || why == ECONNREFUSED)
        return ballast_fail(err, -ECONNREFUSED, "%s: %s: start xenstored (Debian: xen.service)",
                            path, strerror(why));
    return ballast_fail(err, -ECONNREFUSED, "%s: %s", path, strerror(why ? why : code));
}

int xen_store_open(struct xen_store **out, struct ballast_error *err)
{
    int rc = load_xenstore(err);
    if (rc < 0)
        return rc;
    struct xen_store *store = calloc(1, sizeof(*store));
    if (!store)
        return ballast_fail(err, -ENOMEM, "out of memory");
    /*
     * Not XS_UNWATCH_FILTER: of each event that it drops it loses the text (tools/libs/store/xs.c,
     * xs_unwatch), and it walks all that wait to find them. A domain that is not watched is passed
     * over here.
     */
    store->xs = lib.xs_open(0);
    if (!store->xs) {
        int code = errno;
        free(store);
        return fail_open_store(code, err);
    }
    *out = store;
    return 0;
}

void xen_store_close(struct xen_store *store)
{
    if (!store)
        return;
    lib.xs_close(store->xs);
    free(store);
}

void xen_store_meet(struct xen_followed *followed, uint32_t domid)
{
    *followed =
        (struct xen_followed){.domid = domid, .stale = XEN_NODES_ALL, .written = XEN_NODES_ALL};
    xen_said_nothing(&followed->said);
}

/* A node that is not there, or may not be read, is nothing said; other failures are xenstore's. */
static int read_node(struct xen_store *store, xs_transaction_t transaction, uint32_t domid,
                     enum xen_node node, struct xen_said *said, struct ballast_error *err)
{
    char path[PATH];
    unsigned length = 0;
    domain_path(path, domid, xen_node_path(node));
    errno = 0;
    store->calls++;
    char *value = lib.xs_read(store->xs, transaction, path, &length);
    if (!value && errno != ENOENT && errno != EACCES)
        return fail_store("read", path, err);
    xen_decode_node(said, node, value, length);
    free(value);
    return 0;
}

/* Of `nodes` in one directory: those that are there. It is worth its request from three nodes on.
 */
static int list_nodes(struct xen_store *store, uint32_t domid, const char *directory,
                      uint32_t *nodes, struct ballast_error *err)
{
    char path[PATH];
    unsigned count = 0;
    uint32_t there = 0;
    size_t prefix = strlen(directory) + 1;
    if (__builtin_popcount(*nodes) < 3)
        return 0;
    domain_path(path, domid, directory);
    errno = 0;
    store->calls++;
    char **names = lib.xs_directory(store->xs, XBT_NULL, path, &count);
    if (!names && errno == E2BIG)
        return 0; /* too long for a message, in Xen 4.14: read them one by one */
    if (!names && errno != ENOENT && errno != EACCES)
        return fail_store("list", path, err);
    for (unsigned node = 0; node < XEN_NODES; node++) {
        for (unsigned i = 0; (*nodes & XEN_NODE_BIT(node)) && i < count; i++) {
            if (strcmp(names[i], xen_node_path(node) + prefix) == 0)
                there |= XEN_NODE_BIT(node);
        }
    }
    free(names);
    *nodes = there;
    return 0;
}

/*
 * Any one of three nodes shows that the kernel is up: the first that says so is enough. Only an
 * agent that lives has pressure.
 */
static bool is_needless(enum xen_node node, const struct xen_said *said)
{
    if (XEN_NODE_BIT(node) & XEN_NODES_UNREAD)
        return true;
    if (XEN_NODE_BIT(node) & XEN_NODES_OF_AGENT)
        return said->alive == BALLAST_NONE;
    return (node == XEN_NODE_FEATURE_POWEROFF || node == XEN_NODE_FEATURE_REBOOT) &&
           said->on[XEN_NODE_FEATURE_SUSPEND];
}

int xen_store_read(struct xen_store *store, struct xen_followed *followed,
                   struct ballast_error *err)
{
    uint32_t memory = followed->stale & XEN_NODES_IN_MEMORY;
    uint32_t control = followed->stale & XEN_NODES_IN_CONTROL;
    struct xen_said said = followed->said;
    int rc;
    if (followed->stale == 0)
        return 0;
    if ((rc = list_nodes(store, followed->domid, "memory", &memory, err)) < 0 ||
        (rc = list_nodes(store, followed->domid, "control", &control, err)) < 0)
        return rc;
    /* What a guest can fill with names of its own is not listed. */
    uint32_t there = memory | control | XEN_NODES_IN_DATA | XEN_NODE_BIT(XEN_NODE_NAME) |
                     XEN_NODE_BIT(XEN_NODE_SERVES);
    for (unsigned i = 0; i < XEN_NODES; i++) {
        enum xen_node node = (enum xen_node)i;
        if (!(followed->stale & XEN_NODE_BIT(node)))
            continue;
        if (!(there & XEN_NODE_BIT(node)) || is_needless(node, &said))
            xen_decode_node(&said, node, NULL, 0);
        else if ((rc = read_node(store, XBT_NULL, followed->domid, node, &said, err)) < 0)
            return rc;
        /* Its other nodes were passed over so far. */
        if (node == XEN_NODE_ALIVE && followed->said.alive == BALLAST_NONE &&
            said.alive != BALLAST_NONE)
            followed->stale |= XEN_NODES_IN_BALLAST;
    }
    followed->said = said;
    followed->stale = 0;
    return 0;
}

int xen_store_read_name(struct xen_store *store, const char *path, struct xen_said *said)
{
    unsigned length = 0;
    errno = 0;
    store->calls++;
    char *value = lib.xs_read(store->xs, XBT_NULL, path, &length);
    if (!value)
        return errno > 0 ? -errno : -EIO;
    xen_decode_node(said, XEN_NODE_NAME, value, length);
    free(value);
    return 0;
}

static int watch_path(struct xen_store *store, const char *path, struct ballast_error *err)
{
    errno = 0;
    store->calls++;
    if (!lib.xs_watch(store->xs, path, token) && errno != EEXIST)
        return fail_store("watch", path, err);
    return 0;
}

static void unwatch_all(struct xen_store *store, uint32_t domid)
{
    char path[PATH];
    for (unsigned i = 0; i < WATCHED; i++) {
        domain_path(path, domid, watched[i]);
        store->calls++;
        lib.xs_unwatch(store->xs, path, token);
    }
}

int xen_store_watch(struct xen_store *store, struct xen_followed *followed,
                    struct ballast_error *err)
{
    char path[PATH];
    if (followed->watched)
        return 0;
    for (unsigned i = 0; i < WATCHED; i++) {
        domain_path(path, followed->domid, watched[i]);
        int rc = watch_path(store, path, err);
        if (rc < 0) {
            unwatch_all(store, followed->domid);
            return rc;
        }
    }
    followed->watched = true;
    followed->fresh = (1U << WATCHED) - 1;
    followed->stale = XEN_NODES_ALL;
    return 0;
}

void xen_store_unwatch(struct xen_store *store, struct xen_followed *followed)
{
    if (followed->watched)
        unwatch_all(store, followed->domid);
    followed->watched = false;
    followed->fresh = 0;
}

void xen_store_lose(struct xen_followed *followed)
{
    followed->watched = false;
    followed->fresh = 0;
    followed->stale = XEN_NODES_ALL;
}

int xen_store_watch_domains(struct xen_store *store, struct ballast_error *err)
{
    int rc = watch_path(store, "@introduceDomain", err);
    if (rc == 0)
        rc = watch_path(store, "@releaseDomain", err);
    return rc < 0 ? rc : watch_path(store, "/vm", err);
}

void xen_store_put_name(struct xen_store *store, uint32_t domid, const char *name)
{
    char path[PATH];
    domain_path(path, domid, xen_node_path(XEN_NODE_NAME));
    store->calls++;
    (void)lib.xs_write(store->xs, XBT_NULL, path, name, (unsigned)strlen(name));
}

void xen_store_remove_domain(struct xen_store *store, uint32_t domid)
{
    char path[PATH];
    domain_path(path, domid, "");
    store->calls++;
    (void)lib.xs_rm(store->xs, XBT_NULL, path);
}

bool xen_store_event(struct xen_store *store, char path[XEN_STORE_PATH])
{
    errno = EAGAIN;
    char **event = lib.xs_check_watch(store->xs);
    if (!event) {
        /* Its reading thread ends with the connection; nothing else tells of that. */
        store->lost |= errno != EAGAIN && errno != ENOMEM;
        return false;
    }
    (void)snprintf(path, XEN_STORE_PATH, "%s", event[XS_WATCH_PATH]);
    free(event);
    return true;
}

uint32_t xen_store_receive(struct xen_followed *followed, const char *path)
{
    char own[PATH];
    uint32_t domid;
    for (unsigned i = 0; i < WATCHED && followed->fresh != 0; i++) {
        domain_path(own, followed->domid, watched[i]);
        if ((followed->fresh & (1U << i)) && strcmp(path, own) == 0) {
            followed->fresh &= ~(1U << i);
            return 0;
        }
    }
    uint32_t nodes = xen_event_nodes(path, &domid);
    followed->stale |= nodes;
    /* An event of a directory is its making or its end, and says nothing of what is in it. */
    if ((nodes & (nodes - 1)) == 0)
        followed->written |= nodes;
    return nodes;
}

bool xen_store_is_lost(const struct xen_store *store)
{
    return store->lost;
}

int xen_store_fd(const struct xen_store *store)
{
    return lib.xs_fileno(store->xs);
}

uint64_t xen_store_calls(const struct xen_store *store)
{
    return store ? store->calls : 0;
}

static int begin_failed(struct xen_change *change, int rc)
{
    xen_store_abort(change);
    return rc;
}

int xen_store_begin(struct xen_store *store, uint32_t domid, struct xen_change *out,
                    struct xen_said *said, struct ballast_error *err)
{
    struct xen_change change = {.store = store, .domid = domid};
    struct xen_said received;
    char path[PATH];
    errno = 0;
    store->calls += 2;
    change.transaction = lib.xs_transaction_start(store->xs);
    if (change.transaction == XBT_NULL)
        return fail_store("begin a transaction for", "a domain", err);
    domain_path(path, domid, "");
    unsigned length;
    char *value = lib.xs_read(store->xs, change.transaction, path, &length);
    if (!value) {
        int rc = errno == ENOENT ? ballast_fail(err, -ENOENT, "domain %" PRIu32 " is gone", domid)
                                 : fail_store("read", path, err);
        return begin_failed(&change, rc);
    }
    free(value);
    xen_said_nothing(&received);
    for (unsigned node = XEN_NODE_TARGET; node <= XEN_NODE_DYNAMIC_MAX; node++) {
        int rc = read_node(store, change.transaction, domid, (enum xen_node)node, &received, err);
        if (rc < 0)
            return begin_failed(&change, rc);
    }
    *said = received;
    *out = change;
    return 0;
}

static int put_change(struct xen_change *change, const char *path, uint64_t value,
                      struct ballast_error *err)
{
    char text[24];
    int length = snprintf(text, sizeof(text), "%" PRIu64, value);
    errno = 0;
    change->store->calls++;
    if (!lib.xs_write(change->store->xs, change->transaction, path, text, (unsigned)length))
        return fail_store("write", path, err);
    return 0;
}

int xen_store_put(struct xen_change *change, enum xen_node node, uint64_t value,
                  struct ballast_error *err)
{
    char path[PATH];
    domain_path(path, change->domid, xen_node_path(node));
    return put_change(change, path, value, err);
}

/* xc's handle is the UUID as it is written, byte by byte (libxl_uuid.h, LIBXL_UUID_FMT). */
static void vm_path(char path[PATH], const uint8_t uuid[16], const char *node)
{
    int length = snprintf(path, PATH, "/vm/");
    for (int i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        length +=
            snprintf(path + length, PATH - (size_t)length, "%s%02x", dash ? "-" : "", uuid[i]);
    }
    snprintf(path + length, PATH - (size_t)length, "%s", node);
}

int xen_store_put_vm_memory(struct xen_change *change, const uint8_t uuid[16], uint64_t mib,
                            struct ballast_error *err)
{
    char path[PATH];
    unsigned length;
    vm_path(path, uuid, "");
    errno = 0;
    change->store->calls++;
    char *value = lib.xs_read(change->store->xs, change->transaction, path, &length);
    if (!value)
        return errno == ENOENT ? 0 : fail_store("read", path, err);
    free(value);
    vm_path(path, uuid, "/memory");
    return put_change(change, path, mib, err);
}

int xen_store_commit(struct xen_change *change, struct ballast_error *err)
{
    errno = 0;
    change->store->calls++;
    if (lib.xs_transaction_end(change->store->xs, change->transaction, false))
        return 0;
    if (errno == EAGAIN)
        return ballast_fail(err, -EAGAIN,
                            "xenstore's nodes of domain %" PRIu32 " are changed by others all the "
                            "time; nothing was written",
                            change->domid);
    return fail_store("commit the change of", "a domain's nodes", err);
}

void xen_store_abort(struct xen_change *change)
{
    int code = errno;
    change->store->calls++;
    lib.xs_transaction_end(change->store->xs, change->transaction, true);
    errno = code;
}
