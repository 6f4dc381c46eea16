#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A ledger that cannot be written or read: no new reservations, the old ones stay, one log line, and
automatic recovery."""

import resource
import shutil

from driver import SCENARIO, Daemon, refused, run, until

MIB = 1024


def test_full_disk():
    with Daemon() as daemon, daemon.client() as client:
        kept = client.call("reserve", min_kib=1024 * MIB, wait=True)
        pid = daemon.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        # Every write to a file fails from now on, as on a disk that is full.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
        for _ in range(5):
            refused(-32003, client.call, "reserve", min_kib=4)
        refused(-32003, client.call, "release", id=kept["id"])
        refused(-32003, client.call, "set-shares", domain="vm1", shares=5)
        refused(-32003, client.call, "set-policy", name="fixed")
        refused(-32003, client.call, "login", owner="uid-0")
        status = client.call("status")
        assert not status["ledger"]["writable"] and status["ledger"]["message"]
        assert [a["name"] for a in status["alerts"]] == ["ledger"]
        still = client.call("reservations", id=kept["id"])["reservations"][0]
        assert still["state"] == "granted" and still["granted_kib"] == 1024 * MIB
        assert client.call("host")["parts"]["reserved"] == 1024 * MIB
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        assert client.call("reserve", min_kib=4, wait=True)["state"] == "granted"
        assert client.call("status")["alerts"] == []
        assert client.call("release", id=kept["id"])["state"] == "released"
        assert daemon.log().count("<5>ledger: over") == 1


class FullDisk:
    """Every write to a file fails within it."""

    def __init__(self, daemon):
        self.pid = daemon.process.pid

    def __enter__(self):
        self.before = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (0, self.before[1]))

    def __exit__(self, *_):
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, self.before)


def wait_for_reclaiming(client):
    until(lambda: any(each["state"] == "reclaiming" for each in client.call("reservations")["reservations"]))


def targets(client):
    return {each["name"]: each["target_kib"] for each in client.call("domains")["domains"]}


# It takes some seconds, in which the disk fails.
SLOW = SCENARIO.replace("reclaim-rate=400MiB/s", "reclaim-rate=60MiB/s")


def a_waiting_reserve_is_answered(kib, **params):
    """Where the disk fails between request and grant, and what was squeezed for it goes back."""
    with Daemon(SLOW) as daemon, daemon.client() as client, daemon.client() as waits:
        ticks = client.call("status")["ticks"]
        until(lambda: client.call("status")["ticks"] > ticks + 20)
        before = targets(client)
        # One that waits for itself and one that is told of changes, as 'ballast run' is.
        asked = waits.ask("reserve", min_kib=kib, wait=True, **params)
        wait_for_reclaiming(client)
        told = client.call("reserve", min_kib=kib, **params)["id"] if params else None
        with FullDisk(daemon):
            assert "ledger" in refused(-32003, waits.answer, asked).message
            until(lambda: all(each["state"] == "refused" and "ledger" in each["message"]
                              for each in client.call("reservations")["reservations"]))
            until(lambda: all(kib >= before[name] * 15 // 16 for name, kib in targets(client).items()))
            assert client.call("host")["parts"]["reserved"] == 0
        # It is written as soon as it can be, without anybody asking, and is so after a crash.
        until(lambda: client.call("status")["ledger"]["writable"])
        assert told is None or told == 2
        daemon.kill()
        daemon.start()
        with daemon.client() as again:
            states = {each["state"] for each in again.call("reservations")["reservations"]}
            assert states == {"refused"}, states


def test_a_grant_that_cannot_be_written():
    a_waiting_reserve_is_answered(8192 * MIB)


def test_a_deadline_while_nothing_can_be_written():
    """It asks for more than can be free by then, so that there is nothing to grant."""
    a_waiting_reserve_is_answered(20480 * MIB, deadline_usec=7_000_000)


def test_lease_ends_on_a_full_disk():
    """What could not be written is done when it can be, and till then it is as it was."""
    with Daemon(speed=10) as daemon, daemon.client() as client:
        # A lease that is over before the disk is full is too short for this machine.
        for seconds in (5, 50, 500):
            kept = client.call("reserve", min_kib=8 * MIB, wait=True, lease_usec=seconds * 1_000_000)
            state = lambda: client.call("reservations", id=kept["id"])["reservations"][0]["state"]
            with FullDisk(daemon):
                if state() == "released":
                    continue
                until(lambda: client.call("status")["alerts"], seconds + 120)
                assert state() == "granted"
            until(lambda: state() == "released")
            return
        raise AssertionError("too late each time")


def test_corrupt():
    with Daemon() as daemon:
        with daemon.client() as client:
            kept = client.call("reserve", min_kib=1024 * MIB, wait=True)
        assert daemon.stop() == 0
        ledger = daemon.state / "ledger.db"
        good = daemon.state / "good"
        shutil.copy(ledger, good)
        data = bytearray(good.read_bytes())
        for at in range(4096, len(data), 97):
            data[at] ^= 0x55
        ledger.write_bytes(data)
        daemon.start()
        with daemon.client() as client:
            status = client.call("status")
            assert not status["ledger"]["writable"] and "ledger.db" in status["ledger"]["message"]
            refused(-32003, client.call, "reserve", min_kib=4)
            refused(-32003, client.call, "reservations")
            # It is left as it is, and nothing is balanced without knowing what was promised.
            assert ledger.read_bytes() == bytes(data)
            assert status["ticks"] == 0
            shutil.copy(good, ledger)
            until(lambda: client.call("status")["ledger"]["writable"])
            back = client.call("reservations", id=kept["id"])["reservations"][0]
            assert back["state"] == "granted"


run([value for name, value in list(globals().items()) if name.startswith("test_")])
