/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Headers and addresses as ballast-web reads them: one input is each of them in turn. An accepted
 * value must be valid.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/web/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct request_address ours = {.host = "192.0.2.7", .port = 8433};
    struct request_address address;
    uint64_t number = 0;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (request_address_parse(text, &address, NULL) == 0)
        check(strlen(address.host) > 0 && strstr(text, address.host));
    if (request_host_is_ours(text, &ours))
        check(strcasestr(text, "localhost") || strstr(text, "127.0.0.1") || strstr(text, "::1") ||
              strstr(text, "192.0.2.7"));
    if (request_accepts_gzip(text))
        check(strcasestr(text, "gzip"));
    if (request_has_tag(text, "\"tag\""))
        check(strstr(text, "\"tag\"") || strchr(text, '*'));
    if (request_number(text, &number))
        check(strspn(text, "0123456789") == strlen(text) && number < UINT64_C(1) << 63);
    free(text);
    return 0;
}
