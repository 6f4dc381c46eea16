# SPDX-License-Identifier: LGPL-2.1-or-later
"""Floors: what is refused, what is learned, and that it survives a restart."""

import json
import os
import subprocess

from driver import Daemon, refused, run, sentence, until

MIB = 1024
SCENARIO = """says "One guest stops giving at 1 GiB, one would panic, one gives."
host total=8GiB xen=100MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=700MiB
guest stops tot=2GiB min=256MiB max=2GiB uses=1GiB starves=1h report=none
guest tmpfs tot=256MiB min=32MiB max=512MiB uses=160MiB panics
guest gives tot=3GiB min=2GiB max=3GiB uses=1GiB
duration 24h
"""


def domain(client, name):
    return client.call("domains", domain=name)["domains"][0]


def test_a_target_that_would_panic_is_refused():
    with Daemon(SCENARIO, speed=5) as daemon, daemon.client() as client:
        until(lambda: domain(client, "tmpfs")["floor_reason"] == "reported-use")
        client.call("pause")
        floor_kib = domain(client, "tmpfs")["floor_kib"]
        assert floor_kib == 160 * MIB, floor_kib
        no = refused(-32000, client.call, "set-target", domain="tmpfs", target_kib=64 * MIB)
        assert no.data["reason"] == "below-floor", no.data
        assert no.data["wanted_kib"] == 64 * MIB and no.data["floor_kib"] == floor_kib, no.data
        assert "163840 KiB, the memory that it reports in use" in no.message, no.message
        # Raising is never below a floor, and its floor itself is allowed.
        client.call("set-target", domain="tmpfs", target_kib=floor_kib)
        until(lambda: domain(client, "tmpfs")["current_kib"] == floor_kib)
        refused(-32000, client.call, "set-target", domain="tmpfs", target_kib=floor_kib - 4)
        client.call("set-target", domain="tmpfs", target_kib=64 * MIB, force=True)
        # It was not for nothing.
        until(lambda: "tmpfs" not in [d["name"] for d in client.call("domains")["domains"]])


def test_video_memory_is_no_part_of_its_word():
    video = SCENARIO.replace("total=8GiB", "total=9GiB").replace(
        "duration", "guest desk type=hvm video=128MiB tot=1GiB min=256MiB max=1GiB uses=728MiB\nduration")
    with Daemon(video, speed=5) as daemon, daemon.client() as client:
        until(lambda: domain(client, "desk")["floor_reason"] == "reported-use")
        desk = domain(client, "desk")
        assert desk["used_kib"] == 600 * MIB and desk["floor_kib"] == 728 * MIB, desk
        client.call("pause")
        no = refused(-32000, client.call, "set-target", domain="desk", target_kib=700 * MIB)
        assert "and its video memory, 128 MiB" in no.message, no.message
        # A command that looks by itself says the same.
        ballast = os.environ["BALLAST"]
        listed = subprocess.run([ballast, "list", "--json", "--host", f"sim:{daemon.config.parent / 'host.scn'}"],
                                check=True, capture_output=True, text=True).stdout
        floors = {d["name"]: d.get("floor_kib") for d in map(json.loads, listed.splitlines()) if "name" in d}
        assert floors["desk"] == 728 * MIB, listed


def test_no_start_pushes_anybody_below_his_floor():
    with Daemon(SCENARIO, speed=5) as daemon, daemon.client() as client:
        until(lambda: domain(client, "tmpfs")["floor_reason"] == "reported-use")
        wants = client.call("reserve", min_kib=4600 * MIB, deadline_usec=3000000)
        over = until(lambda: [r for r in client.call("reservations", id=wants["id"])["reservations"]
                              if r["state"] == "refused"])
        assert over
        assert domain(client, "tmpfs")["target_kib"] >= 160 * MIB
        held = [e for e in client.call("events")["events"] if e["floor_reason"] == "reported-use"]
        assert held and "not below its floor of 160 MiB, its reported use" in held[-1]["message"], held
        assert held[-1]["floor_kib"] == 160 * MIB and sentence(held[-1]), held


def test_where_a_balloon_stopped_outlives_the_daemon():
    with Daemon(SCENARIO, speed=10) as daemon:
        with daemon.client() as client:
            client.call("reserve", min_kib=4600 * MIB, deadline_usec=60000000)
            until(lambda: domain(client, "stops")["backoff"])
            stops = domain(client, "stops")
            assert stops["floor_kib"] == 1024 * MIB and stops["balloon_status"] == "stuck", stops
            assert stops["floor_reason"] == "last-stop" and "at which its balloon stopped" in stops["floor_why"]
            alone = client.call("status")["backoff"]
            assert [d["name"] for d in alone] == ["stops"], alone
            # Its target is where it is, and not where it tries in vain.
            until(lambda: domain(client, "stops")["target_kib"] >= 1024 * MIB)
            assert "backoff" in [e["reason"] for e in client.call("events")["events"]]
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            until(lambda: domain(client, "stops")["floor_reason"] == "last-stop")
            assert domain(client, "stops")["floor_kib"] >= 960 * MIB
            client.call("pause")
            no = refused(-32000, client.call, "set-target", domain="stops", target_kib=512 * MIB)
            assert no.data["reason"] == "below-floor", no.data
            # One that gives after all is forgotten to have stopped, for good.
            assert domain(client, "gives")["floor_reason"] in ("reported-use", "minimal-kernel")


run([value for name, value in list(globals().items()) if name.startswith("test_")])
