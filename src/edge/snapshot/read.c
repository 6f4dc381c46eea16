/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a file that is a snapshot, a recording or the output of `xl info`. */
#include <errno.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "core/base/error.h"
#include "edge/file/file.h"
#include "edge/json/json.h"
#include "edge/snapshot/recording.h"
#include "edge/snapshot/snapshot.h"
#include "edge/snapshot/xl_info.h"

static int refuse_empty(const char *name, struct ballast_error *err)
{
    (void)ballast_fail(
        err, -EINVAL, "%s: is empty: use a host snapshot in JSON or the output of `xl info`", name);
    if (err)
        json_printable(err->text);
    return -EINVAL;
}

/* Nothing may follow the snapshot. */
static int refuse_second(struct json_reader *reader, struct ballast_error *err)
{
    struct json_object *second;
    struct json_at at;
    int rc = json_next(reader, &second, &at, err);
    if (rc == 0 && second) {
        rc = json_fail(err, &at, NULL, "a second object: use one snapshot per file");
        json_object_put(second);
    }
    return rc;
}

int snapshot_parse(const char *name, const char *data, size_t length, struct snapshot *out,
                   struct ballast_error *err)
{
    if (xl_info_may_be(data, length))
        return xl_info_parse(name, data, length, out, err);
    struct json_reader reader = json_reader_over(name, data, length);
    struct snapshot made;
    int rc = snapshot_next(&reader, &made, err);
    if (rc == 0)
        return refuse_empty(name, err);
    if (rc < 0)
        return rc;
    rc = refuse_second(&reader, err);
    if (rc < 0)
        snapshot_release(&made);
    else
        *out = made;
    return rc;
}

/* Whether one document follows another. */
static bool holds_several(const char *name, const char *data, size_t length)
{
    struct json_reader reader = json_reader_over(name, data, length);
    struct json_object *object = NULL;
    struct json_at at;
    int count = 0;
    while (count < 2 && json_next(&reader, &object, &at, NULL) == 0 && object) {
        json_object_put(object);
        count++;
    }
    return count == 2;
}

/* Takes the last sample of a recording, with its memory. */
static int parse_last(const char *name, const char *data, size_t length, struct snapshot *out,
                      struct ballast_error *err)
{
    struct recording recording;
    int rc = recording_parse(name, data, length, &recording, err);
    if (rc < 0)
        return rc;
    *out = recording.snapshots[recording.count - 1];
    recording.snapshots[recording.count - 1] = (struct snapshot){0};
    recording_release(&recording);
    return 0;
}

int snapshot_read(const char *path, struct snapshot *out, struct ballast_error *err)
{
    char *data;
    size_t length;
    int rc = file_read(path, FILE_ANY, JSON_MAX_BYTES, &data, &length, err);
    if (rc < 0)
        return rc;
    bool is_recording =
        !xl_info_may_be(data, length) && holds_several(file_name(path), data, length);
    rc = is_recording ? parse_last(file_name(path), data, length, out, err)
                      : snapshot_parse(file_name(path), data, length, out, err);
    free(data);
    return rc;
}
