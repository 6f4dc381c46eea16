/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes of qmemman's clients. Whatever comes, what is read is within the limits, each domain occurs
 * once, and what a client's own strip() would take away changes nothing.
 */
#include "check.h"

#include <stdbool.h>

#include "edge/qmemman/qmemman.h"

static void check_pairs(const struct qmemman_request *request)
{
    MUST(request->pair_count > 0 && request->pair_count <= QMEMMAN_PAIRS_MOST, "%zu",
         request->pair_count);
    for (size_t i = 0; i < request->pair_count; i++) {
        MUST(request->pairs[i].domid < 0x7ff0, "%u", request->pairs[i].domid);
        for (size_t j = 0; j < i; j++)
            MUST(request->pairs[i].domid != request->pairs[j].domid, "twice");
    }
}

static bool is_same(const struct qmemman_request *a, const struct qmemman_request *b)
{
    return a->kind == b->kind && a->bytes == b->bytes && a->pair_count == b->pair_count &&
           (a->pair_count == 0 ||
            memcmp(a->pairs, b->pairs, a->pair_count * sizeof(*a->pairs)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[QMEMMAN_REQUEST_MOST + 2];
    struct qmemman_request request = {0};
    struct qmemman_request again = {0};
    if (size > QMEMMAN_REQUEST_MOST)
        return 0;
    text[0] = ' ';
    memcpy(text + 1, data, size);
    text[size + 1] = '\n';
    qmemman_read((const char *)data, size, &request);
    qmemman_read(text, size + 2, &again);
    MUST(is_same(&request, &again), "%d, %d", (int)request.kind, (int)again.kind);
    if (request.kind == QMEMMAN_SETS)
        check_pairs(&request);
    else
        MUST(request.pair_count == 0, "pairs");
    return 0;
}
