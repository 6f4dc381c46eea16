#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Waiting requests: limits per user and in total, within which the daemon answers as usual."""

import os
import subprocess
import sys

from driver import Daemon, refused, run, until

MIB = 1024
ALL, OTHERS, USER, OF_ONE = 1024, 896, 256, 64
BUSY = -32004
GROUP = "nogroup"

if os.geteuid() != 0:
    print("needs root, to be other users")
    sys.exit(77)

# Asks for so many, 64 a connection, says how many of them wait and what one more is answered, and lives
# until its input ends.
CROWD = r"""
import json, socket, sys
path, count = sys.argv[1], int(sys.argv[2])
def line(number):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "reserve",
                       "params": {"min_kib": 4 << 20, "wait": True}}).encode() + b"\n"
crowd = []
said = ""
for first in range(0, count + 1, 64):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    crowd.append(s)
    many = min(64, count + 1 - first)
    s.sendall(b"".join(line(first + i) for i in range(many)) +
              b'{"jsonrpc":"2.0","id":"last","method":"ping"}\n')
    file = s.makefile()
    while True:
        answer = json.loads(file.readline())
        if answer.get("id") == "last":
            break
        if "method" not in answer:
            said += f"{answer['id']} {answer['error']['code']} {answer['error']['message']};"
print(said, flush=True)
sys.stdin.read()
"""


class Crowd:
    def __init__(self, daemon, count, uid):
        self.process = subprocess.Popen(
            ["setpriv", f"--reuid={uid}", f"--regid={GROUP}", "--clear-groups", "python3", "-c", CROWD,
             str(daemon.run / "control.sock"), str(count)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()


def waiting(client):
    return client.call("status")["ledger"]["open"]


def test_so_many_and_no_more():
    with Daemon(config=f"[ballastd]\ngroup = {GROUP}\nclients = 64\n") as daemon, daemon.client() as client:
        client.call("pause")  # so that they wait
        with Crowd(daemon, USER, 54321) as one:
            assert f"{USER} {BUSY} {USER} requests of this user wait" in one.said, one.said
            with Crowd(daemon, USER, 54322), Crowd(daemon, USER, 54323):
                with Crowd(daemon, OTHERS - 3 * USER, 54324) as last:
                    assert f"{BUSY} {OTHERS} requests of all users wait" in last.said, last.said
                    assert waiting(client) == OTHERS
                    # Root has places of its own, up to the bound, and is told of it too.
                    with Crowd(daemon, ALL - OTHERS, 0) as root:
                        assert f"{BUSY} {ALL} requests of all users wait" in root.said, root.said
                        assert waiting(client) == ALL
                        assert refused(BUSY, client.call, "reserve", min_kib=4 * 1024 * MIB)
                        assert client.call("domains")["domains"]
        # Who goes makes room.
        until(lambda: waiting(client) == 0)
        with Crowd(daemon, 1, 54321) as again:
            assert BUSY not in again.said.split(), again.said
            assert waiting(client) == 2


def test_those_that_wait_are_answered():
    """Also when they were many, and one after the other is decided."""
    with Daemon(speed=10) as daemon, daemon.client() as client, daemon.client() as waits:
        client.call("pause")
        asked = [waits.ask("reserve", min_kib=256 * MIB, lease_usec=500_000, wait=True) for _ in range(OF_ONE)]
        until(lambda: waiting(client) == OF_ONE)
        client.call("resume")
        answers = {}
        while len(answers) < OF_ONE:
            message = waits.message()
            if "method" not in message:
                answers[message["id"]] = message
        assert set(answers) == set(asked)
        assert all(each["result"]["state"] == "granted" for each in answers.values()), answers


run([value for name, value in list(globals().items()) if name.startswith("test_")])
