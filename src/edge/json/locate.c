/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/json/scan.h"

#include <stdlib.h>
#include <string.h>

static bool enter_member(struct json_scan *scan, const char *key, size_t length, unsigned *line)
{
    bool more;
    bool empty;
    if (json_scan_peek(scan) != '{' || !json_scan_open(scan, '}', &empty))
        return false;
    for (more = !empty; more;) {
        unsigned key_line = scan->line;
        if (!json_scan_key(scan))
            return false;
        if (scan->key_length == length && memcmp(scan->key, key, length) == 0) {
            *line = key_line;
            return true;
        }
        if (!json_scan_value(scan) || !json_scan_more(scan, '}', &more))
            return false;
    }
    return false;
}

static bool enter_item(struct json_scan *scan, unsigned long item, unsigned *line)
{
    bool more;
    bool empty;
    if (json_scan_peek(scan) != '[' || !json_scan_open(scan, ']', &empty))
        return false;
    for (more = !empty; more; item--) {
        if (item == 0) {
            *line = scan->line;
            return true;
        }
        if (!json_scan_value(scan) || !json_scan_more(scan, ']', &more))
            return false;
    }
    return false;
}

unsigned json_locate(const char *text, size_t length, unsigned line, const char *path)
{
    struct json_scan scan = {.data = text, .length = length, .line = line};
    while (*path) {
        bool found;
        if (*path == '[') {
            char *end;
            unsigned long item = strtoul(path + 1, &end, 10);
            found = enter_item(&scan, item, &line);
            path = *end == ']' ? end + 1 : end + strlen(end);
        } else {
            path += *path == '.';
            size_t part = strcspn(path, ".[");
            found = enter_member(&scan, path, part, &line);
            path += part;
        }
        if (!found)
            break;
    }
    return line;
}
