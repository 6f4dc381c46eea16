/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls the interface of the Xen host (edge/hv) directly, in dom0 of the lab: one command per line
 * on standard input, one or more lines of output for each. Sizes are KiB, except those of "pool",
 * which are in bytes as for Xen. A line "sh ..." is run by the shell, so that something can happen
 * between two commands of one process.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>
#include <xenstore.h>

#include "edge/hv/xen.h"

#ifdef SONAME_XENLIGHT
#include <libxl.h>
#include <xentoollog.h>
#endif

enum { WORDS = 8, LINE = 512, JSON = 65536 };

static struct xen_calls last;

static uint64_t number(const char *word)
{
    return word && strcmp(word, "-") != 0 ? strtoull(word, NULL, 10) : BALLAST_NONE;
}

static void print_kib(const char *name, uint64_t kib)
{
    if (kib == BALLAST_NONE)
        printf(" %s=-", name);
    else
        printf(" %s=%" PRIu64, name, kib);
}

static void answer(int rc, const struct ballast_error *err)
{
    if (rc < 0)
        printf("error %d %s\n", -rc, err->text);
    else
        printf("ok\n");
}

static void print_plan(const struct ballast_target_plan *plan)
{
    printf("done");
    print_kib("target", plan->target_kib);
    print_kib("static_max", plan->static_max_kib);
    print_kib("maxmem", plan->maxmem_kib);
    print_kib("pod_pages", plan->pod_pages);
    print_kib("vm_memory", plan->vm_memory_mib);
    printf("\n");
}

static void print_domain(const struct hv_domain *domain)
{
    printf("domain id=%" PRIu32 " name=%s type=%s paused=%d dying=%d shutdown=%d building=%d"
           " migrating=%d balloon=%d kernel=%d stubdomain=%d vcpus=%" PRIu32,
           domain->id, domain->name, ballast_guest_type_name(domain->type), domain->paused,
           domain->dying, domain->shutdown, domain->building, domain->migrating,
           domain->has_balloon, domain->kernel_is_up, domain->is_stubdomain, domain->vcpus);
    print_kib("tot", domain->tot_kib);
    print_kib("max", domain->max_kib);
    print_kib("claim", domain->claim_kib);
    print_kib("pool", domain->pool_kib);
    print_kib("pod_entries", domain->pod_entries_kib);
    print_kib("pod_cache", domain->pod_cache_kib);
    print_kib("target", domain->target_kib);
    print_kib("static_max", domain->static_max_kib);
    print_kib("videoram", domain->videoram_kib);
    print_kib("dynamic_min", domain->dynamic_min_kib);
    print_kib("dynamic_max", domain->dynamic_max_kib);
    print_kib("used", domain->used_kib);
    printf(" uuid=");
    for (int i = 0; i < 16; i++)
        printf("%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", domain->uuid[i]);
    printf("\n");
}

static void print_shown(const struct ballast_domain *domain)
{
    printf("shown id=%" PRIu32 " state=%s balloon=%d", domain->id,
           ballast_domain_state_name(domain->state), domain->has_balloon);
    print_kib("tot", domain->tot_kib);
    print_kib("overhead", domain->overhead_kib);
    print_kib("target", domain->target_kib);
    print_kib("maxmem", domain->maxmem_kib);
    print_kib("dynamic_min", domain->dynamic_min_kib);
    print_kib("dynamic_max", domain->dynamic_max_kib);
    print_kib("static_max", domain->static_max_kib);
    print_kib("build_left", domain->build_left_kib);
    print_kib("used", domain->used_kib);
    printf("\n");
}

static void refresh(struct hv *hv, bool quietly)
{
    const struct ballast_host *host;
    const struct hv_domain *domains;
    size_t count;
    struct ballast_error err;
    int rc = hv->ops->refresh(hv, &host, &err);
    if (rc == 0)
        rc = ballast_host_check(host, &err);
    if (rc < 0 || quietly) {
        answer(rc, &err);
        return;
    }
    printf("host");
    print_kib("total", host->total_kib);
    print_kib("free", host->free_kib);
    print_kib("claimed", host->claimed_kib);
    print_kib("reserved_claim", host->reserved_claim_kib);
    print_kib("slack", host->slack_kib);
    printf(" hap=%d shadow=%d iommu=%d\n", host->caps.hap, host->caps.shadow, host->caps.iommu);
    hv_domains(hv, &domains, &count);
    for (size_t i = 0; i < count; i++)
        print_domain(&domains[i]);
    for (size_t i = 0; i < host->domain_count; i++)
        print_shown(&host->domains[i]);
}

/* What has been asked since the last time. */
static void print_calls(struct hv *hv)
{
    struct xen_calls now;
    xen_calls(hv, &now);
    printf("calls hypercalls=%" PRIu64 " xenstore=%" PRIu64 "\n", now.hypercalls - last.hypercalls,
           now.xenstore - last.xenstore);
    last = now;
}

static enum xen_way way_of(const char *word)
{
    return strcmp(word, "libxl") == 0 ? XEN_WAY_LIBXL : XEN_WAY_OWN;
}

/* target ID own|libxl KIB [loose]; maximum ID own|libxl KIB */
static void change(struct hv *hv, int count, char **words)
{
    struct ballast_target_plan done = {0};
    struct ballast_error err;
    uint32_t domid = (uint32_t)number(words[1]);
    int rc;
    if (strcmp(words[0], "target") == 0)
        rc = xen_set_target(hv, domid, way_of(words[2]), number(words[3]), count < 5, &done, &err);
    else
        rc = xen_set_maximum(hv, domid, way_of(words[2]), number(words[3]), &done, &err);
    if (rc < 0)
        answer(rc, &err);
    else
        print_plan(&done);
}

static void print_config(struct hv *hv, uint32_t domid)
{
    struct ballast_guest guest;
    struct ballast_error err;
    int rc = hv_config(hv, domid, &guest, &err);
    if (rc < 0) {
        answer(rc, &err);
        return;
    }
    printf("config name=%s type=%s", guest.name, ballast_guest_type_name(guest.type));
    for (int i = 0; i < BALLAST_GUEST_ATTRS; i++) {
        if (guest.attr[i] != BALLAST_UNSET)
            printf(" %s=%" PRIu64, ballast_guest_attr_name((enum ballast_guest_attr)i),
                   guest.attr[i]);
    }
    printf("\n");
}

static void print_version(struct hv *hv)
{
    struct xen_version version;
    struct ballast_error err;
    int rc = xen_version(hv, &version, &err);
    if (rc < 0)
        answer(rc, &err);
    else
        printf("version %u.%u%s commandline=%s\n", version.major, version.minor, version.extra,
               version.commandline);
}

/* Until xenstore has told of a change, 1, or for so long, 0. */
static int wait_for_events(struct hv *hv, uint64_t usec)
{
    uint64_t until_usec = hv_clock_usec() + usec;
    struct pollfd pfd = {.fd = hv_event_fd(hv), .events = POLLIN};
    for (uint64_t now_usec; pfd.fd >= 0 && (now_usec = hv_clock_usec()) < until_usec;) {
        int ready = poll(&pfd, 1, (int)((until_usec - now_usec + 999) / 1000));
        if (ready < 0)
            return -errno;
        if (ready > 0 && hv_take_events(hv))
            return 1;
    }
    return pfd.fd < 0 ? -EBADF : 0;
}

/* So many writes of a node, one after the other and none in a transaction. */
static void flood(uint64_t times, const char *path, const char *value)
{
    struct xs_handle *xs = xs_open(0);
    bool written = xs;
    for (uint64_t i = 0; written && i < times; i++)
        written = xs_write(xs, XBT_NULL, path, value, (unsigned)strlen(value));
    if (written)
        printf("flooded\n");
    else
        printf("error %d flood\n", errno);
    if (xs)
        xs_close(xs);
}

/* The pool of a domain in bytes, set before it is shown where `word` is not "-". */
static void pool(uint32_t domid, const char *word)
{
#ifdef HAVE_XC_GET_PAGING_MEMPOOL_SIZE
    xc_interface *xc = xc_interface_open(NULL, NULL, 0);
    uint64_t bytes = number(word);
    bool done = xc && (bytes == BALLAST_NONE || xc_set_paging_mempool_size(xc, domid, bytes) == 0);
    if (done && xc_get_paging_mempool_size(xc, domid, &bytes) == 0)
        printf("pool %" PRIu64 "\n", bytes);
    else
        printf("error %d pool\n", errno);
    if (xc)
        xc_interface_close(xc);
#else
    (void)domid;
    (void)word;
    printf("error %d pool\n", ENOTSUP);
#endif
}

#ifdef SONAME_XENLIGHT
static bool build_from(libxl_ctx *ctx, const char *json, uint32_t *domid)
{
    libxl_domain_config config;
    libxl_domain_config_init(&config);
    bool done = libxl_domain_config_from_json(ctx, &config, json) == 0 &&
                libxl_domain_create_new(ctx, &config, domid, NULL, NULL) == 0;
    libxl_domain_config_dispose(&config);
    return done;
}
#endif

/* Builds a guest, and leaves it paused, from what "xl list -l" shows as "config": with sizes that
 * no xl.cfg has. */
static void build(const char *path)
{
    uint32_t domid = 0;
    bool done = false;
#ifdef SONAME_XENLIGHT
    char json[JSON] = "";
    FILE *file = fopen(path, "re");
    xentoollog_logger_stdiostream *log = xtl_createlogger_stdiostream(stderr, XTL_ERROR, 0);
    libxl_ctx *ctx = NULL;
    if (file && log && fread(json, 1, sizeof(json) - 1, file) > 0 &&
        libxl_ctx_alloc(&ctx, LIBXL_VERSION, 0, (xentoollog_logger *)log) == 0)
        done = build_from(ctx, json, &domid);
    libxl_ctx_free(ctx);
    if (log)
        xtl_logger_destroy((xentoollog_logger *)log);
    if (file)
        (void)fclose(file);
#endif
    if (done)
        printf("built %" PRIu32 "\n", domid);
    else
        printf("error build %s\n", path);
}

/* Binds what says that little memory is free, where that is not done yet. */
static void low(struct hv *hv)
{
    struct ballast_error err;
    answer(hv_low_memory_fd(hv, &err), &err);
}

/* Whether it was said since the last time, or is within so many milliseconds. */
static void heard(struct hv *hv, uint64_t msec)
{
    struct ballast_error err;
    struct pollfd pfd = {.fd = hv_low_memory_fd(hv, &err), .events = POLLIN};
    if (pfd.fd < 0)
        answer(pfd.fd, &err);
    else
        printf("heard %d\n", poll(&pfd, 1, (int)msec) > 0 && hv_take_low_memory(hv));
}

/* claim [ID:]KIB...: of the reservations 1, 2 ... where no ID is given; 0: that one has none. */
static void claim(struct hv *hv, int count, char **words)
{
    struct hv_claim claims[WORDS];
    struct ballast_error err;
    size_t made = 0;
    for (int i = 1; i < count; i++) {
        const char *colon = strchr(words[i], ':');
        claims[made] = (struct hv_claim){.id = colon ? number(words[i]) : (uint64_t)i,
                                         .kib = number(colon ? colon + 1 : words[i])};
        made += claims[made].kib > 0;
    }
    answer(hv_claim(hv, claims, made, &err), &err);
}

static void run(struct hv *hv, int count, char **words)
{
    struct ballast_error err;
    const char *command = words[0];
    uint32_t domid = count > 1 ? (uint32_t)number(words[1]) : 0;
    if (strcmp(command, "refresh") == 0)
        refresh(hv, true);
    else if (strcmp(command, "list") == 0)
        refresh(hv, false);
    else if (strcmp(command, "calls") == 0)
        print_calls(hv);
    else if (strcmp(command, "version") == 0)
        print_version(hv);
    else if (strcmp(command, "flood") == 0)
        flood(number(words[1]), words[2], words[3]);
    else if (strcmp(command, "wait") == 0)
        printf("waited %d\n", wait_for_events(hv, number(words[1])));
    else if (strcmp(command, "build") == 0)
        build(words[1]);
    else if (strcmp(command, "low") == 0)
        low(hv);
    else if (strcmp(command, "heard") == 0)
        heard(hv, number(words[1]));
    else if (strcmp(command, "pool") == 0)
        pool(domid, words[2]);
    else if (strcmp(command, "config") == 0)
        print_config(hv, domid);
    else if (strcmp(command, "set") == 0)
        answer(hv->ops->set(hv, domid, number(words[2]), number(words[3]), &err), &err);
    else if (strcmp(command, "claim") == 0)
        claim(hv, count, words);
    else if (strcmp(command, "range") == 0)
        answer(xen_set_range(hv, domid, number(words[2]), number(words[3]), &err), &err);
    else
        change(hv, count, words);
}

static int least_words(const char *command)
{
    static const struct {
        const char *command;
        int words;
    } known[] = {{"refresh", 1}, {"list", 1},   {"calls", 1},   {"version", 1},
                 {"wait", 2},    {"config", 2}, {"set", 4},     {"claim", 2},
                 {"range", 4},   {"target", 4}, {"maximum", 4}, {"flood", 4},
                 {"low", 1},     {"heard", 2},  {"pool", 3},    {"build", 2}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i].command, command) == 0)
            return known[i].words;
    }
    return WORDS + 1;
}

int main(int argc, char **argv)
{
    struct xen_options options = {.read_only = argc > 1 && strcmp(argv[1], "--read-only") == 0};
    struct ballast_error err;
    struct hv *hv;
    char line[LINE];
    int rc = xen_open(&options, &hv, &err);
    if (rc < 0) {
        answer(rc, &err);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) {
        char *words[WORDS];
        int count = 0;
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "sh ", 3) == 0) {
            if (system(line + 3) != 0)
                printf("error shell: %s\n", line + 3);
            continue;
        }
        for (char *word = strtok(line, " "); word && count < WORDS; word = strtok(NULL, " "))
            words[count++] = word;
        if (count > 0 && count >= least_words(words[0]))
            run(hv, count, words);
        else if (count > 0)
            printf("error usage: %s\n", words[0]);
    }
    hv->ops->close(hv);
    return 0;
}
