/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fakexen: what stands in for dom0's kernel and Xen below the real libxenctrl, libxenevtchn and
 * libxenlight. Preloaded into a program, it answers for /dev/xen/ and /proc/xen/: a device is there
 * when the file of that name below $FAKEXEN is, and opening it fails with the errno that is written
 * in it. /run/ballast, where the lock of a Xen host is, is $FAKEXEN/run. Hypercalls are carried out
 * on a table that $FAKEXEN/host holds, shared by all processes and with the test that moves it
 * (fakexen.py, which documents the table too).
 */
#undef _FILE_OFFSET_BITS
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <xenctrl.h>

#include <xen/sys/evtchn.h>
#include <xen/sys/privcmd.h>

#define SHIM __attribute__((visibility("default")))

enum { FAULTS = 16, DOMAINS = 4096, PAGE = 4096, FDS = 1024, FOREVER = 0xFFFF };

/* What a fault may strike: the numbers are fakexen.py's. */
enum what {
    ON_LIST = 1,
    ON_PHYSINFO,
    ON_AVAILHEAP,
    ON_MAX_MEM,
    ON_POOL,
    ON_CLAIM,
    ON_POD_GET,
    ON_POD_SET,
    ON_VERSION,
    ON_LISTED, /* the newest domain takes `code` pages as soon as domains were listed */
    ON_CREATE,
    ON_DESTROYED, /* the caller is killed as soon as a domain is destroyed */
};

struct fault {
    uint32_t what;
    int32_t code;
    uint32_t times;
    uint32_t unused;
};

struct domain {
    uint32_t domid;
    uint32_t flags;
    uint32_t vcpus;
    uint32_t emulation;
    uint8_t uuid[16];
    uint64_t tot_pages;
    uint64_t max_pages;
    uint64_t claimed_pages; /* outstanding: beyond tot_pages */
    uint64_t pool_bytes;
    uint64_t lost_pages; /* what Xen spends on it and shows nowhere */
    uint64_t pod_cache_pages;
    uint64_t pod_entries;
    uint64_t claim_calls; /* that made, changed or withdrew its claim */
    uint8_t unused[32];
};

struct table {
    char magic[8];
    uint64_t total_pages;
    uint64_t own_pages; /* Xen's */
    uint64_t scrub_pages;
    uint32_t major;
    uint32_t minor;
    uint32_t capabilities;
    uint32_t count;
    uint64_t low_free_bytes;
    uint64_t calls;
    char extra[16];
    char commandline[1024];
    struct fault faults[FAULTS];
    uint64_t least_claimed_pages; /* by all domains after a claim was withdrawn */
    uint8_t unused[PAGE - 1368];
    struct domain domains[DOMAINS]; /* by domid */
};
_Static_assert(sizeof(struct domain) == 128 && offsetof(struct table, domains) == PAGE,
               "fakexen.py writes it");

static struct table *table;
static int table_fd = -1;
static bool is_privcmd[FDS];
static bool is_evtchn[FDS];

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* A file that stands for `path`, where that is one of ours. */
static bool stands_for(const char *path, char out[PAGE])
{
    const char *root = getenv("FAKEXEN");
    if (!root || (strncmp(path, "/dev/xen/", 9) != 0 && strncmp(path, "/proc/xen/", 10) != 0))
        return false;
    snprintf(out, PAGE, "%s%s", root, path);
    return true;
}

static int real_open(const char *path, int flags, mode_t mode)
{
    static int (*call)(const char *, int, ...);
    if (!call)
        call = (int (*)(const char *, int, ...))next("open64");
    return call(path, flags, mode);
}

static bool has_table(void)
{
    char path[PAGE];
    if (table)
        return true;
    snprintf(path, sizeof(path), "%s/host", getenv("FAKEXEN"));
    table_fd = real_open(path, O_RDWR | O_CLOEXEC, 0);
    if (table_fd < 0)
        return false;
    void *at = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE, MAP_SHARED, table_fd, 0);
    if (at == MAP_FAILED)
        return false;
    table = at;
    return memcmp(table->magic, "FAKEXEN1", 8) == 0;
}

static int connect_evtchn(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/evtchn", getenv("FAKEXEN"));
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        close(fd);
        errno = ENODEV;
        return -1;
    }
    return fd;
}

/* The errno that a device's file holds; 0: it is empty. */
static int told_errno(const char *file)
{
    char text[16] = "";
    int fd = real_open(file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    ssize_t length = read(fd, text, sizeof(text) - 1);
    close(fd);
    return length > 0 ? atoi(text) : 0;
}

static int open_device(const char *path, const char *file)
{
    const char *name = strrchr(path, '/') + 1;
    int code = told_errno(file);
    if (code != 0) {
        errno = code;
        return -1;
    }
    /* Each mapping of it is memory of its own, as of the real /dev/xen/hypercall. */
    if (strcmp(name, "hypercall") == 0)
        return real_open("/dev/zero", O_RDWR | O_CLOEXEC, 0);
    bool evtchn = strcmp(name, "evtchn") == 0;
    int fd = evtchn ? connect_evtchn() : real_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
    if (fd >= 0 && fd < FDS) {
        is_privcmd[fd] = strcmp(name, "privcmd") == 0;
        is_evtchn[fd] = evtchn;
    }
    return fd;
}

/* Each such host has a lock of its own, and so the directory that it is in; and libxl's userdata.
 */
static bool is_of_host(const char *path, char out[PAGE])
{
    const char *root = getenv("FAKEXEN");
    if (root && strcmp(path, "/run/ballast") == 0)
        snprintf(out, PAGE, "%s/run", root);
    else if (root && strncmp(path, "/var/lib/xen/", 13) == 0)
        snprintf(out, PAGE, "%s%s", root, path);
    else
        return false;
    return true;
}

static int any_open(const char *path, int flags, mode_t mode)
{
    char file[PAGE];
    if (is_of_host(path, file))
        return real_open(file, flags, mode);
    return stands_for(path, file) ? open_device(path, file) : real_open(path, flags, mode);
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(arguments, int) : 0;
}

SHIM int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return any_open(path, flags, mode);
}

SHIM int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return any_open(path, flags, mode);
}

/* What a fortified open() without a mode is. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

SHIM int __open_2(const char *path, int flags)
{
    return any_open(path, flags, 0);
}

SHIM int __open64_2(const char *path, int flags)
{
    return any_open(path, flags, 0);
}

SHIM FILE *fopen(const char *path, const char *mode)
{
    char file[PAGE];
    FILE *(*call)(const char *, const char *) =
        (FILE * (*)(const char *, const char *)) next("fopen");
    return call(is_of_host(path, file) ? file : path, mode);
}

static int any_stat(const char *name, const char *path, void *out)
{
    char file[PAGE];
    int (*call)(const char *, void *) = (int (*)(const char *, void *))next(name);
    return call(is_of_host(path, file) ? file : path, out);
}

SHIM int stat(const char *path, struct stat *out)
{
    return any_stat("stat", path, out);
}

SHIM int stat64(const char *path, struct stat64 *out)
{
    return any_stat("stat64", path, out);
}

SHIM int mkdir(const char *path, mode_t mode)
{
    static int (*call)(const char *, mode_t);
    char file[PAGE];
    if (!call)
        call = (int (*)(const char *, mode_t))next("mkdir");
    return call(is_of_host(path, file) ? file : path, mode);
}

/* The way to it has no links. */
SHIM char *realpath(const char *path, char *resolved)
{
    static char *(*call)(const char *, char *);
    char file[PAGE];
    if (!call)
        call = (char *(*)(const char *, char *))next("realpath");
    if (!is_of_host(path, file))
        return call(path, resolved);
    return resolved ? strcpy(resolved, path) : strdup(path);
}

char *__realpath_chk(const char *path, char *resolved, size_t size);
SHIM char *__realpath_chk(const char *path, char *resolved, size_t size)
{
    (void)size;
    return realpath(path, resolved);
}

SHIM int access(const char *path, int mode)
{
    static int (*call)(const char *, int);
    char file[PAGE];
    if (!call)
        call = (int (*)(const char *, int))next("access");
    return call(stands_for(path, file) ? file : path, mode);
}

/* Hypercalls: each returns 0 or more, or a negative errno. */

static int struck(enum what what)
{
    for (size_t i = 0; i < FAULTS; i++) {
        struct fault *fault = &table->faults[i];
        if (fault->what != what || fault->times == 0)
            continue;
        if (fault->times != FOREVER)
            fault->times--;
        return -fault->code;
    }
    return 0;
}

/* A build that goes on while the caller waits for its CPU, between two hypercalls. */
static void build_on(void)
{
    int pages = -struck(ON_LISTED);
    if (pages > 0 && table->count > 0)
        table->domains[table->count - 1].tot_pages += (uint64_t)pages;
}

static struct domain *find(uint32_t domid)
{
    for (uint32_t i = 0; i < table->count; i++) {
        if (table->domains[i].domid == domid)
            return &table->domains[i];
    }
    return NULL;
}

static uint64_t free_pages(void)
{
    uint64_t held = table->own_pages;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct domain *domain = &table->domains[i];
        held += domain->tot_pages + domain->lost_pages + domain->pod_cache_pages +
                domain->pool_bytes / PAGE;
    }
    return table->total_pages > held ? table->total_pages - held : 0;
}

static uint64_t claimed_pages(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < table->count; i++)
        sum += table->domains[i].claimed_pages;
    return sum;
}

static void fill_domain(const struct domain *domain, xen_domctl_getdomaininfo_t *out)
{
    memset(out, 0, sizeof(*out));
    out->domain = (domid_t)domain->domid;
    out->flags = domain->flags;
    out->tot_pages = domain->tot_pages;
    out->max_pages = domain->max_pages;
    out->outstanding_pages = domain->claimed_pages;
    out->nr_online_vcpus = domain->vcpus;
    out->max_vcpu_id = domain->vcpus - 1;
    memcpy(out->handle, domain->uuid, sizeof(out->handle));
#if defined(__i386__) || defined(__x86_64__)
    out->arch_config.emulation_flags = domain->emulation;
#endif
}

static int list_domains(struct xen_sysctl_getdomaininfolist *list)
{
    xen_domctl_getdomaininfo_t *out = list->buffer.p;
    uint32_t count = 0;
    int rc = struck(ON_LIST);
    for (uint32_t i = 0; rc == 0 && i < table->count && count < list->max_domains; i++) {
        if (table->domains[i].domid >= list->first_domain)
            fill_domain(&table->domains[i], &out[count++]);
    }
    list->num_domains = count;
    build_on();
    return rc;
}

static int fill_host(struct xen_sysctl_physinfo *info)
{
    *info = (struct xen_sysctl_physinfo){
        .threads_per_core = 1,
        .cores_per_socket = 4,
        .max_cpu_id = 3,
        .nr_cpus = 4,
        .nr_nodes = 1,
        .capabilities = table->capabilities,
        .total_pages = table->total_pages,
        .free_pages = free_pages(),
        .scrub_pages = table->scrub_pages,
        .outstanding_pages = claimed_pages(),
    };
    return struck(ON_PHYSINFO);
}

static int do_sysctl(struct xen_sysctl *call)
{
    switch (call->cmd) {
    case XEN_SYSCTL_getdomaininfolist:
        return list_domains(&call->u.getdomaininfolist);
    case XEN_SYSCTL_physinfo:
        return fill_host(&call->u.physinfo);
    case XEN_SYSCTL_availheap:
        call->u.availheap.avail_bytes = table->low_free_bytes;
        return struck(ON_AVAILHEAP);
    default:
        return -ENOSYS;
    }
}

/* With the next id, paused and empty. Xen 4.17 spends 56 KiB on one without memory and vCPUs. */
static int create(struct xen_domctl *call)
{
    int rc = struck(ON_CREATE);
    if (rc < 0)
        return rc;
    if (table->count == DOMAINS)
        return -ENOMEM;
    struct domain *domain = &table->domains[table->count];
    *domain =
        (struct domain){.domid = table->count > 0 ? table->domains[table->count - 1].domid + 1 : 0,
                        .lost_pages = 14,
                        .flags = XEN_DOMINF_paused};
    if (call->u.createdomain.flags & XEN_DOMCTL_CDF_xs_domain)
        domain->flags |= XEN_DOMINF_xs_domain;
    memcpy(domain->uuid, call->u.createdomain.handle, sizeof(domain->uuid));
    call->domain = (domid_t)domain->domid;
    table->count++;
    return 0;
}

static int destroy(struct domain *domain)
{
    size_t at = (size_t)(domain - table->domains);
    memmove(domain, domain + 1, (table->count - at - 1) * sizeof(*domain));
    table->count--;
    if (struck(ON_DESTROYED) < 0)
        (void)raise(SIGKILL);
    return 0;
}

static int do_domctl(struct xen_domctl *call)
{
    struct domain *domain = find(call->domain);
    int rc;
    if (call->cmd == XEN_DOMCTL_createdomain)
        return create(call);
    if (!domain)
        return -ESRCH;
    switch (call->cmd) {
    case XEN_DOMCTL_destroydomain:
        return destroy(domain);
    case XEN_DOMCTL_getdomaininfo:
        fill_domain(domain, &call->u.getdomaininfo);
        return struck(ON_LIST);
    case XEN_DOMCTL_max_mem:
        if ((rc = struck(ON_MAX_MEM)) == 0)
            domain->max_pages = call->u.max_mem.max_memkb / 4;
        return rc;
#ifdef XEN_DOMCTL_get_paging_mempool_size
    case XEN_DOMCTL_get_paging_mempool_size:
        call->u.paging_mempool.size = domain->pool_bytes;
        return struck(ON_POOL);
#endif
    case XEN_DOMCTL_shadow_op:
        call->u.shadow_op.mb = (uint32_t)(domain->pool_bytes >> 20);
        return struck(ON_POOL);
    default:
        return -ENOSYS;
    }
}

/* page_alloc.c, domain_set_outstanding_pages(): what the domain has counts, and one claim is all.
 */
static int claim(const struct xen_memory_reservation *call)
{
    struct domain *domain = find(call->domid);
    uint64_t pages = call->nr_extents;
    int rc = struck(ON_CLAIM);
    if (rc < 0)
        return rc;
    if (!domain)
        return -ESRCH;
    domain->claim_calls++;
    if (pages == 0) {
        domain->claimed_pages = 0;
        if (table->least_claimed_pages > claimed_pages())
            table->least_claimed_pages = claimed_pages();
        return 0;
    }
    if (domain->claimed_pages > 0 || pages <= domain->tot_pages || pages > domain->max_pages)
        return -EINVAL;
    if (pages - domain->tot_pages > free_pages() - claimed_pages())
        return -ENOMEM;
    domain->claimed_pages = pages - domain->tot_pages;
    return 0;
}

static int pod_target(struct xen_pod_target *call, enum what what)
{
    const struct domain *domain = find(call->domid);
    int rc = struck(what);
    if (!domain)
        return -ESRCH;
    call->tot_pages = domain->tot_pages;
    call->pod_cache_pages = domain->pod_cache_pages;
    call->pod_entries = domain->pod_entries;
    return rc;
}

/* x86_64/compat/mm.c, XENMEM_machine_memory_map: 640 KiB, and from 1 MiB on what makes the total.
 */
static int machine_map(struct xen_memory_map *call)
{
    const uint64_t low_pages = 160;
    struct e820entry *out = call->buffer.p;
    if (call->nr_entries < 3 || table->total_pages <= low_pages)
        return -EINVAL;
    out[0] = (struct e820entry){.addr = 0, .size = low_pages * PAGE, .type = E820_RAM};
    out[1] = (struct e820entry){.addr = low_pages * PAGE, .size = 96 * PAGE, .type = 2};
    out[2] = (struct e820entry){
        .addr = 256 * PAGE, .size = (table->total_pages - low_pages) * PAGE, .type = E820_RAM};
    call->nr_entries = 3;
    return 0;
}

static int do_memory(uint64_t op, void *argument)
{
    switch (op) {
    case XENMEM_machine_memory_map:
        return machine_map(argument);
    case XENMEM_claim_pages:
        return claim(argument);
    case XENMEM_get_pod_target:
        return pod_target(argument, ON_POD_GET);
    case XENMEM_set_pod_target:
        return pod_target(argument, ON_POD_SET);
    default:
        return -ENOSYS;
    }
}

static int do_version(uint64_t op, void *argument)
{
    int rc = struck(ON_VERSION);
    if (rc < 0)
        return rc;
    switch (op) {
    case XENVER_version:
        return (int)(table->major << 16 | table->minor);
    case XENVER_extraversion:
        memcpy(argument, table->extra, sizeof(xen_extraversion_t));
        return 0;
    case XENVER_capabilities:
        memcpy(argument, "xen-3.0-x86_64 hvm-3.0-x86_32p", 31);
        return 0;
    case XENVER_commandline:
        memcpy(argument, table->commandline, sizeof(xen_commandline_t));
        return 0;
    default:
        return -ENOSYS;
    }
}

static void *pointer(uint64_t argument)
{
    return (void *)(uintptr_t)argument;
}

static int do_one(uint64_t op, uint64_t first, uint64_t second)
{
    switch (op) {
    case __HYPERVISOR_sysctl:
        return do_sysctl(pointer(first));
    case __HYPERVISOR_domctl:
        return do_domctl(pointer(first));
    case __HYPERVISOR_memory_op:
        return do_memory(first, pointer(second));
    case __HYPERVISOR_xen_version:
        return do_version(first, pointer(second));
    default:
        return -ENOSYS;
    }
}

/* libxenctrl makes memory operations so, since their results have 64 bits. */
static int do_hypercall(const struct privcmd_hypercall *call)
{
    struct multicall_entry *calls = pointer(call->arg[0]);
    if (call->op != __HYPERVISOR_multicall)
        return do_one(call->op, call->arg[0], call->arg[1]);
    for (uint64_t i = 0; i < call->arg[1]; i++) {
        int rc = do_one(calls[i].op, calls[i].args[0], calls[i].args[1]);
        calls[i].result = (xen_ulong_t)(long)rc;
    }
    return 0;
}

static int hypercall(const struct privcmd_hypercall *call)
{
    if (!has_table()) {
        errno = ENODEV;
        return -1;
    }
    flock(table_fd, LOCK_EX);
    table->calls++;
    int rc = do_hypercall(call);
    flock(table_fd, LOCK_UN);
    if (rc >= 0)
        return rc;
    errno = -rc;
    return -1;
}

/* The number of the VIRQ there, a port or a negative errno back. */
static int bind_virq(int fd, const struct ioctl_evtchn_bind_virq *bind)
{
    int32_t answer = -EIO;
    uint32_t virq = bind->virq;
    if (send(fd, &virq, sizeof(virq), MSG_NOSIGNAL) == sizeof(virq))
        (void)!recv(fd, &answer, sizeof(answer), 0);
    if (answer >= 0)
        return answer;
    errno = -answer;
    return -1;
}

SHIM int ioctl(int fd, unsigned long request, ...)
{
    static int (*call)(int, unsigned long, ...);
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (fd >= 0 && fd < FDS && is_privcmd[fd] && request == IOCTL_PRIVCMD_HYPERCALL)
        return hypercall(argument);
    if (fd >= 0 && fd < FDS && is_evtchn[fd] && request == IOCTL_EVTCHN_BIND_VIRQ)
        return bind_virq(fd, argument);
    if (!call)
        call = (int (*)(int, unsigned long, ...))next("ioctl");
    return call(fd, request, argument);
}

/* Whether it is what libxenstore has polled for watches: a pipe, as few others are. */
static bool is_pipe(int fd)
{
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISFIFO(found.st_mode);
}

SHIM int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
    static int (*call)(int, int, int, struct epoll_event *);
    char file[PAGE];
    const char *root = getenv("FAKEXEN");
    if (!call)
        call = (int (*)(int, int, int, struct epoll_event *))next("epoll_ctl");
    snprintf(file, sizeof(file), "%s/epoll", root ? root : "");
    int code = root && op == EPOLL_CTL_ADD && is_pipe(fd) ? told_errno(file) : 0;
    if (code == 0 || code == ENOENT)
        return call(epoll, op, fd, event);
    errno = code;
    return -1;
}
