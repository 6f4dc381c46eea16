/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/squeezed/request.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/error.h"

/* What comes after the debug text: s a session, i a reservation's id, n a number. */
static const struct {
    const char *name;
    const char *form;
} methods[SQUEEZED_METHODS] = {
    [SQUEEZED_LOGIN] = {"login", "s"},
    [SQUEEZED_RESERVE_MEMORY] = {"reserve_memory", "sn"},
    [SQUEEZED_RESERVE_MEMORY_RANGE] = {"reserve_memory_range", "snn"},
    [SQUEEZED_DELETE_RESERVATION] = {"delete_reservation", "si"},
    [SQUEEZED_TRANSFER_RESERVATION_TO_DOMAIN] = {"transfer_reservation_to_domain", "sin"},
    [SQUEEZED_QUERY_RESERVATION_OF_DOMAIN] = {"query_reservation_of_domain", "sn"},
    [SQUEEZED_BALANCE_MEMORY] = {"balance_memory", ""},
    [SQUEEZED_GET_HOST_RESERVED_MEMORY] = {"get_host_reserved_memory", ""},
    [SQUEEZED_GET_HOST_INITIAL_FREE_MEMORY] = {"get_host_initial_free_memory", ""},
    [SQUEEZED_GET_DOMAIN_ZERO_POLICY] = {"get_domain_zero_policy", ""},
    [SQUEEZED_GET_DIAGNOSTICS] = {"get_diagnostics", ""},
};

const char *squeezed_method_name(enum squeezed_method method)
{
    return (size_t)method < SQUEEZED_METHODS ? methods[method].name : NULL;
}

/* The base of a number; skips its prefix. */
static unsigned number_base(const char **text)
{
    static const struct {
        char letter;
        unsigned base;
    } bases[] = {{'x', 16}, {'o', 8}, {'b', 2}};
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        if ((*text)[0] == '0' && tolower((unsigned char)(*text)[1]) == bases[i].letter) {
            *text += 2;
            return bases[i].base;
        }
    }
    return 10;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

int squeezed_number_read(const char *text, int64_t *out)
{
    bool negative = *text == '-';
    text += *text == '-' || *text == '+';
    unsigned base = number_base(&text);
    uint64_t most = negative ? UINT64_C(1) << 63 : INT64_MAX;
    uint64_t sum = 0;
    if (digit_value(*text) >= base)
        return -EINVAL;
    for (; *text; text++) {
        unsigned digit = digit_value(*text);
        if (*text == '_')
            continue;
        if (digit >= base)
            return -EINVAL;
        if (sum > (most - digit) / base)
            return -ERANGE;
        sum = sum * base + digit;
    }
    *out = negative ? (int64_t)(0 - sum) : (int64_t)sum;
    return 0;
}

static int take_text(const struct squeezed_value *value, char **out)
{
    if (value->type != SQUEEZED_IS_TEXT)
        return -EINVAL;
    *out = strdup(value->text);
    return *out ? 0 : -ENOMEM;
}

static int take_number(const struct squeezed_value *value, int64_t *out)
{
    if (value->type == SQUEEZED_IS_TEXT)
        return squeezed_number_read(value->text, out) < 0 ? -EINVAL : 0;
    if (value->type != SQUEEZED_IS_NUMBER)
        return -EINVAL;
    *out = value->number;
    return 0;
}

static int take_values(const char *form, const struct squeezed_value *values,
                       struct squeezed_request *request, size_t *at)
{
    size_t numbers = 0;
    int rc = values[0].type == SQUEEZED_IS_TEXT ? 0 : -EINVAL;
    for (*at = 0; rc == 0 && form[*at]; ++*at) {
        const struct squeezed_value *value = &values[*at + 1];
        if (form[*at] == 'n')
            rc = take_number(value, &request->numbers[numbers++]);
        else
            rc = take_text(value, form[*at] == 's' ? &request->session : &request->id);
    }
    return rc;
}

static int find_method_named(const char *name)
{
    for (int i = 0; i < SQUEEZED_METHODS; i++) {
        if (strcmp(methods[i].name, name) == 0)
            return i;
    }
    return -ENOSYS;
}

int squeezed_request_make(const char *method, const struct squeezed_value *values, size_t count,
                          struct squeezed_request *out, struct ballast_error *err)
{
    int found = find_method_named(method);
    if (found < 0)
        return ballast_fail(err, -ENOSYS, "%.64s: no such method", method);
    const char *form = methods[found].form;
    struct squeezed_request request = {.method = (enum squeezed_method)found};
    size_t at;
    if (count < strlen(form) + 1)
        return ballast_fail(err, -EINVAL, "%s: %zu parameters: send %zu", method, count,
                            strlen(form) + 1);
    int rc = take_values(form, values, &request, &at);
    if (rc < 0) {
        squeezed_request_release(&request);
        return rc == -ENOMEM
                   ? ballast_fail(err, rc, "out of memory")
                   : ballast_fail(err, rc, "%s: parameter %zu has the wrong type: send a %s",
                                  method, at + 1,
                                  at > 0 && form[at - 1] == 'n' ? "number" : "text");
    }
    *out = request;
    return 0;
}

void squeezed_request_release(struct squeezed_request *request)
{
    free(request->session);
    free(request->id);
    *request = (struct squeezed_request){0};
}
