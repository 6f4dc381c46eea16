/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ballast/host/rival_balancers.h"

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/ballast/cli/output.h"
#include "edge/file/file.h"
#include "edge/lock/lock.h"

enum { OTHERS_BYTES = 1 << 20 }; /* of a file that is looked into */

/* As the kernel tells a program's name; a script has its own there, not its interpreter's. */
static const char *const balancers[] = {"squeezed", "qmemmand", "qubes-qmemman", "xenballoond",
                                        "momd"};
static const char *const libvirts[] = {"libvirtd", "virtxend"};

/* Of others; ballastd itself has it where it speaks qmemman's interface. */
static const char *const sockets[] = {
    "/run/qubes/qmemman.sock", /* qubes.qmemman.client */
};

__attribute__((format(printf, 2, 3))) static void append_rival(struct cli_rival_balancers *rivals,
                                                               const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    size_t count = rivals->count + 1;
    rivals->balancers = xcheck(reallocarray(rivals->balancers, count, sizeof(char *)));
    rivals->balancers[rivals->count] = xcheck(text);
    rivals->count = count;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* The first line of a file, without its end; false where there is none. */
static bool first_line(const char *path, char *out, size_t size)
{
    char *text;
    size_t length;
    if (file_read(path, FILE_REGULAR, OTHERS_BYTES, &text, &length, NULL) < 0)
        return false;
    (void)snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
    return length > 0;
}

static void look_at_process(struct cli_rival_balancers *rivals, const char *root, const char *pid)
{
    char path[PATH_MAX];
    char name[32];
    (void)snprintf(path, sizeof(path), "%s/proc/%s/comm", root, pid);
    if (!first_line(path, name, sizeof(name)))
        return;
    if (is_one_of(name, balancers, sizeof(balancers) / sizeof(balancers[0])))
        append_rival(rivals, "%s runs (process %s)", name, pid);
    if (is_one_of(name, libvirts, sizeof(libvirts) / sizeof(libvirts[0])))
        rivals->libvirt = CLI_LIBVIRT_AUTO;
}

static void look_at_processes(struct cli_rival_balancers *rivals, const char *root)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%s/proc", root);
    DIR *proc = opendir(path);
    if (!proc)
        return;
    for (const struct dirent *entry; (entry = readdir(proc));) {
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
            look_at_process(rivals, root, entry->d_name);
    }
    (void)closedir(proc);
}

/* One that simulates a host, or keeps another one, does not have this host's lock. */
static void look_for_ours(struct cli_rival_balancers *rivals, const char *root)
{
    char path[PATH_MAX];
    char name[32];
    struct lock_holder holder;
    (void)snprintf(path, sizeof(path), "%s" LOCK_XEN_DIR, root);
    if (lock_look(path, &holder) < 0 || strcmp(holder.what, LOCK_DAEMON) != 0)
        return;
    (void)snprintf(path, sizeof(path), "%s/proc/%ld/comm", root, (long)holder.pid);
    rivals->ours = first_line(path, name, sizeof(name)) && strcmp(name, "ballastd") == 0;
}

static void look_at_sockets(struct cli_rival_balancers *rivals, const char *root)
{
    for (size_t i = 0; !rivals->ours && i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        char path[PATH_MAX];
        struct stat is;
        (void)snprintf(path, sizeof(path), "%s%s", root, sockets[i]);
        if (stat(path, &is) == 0 && S_ISSOCK(is.st_mode))
            append_rival(rivals, "%s exists", sockets[i]);
    }
}

/* libxl.conf of libvirt: "autoballoon = 0", the last one counts. */
static void look_at_libvirt(struct cli_rival_balancers *rivals, const char *root)
{
    char path[PATH_MAX];
    char *text;
    size_t length;
    (void)snprintf(path, sizeof(path), "%s/etc/libvirt/libxl.conf", root);
    if (rivals->libvirt == CLI_LIBVIRT_NONE ||
        file_read(path, FILE_REGULAR, OTHERS_BYTES, &text, &length, NULL) < 0)
        return;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        int value;
        line += *line == '\n';
        if (sscanf(line, " autoballoon = %d", &value) == 1)
            rivals->libvirt = value ? CLI_LIBVIRT_SHRINKS : CLI_LIBVIRT_KEEPS;
    }
    free(text);
}

void cli_rival_balancers_add(struct cli_rival_balancers *rivals, const char *what)
{
    append_rival(rivals, "%s", what);
}

void cli_rival_balancers_find(struct cli_rival_balancers *out, const char *root)
{
    *out = (struct cli_rival_balancers){0};
    look_at_processes(out, root);
    look_for_ours(out, root);
    look_at_sockets(out, root);
    look_at_libvirt(out, root);
}

void cli_rival_balancers_release(struct cli_rival_balancers *rivals)
{
    for (size_t i = 0; i < rivals->count; i++)
        free(rivals->balancers[i]);
    free(rivals->balancers);
    *rivals = (struct cli_rival_balancers){0};
}
