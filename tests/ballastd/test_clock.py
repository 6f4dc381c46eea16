#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A calendar that was in the future once: the ledger continues from there, reports it, and can be corrected;
a time that no answer can represent is not accepted."""

import os
import sqlite3
import subprocess
import sys

from driver import PROGRAM, Daemon, run

if os.environ.get("SANITIZE", "none") != "none":
    print("the sanitizers want to be loaded first")
    sys.exit(77)

DAY_SEC = 24 * 3600
MOST_USEC = 2 ** 53


def clock_alerts(client):
    return [a["message"] for a in client.call("status")["alerts"] if a["name"] == "clock"]


def shifted(daemon, seconds):
    daemon.env["CLOCK_SHIFT"] = str(seconds)


def set_back(daemon):
    """Status and words of 'ballastd --set-clock-back'."""
    done = subprocess.run([PROGRAM, "--set-clock-back", "--state-dir", daemon.state], env=daemon.env,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def led_astray(daemon):
    """A daemon that runs a month ahead of the calendar; what was promised, by id."""
    daemon.kill()
    shifted(daemon, 30 * DAY_SEC)
    daemon.start()
    with daemon.client() as client:
        assert clock_alerts(client) == []
        client.call("reserve", min_kib=4, lease_usec=3600 * 10 ** 6, wait=True)
        client.call("reserve", min_kib=8, wait=True)
        client.call("release", id=client.call("reserve", min_kib=4, wait=True)["id"])
        client.call("set-target", domain="vm1", target_kib=1024 * 1024)
    # The history is written when it ends, or a minute later.
    assert daemon.stop() == 0
    shifted(daemon, 0)
    daemon.start()


def promised(client):
    return {r["id"]: (r["state"], r["granted_kib"]) for r in client.call("reservations")["reservations"]}


def test_the_future_is_told_of_and_can_be_left():
    env = {"LD_PRELOAD": os.environ["CLOCK_SHIM"]}
    with Daemon(env=env, checks=False) as daemon:
        with daemon.client() as client:
            now = client.call("status")["now_usec"]
            assert clock_alerts(client) == []
        led_astray(daemon)
        with daemon.client() as client:
            # The lease goes on from where it was, neither over at once nor for a month.
            before = promised(client)
            assert sorted(state for state, _ in before.values()) == ["granted", "granted", "released"], before
            ahead = client.call("status")["now_usec"] - now
            assert 29 * DAY_SEC < ahead / 10 ** 6 < 31 * DAY_SEC, ahead
            said = clock_alerts(client)
            assert len(said) == 1 and "ahead of the calendar" in said[0] and "--set-clock-back" in said[0]
        status, words = set_back(daemon)
        assert status == 1 and "another ballastd or command has it open" in words, words
        assert daemon.stop() == 0
        status, words = set_back(daemon)
        assert status == 0 and "set the ledger's clock back by" in words and "history" not in words, words
        history = sqlite3.connect(daemon.state / "history.db")
        events = [row[0] for row in history.execute("SELECT until_usec FROM event")]
        history.close()
        assert len(events) > 3 and max(events) < now + DAY_SEC * 10 ** 6, events
        daemon.start()
        with daemon.client() as client:
            assert clock_alerts(client) == []
            there = client.call("status")["now_usec"]
            assert there - now < DAY_SEC * 10 ** 6
            assert promised(client) == before
            vm = client.call("domains", domain="vm1")["domains"][0]
            assert vm["pinned_kib"] == 1024 * 1024 and 0 < vm["pinned_since_usec"] <= there, vm
            made = client.call("reserve", min_kib=4, wait=True)
            assert made["id"] == max(before) + 1
        assert daemon.stop() == 0
        status, words = set_back(daemon)
        assert status == 1 and "not ahead of the calendar" in words, words


def test_there_must_be_a_ledger():
    with Daemon(scenario=None, checks=False) as daemon:
        assert daemon.stop() == 0
        daemon.state /= "elsewhere"
        status, words = set_back(daemon)
        assert status == 1 and "has no ledger" in words, words
        assert not daemon.state.exists()


def test_a_calendar_beyond_all_answers():
    env = {"LD_PRELOAD": os.environ["CLOCK_SHIM"], "CLOCK_SHIFT": str(400 * 365 * DAY_SEC)}
    with Daemon(scenario=None, env=env, checks=False) as daemon, daemon.client() as client:
        made = client.call("reserve", min_kib=4, wait=True)
        assert made["requested_usec"] < MOST_USEC and client.call("status")["now_usec"] < MOST_USEC


run([value for name, value in list(globals().items()) if name.startswith("test_")])
