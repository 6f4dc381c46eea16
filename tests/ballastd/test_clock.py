#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A calendar that was in the future once: the ledger goes on from there, says so, and can be set right;
one that no answer can tell of is not believed."""

import os
import sys

from driver import Daemon, run

if os.environ.get("SANITIZE", "none") != "none":
    print("the sanitizers want to be loaded first")
    sys.exit(77)

DAY_SEC = 24 * 3600
MOST_USEC = 2 ** 53


def clock_alerts(client):
    return [a["message"] for a in client.call("status")["alerts"] if a["name"] == "clock"]


def shifted(daemon, seconds):
    daemon.env["CLOCK_SHIFT"] = str(seconds)


def test_the_future_is_told_of_and_can_be_left():
    env = {"LD_PRELOAD": os.environ["CLOCK_SHIM"]}
    with Daemon(scenario=None, env=env, checks=False) as daemon:
        with daemon.client() as client:
            now = client.call("status")["now_usec"]
            assert clock_alerts(client) == []
        daemon.kill()
        shifted(daemon, 30 * DAY_SEC)
        daemon.start()
        with daemon.client() as client:
            assert clock_alerts(client) == []
            kept = client.call("reserve", min_kib=4, lease_usec=3600 * 10 ** 6, wait=True)
            client.call("release", id=client.call("reserve", min_kib=4, wait=True)["id"])
        daemon.kill()
        shifted(daemon, 0)
        daemon.start()
        with daemon.client() as client:
            # The lease goes on from where it was, neither over at once nor for a month.
            there = client.call("reservations")["reservations"]
            assert [r["state"] for r in there if r["id"] == kept["id"]] == ["granted"]
            ahead = client.call("status")["now_usec"] - now
            assert 29 * DAY_SEC < ahead / 10 ** 6 < 31 * DAY_SEC, ahead
            said = clock_alerts(client)
            assert len(said) == 1 and "ahead of the calendar" in said[0] and "move ledger.db" in said[0]
            client.call("release", id=kept["id"])
        assert daemon.stop() == 0
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-mark"):
            (daemon.state / name).unlink(missing_ok=True)
        daemon.start()
        with daemon.client() as client:
            assert clock_alerts(client) == []
            assert client.call("status")["now_usec"] - now < DAY_SEC * 10 ** 6


def test_a_calendar_beyond_all_answers():
    env = {"LD_PRELOAD": os.environ["CLOCK_SHIM"], "CLOCK_SHIFT": str(400 * 365 * DAY_SEC)}
    with Daemon(scenario=None, env=env, checks=False) as daemon, daemon.client() as client:
        made = client.call("reserve", min_kib=4, wait=True)
        assert made["asked_usec"] < MOST_USEC and client.call("status")["now_usec"] < MOST_USEC


run([value for name, value in list(globals().items()) if name.startswith("test_")])
