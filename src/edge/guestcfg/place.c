/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/guestcfg/place.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/model/profile.h"
#include "edge/json/json.h"

int guestcfg_fail(struct ballast_error *err, const char *name, unsigned line, const char *key,
                  const char *format, ...)
{
    if (!err)
        return -EINVAL;
    char message[BALLAST_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    struct ballast_text text = ballast_text_over(err->text, sizeof(err->text));
    ballast_text_add(&text, "%s:", name);
    if (line > 0)
        ballast_text_add(&text, "%u:", line);
    if (key)
        ballast_text_add(&text, " %s:", key);
    ballast_text_add(&text, " %s", message);
    json_printable(err->text);
    err->code = -EINVAL;
    err->subject = BALLAST_ERROR_NO_SUBJECT;
    return -EINVAL;
}

int guestcfg_check_text(const char *name, const char *data, size_t length,
                        struct ballast_error *err)
{
    if (length > GUESTCFG_MAX_ONE_GUEST) {
        (void)guestcfg_fail(err, name, 0, NULL,
                            "too large for a guest's configuration: use at most %d bytes",
                            GUESTCFG_MAX_ONE_GUEST);
        if (err)
            err->code = -EFBIG;
        return -EFBIG;
    }
    return guestcfg_check_nul(name, data, length, err);
}

int guestcfg_check_nul(const char *name, const char *data, size_t length, struct ballast_error *err)
{
    const char *nul = memchr(data, '\0', length);
    if (!nul)
        return 0;
    unsigned line = 1;
    for (const char *c = data; c < nul; c++)
        line += *c == '\n';
    return guestcfg_fail(err, name, line, NULL, "a NUL byte: use a text file");
}

int guestcfg_set(struct guestcfg_draft *draft, enum ballast_guest_attr attr, uint64_t value,
                 struct guestcfg_place place, struct ballast_error *err)
{
    struct ballast_error why;
    if (ballast_guest_set(&draft->guest, attr, value, &why) < 0) {
        (void)guestcfg_fail(err, draft->name, place.line, place.key, "%s", why.text);
        if (err)
            err->subject = (int)attr;
        return -EINVAL;
    }
    draft->places[attr] = place;
    return 0;
}

int guestcfg_settle(const struct guestcfg_draft *draft, const struct guestcfg_options *options,
                    struct ballast_error *err)
{
    struct ballast_settled settled;
    struct ballast_error why = {.subject = BALLAST_ERROR_NO_SUBJECT};
    int rc = ballast_settle(&draft->guest, options ? options->caps : NULL,
                            ballast_profile_toolstack(options ? options->profile : NULL), &settled,
                            &why);
    if (rc == 0)
        return 0;
    struct guestcfg_place place = {0};
    if (why.subject >= 0 && why.subject < BALLAST_GUEST_ATTRS) {
        place = draft->places[why.subject];
        if (!place.key)
            place.key = draft->keys[why.subject];
    }
    (void)guestcfg_fail(err, draft->name, place.line, place.key, "%s", why.text);
    if (err) {
        err->code = rc;
        err->subject = why.subject;
    }
    return rc;
}
