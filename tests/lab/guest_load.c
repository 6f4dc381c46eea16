/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest-load [MODULE...]: loads the modules, makes the first zram device swap, and is the load of a
 * guest of the lab: it holds so much memory as xenstore's data/load/mib says, and touches all of it
 * about once a second, in random order, so that what the guest lacks is read from swap again and
 * again. Each second it prints what it holds and how long tasks waited for memory since the boot.
 * Told by data/load/order it kills ballast-agent (kill), starts it (agent), or kills it and reports
 * in its place what is not true (lie 0: no memory is free, and no pressure is known; lie 1: none is
 * free, and there is no pressure; lie 2: none is free, and all tasks wait for memory).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "edge/xenbus/xenbus.h"

enum {
    PAGE = 4096,
    PAGES_A_MIB = 256,
    MOST_MIB = 1024,
    TURN_MSEC = 100,
    TOUCH_MSEC = 80,
    TURNS_A_SEC = 10,
    FILL_MIB = 16,      /* a turn */
    WORDS_FILLED = 128, /* of a page, with what does not compress; the rest does */
    ZRAM_MIB = 256
};

struct load {
    struct xenbus bus;
    uint8_t *memory;
    uint32_t held_mib;
    uint32_t want_mib;
    uint64_t random;
    uint64_t touched; /* pages */
    char order[16];
    int lie; /* -1: none */
};

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        perror(path);
    if (fd >= 0)
        close(fd);
}

static void insert_module(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) != 0)
        perror(path);
    if (fd >= 0)
        close(fd);
}

/* The header that mkswap writes (Linux include/linux/swap.h, union swap_header). */
static bool make_swap(const char *path)
{
    static uint8_t page[PAGE];
    const uint32_t info[] = {1, ZRAM_MIB * PAGES_A_MIB - 1, 0};
    memcpy(page + 1024, info, sizeof(info));
    memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool made = fd >= 0 && write(fd, page, PAGE) == PAGE;
    if (fd >= 0)
        made = close(fd) == 0 && made;
    return made && swapon(path, 0) == 0;
}

static void add_swap(void)
{
    char size[16];
    (void)snprintf(size, sizeof(size), "%dM", ZRAM_MIB);
    write_file("/sys/block/zram0/disksize", size);
    /* Reading ahead from zram gains nothing, and would count as pages that were missing. */
    write_file("/proc/sys/vm/page-cluster", "0");
    if (!make_swap("/dev/zram0"))
        perror("guest: load: /dev/zram0");
}

static uint64_t next_random(struct load *load)
{
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return load->random;
}

static void fill_mib(struct load *load)
{
    uint8_t *begin = load->memory + (size_t)load->held_mib * PAGES_A_MIB * PAGE;
    for (size_t page = 0; page < PAGES_A_MIB; page++) {
        uint64_t *words = (uint64_t *)(void *)(begin + page * PAGE);
        for (int i = 0; i < WORDS_FILLED; i++)
            words[i] = next_random(load);
    }
    load->held_mib++;
}

static void move_towards_want(struct load *load)
{
    for (int i = 0; i < FILL_MIB && load->held_mib < load->want_mib; i++)
        fill_mib(load);
    if (load->held_mib <= load->want_mib)
        return;
    size_t from = (size_t)load->want_mib * PAGES_A_MIB * PAGE;
    size_t to = (size_t)load->held_mib * PAGES_A_MIB * PAGE;
    (void)madvise(load->memory + from, to - from, MADV_DONTNEED);
    load->held_mib = load->want_mib;
}

static uint64_t boot_msec(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A tenth of all, or as much of it as swap gives in most of a turn. */
static void touch_some(struct load *load)
{
    uint64_t pages = (uint64_t)load->held_mib * PAGES_A_MIB;
    uint64_t end_msec = boot_msec() + TOUCH_MSEC;
    for (uint64_t i = 0; i < pages / TURNS_A_SEC; i++) {
        size_t page = (size_t)(next_random(load) % pages);
        load->memory[page * PAGE + PAGE - 1]++;
        load->touched++;
        if (i % 16 == 0 && boot_msec() >= end_msec)
            return;
    }
}

/* The number that follows `key` in a file of /proc; 0 where there is none. */
static uint64_t find_number(const char *path, const char *line, const char *key)
{
    char text[8192] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    char *at = got > 0 ? strstr(text, line) : NULL;
    at = at ? strstr(at, key) : NULL;
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void print_load(const struct load *load)
{
    static const char psi[] = "/proc/pressure/memory";
    static const char vmstat[] = "/proc/vmstat";
    printf("guest: load: held_mib=%" PRIu32 " touched=%" PRIu64 " some_usec=%" PRIu64
           " full_usec=%" PRIu64 " swapin=%" PRIu64 " oom_kill=%" PRIu64 " up_msec=%" PRIu64 "\n",
           load->held_mib, load->touched, find_number(psi, "some", "total="),
           find_number(psi, "full", "total="), find_number(vmstat, "pswpin", " "),
           find_number(vmstat, "oom_kill", " "), boot_msec());
    (void)fflush(stdout);
}

/* The agent, by its command, which a process that has ended no longer has; 0: it does not run. */
static pid_t find_agent(void)
{
    static const char name[] = "ballast-agent";
    char path[32];
    char command[64];
    for (pid_t pid = 1; pid < 1000; pid++) {
        (void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? 0 : read(fd, command, sizeof(command) - 1);
        if (fd >= 0)
            close(fd);
        command[got > 0 ? got : 0] = '\0';
        if (strstr(command, name))
            return pid;
    }
    return 0;
}

static void kill_agent(void)
{
    pid_t pid = find_agent();
    if (pid > 0)
        (void)kill(pid, SIGKILL);
}

static void start_agent(void)
{
    if (fork() > 0)
        return;
    execl("/bin/ballast-agent", "ballast-agent", (char *)NULL);
    _exit(127);
}

static void obey_order(struct load *load, const char *order)
{
    if (strcmp(order, load->order) == 0)
        return;
    (void)snprintf(load->order, sizeof(load->order), "%s", order);
    if (strcmp(order, "kill") == 0 || strncmp(order, "lie ", 4) == 0)
        kill_agent();
    load->lie = strncmp(order, "lie ", 4) == 0 ? order[4] - '0' : -1;
    if (load->lie >= 0)
        (void)xenbus_remove_node(&load->bus, "data/ballast");
    if (strcmp(order, "agent") == 0)
        start_agent();
    printf("guest: load: order %s\n", order);
}

static void tell_lies(struct load *load)
{
    static const char *const nodes[] = {"data/ballast/psi_some", "data/ballast/psi_full"};
    static uint64_t told;
    char text[24];
    if (load->lie < 0)
        return;
    (void)xenbus_write_node(&load->bus, "data/meminfo_free", "0");
    for (int i = 0; i < 2 && load->lie > 0; i++)
        (void)xenbus_write_node(&load->bus, nodes[i], load->lie == 1 ? "0" : "10000");
    (void)snprintf(text, sizeof(text), "%" PRIu64, ++told);
    (void)xenbus_write_node(&load->bus, "data/ballast/alive", text);
}

static void ask_xenstore(struct load *load)
{
    char text[16];
    if (!xenbus_is_open(&load->bus))
        (void)xenbus_open(NULL, &load->bus, NULL);
    if (xenbus_read_node(&load->bus, "data/load/mib", text, sizeof(text)) == 0)
        load->want_mib = (uint32_t)strtoul(text, NULL, 10) % (MOST_MIB + 1);
    if (xenbus_read_node(&load->bus, "data/load/order", text, sizeof(text)) == 0)
        obey_order(load, text);
    tell_lies(load);
}

static bool begin_load(struct load *load)
{
    add_swap();
    /* Where memory does not suffice this dies, not the guest's first process. */
    write_file("/proc/self/oom_score_adj", "900");
    load->memory = mmap(NULL, (size_t)MOST_MIB * PAGES_A_MIB * PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (load->memory == MAP_FAILED)
        perror("guest: load: mmap");
    return load->memory != MAP_FAILED;
}

int main(int argc, char **argv)
{
    static struct load load = {.random = 88172645463325252u, .lie = -1, .bus = {.fd = -1}};
    const struct timespec rest = {.tv_nsec = (TURN_MSEC - TOUCH_MSEC / 2) * 1000000L};
    uint64_t next_msec = 0;
    for (int i = 1; i < argc; i++)
        insert_module(argv[i]);
    if (!begin_load(&load))
        return 1;
    for (;;) {
        if (boot_msec() >= next_msec) {
            next_msec = boot_msec() + 1000;
            ask_xenstore(&load);
            print_load(&load);
        }
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        move_towards_want(&load);
        touch_some(&load);
        (void)nanosleep(&rest, NULL);
    }
}
