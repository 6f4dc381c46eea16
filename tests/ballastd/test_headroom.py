#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory that is left free for starts that do not ask: a size, or the largest guest of a folder."""

import json
import os
import subprocess

from driver import Daemon, run, until
from holds import laws_hold

MIB = 1024
SCENARIO = """says "Guests that take what is free, and one that starts without a request."
host total=12GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=2GiB min=2GiB max=2GiB uses=1GiB
guest vm*4 tot=1GiB min=512MiB max=4GiB uses=700MiB reclaim-rate=1GiB/s grow-rate=1GiB/s
start plain unreserved at=60s need=1800MiB min=1800MiB max=1800MiB uses=1GiB
duration 24h
"""


def guest(path, name, mib):
    """Whole or not at all: the daemon reads it at any time."""
    text = json.dumps({"name": name, "type": "pvh", "config": {"memory_kib": mib * MIB, "vcpus": 1}})
    (path / f".{name}").write_text(text)
    os.rename(path / f".{name}", path / name)


def need(path):
    said = subprocess.run([os.environ["BALLAST"], "explain", "--profile", "libxl", "--json", path],
                          capture_output=True, text=True, check=True)
    return json.loads(said.stdout)["need"]


def test_a_start_that_asks_nobody():
    """Guests leave the headroom alone, the start has it, and it is won back."""
    with Daemon(scenario=SCENARIO, speed=20, config="[ballastd]\nheadroom = 2GiB\n") as daemon, \
         daemon.client() as client:
        def free():
            host = client.call("host")
            assert host["headroom_kib"] == 2048 * MIB and host["headroom_for"] is None
            assert host["headroom_missing_kib"] == max(0, 2048 * MIB - host["available_kib"])
            return host["available_kib"]
        until(lambda: free() < 2300 * MIB)
        until(lambda: client.call("domains")["domains"][-1]["name"] == "plain")
        until(lambda: client.call("domains")["domains"][-1]["current_kib"] == 1800 * MIB)
        until(lambda: free() >= 7 * 256 * MIB)
        events = []
        until(lambda: events.extend(client.call("events", reason="reclaimed-for-headroom")["events"]) or events)
        assert "of the headroom are missing" in events[0]["message"], events[0]
        assert events[0]["missing_kib"] > 0
        laws_hold(daemon, client)


def test_a_request_has_it():
    with Daemon(scenario=SCENARIO, speed=20, config="[ballastd]\nheadroom = 2GiB\n") as daemon, \
         daemon.client() as client:
        until(lambda: client.call("host")["available_kib"] < 2300 * MIB)
        client.call("pause")
        plan = client.call("plan", requests=[{"label": "a", "min_kib": 2000 * MIB}])
        assert plan["requests"][0]["verdict"] == "fits", plan
        assert client.call("reserve", min_kib=2000 * MIB)["state"] == "granted"
        host = client.call("host")
        assert host["headroom_missing_kib"] >= 1700 * MIB, host
        laws_hold(daemon, client)


def test_the_largest_guest_of_a_folder():
    with Daemon(scenario=SCENARIO, speed=20) as daemon, daemon.client() as client:
        folder = daemon.state.parent / "guests"
        folder.mkdir()

        def headroom():
            host = client.call("host")
            return host["headroom_for"], host["headroom_kib"]

        def alert():
            return {each["name"]: each["message"] for each in client.call("status")["alerts"]}.get("headroom")

        guest(folder, "small", 256)
        guest(folder, "large", 1024)
        daemon.reload(f"[ballastd]\nheadroom = largest:{folder}\n")
        until(lambda: headroom() == ("large", need(folder / "large")))
        assert need(folder / "large") > 1024 * MIB and alert() is None
        guest(folder, "larger", 1500)
        until(lambda: headroom() == ("larger", need(folder / "larger")))
        # A bad file costs itself.
        (folder / "larger").write_text('{"name":')
        until(lambda: headroom() == ("large", need(folder / "large")))
        assert f"{folder}: 1 left out of the headroom: {folder}/larger" in until(alert), alert()
        guest(folder, "larger", 1200)
        until(lambda: headroom() == ("larger", need(folder / "larger")))
        until(lambda: alert() is None)
        # As does a guest that can never start here: nothing is reclaimed for it.
        guest(folder, "huge", 1 << 20)
        assert f"huge: it needs {need(folder / 'huge')} KiB and the host has" in until(alert), alert()
        assert headroom() == ("larger", need(folder / "larger"))
        (folder / "huge").unlink()
        until(lambda: alert() is None)
        # A folder that is gone leaves it as it is, and comes back.
        os.rename(folder, f"{folder}.away")
        assert str(folder) in until(alert)
        assert headroom()[0] == "larger"
        os.rename(f"{folder}.away", folder)
        for name in ("small", "large", "larger"):
            (folder / name).unlink()
        until(lambda: headroom() == (None, 0))
        until(lambda: alert() is None)
        daemon.reload("[ballastd]\nheadroom = 3MiB\n")
        until(lambda: headroom() == (None, 3 * MIB))


def test_the_option_goes_before_the_file():
    with Daemon(config="[ballastd]\nheadroom = 3MiB\n", options=("--headroom", "1GiB")) as daemon, \
         daemon.client() as client:
        assert client.call("host")["headroom_kib"] == 1024 * MIB
        daemon.reload("[ballastd]\nheadroom = 4MiB\n")
        assert client.call("host")["headroom_kib"] == 1024 * MIB
        assert client.call("status")["configuration"]["headroom"] == "1GiB"
        shown = subprocess.run([os.environ["BALLAST"], "status", "--run-dir", daemon.run],
                               capture_output=True, text=True, check=True).stdout
        assert "headroom  1024.00 MiB; " in shown, shown


def test_none_needs_no_unit():
    for daemon in (Daemon(config="[ballastd]\nheadroom = 0\n"), Daemon(config="[ballastd]\nheadroom = 1GiB\n", options=("--headroom", "0"))):
        with daemon, daemon.client() as client:
            assert client.call("host")["headroom_kib"] == 0


def test_what_is_no_headroom():
    for value in ("1024X", "much", "largest:", "largest:guests", "largest:/" + "x" * 120, "2048TiB"):
        bad = Daemon(config=f"[ballastd]\nheadroom = {value}\n")
        assert bad.start(wait=False).process.wait(600) == 2, value
        assert ":2: [ballastd] headroom: use a size" in bad.log(), bad.log()
        bad = Daemon(options=("--headroom", value))
        assert bad.start(wait=False).process.wait(600) == 2, value
        assert f"--headroom '{value}': use a size" in bad.log(), bad.log()


run([value for name, value in list(globals().items()) if name.startswith("test_")])
