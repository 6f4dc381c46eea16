#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pinned targets: kept over ticks, restarts and the guest's own, squeezed for a request, given back."""

import pwd
import os
import time

from driver import Daemon, refused, run, until

MIB = 1024
ME = pwd.getpwuid(os.geteuid()).pw_name
SCENARIO = """says "One guest holds more than it needs, one wants more, and something is free."
host total=6GiB xen=100MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=700MiB
guest web tot=1GiB min=256MiB max=2GiB uses=200MiB reclaim-rate=400MiB/s grow-rate=400MiB/s
guest full tot=1GiB min=1GiB max=1GiB uses=900MiB
duration 24h
"""


def domain(client, name="web"):
    return client.call("domains", domain=name)["domains"][0]


def holds(client, mib):
    until(lambda: domain(client)["current_kib"] == domain(client)["target_kib"] == mib * MIB)


def ticks(client, count=20):
    """The daemon looks that often more; at rest it does so seldom, and a call makes it look."""
    status = client.call("status")["ticks"]
    until(lambda: client.call("set-shares", domain="full", shares=1000)
          and client.call("status")["ticks"] >= status + count)


def assert_pinned(client, mib, who):
    now = domain(client)
    assert (now["pinned_kib"], now["pinned_by"]) == (mib and mib * MIB, who), now
    assert (now["pinned_since_usec"] is None) == (mib is None), now


def messages(client):
    return [e["message"] for e in client.call("events", domain="web")["events"]]


def test_kept_and_given_back():
    with Daemon(SCENARIO, speed=5) as daemon:
        with daemon.client() as client:
            before = domain(client)["target_kib"]
            answer = client.call("set-target", domain="web", target_kib=700 * MIB)
            assert answer["target_kib"] == answer["pinned_kib"] == 700 * MIB, answer
            assert answer["pinned_by"] == ME and answer["pinned_before_kib"] is None, answer
            assert answer["target_before_kib"] >= before, answer
            assert_pinned(client, 700, ME)
            holds(client, 700)
            ticks(client)
            holds(client, 700)
            why = domain(client)["why"]
            assert why["what"] == "pinned" or why["reason"] == "pinned", why
            assert any(m.startswith(f"target pinned at 700 MiB by {ME}") for m in messages(client))
        # It was durable before it was answered, and a guest that comes again has it still.
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            assert_pinned(client, 700, ME)
            holds(client, 700)
            client.call("sim-destroy", domain="web")
            client.call("sim-start", name="web", need_kib=1024 * MIB, min_kib=256 * MIB,
                        max_kib=2048 * MIB)
            until(lambda: [d for d in client.call("domains")["domains"] if d.get("name") == "web"])
            assert_pinned(client, 700, ME)
            holds(client, 700)
            answer = client.call("set-target", domain="web", auto=True)
            assert answer["pinned_kib"] is None and answer["pinned_before_kib"] == 700 * MIB, answer
            assert_pinned(client, None, None)
            until(lambda: domain(client)["current_kib"] > 800 * MIB)
            assert any("given back to the balancer" in m for m in messages(client))
            # Nothing to give back is no error.
            assert client.call("set-target", domain="web", auto=True)["pinned_before_kib"] is None
            refused(-32602, client.call, "set-target", domain="web")
            refused(-32602, client.call, "set-target", domain="web", target_kib=4, auto=True)
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            assert_pinned(client, None, None)


def test_squeezed_for_a_request():
    with Daemon(SCENARIO, speed=5) as daemon, daemon.client() as client:
        client.call("set-target", domain="web", target_kib=1200 * MIB)
        holds(client, 1200)
        free = client.call("host")["available_kib"]
        asked = client.call("reserve", min_kib=free + 500 * MIB, label="big", wait=True)
        assert asked["state"] == "granted", asked
        assert domain(client)["target_kib"] < 1200 * MIB
        assert_pinned(client, 1200, ME)
        assert any("it goes below its pinned target of 1.2 GiB" in m and "to start big" in m
                   for m in messages(client)), messages(client)
        reasons = [e["reason"] for e in client.call("events", domain="web")["events"]]
        assert "below-pin" in reasons, reasons
        client.call("release", id=asked["id"])
        holds(client, 1200)


def test_bounds_move_it_and_say_so():
    with Daemon(SCENARIO, speed=5) as daemon, daemon.client() as client:
        client.call("set-target", domain="web", target_kib=1200 * MIB)
        answer = client.call("set-range", domain="web", min_kib=256 * MIB, max_kib=900 * MIB)
        assert answer["pinned_kib"] == 900 * MIB and answer["pinned_before_kib"] == 1200 * MIB, answer
        assert_pinned(client, 900, ME)
        holds(client, 900)
        answer = client.call("set-range", domain="web", min_kib=256 * MIB, max_kib=2048 * MIB)
        assert answer["pinned_kib"] == answer["pinned_before_kib"] == 900 * MIB, answer
        ticks(client)
        holds(client, 900)


def test_a_foreign_write_pins():
    with Daemon(SCENARIO, speed=5) as daemon, daemon.client() as client:
        until(lambda: domain(client)["target_kib"] == 2048 * MIB)
        client.call("sim-set-target", domain="web", target_kib=600 * MIB)
        until(lambda: domain(client)["pinned_kib"])
        assert_pinned(client, 600, "unknown (xenstore)")
        holds(client, 600)
        ticks(client)
        holds(client, 600)
        assert "target pinned at 600 MiB by unknown (xenstore), from 2 GiB" in messages(client)
        # What we set in its place is no foreign write.
        client.call("set-target", domain="web", target_kib=700 * MIB)
        holds(client, 700)
        ticks(client)
        assert_pinned(client, 700, ME)


def test_a_rival_is_no_administrator():
    config = "[ballastd]\nrival-writes = 4\nrival-within = 30min\nrival-quiet = 24h\n"
    with Daemon(SCENARIO, config=config) as daemon, daemon.client() as client:
        client.call("set-target", domain="full", target_kib=1024 * MIB)
        for i in range(8):
            client.call("sim-set-target", domain="web", target_kib=(600 + 32 * i) * MIB)
            # Each is seen.
            until(lambda: domain(client)["target_kib"] == (600 + 32 * i) * MIB)
        assert [a["name"] for a in client.call("status")["alerts"]] == ["second-balancer"]
        until(lambda: domain(client)["pinned_kib"] is None)
        assert domain(client, "full")["pinned_by"] == ME


def test_what_cannot_be_kept_is_not_answered():
    with Daemon(SCENARIO, speed=5) as daemon, daemon.client() as client:
        before = domain(client)["target_kib"]
        (daemon.state / "ledger.db").rename(daemon.state / "away.db")
        no = refused(-32003, client.call, "set-target", domain="web", target_kib=700 * MIB)
        assert "ledger" in no.message, no.message
        assert_pinned(client, None, None)
        assert domain(client)["target_kib"] >= before
        (daemon.state / "away.db").rename(daemon.state / "ledger.db")


if __name__ == "__main__":
    run([value for name, value in list(globals().items()) if name.startswith("test_")])
