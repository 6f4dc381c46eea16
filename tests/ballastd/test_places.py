#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The places of a socket: users who open as many connections as they can, subscribed, idle or not reading, leave
some for every other user, and root can always connect. Uses real users."""

import json
import os
import select
import signal
import socket
import subprocess
import sys

from driver import Daemon, refused, run, ticks_pass, until

if os.geteuid() != 0:
    print("needs root, to be other users")
    sys.exit(77)

CLIENTS = 32
KEPT = 4  # one in eight, for root and the members of the daemon's group
FIRST, SECOND, THIRD, FOURTH = 54321, 54322, 54323, 65534
CONFIG = f"[ballastd]\nclients = {CLIENTS}\ngroup = none-such-group\n"

# Connects as often as it is told, does one of the things below with each, and says how many of them
# were still there whenever it is asked.
CROWD = r"""
import json, select, socket, sys
path, count, conduct = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def line(method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"
crowd = []
for _ in range(count):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.settimeout(600)
    try:
        if conduct == "subscribed":
            s.sendall(line("subscribe", events=["tick", "event"]))
            s.recv(65536)
        elif conduct == "deaf":
            s.settimeout(0.2)
            s.sendall(line("domains") * 400)
        elif conduct == "half":
            s.sendall(b'{"jsonrpc":')
        else:
            s.sendall(line("ping"))
            s.recv(65536)
    except OSError:
        pass
    crowd.append(s)
def alive(s):
    while True:
        if not select.select([s], [], [], 0)[0]:
            return True
        try:
            data = s.recv(1 << 20)
        except OSError:
            return False
        if not data:
            return False
        if b"-32004" in data:
            return False
print("ready", flush=True)
for _ in sys.stdin:
    print(sum(alive(s) for s in crowd), flush=True)
"""


class Crowd:
    def __init__(self, daemon, uid, count, conduct):
        self.process = subprocess.Popen(
            ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "python3", "-c", CROWD,
             str(daemon.run / "status.sock"), str(count), conduct],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def alive(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()


def error_as(daemon, uid):
    """One call of another user: "done", or the error."""
    code = ("import json,socket,sys\n"
            "s = socket.socket(socket.AF_UNIX); s.settimeout(600); s.connect(sys.argv[1])\n"
            "try: s.sendall(b'{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\\n')\n"
            "except BrokenPipeError: pass\n"
            "print(json.dumps(json.loads(s.makefile().readline()).get('error', 'done')))\n")
    done = subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
                           "python3", "-c", code, str(daemon.run / "status.sock")],
                          capture_output=True, text=True, timeout=600)
    return json.loads(done.stdout) if done.stdout else done.stderr


def ping_as(daemon, uid):
    """The same: "done", or the error's code."""
    said = error_as(daemon, uid)
    return str(said["code"]) if isinstance(said, dict) else said


def test_two_users_cannot_hold_every_place():
    for conduct in ("subscribed", "silent", "half", "deaf"):
        with Daemon(config=CONFIG) as daemon, \
             Crowd(daemon, FIRST, 40, conduct) as first, Crowd(daemon, SECOND, 40, conduct) as second:
            if conduct != "deaf":
                until(lambda: first.alive() + second.alive() <= CLIENTS - KEPT)
            for uid in (THIRD, FOURTH):
                assert ping_as(daemon, uid) == "done", (conduct, uid)
            with daemon.client(status=True) as client:
                assert client.call("ping") == {}, conduct
                assert client.call("status")["clients"] <= CLIENTS


def test_each_user_has_the_same_share_when_there_are_many():
    with Daemon(config=CONFIG) as daemon, Crowd(daemon, FIRST, 40, "silent") as first:
        until(lambda: first.alive() == CLIENTS // 2)
        with Crowd(daemon, SECOND, 40, "silent") as second, Crowd(daemon, THIRD, 40, "silent") as third, \
             Crowd(daemon, FOURTH, 40, "silent") as fourth:
            crowds = (first, second, third, fourth)
            until(lambda: sum(crowd.alive() for crowd in crowds) == CLIENTS - KEPT)
            shares = [crowd.alive() for crowd in crowds]
            assert max(shares) - min(shares) <= 1, shares


def test_root_comes_in_when_all_is_taken_by_others():
    with Daemon(config="[ballastd]\nclients = 2\ngroup = none-such-group\n") as daemon, \
         Crowd(daemon, FIRST, 4, "subscribed"), Crowd(daemon, SECOND, 4, "subscribed"):
        kept = [daemon.client(status=True) for _ in range(2)]
        for client in kept:
            assert client.call("ping") == {}
        assert ping_as(daemon, THIRD) == "-32004"
        for client in kept:
            client.close()


def test_who_is_turned_away_is_told_the_cause():
    config = f"[ballastd]\nclients = {CLIENTS}\ngroup = none-such-group\n"
    remedy = "are in use: close one, or raise 'clients' in ballastd.conf"
    with Daemon(config=config) as daemon:
        with Crowd(daemon, FIRST, CLIENTS, "silent"):
            said = error_as(daemon, FIRST)
            assert said["message"] == (
                f"{daemon.run}/status.sock: user {FIRST} has {CLIENTS // 2} connections, half of all, "
                "the most of one user: close one"), said
        kept = [daemon.client(status=True) for _ in range(CLIENTS)]
        told = refused(-32004, daemon.client, status=True)
        assert told.message == f"{daemon.run}/status.sock: {CLIENTS} of {CLIENTS} connections {remedy}", told
        for client in kept:
            client.close()
    with Daemon(config="[ballastd]\nclients = 2\ngroup = none-such-group\n") as daemon, \
         Crowd(daemon, FIRST, 1, "silent"):
        said = error_as(daemon, SECOND)
        assert said["message"] == (
            f"{daemon.run}/status.sock: 1 of 1 connections of users without privilege {remedy}"), said


def test_who_leaves_gives_its_place_back_at_once():
    """Also where the daemon has not come to notice it: a client that comes again is not turned away."""
    with Daemon(config="[ballastd]\nclients = 2\ngroup = none-such-group\n") as daemon:
        for _ in range(200):
            crowd = [daemon.client(status=True) for _ in range(2)]
            for client in crowd:
                client.close()
        for _ in range(20):
            assert ping_as(daemon, THIRD) == "done"


def test_who_leaves_in_the_middle_of_a_line_holds_no_place():
    """The daemon finds those who left and the one who comes in the same turn: it is stopped meanwhile.
    What a whole line asks for is done first: who comes meanwhile is told that there is no place."""
    with Daemon(config="[ballastd]\nclients = 2\ngroup = none-such-group\n") as daemon:
        for left, expected in ((b'{"jsonrpc":', "done"), (b'{"jsonrpc":"2.0","method":"ping"}\n', "busy")):
            daemon.process.send_signal(signal.SIGSTOP)
            until(lambda: "State:\tT" in open(f"/proc/{daemon.process.pid}/status").read())
            for _ in range(2):
                with daemon.client(status=True, hello=False) as client:
                    client.send(left)
            comer = daemon.client(status=True, hello=False)
            wanted = comer.ask("ping")
            daemon.process.send_signal(signal.SIGCONT)
            if expected == "done":
                assert comer.answer(wanted) == {}
            else:
                refused(-32004, comer.answer, wanted)
            comer.close()


def test_who_is_deaf_is_closed():
    """Whether much waits for it or little, and only if it stands still: a slow reader is no deaf one."""
    config = CONFIG + "unread = 10s\nidle-interval = 100ms\n"
    with Daemon(config=config) as daemon, daemon.client() as good, \
         Crowd(daemon, FIRST, 3, "deaf"):
        silent = daemon.client(status=True)
        silent.call("ping")
        slow = daemon.client(status=True)
        lost = daemon.client(status=True)
        for _ in range(20):
            slow.ask("domains")
        lost.ask("ping")
        def alone():
            # As many answers as before wait for it again.
            slow.message()
            slow.ask("domains")
            return good.call("status")["clients"] <= 3
        until(alone, 120)
        assert "does not read" in daemon.log()
        assert slow.call("ping") == {} and silent.call("ping") == {}
        # The one answer that it did not fetch is still there, and nothing behind it.
        assert select.select([lost.socket], [], [], 10)[0]
        assert json.loads(lost.socket.makefile().readline())["result"] == {}
        for client in (silent, slow, lost):
            client.close()


def test_what_waits_for_one_user_is_bounded():
    """However many connections it has: the daemon does not grow with what is not read."""
    def resident_kib():
        for line in open(f"/proc/{daemon.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    scenario = ('says "Many guests, so that answers are long."\nhost total=36GiB xen=256MiB slack=64MiB\n'
                "guest dom0 dom0 tot=2GiB min=1536MiB max=2GiB uses=1GiB\n"
                "guest g*500 tot=16MiB min=16MiB max=16MiB uses=8MiB overhead=1MiB\nduration 24h\n")
    # What the address sanitizer keeps of freed memory waits for nobody.
    env = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}
    with Daemon(scenario=scenario, checks=False, env=env,
                config="[ballastd]\nclients = 256\ngroup = none-such-group\n") as daemon, \
         daemon.client() as good:
        good.call("domains")
        before = resident_kib()
        with Crowd(daemon, FIRST, 120, "deaf"):
            assert good.call("ping") == {}
            ticks_pass(good, 10)
            grown = resident_kib() - before
            assert grown < 30 * 1024, grown


run([value for name, value in list(globals().items()) if name.startswith("test_")])
