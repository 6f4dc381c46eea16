/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include "core/model/host_breakdown.h"
#include "edge/snapshot/xl_info.h"

/* What is taken can be added up, written as JSON and read again as the same host. */
static void check_written(const struct snapshot *snapshot)
{
    struct snapshot again;
    struct ballast_error err;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    MUST(out, "memory");
    MUST(snapshot_write_json(out, &snapshot->host, &err) == 0, "%s", err.text);
    MUST(fclose(out) == 0, "memory");
    MUST(snapshot_parse("f", text, length, &again, &err) == 0, "%s: %s", text, err.text);
    MUST(again.host.domain_count == snapshot->host.domain_count, "%s", text);
    MUST(again.host.free_kib == snapshot->host.free_kib, "%s", text);
    MUST(again.host.caps.vmx == snapshot->host.caps.vmx, "%s", text);
    free(text);
    snapshot_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshot snapshot = {0};
    struct ballast_error err;
    char text[512];
    int rc = xl_info_parse("f", (const char *)data, size, &snapshot, &err);
    if (rc < 0) {
        check_refusal(rc, &err);
        return 0;
    }
    uint64_t sum;
    MUST(ballast_host_sum(&snapshot.host, &sum, &err) == 0, "%s", err.text);
    MUST(snapshot_lacks_text(&snapshot, text, sizeof(text)) < sizeof(text), "%s", text);
    for (size_t i = 0; i < snapshot.host.domain_count; i++)
        MUST(!strpbrk(snapshot.host.domains[i].name, "\n\x1b"), "name");
    check_written(&snapshot);
    snapshot_release(&snapshot);
    return 0;
}
