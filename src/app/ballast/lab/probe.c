/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/lab/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/ballast/cli/child.h"
#include "app/ballast/cli/command.h"
#include "app/ballast/cli/output.h"
#include "app/ballast/cli/signals.h"
#include "app/ballast/lab/probe_cfg.h"
#include "core/base/units.h"

/* So many looks in a row at the same free memory are rest; Xen scrubs what died in between. */
#define REST_LOOKS 12
#define LOOK_USEC  UINT64_C(50000)
/* A host that has not come to rest by then is not going to. */
#define REST_USEC (UINT64_C(120) * BALLAST_SEC_USEC)

static bool is_probe(const struct cli_probes *probes, const struct cli_domain *domain)
{
    return strcmp(domain->is.name, probes->name) == 0;
}

static int refuse_surprise(const char *text)
{
    cli_error("calibrate: %s; ending: try again when nothing else changes on the host", text);
    return CLI_UNREACHABLE;
}

/* All other domains are the same, with the same memory as before. */
static int check_others(const struct cli_probes *probes)
{
    char text[CLI_MESSAGE];
    size_t found = 0;
    for (size_t i = 0; i < probes->access->count; i++) {
        const struct cli_domain *domain = &probes->access->domains[i];
        const struct cli_probe_other *other = NULL;
        for (size_t k = 0; k < probes->other_count && !other; k++)
            other = probes->others[k].id == domain->is.id ? &probes->others[k] : NULL;
        found += other ? 1 : 0;
        if (!other && !is_probe(probes, domain) && domain->is.name[0] != '\0') {
            (void)snprintf(text, sizeof(text), "domain %" PRIu32 " (%s) was created", domain->is.id,
                           domain->shown);
            return refuse_surprise(text);
        }
        if (other && other->tot_kib != domain->is.tot_kib) {
            (void)snprintf(text, sizeof(text),
                           "domain %" PRIu32 " (%s) changed from %" PRIu64 " KiB to %" PRIu64
                           " KiB",
                           domain->is.id, domain->shown, other->tot_kib, domain->is.tot_kib);
            return refuse_surprise(text);
        }
    }
    return found == probes->other_count ? CLI_DONE : refuse_surprise("a domain was destroyed");
}

static bool any_domain_dies(const struct host_access *access)
{
    for (size_t i = 0; i < access->count; i++) {
        if (access->domains[i].is.dying)
            return true;
    }
    return false;
}

static int probe_interrupted(void)
{
    return cli_signal() ? 128 + cli_signal() : CLI_DONE;
}

/* Free memory once it no longer changes. */
static int wait_for_rest(struct cli_probes *probes, uint64_t *free_kib)
{
    struct host_access *access = probes->access;
    int same = 0;
    *free_kib = BALLAST_NONE;
    for (uint64_t usec = 0; usec < REST_USEC; usec += LOOK_USEC) {
        int rc = host_access_refresh(access);
        if (rc || (rc = probe_interrupted()) || (rc = check_others(probes)))
            return rc;
        bool still = !any_domain_dies(access) && access->host->free_kib == *free_kib;
        same = still ? same + 1 : 0;
        *free_kib = access->host->free_kib;
        if (same >= REST_LOOKS)
            return CLI_DONE;
        if ((rc = host_access_wait(access, LOOK_USEC)))
            return rc;
    }
    return refuse_surprise("free memory keeps changing");
}

static const struct cli_domain *find_probe(const struct cli_probes *probes)
{
    for (size_t i = 0; i < probes->access->count; i++) {
        if (is_probe(probes, &probes->access->domains[i]))
            return &probes->access->domains[i];
    }
    return NULL;
}

/* A command of xl, its words kept for when it fails. */
static int run_xl(struct cli_probes *probes, const char *verb, const char *operand)
{
    char log[96];
    struct cli_child child;
    char line[] = "exec xl \"$0\" ${2:+-p} ${2:+-q} \"$1\" >\"$3\" 2>&1";
    (void)snprintf(log, sizeof(log), "%s/log", probes->folder);
    char *argv[] = {(char *)"sh",
                    (char *)"-c",
                    line,
                    (char *)verb,
                    (char *)operand,
                    (char *)(strcmp(verb, "create") == 0 ? "yes" : ""),
                    log,
                    NULL};
    int rc = cli_child_start(&child, "calibrate", argv);
    if (rc)
        return CLI_UNREACHABLE;
    cli_child_wait(&child, BALLAST_NONE);
    cli_child_end(&child);
    return child.status;
}

static void print_xl_log(const struct cli_probes *probes)
{
    char path[96];
    char line[CLI_MESSAGE];
    (void)snprintf(path, sizeof(path), "%s/log", probes->folder);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        char *shown = cli_shown(line);
        cli_error("calibrate: xl: %s", shown);
        free(shown);
    }
    if (file)
        (void)fclose(file);
}

/*
 * The child that outlives us. A byte says that all is in order. When its pipe ends without one it
 * destroys what bears the session's name, and goes on for half a minute, since an xl that we had
 * started may still be building.
 */
__attribute__((noreturn)) static void guard_probes(const struct cli_probes *probes, int end)
{
    char byte;
    char line[512];
    ssize_t got;
    (void)setsid();
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    /* A reader of our output does not wait for this process. */
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    (void)dup2(nothing, STDOUT_FILENO);
    (void)dup2(nothing, STDERR_FILENO);
    while ((got = read(end, &byte, 1)) < 0 && errno == EINTR)
        continue;
    if (got == 1)
        _exit(0);
    (void)snprintf(line, sizeof(line),
                   "n=0; while [ $n -lt 60 ]; do n=$((n + 1)); "
                   "if xl destroy %s; then n=0; fi; sleep 0.5; done; rm -rf %s",
                   probes->name, probes->folder);
    (void)execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(CLI_CHILD_CANNOT);
}

static int start_guardian(struct cli_probes *probes)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return CLI_UNREACHABLE;
    probes->guardian_pid = fork();
    if (probes->guardian_pid == 0) {
        (void)close(ends[1]);
        cli_signals_restore();
        guard_probes(probes, ends[0]);
    }
    (void)close(ends[0]);
    probes->guardian = ends[1];
    return probes->guardian_pid < 0 ? CLI_UNREACHABLE : CLI_DONE;
}

/* The program that holds the lock is alone, so a guest of that name is what a killed session left.
 */
static int sweep_probes(struct cli_probes *probes)
{
    char id[16];
    for (size_t i = 0; i < probes->access->count; i++) {
        const struct cli_domain *domain = &probes->access->domains[i];
        if (strncmp(domain->is.name, CLI_PROBE_PREFIX, sizeof(CLI_PROBE_PREFIX) - 1) != 0)
            continue;
        cli_error("calibrate: domain %" PRIu32 " (%s) was left by an earlier run: destroying it",
                  domain->is.id, domain->shown);
        (void)snprintf(id, sizeof(id), "%" PRIu32, domain->is.id);
        (void)run_xl(probes, "destroy", id);
    }
    return host_access_refresh(probes->access);
}

static void remember_others(struct cli_probes *probes)
{
    struct host_access *access = probes->access;
    probes->others = xcheck(calloc(access->count + 1, sizeof(*probes->others)));
    for (size_t i = 0; i < access->count; i++) {
        if (!access->domains[i].is.dying)
            probes->others[probes->other_count++] = (struct cli_probe_other){
                .id = access->domains[i].is.id, .tot_kib = access->domains[i].is.tot_kib};
    }
}

/* Tells the guardian that nothing is left, and removes the folder. */
static void dismiss_probes(struct cli_probes *probes)
{
    char path[96];
    bool said = write(probes->guardian, "", 1) == 1;
    (void)close(probes->guardian);
    if (said)
        (void)waitpid(probes->guardian_pid, NULL, 0);
    (void)snprintf(path, sizeof(path), "%s/guest.cfg", probes->folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/log", probes->folder);
    (void)unlink(path);
    (void)rmdir(probes->folder);
}

int cli_probes_begin(struct cli_probes *probes, struct host_access *access, const char *kernel,
                     uint64_t keep_kib)
{
    uint64_t free_kib;
    *probes = (struct cli_probes){
        .access = access, .kernel = kernel, .keep_kib = keep_kib, .guardian = -1};
    if (faccessat(AT_FDCWD, kernel, R_OK, 0) < 0) {
        cli_error("calibrate: %s: %s; use --kernel to name a kernel for PV and PVH guests", kernel,
                  strerror(errno));
        return CLI_BAD;
    }
    (void)snprintf(probes->name, sizeof(probes->name), CLI_PROBE_PREFIX "%ld", (long)getpid());
    (void)snprintf(probes->folder, sizeof(probes->folder), "/tmp/ballast-probe-XXXXXX");
    if (!mkdtemp(probes->folder)) {
        cli_error("calibrate: %s: %s", probes->folder, strerror(errno));
        probes->folder[0] = '\0';
        return CLI_UNREACHABLE;
    }
    int rc = start_guardian(probes);
    if (!rc)
        rc = sweep_probes(probes);
    if (!rc)
        remember_others(probes);
    return rc ? rc : wait_for_rest(probes, &free_kib);
}

static int destroy_probe(struct cli_probes *probes)
{
    if (run_xl(probes, "destroy", probes->name) != 0) {
        print_xl_log(probes);
        return refuse_surprise("xl could not destroy the measured guest");
    }
    probes->is_building = false;
    return CLI_DONE;
}

static int build_probe(struct cli_probes *probes, const struct ballast_guest *guest)
{
    char path[96];
    (void)snprintf(path, sizeof(path), "%s/guest.cfg", probes->folder);
    int rc = cli_probe_write_cfg(path, probes->name, probes->kernel, guest);
    if (rc)
        return rc;
    probes->is_building = true;
    rc = run_xl(probes, "create", path);
    if (rc == 0)
        return CLI_DONE;
    if (probe_interrupted())
        return probe_interrupted();
    print_xl_log(probes);
    (void)run_xl(probes, "destroy", probes->name);
    probes->is_building = false;
    return CLI_PROBE_REFUSED;
}

static int64_t fall_pages(uint64_t before_kib, uint64_t after_kib)
{
    return ((int64_t)before_kib - (int64_t)after_kib) / (int64_t)BALLAST_PAGE_KIB;
}

int cli_probes_measure(struct cli_probes *probes, const struct ballast_guest *guest,
                       uint64_t most_kib, struct cli_probe_seen *out)
{
    uint64_t before_kib;
    uint64_t built_kib;
    uint64_t after_kib;
    int rc = wait_for_rest(probes, &before_kib);
    if (rc)
        return rc;
    uint64_t keep_kib = ballast_add_ceil(probes->keep_kib, probes->access->host->slack_kib);
    if (ballast_add_ceil(most_kib, keep_kib) > before_kib)
        return CLI_NO;
    if ((rc = build_probe(probes, guest)) || (rc = wait_for_rest(probes, &built_kib)))
        return rc;
    const struct cli_domain *domain = find_probe(probes);
    if (!domain)
        return refuse_surprise("the guest that xl built does not exist");
    uint64_t pool_kib = domain->is.pool_kib == BALLAST_NONE ? 0 : domain->is.pool_kib;
    *out = (struct cli_probe_seen){.cell = {.guest = *guest,
                                            .tot_pages = domain->is.tot_kib / BALLAST_PAGE_KIB,
                                            .pool_pages = pool_kib / BALLAST_PAGE_KIB,
                                            .taken_pages = fall_pages(before_kib, built_kib)}};
    if ((rc = destroy_probe(probes)) || (rc = wait_for_rest(probes, &after_kib)))
        return rc;
    out->left_pages = fall_pages(before_kib, after_kib);
    return CLI_DONE;
}

void cli_probes_end(struct cli_probes *probes)
{
    if (probes->guardian >= 0 && !probes->is_building)
        dismiss_probes(probes);
    else if (probes->guardian >= 0)
        (void)close(probes->guardian);
    else if (probes->folder[0] != '\0')
        (void)rmdir(probes->folder);
    free(probes->others);
    probes->others = NULL;
}
