#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How scarce memory is: told by host, status, metrics and top, and an event when it changes."""

import json
import os
import signal
import subprocess

from driver import Daemon, run, until

MIB = 1024
# 9 GiB for guests. At first 6.5 are unneeded; in SCARCE from 20 s on hardly any, from 200 s on most of it again.
SCENARIO = """says "A guest that needs little, or nearly all memory for three minutes."
host total=10GiB xen=200MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=800MiB
guest big tot=4GiB min=512MiB max=8GiB uses=1GiB reclaim-rate=1GiB/s grow-rate=1GiB/s report=honest
guest small tot=2GiB min=512MiB max=2GiB uses=700MiB reclaim-rate=1GiB/s grow-rate=1GiB/s report=honest
duration 24h
"""
SCARCE = SCENARIO.replace("uses=1GiB", "uses=steps:0s=1GiB,20s=7900MiB,200s=1GiB")


def said(daemon, *words):
    return subprocess.run([os.environ["BALLAST"], *words, "--run-dir", daemon.run],
                          capture_output=True, text=True, check=True).stdout


def test_a_change_is_an_event():
    with Daemon(scenario=SCARCE, speed=20, config="[ballastd]\n") as daemon, daemon.client() as client:
        # By the events, which stay: a state may be over before anybody asks.
        def changes():
            return client.call("events", reason="plenty")["events"]
        assert until(changes)[0]["what"] == "host-state"
        events = [event for event in client.call("events")["events"] if event["what"] == "host-state"]
        assert {"hard", "low"} & {event["reason"] for event in events}, events
        # Down as it gets scarce, up in one step: as much as is missing for a worse one has to last.
        assert events[0]["detail"] == "plenty" and events[-1]["reason"] == "plenty", events
        assert all(event["to_kib"] is not None for event in events), events
        assert len(events) <= 6, events
        assert events[-1]["message"].startswith("memory of the host was "), events


def test_it_is_shown():
    with Daemon(scenario=SCENARIO, speed=20, config="[ballastd]\n") as daemon, daemon.client() as client:
        first = client.call("host")
        assert first["state"] == "plenty" and first["unneeded_kib"] > 4096 * MIB, first
        assert "state     plenty, with " in said(daemon, "status")
        assert 'ballast_host_state{state="plenty"} 1' in said(daemon, "metrics")
        assert 'ballast_host_state{state="low"} 0' in said(daemon, "metrics")


def test_bounds_are_settings():
    config = "[ballastd]\nsoft-below = 100%\nhard-below = 100%\nlow-below = 100%\n"
    with Daemon(scenario=SCENARIO, speed=1, config=config) as daemon, daemon.client() as client:
        assert client.call("host")["state"] == "low"
        daemon.reload("[ballastd]\nsoft-below = 0%\nhard-below = 0%\nlow-below = 0%\n")
        # A better state has to last.
        assert client.call("host")["state"] == "low"
        plan = client.call("plan", requests=[{"label": "a", "min_kib": 100 * MIB}])
        assert json.dumps(plan)


def test_bounds_that_rise_are_refused():
    with Daemon(scenario=SCENARIO, speed=1, config="[ballastd]\n") as daemon, daemon.client() as client:
        daemon.config.write_text("[ballastd]\nhard-below = 9%\n")
        daemon.process.send_signal(signal.SIGHUP)
        alert = until(lambda: [a for a in client.call("status")["alerts"] if a["name"] == "configuration"])[0]
        assert "soft-below, hard-below, low-below" in alert["message"], alert


run([value for name, value in list(globals().items()) if name.startswith("test_")])
