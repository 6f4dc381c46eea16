#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fifty clients that reserve, bind, release and die at random; the daemon holds every law after
each tick (conservation, since all of a simulated host is known, and what is promised against what is
free, whenever nobody builds behind its back), and here it is held that no two clients were promised
the same memory. What each client got, and how long it waited, is printed.

test_random.py SEED. BALLAST_DEEDS=N and BALLAST_SPEED=N: the number of calls per client, and the speed of time."""

import os
import random
import sys
import threading
import time

from driver import Daemon, Refused

MIB = 1024
SEED = int(sys.argv[1])
DEEDS = int(os.environ.get("BALLAST_DEEDS", "3"))
SPEED = int(os.environ.get("BALLAST_SPEED", "20"))
CLIENTS = 50
DEADLINE_USEC = 60_000_000
LEFT = []  # guests that their clients have forgotten


class Actor(threading.Thread):
    def __init__(self, daemon, number):
        super().__init__()
        self.daemon_, self.deeds, self.number = daemon, DEEDS, number
        self.random = random.Random(SEED * CLIENTS + number)
        self.waits, self.refused, self.started, self.fault = [], 0, 0, None
        self.waits_usec, self.granted_kib, self.deaths, self.late = [], 0, 0, 0

    def one_life(self):
        with self.daemon_.client() as client:
            client.call("login", owner=f"actor-{self.number}")
            for _ in range(self.random.randint(1, 12)):
                if self.deeds == 0:
                    return
                self.deeds -= 1
                self.one_deed(client)
                if self.random.random() < 0.1:
                    # Dies with whatever is under way; half a line is the last of it.
                    client.ask("reserve", min_kib=self.random.randint(1, 512) * MIB, wait=True)
                    client.send(b'{"jsonrpc":"2.0","id":9,"met')
                    self.deaths += 1
                    return

    def one_deed(self, client):
        size = self.random.choice((1, 16, 64, 256, 700)) * MIB
        begin = time.monotonic()
        try:
            got = client.call("reserve", min_kib=size, wait=True,
                              max_kib=size * self.random.choice((1, 1, 2)),
                              deadline_usec=DEADLINE_USEC, lease_usec=120_000_000)
        except Refused as refusal:
            assert refusal.data["reason"] in ("cannot-fit", "deadline-over", "donors-stuck"), refusal
            self.refused += 1
            return
        self.waits.append(time.monotonic() - begin)
        self.waits_usec.append(got["changed_usec"] - got["requested_usec"])
        self.granted_kib += got["granted_kib"]
        assert got["state"] == "granted" and size <= got["granted_kib"] <= got["max_kib"], got
        time.sleep(self.random.random() * 0.05)
        kind = self.random.random()
        try:
            if kind < 0.5:
                self.build(client, got)
            elif kind < 0.8:
                client.call("release", id=got["id"])
        except Refused as refusal:
            # A machine that is slow enough is slower than a lease.
            now = client.call("reservations", id=got["id"])["reservations"][0]
            assert now["reason"] == "lease-over", (refusal, now)
            self.late += 1

    def build(self, client, got):
        name = f"guest-{self.number}-{got['id']}"
        domid = client.call("sim-start", name=name, need_kib=got["granted_kib"],
                            reservation=got["id"])["domid"]
        self.started += 1
        time.sleep(self.random.random() * 0.3)
        if self.random.random() > 0.9:
            LEFT.append(name)
        else:
            try:
                client.call("sim-destroy", domain=domid)
            except Refused as refusal:
                raise AssertionError(f"{name} is gone: its build found no memory") from refusal

    def run(self):
        try:
            while self.deeds > 0:
                self.one_life()
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = f"client {self.number}: {type(fault).__name__} {fault}"


def sweep(client):
    """Guests that were left behind make room, so that there is always something to do."""
    while LEFT:
        client.call("sim-destroy", domain=LEFT.pop())


def main():
    with Daemon(speed=SPEED) as daemon:
        chance = random.Random(SEED)
        actors = [Actor(daemon, number) for number in range(CLIENTS)]
        for actor in actors:
            actor.start()
        with daemon.client() as client:
            while any(actor.is_alive() for actor in actors):
                time.sleep(0.1)
                promised, more = 0, 0
                host = client.call("host")
                assert host["deficit_kib"] == 0 or host["parts"]["claimed"], host
                while True:
                    page = client.call("reservations", open=True, after=more)
                    promised += sum(r["granted_kib"] - r["used_kib"]
                                    for r in page["reservations"])
                    if not page["more"]:
                        break
                    more = page["reservations"][-1]["id"]
                assert promised <= host["total_kib"], promised
                if chance.random() < 0.3:
                    sweep(client)
        faults = [actor.fault for actor in actors if actor.fault]
        assert not faults, faults
        with daemon.client() as client:
            status = client.call("status")
            assert status["law_breaches"] == 0, daemon.log()[-2000:]
            # Skipped are only ticks at which a build went on that nobody had bound yet.
            assert status["law_checks"] > status["ticks"] * 0.9, status
            report(actors, status)


def spread(values, unit):
    values = sorted(values)
    return (f"median {values[len(values) // 2]:.1f} {unit}, "
            f"99 % {values[len(values) * 99 // 100]:.0f} {unit}, worst {values[-1]:.0f} {unit}")


def fairness(values):
    """Jain's index: 1 where all got the same, 1/n where one got all."""
    return sum(values) ** 2 / (len(values) * sum(value * value for value in values))


def report(actors, status):
    waits = [wait * 1e3 for actor in actors for wait in actor.waits]
    counts = [len(actor.waits) for actor in actors]
    means = [sum(actor.waits) * 1e3 / len(actor.waits) for actor in actors if actor.waits]
    print(f"{len(waits)} granted, {sum(a.refused for a in actors)} refused, "
          f"{sum(a.started for a in actors)} started, {sum(a.deaths for a in actors)} deaths, "
          f"{sum(a.late for a in actors)} leases over; {status['ticks']} ticks, the laws held at each, "
          f"law 2 against free memory at {status['law_checks']}; "
          f"{status['uptime_usec'] / 1e6:.0f} simulated seconds\n"
          f"from asking to granted: {spread(waits, 'ms')}; "
          f"simulated: {spread([w / 1e3 for a in actors for w in a.waits_usec], 'ms')}\n"
          f"by client: granted {min(counts)} to {max(counts)} (Jain {fairness(counts):.3f}), memory "
          f"{min(a.granted_kib for a in actors) >> 20} to {max(a.granted_kib for a in actors) >> 20} "
          f"GiB in all (Jain {fairness([a.granted_kib for a in actors]):.3f}), mean wait "
          f"{min(means):.0f} to {max(means):.0f} ms")
    # Nobody starves: each deed was answered, and whoever waited was served before its deadline.
    assert len(waits) + sum(a.refused for a in actors) == DEEDS * CLIENTS
    assert max(w for a in actors for w in a.waits_usec) <= DEADLINE_USEC


main()
