#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clients of the daemon's own protocol, of squeezed's and of qmemman's at once, on a host whose guests must give: each is served in the
order in which it came, by whichever protocol; no page is given twice; a refusal comes in the client's own protocol, and the
events say the rest."""

import pathlib
import threading

from driver import Daemon, Refused, SCENARIO, run, until
from holds import everything, laws_hold
from qmemman_client import Qmemman
from squeezed_client import Failure, Squeezed

MIB = 1024
# With every guest at its minimum some 25 GiB are free, of 36.
TOO_MUCH = 30 * 1024 * MIB
ROUNDS = 4

# All guests together free 128 MiB a second.
SLOW = SCENARIO.replace("reclaim-rate=400MiB/s", "reclaim-rate=8MiB/s")


class Standins(Daemon):
    def __init__(self, scenario=SCENARIO, **more):
        super().__init__(scenario, **more)
        base = pathlib.Path(self.directory.name)
        (base / "qubes").mkdir()
        (base / "qubes").chmod(0o2770)
        self.squeezed_path, self.qmemman_path = base / "xapi" / "memory", base / "qubes" / "qmemman.sock"
        self.arguments += ["--squeezed-socket", str(self.squeezed_path), "--qmemman-socket", str(self.qmemman_path)]

    def squeezed(self, service="xenopsd"):
        return Squeezed(self.squeezed_path, service)

    def qmemman(self):
        return Qmemman(self.qmemman_path)


def events_of(client, what):
    """By reservation."""
    found, before = {}, {}
    while True:
        page = client.call("events", most=500, **before)
        found.update({each["reservation"]: each for each in page["events"] if each["what"] == what})
        if not page["more"]:
            return found
        before = {"before": page["events"][0]["number"]}


def test_they_are_served_in_the_order_of_arrival():
    """Each is there before the next one comes, and guests give slowly: most wait for those before them."""
    size = 200 * MIB
    with Standins(SLOW) as daemon, daemon.client() as control, daemon.client() as native:
        # What is free at the start is the guests' before anything is asked for.
        until(lambda: control.call("host")["available_kib"] < size)
        squeezed, qmemman = daemon.squeezed(), daemon.qmemman()
        asked, calls, kept = [], [], []
        for number in range(9):
            if number % 3 == 0:
                asked.append(native.ask("reserve", min_kib=size, lease_usec=10**10, wait=True))
            elif number % 3 == 1:
                calls.append(squeezed.send("reserve_memory", "xenopsd", size))
            else:
                kept.append(qmemman.send(f"{size * 1024}\n"))
            until(lambda: len(everything(control)) == number + 1)
        assert all(native.answer(each)["state"] == "granted" for each in asked)
        assert all(squeezed.read(each) for each in calls)
        assert all(qmemman.read(each) == b"OK\n" for each in kept)
        records = sorted(everything(control), key=lambda record: record["id"])
        assert [each["service"] for each in records] == [None, "squeezed", "qmemman"] * 3, records
        assert all(each["state"] == "granted" and each["granted_kib"] == size for each in records), records
        times = [each["changed_usec"] for each in records]
        assert times == sorted(times) and len(set(times)) > 2, times
        laws_hold(daemon, control)
        for each in kept:
            each.close()


class Client(threading.Thread):
    """Takes memory and gives it back, and asks in between for more than there ever is; `fault` is what should not have come."""

    def __init__(self, daemon, number):
        super().__init__()
        self.daemon_, self.number, self.fault = daemon, number, None

    def run(self):
        try:
            for _ in range(ROUNDS):
                self.take((500 + 100 * self.number) * MIB)
                self.be_refused()
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = f"{type(self).__name__} {self.number}: {type(fault).__name__}: {fault}"


class Native(Client):
    def take(self, size):
        with self.daemon_.client() as client:
            got = client.call("reserve", min_kib=size, lease_usec=10**10, wait=True)
            assert got["state"] == "granted" and got["granted_kib"] == size, got
            client.call("release", id=got["id"])

    def be_refused(self):
        with self.daemon_.client() as client:
            try:
                raise AssertionError(client.call("reserve", min_kib=TOO_MUCH, wait=True))
            except Refused as refusal:
                assert refusal.code == -32000 and refusal.data["reason"] == "cannot-fit", refusal
                assert refusal.data["needed_kib"] == TOO_MUCH > refusal.data["possible_kib"], refusal.data


class Xapi(Client):
    def take(self, size):
        squeezed = self.daemon_.squeezed(f"xenopsd-{self.number}")
        squeezed.delete(squeezed.call("reserve_memory", squeezed.service, size))

    def be_refused(self):
        try:
            raise AssertionError(self.daemon_.squeezed().call("reserve_memory", "xenopsd", TOO_MUCH))
        except Failure as failure:
            assert failure.error[0] == "Cannot_free_this_much_memory", failure.error
            assert failure.error[1][0] == str(TOO_MUCH), failure.error


class Qubes(Client):
    def take(self, size):
        connection = self.daemon_.qmemman().request_mem(size * 1024)
        assert connection, size
        connection.close()

    def be_refused(self):
        assert self.daemon_.qmemman().request_mem(TOO_MUCH * 1024) is None


def test_all_at_once():
    """Each tick is held against every law: no two were granted the same page."""
    with Standins() as daemon, daemon.client() as control:
        crowd = [kind(daemon, number) for number in range(5) for kind in (Native, Xapi, Qubes)]
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        faults = [each.fault for each in crowd if each.fault]
        assert not faults, faults
        until(lambda: control.call("status")["ledger"]["open"] == 0)
        records = everything(control)
        granted = {each["id"]: each for each in records if each["granted_kib"] > 0}
        refused = {each["id"]: each for each in records if each["state"] == "refused"}
        for service in (None, "squeezed", "qmemman"):
            sizes = sorted(each["granted_kib"] for each in granted.values() if each["service"] == service)
            assert sizes == sorted((500 + 100 * number) * MIB for number in range(5) for _ in range(ROUNDS)), (service, sizes)
            reasons = [each["reason"] for each in refused.values() if each["service"] == service]
            assert reasons == ["cannot-fit"] * 5 * ROUNDS, (service, reasons)
        # What a protocol has no words for, the events say.
        assert set(events_of(control, "grant")) == set(granted)
        told = events_of(control, "refuse")
        assert set(told) == set(refused)
        assert all("would be free" in each["message"] and each["needed_kib"] == TOO_MUCH for each in told.values())
        laws_hold(daemon, control)


run([value for name, value in list(globals().items()) if name.startswith("test_")])
