#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may change something: root, and members of the daemon's group, by the kernel's word about the
user who has connected (SO_PEERCRED, SO_PEERGROUPS) and not by the mode of a file alone. Played with
real users and groups."""

import grp
import json
import os
import signal
import socket
import sys

from driver import Daemon, run, until

if os.geteuid() != 0:
    print("needs root, to be other users")
    sys.exit(77)

NOBODY = 54321
# Groups that exist on every system and are no user's primary group here; in Debian's order.
GROUPS = [entry for entry in grp.getgrall() if 0 < entry.gr_gid < 100][:3]
OURS, OTHER, THIRD = GROUPS

def say(path, method, params):
    one = socket.socket(socket.AF_UNIX)
    try:
        one.connect(path)
    except PermissionError:
        return "shut"
    one.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                            "params": params}).encode() + b"\n")
    return json.loads(one.makefile().readline()).get("error", {}).get("code", "done")


def what_may(daemon, uid, gid, groups):
    """What becomes of reading and changing, on the control and on the status socket."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever goes wrong here must not go on as a second test.
        try:
            os.setgroups(groups)
            os.setgid(gid)
            os.setuid(uid)
            found = [say(str(daemon.run / name), method, params)
                     for name in ("control.sock", "status.sock")
                     for method, params in (("ping", {}), ("reserve", {"min_kib": 4}))]
            os.write(into, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as pipe:
        found = pipe.read()
    os.waitpid(child, 0)
    return json.loads(found)


READER = ["done", -32001]  # on either socket
ALL = ["done", "done"]
SHUT = ["shut", "shut"]


def test_who_may_change():
    with Daemon(config=f"[ballastd]\ngroup = {OURS.gr_name}\n") as daemon:
        socket_of = daemon.run / "control.sock"
        assert socket_of.stat().st_gid == OURS.gr_gid
        for uid, gid, groups, control in (
                (0, 0, [], ALL),
                (NOBODY, OURS.gr_gid, [], ALL),
                (NOBODY, NOBODY, [OURS.gr_gid], ALL),
                (NOBODY, NOBODY, [OTHER.gr_gid, THIRD.gr_gid, OURS.gr_gid], ALL),
                (NOBODY, NOBODY, [OTHER.gr_gid, THIRD.gr_gid], SHUT),
                (NOBODY, OTHER.gr_gid, [], SHUT),
                (NOBODY, NOBODY, [], SHUT)):
            found = what_may(daemon, uid, gid, groups)
            assert found == control + READER, (uid, gid, groups, found)
        # A file that lets everybody in makes nobody more than a reader.
        os.chmod(socket_of, 0o666)
        assert what_may(daemon, NOBODY, NOBODY, [OTHER.gr_gid]) == READER + READER
        assert what_may(daemon, NOBODY, 0, []) == READER + READER, "the group root is not root"
        assert what_may(daemon, NOBODY, NOBODY, [OURS.gr_gid]) == ALL + READER


def test_many_groups():
    """More of them than the kernel hands over in a small buffer."""
    with Daemon(config=f"[ballastd]\ngroup = {OURS.gr_name}\n") as daemon:
        many = list(range(70000, 70000 + 2000))
        assert what_may(daemon, NOBODY, NOBODY, many + [OURS.gr_gid]) == ALL + READER
        assert what_may(daemon, NOBODY, NOBODY, many) == SHUT + READER


def test_another_group_by_reload():
    with Daemon(config=f"[ballastd]\ngroup = {OURS.gr_name}\n") as daemon, daemon.client() as client:
        assert what_may(daemon, NOBODY, NOBODY, [OURS.gr_gid]) == ALL + READER
        daemon.config.write_text(f"[ballastd]\ngroup = {OTHER.gr_name}\n")
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: (daemon.run / "control.sock").stat().st_gid == OTHER.gr_gid)
        assert what_may(daemon, NOBODY, NOBODY, [OURS.gr_gid]) == SHUT + READER
        assert what_may(daemon, NOBODY, NOBODY, [OTHER.gr_gid]) == ALL + READER
        daemon.config.write_text("[ballastd]\ngroup = none-such-group\n")
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: (daemon.run / "control.sock").stat().st_mode & 0o777 == 0o600)
        for group in (OURS, OTHER):
            assert what_may(daemon, NOBODY, group.gr_gid, []) == SHUT + READER
        assert client.call("ping") == {}


run([value for name, value in list(globals().items()) if name.startswith("test_")])
