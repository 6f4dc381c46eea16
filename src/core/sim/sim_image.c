/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of a simulated host as bytes. Pointers into the configuration are indexes in the image;
 * the rest is as in memory, so that only the program that wrote an image reads it: sizes and a
 * checksum of the configuration identify it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"
#include "core/sim/sim_inside.h"

#define MAGIC UINT64_C(0x4d49533143415453)

struct image_head {
    uint64_t magic;
    uint64_t bytes;
    uint64_t sizes; /* of its structures */
    uint64_t config_sum;
    uint64_t domain_count;
    uint64_t start_count;
};

/* A start in the image: its configuration is included once it has arrived. */
struct image_start {
    struct sim_start start;
    struct sim_start_config config;
};

static uint64_t mix_checksum(uint64_t sum, const void *data, size_t size)
{
    /* FNV-1a */
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    return sum;
}

static uint64_t config_sum(const struct sim_config *config)
{
    const uint64_t numbers[] = {config->total_kib, config->xen_kib,     config->slack_kib,
                                config->page_kib,  config->guest_count, config->start_count};
    uint64_t sum = mix_checksum(UINT64_C(0xcbf29ce484222325), numbers, sizeof(numbers));
    for (size_t i = 0; i < config->guest_count; i++) {
        const struct sim_guest_config *is = &config->guests[i];
        const uint64_t sizes[] = {is->tot_kib,        is->dynamic_min_kib, is->dynamic_max_kib,
                                  is->static_max_kib, is->shares,          is->pinned_kib};
        sum = mix_checksum(sum, is->name, strlen(is->name));
        sum = mix_checksum(sum, sizes, sizeof(sizes));
    }
    return sum;
}

static uint64_t sizes_now(void)
{
    const uint64_t sizes[] = {sizeof(struct sim), sizeof(struct sim_domain),
                              sizeof(struct image_start)};
    return mix_checksum(UINT64_C(0xcbf29ce484222325), sizes, sizeof(sizes));
}

static size_t under_way(const struct sim *sim)
{
    size_t count = 0;
    for (size_t i = 0; i < sim->config->start_count; i++)
        count += sim->starts[i].state != SIM_START_COMING;
    return count;
}

static size_t bytes_of(size_t domains, size_t starts)
{
    return sizeof(struct image_head) + sizeof(struct sim) + domains * sizeof(struct sim_domain) +
           starts * (sizeof(uint64_t) + sizeof(struct image_start));
}

size_t sim_image_bytes(const struct sim *sim)
{
    return bytes_of(sim->domain_count, under_way(sim));
}

size_t sim_image_most(const struct sim *sim)
{
    const struct sim_config *config = sim->config;
    return bytes_of(config->guest_count + config->start_count + 1, config->start_count);
}

static unsigned char *put_bytes(unsigned char *at, const void *data, size_t size)
{
    memcpy(at, data, size);
    return at + size;
}

void sim_image_save(const struct sim *sim, void *out)
{
    const struct sim_config *config = sim->config;
    struct image_head head = {.magic = MAGIC,
                              .bytes = sim_image_bytes(sim),
                              .sizes = sizes_now(),
                              .config_sum = config_sum(config),
                              .domain_count = sim->domain_count,
                              .start_count = under_way(sim)};
    unsigned char *at = put_bytes(out, &head, sizeof(head));
    at = put_bytes(at, sim, sizeof(*sim));
    at = put_bytes(at, sim->domains, sim->domain_count * sizeof(*sim->domains));
    for (uint64_t i = 0; i < config->start_count; i++) {
        if (sim->starts[i].state == SIM_START_COMING)
            continue;
        at = put_bytes(at, &i, sizeof(i));
        at = put_bytes(at, &sim->starts[i], sizeof(sim->starts[i]));
        at = put_bytes(at, sim->starts[i].is, sizeof(*sim->starts[i].is));
    }
}

static const unsigned char *take_bytes(const unsigned char *at, void *out, size_t size)
{
    memcpy(out, at, size);
    return at + size;
}

/* Takes the figures of the host; the arrays stay. */
static void take_host(struct sim *sim, const struct sim *saved)
{
    struct sim own = *sim;
    *sim = *saved;
    sim->config = own.config;
    sim->domains = own.domains;
    sim->starts = own.starts;
    memcpy(sim->snapshots, own.snapshots, sizeof(own.snapshots));
    sim->current = 0;
}

static int refuse_image(const char *cause, struct ballast_error *err)
{
    return ballast_fail(err, -EINVAL, "simulation image: %s: start a new simulation", cause);
}

static int bind_domains(struct sim *sim, struct ballast_error *err)
{
    for (size_t i = 0; i < sim->domain_count; i++) {
        struct sim_domain *domain = &sim->domains[i];
        size_t most = domain->built ? sim->config->start_count : sim->config->guest_count;
        size_t which = domain->built ? domain->start : domain->guest;
        if (which >= most || domain->said_count > UINT64_MAX / 2)
            return refuse_image("it has a domain without a guest", err);
        domain->is =
            domain->built ? &sim->config->starts[which].guest : &sim->config->guests[which];
    }
    return 0;
}

static const unsigned char *take_starts(struct sim *sim, struct sim_config *config,
                                        const unsigned char *at, uint64_t count)
{
    for (uint64_t i = 0; i < count && at; i++) {
        uint64_t which;
        at = take_bytes(at, &which, sizeof(which));
        if (which >= config->start_count)
            return NULL;
        at = take_bytes(at, &sim->starts[which], sizeof(sim->starts[which]));
        at = take_bytes(at, &config->starts[which], sizeof(config->starts[which]));
        sim->starts[which].is = &config->starts[which];
        config->starts[which].guest.name[SIM_NAME - 1] = '\0';
    }
    return at;
}

static int fill_from_image(struct sim *sim, struct sim_config *config,
                           const struct image_head *head, const unsigned char *at,
                           struct ballast_error *err)
{
    struct sim saved;
    at = take_bytes(at, &saved, sizeof(saved));
    if (saved.domain_count != head->domain_count || saved.page_kib != config->page_kib ||
        saved.claim_count > SIM_CLAIMS)
        return refuse_image("its figures contradict each other", err);
    take_host(sim, &saved);
    at = take_bytes(at, sim->domains, sim->domain_count * sizeof(*sim->domains));
    if (!take_starts(sim, config, at, head->start_count))
        return refuse_image("it has an unknown start", err);
    int rc = bind_domains(sim, err);
    return rc < 0 ? rc : sim_check_pages(sim, err);
}

int sim_image_load(struct sim_config *config, const void *image, size_t size, struct sim **out,
                   struct ballast_error *err)
{
    struct image_head head;
    if (size < sizeof(head))
        return refuse_image("it is cut short", err);
    const unsigned char *at = take_bytes(image, &head, sizeof(head));
    if (head.magic != MAGIC || head.sizes != sizes_now() || head.config_sum != config_sum(config) ||
        head.domain_count > config->guest_count + config->start_count ||
        head.start_count > config->start_count || head.bytes > size ||
        head.bytes != bytes_of(head.domain_count, head.start_count))
        return refuse_image("it is of another host or version", err);
    struct sim *sim = calloc(1, sizeof(*sim));
    if (!sim)
        return ballast_fail(err, -ENOMEM, "out of memory");
    sim->config = config;
    int rc = sim_room(sim, err);
    if (rc == 0)
        rc = fill_from_image(sim, config, &head, at, err);
    if (rc < 0) {
        sim_free(sim);
        return rc;
    }
    *out = sim;
    return 0;
}
