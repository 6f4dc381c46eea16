#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One allocation after the other fails, in every request: each answer is complete or an error, the
daemon survives, and the ledger agrees with the answers."""

import json
import mmap
import os
import socket
import struct
import sys
import tempfile

from driver import Daemon, Refused, run, until

if os.environ.get("SANITIZE", "none") != "none":
    print("the sanitizers have an allocator of their own")
    sys.exit(77)

GIB = 1024 * 1024
OUT_OF_MEMORY = (-32603, -32003, -32004, -32700)


class Plan:
    """Which allocation fails."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile()
        self.file.write(bytes(4096))
        self.file.flush()
        self.map = mmap.mmap(self.file.fileno(), 4096)

    def fail(self, at):
        self.map[0:24] = struct.pack("QQQ", 0, 0, 0)
        self.map[0:8] = struct.pack("Q", at)

    def calm(self):
        self.map[0:8] = bytes(8)
        return struct.unpack("Q", self.map[16:24])[0]


def keys_of(value):
    """Which keys are where: what an answer that lacks something would lack."""
    if isinstance(value, dict):
        return {key: keys_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [keys_of(inner) for inner in value]
    return value is None


READING = [("hello", {"version": 1, "client": "test"}), ("ping", {}), ("status", {}), ("host", {}),
           ("host-profile", {}), ("domains", {}), ("domains", {"domain": "web"}), ("reservations", {}),
           ("history", {"domain": "web"}), ("history", {}), ("events", {"domain": "web"}), ("events", {}),
           ("policy", {}), ("plan", {"requests": [{"min_kib": GIB}]}),
           ("subscribe", {"events": ["reservation-changed"]}), ("login", {"owner": "me"})]


def steps(daemon, plan, ask, judge):
    """Once for each allocation of that request, until all of them have had their turn."""
    at = 0
    while True:
        at += 1
        assert at < 20000
        with daemon.client() as client:
            client.socket.settimeout(600)
            plan.fail(at)
            try:
                answer, refusal = ask(client), None
            except Refused as error:
                answer, refusal = None, error
            except (EOFError, OSError) as error:
                answer, refusal = None, error
            failed = plan.calm()
            assert daemon.process.poll() is None, f"allocation {at}: {daemon.process.poll()} {daemon.log()[-600:]}"
            judge(at, answer, refusal)
            if not failed:
                assert answer is not None, refusal
                return at - 1


def test_reading():
    plan, counts = Plan(), {}
    env = {"LD_PRELOAD": os.environ["MALLOC_SHIM"], "MALLOC_PLAN": plan.file.name}
    # Nothing moves, and looks are rare: what is counted is the request's own.
    config = "[ballastd]\nidle-interval = 1min\ninterval = 10s\n"
    with Daemon(scenario=None, env=env, config=config, checks=False) as daemon:
        with daemon.client() as client:
            client.call("pause")
            client.call("reserve", min_kib=4)
        # From then on answers come from the file, too.
        until(lambda: (daemon.state / "history.db").exists())
        for method, params in READING:
            with daemon.client() as client:
                whole = keys_of(client.call(method, **params))

            def judge(at, answer, refusal):
                if isinstance(refusal, Refused):
                    assert refusal.code in OUT_OF_MEMORY, (method, at, refusal)
                elif answer is not None:
                    assert keys_of(answer) == whole, (method, at)
            counts[method] = counts.get(method, 0) + steps(
                daemon, plan, lambda client: client.call(method, **params), judge)
    print(f"{sum(counts.values())} allocations failed in turn: {counts}")


def test_changing():
    plan = Plan()
    env = {"LD_PRELOAD": os.environ["MALLOC_SHIM"], "MALLOC_PLAN": plan.file.name}
    config = "[ballastd]\nidle-interval = 1s\n"
    with Daemon(scenario=None, env=env, config=config, checks=False) as daemon:
        granted = {}

        def open_ones():
            with daemon.client() as client:
                return {r["id"]: r["state"] for r in client.call("reservations")["reservations"]}

        def judge_reserve(at, answer, refusal):
            there = open_ones()
            for number in granted:
                assert there.get(number) == "granted", (at, number, there)
            if answer is not None and answer["state"] == "granted":
                assert there[answer["id"]] == "granted", (at, answer)
                granted[answer["id"]] = True
            elif answer is not None:
                # The look that would have granted it failed; the next one does.
                assert there[answer["id"]] in ("requested", "reclaiming", "granted"), (at, answer)
            extra = [n for n, state in there.items()
                     if state in ("requested", "reclaiming", "granted") and n not in granted]
            # What was not answered for may have been made; it is told of, and can be given back.
            with daemon.client() as client:
                for number in extra:
                    client.call("release", id=number)

        count = steps(daemon, plan, lambda client: client.call("reserve", min_kib=4), judge_reserve)
        print(f"reserve: {count} allocations failed in turn, {len(granted)} granted")

        def release(client):
            return client.call("release", id=next(iter(granted)))

        def judge_release(at, answer, refusal):
            number = next(iter(granted))
            state = open_ones().get(number)
            assert state in ("granted", "released"), (at, state)
            assert answer is None or state == "released", (at, state)
            if state == "released":
                del granted[number]
            if not granted:
                with daemon.client() as client:
                    granted[client.call("reserve", min_kib=4)["id"]] = True

        count = steps(daemon, plan, release, judge_release)
        print(f"release: {count} allocations failed in turn")
        changes = [("set-target", {"domain": "web", "target_kib": GIB, "force": True}), ("pause", {}), ("resume", {}),
                   ("set-policy", {"name": "fixed"})]
        for method, params in changes:
            def tolerate(at, answer, refusal):
                assert answer is None or isinstance(answer, dict)
            steps(daemon, plan, lambda client: client.call(method, **params), tolerate)
        # And without a request: ticks, and what they tell.
        before = open_ones()
        for at in range(1, 200):
            plan.fail(at)
            try:
                with daemon.client(hello=False) as client:
                    client.call("ping")
                    client.call("ping")
            except (Refused, EOFError, OSError):
                pass
            assert daemon.process.poll() is None, (at, daemon.log()[-2000:])
        plan.calm()
        assert open_ones() == before


def ask_standin(path, request):
    """b"": the connection was closed without an answer."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(600)
        client.connect(str(path))
        try:
            client.send(request)
            return client.recv(1024)
        except (BrokenPipeError, ConnectionResetError):
            return b""


def test_standins():
    """A client that there is no memory for is refused, and is not the last that is heard."""
    plan = Plan()
    env = {"LD_PRELOAD": os.environ["MALLOC_SHIM"], "MALLOC_PLAN": plan.file.name}
    with tempfile.TemporaryDirectory() as directory:
        asked = {"qmemman": (b"4096\n", b"OK\n"), "squeezed": (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 ")}
        options = [word for name in asked for word in (f"--{name}-socket", f"{directory}/{name}")]
        with Daemon(scenario=None, env=env, options=options, checks=False) as daemon:
            for name, (request, expected) in asked.items():
                for at in range(1, 40):  # later ones are json-c's, which does not survive all
                    plan.fail(at)
                    ask_standin(f"{directory}/{name}", request)
                    plan.calm()
                    assert daemon.process.poll() is None, f"{name}: allocation {at}: {daemon.log()[-600:]}"
                    answer = ask_standin(f"{directory}/{name}", request)
                    assert answer.startswith(expected), (name, at, answer)
            with daemon.client() as client:
                until(lambda: not client.call("reservations", open=True)["reservations"])


run([value for name, value in list(globals().items()) if name.startswith("test_")])
