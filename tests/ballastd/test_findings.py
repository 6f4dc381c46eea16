#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Probes and pressure in events and in 'ballast why': begun, how they ended, what was learned."""

import os
import subprocess

from driver import Daemon, run, until

# A liar that claims all it holds, and a guest whose agent reports pressure and that needs WANTED after 30 s.
SCENARIO = """says "A false report is tried while another guest lacks memory and shows it."
host total=10GiB xen=200MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=800MiB
guest liar tot=6GiB min=1GiB max=8GiB uses=1GiB report=all reclaim-rate=300MiB/s grow-rate=300MiB/s
guest honest tot=2GiB min=1GiB max=WANTED uses=steps:0s=1GiB,30s=WANTED reclaim-rate=300MiB/s grow-rate=300MiB/s pressure=honest
duration 24h
"""
SERVED = SCENARIO.replace("max=WANTED", "max=6GiB").replace("WANTED", "5GiB")
LACKING = SCENARIO.replace("WANTED", "8GiB")


def why(daemon, name):
    return subprocess.run([os.environ["BALLAST"], "why", name, "--run-dir", daemon.run],
                          capture_output=True, text=True, check=True).stdout


def test_a_liar_is_found():
    with Daemon(scenario=LACKING, speed=20, config="[ballastd]\n") as daemon, daemon.client() as client:
        found = until(lambda: client.call("events", reason="report-follows")["events"])[0]
        assert found["name"] == "liar" and found["what"] == "report", found
        assert found["used_kib"] > 0 and found["current_kib"] > 0, found
        # It may have been found by memory that it freed before, so a probe may come later.
        begun = until(lambda: client.call("events", reason="probed")["events"])[0]
        assert begun["name"] == "liar" and begun["what"] == "target", begun
        assert begun["from_kib"] > begun["to_kib"] and begun["to_kib"] < begun["used_kib"], begun
        said = why(daemon, "liar")
        assert "its next report shows whether it needs this" in said, said
        assert "its report fell with its memory" in said and "not counted as need" in said, said


def test_distress_is_told_once():
    with Daemon(scenario=SERVED, speed=20, config="[ballastd]\n") as daemon, daemon.client() as client:
        until(lambda: client.call("events", reason="distress-over")["events"])
        events = [event["reason"] for event in client.call("events")["events"] if event["what"] == "pressure"]
        assert events == ["distress", "distress-over"], events
        said = why(daemon, "honest")
        assert "its pressure shows that it lacks memory with " in said, said


run([value for name, value in list(globals().items()) if name.startswith("test_")])
