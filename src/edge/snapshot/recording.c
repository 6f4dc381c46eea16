/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/snapshot/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "core/base/error.h"
#include "core/base/units.h"
#include "edge/file/file.h"
#include "edge/json/json.h"

void recording_release(struct recording *recording)
{
    for (size_t i = 0; i < recording->count; i++)
        snapshot_release(&recording->snapshots[i]);
    free(recording->snapshots);
    free(recording->samples);
    *recording = (struct recording){0};
}

static int check_sample(const struct ballast_host *sample, const struct ballast_host *before,
                        const struct json_at *at, struct ballast_error *err)
{
    struct ballast_error why;
    if (ballast_host_check(sample, &why) < 0)
        return json_fail(err, at, NULL, "%s", why.text);
    if (before && sample->now_usec <= before->now_usec)
        return json_fail(err, at, "t", "must be later than that of the previous line, %.6f s",
                         (double)before->now_usec / (double)BALLAST_SEC_USEC);
    if (before && sample->total_kib != before->total_kib)
        return json_fail(err, at, "host.total_kib",
                         "%" PRIu64 ": the previous line has %" PRIu64
                         ": use the samples of one host",
                         sample->total_kib, before->total_kib);
    return 0;
}

/* Reads a sample. 1: added; 0: the end. */
static int add_sample(struct recording *recording, struct json_reader *reader,
                      struct ballast_error *err)
{
    struct json_object *object;
    struct json_at at;
    struct snapshot next = {0};
    int rc = json_next(reader, &object, &at, err);
    if (rc < 0 || !object)
        return rc;
    rc = snapshot_from_json(object, &at, &next, err);
    json_object_put(object);
    size_t count = recording->count;
    if (rc == 0)
        rc = check_sample(&next.host, count > 0 ? &recording->samples[count - 1] : NULL, &at, err);
    struct snapshot *snapshots =
        rc < 0 ? NULL : reallocarray(recording->snapshots, count + 1, sizeof(*snapshots));
    if (snapshots)
        recording->snapshots = snapshots;
    struct ballast_host *samples =
        snapshots ? reallocarray(recording->samples, count + 1, sizeof(*samples)) : NULL;
    if (samples)
        recording->samples = samples;
    if (rc == 0 && !samples)
        rc = ballast_fail(err, -ENOMEM, "out of memory");
    if (rc < 0) {
        snapshot_release(&next);
        return rc;
    }
    snapshots[count] = next;
    samples[count] = next.host;
    recording->count++;
    return 1;
}

int recording_parse(const char *name, const char *data, size_t length, struct recording *out,
                    struct ballast_error *err)
{
    struct json_reader reader = json_reader_over(name, data, length);
    struct recording made = {0};
    int rc;
    while ((rc = add_sample(&made, &reader, err)) > 0)
        continue;
    if (rc == 0 && made.count == 0)
        rc = ballast_fail(err, -EINVAL, "%s: is empty: use a recording of 'ballast record'", name);
    if (rc < 0)
        recording_release(&made);
    else
        *out = made;
    return rc;
}

int recording_read(const char *path, struct recording *out, struct ballast_error *err)
{
    char *data;
    size_t length;
    int rc = file_read(path, FILE_ANY, JSON_MAX_BYTES, &data, &length, err);
    if (rc < 0)
        return rc;
    rc = recording_parse(file_name(path), data, length, out, err);
    free(data);
    return rc;
}
