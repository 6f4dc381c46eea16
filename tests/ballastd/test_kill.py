#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 under load, when the clients have done a random number of deeds. Afterwards no reservation that was acknowledged is lost,
none occurs twice, what was released is not reserved again, and the laws hold.

test_kill.py SEED. BALLAST_KILLS=N: how often; `make test` does some, 2000 is the figure of docs/benchmarks.md."""

import os
import random
import sys
import threading
import time

from driver import Daemon, Refused
from holds import everything, laws_hold

MIB = 1024
KILLS = int(os.environ.get("BALLAST_KILLS", "2"))
CLIENTS = 6
MOST_DEEDS = 80


class Worker(threading.Thread):
    """Knows what it was told; what it asked for and got no answer may be either way."""

    def __init__(self, daemon, number, seed):
        super().__init__()
        self.daemon_, self.number, self.random = daemon, number, random.Random(seed)
        self.held = {}       # id: granted_kib, acknowledged
        self.gone = set()    # acknowledged releases
        self.unsure = set()  # ids whose release or bind was asked for and not answered
        self.bound = {}      # id: domid
        self.fault = None
        self.deeds = 0

    def run(self):
        try:
            with self.daemon_.client() as client:
                while True:
                    self.one_deed(client)
                    self.deeds += 1
        except (OSError, EOFError):
            pass  # it was killed
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = f"{type(fault).__name__}: {fault}"

    def one_deed(self, client):
        kind = self.random.random()
        held = [i for i in self.held if i not in self.unsure and i not in self.bound]
        if kind < 0.5 or not held:
            size = self.random.choice((4, 256, 4096, 65536))
            try:
                got = client.call("reserve", min_kib=size, wait=True, owner=f"w{self.number}",
                                  lease_usec=10**12)
            except Refused:
                return
            self.held[got["id"]] = got["granted_kib"]
        elif kind < 0.85:
            which = self.random.choice(held)
            self.unsure.add(which)
            client.call("release", id=which, owner=f"w{self.number}")
            self.unsure.discard(which)
            del self.held[which]
            self.gone.add(which)
        else:
            which = self.random.choice(held)
            self.unsure.add(which)
            try:
                domid = client.call("sim-start", name=f"g{which}", need_kib=self.held[which],
                                    reservation=which, rate_kib=16 * MIB,
                                    owner=f"w{self.number}")["domid"]
            except Refused:
                self.unsure.discard(which)
                return
            self.unsure.discard(which)
            self.bound[which] = domid


def check(daemon, workers):
    with daemon.client() as client:
        by_id = {record["id"]: record for record in everything(client)}
        for worker in workers:
            for which, granted in worker.held.items():
                record = by_id.get(which)
                if which in worker.unsure:
                    continue
                assert record, f"reservation {which} of {granted} KiB is lost"
                assert record["granted_kib"] == granted, (record, granted)
                wanted = ("bound", "used") if which in worker.bound else ("granted",)
                assert record["state"] in wanted, (record, wanted)
            for which in worker.gone:
                assert which not in by_id or by_id[which]["state"] == "released", by_id[which]
        laws_hold(daemon, client)
        # What the workers cannot know of any more makes room for the next round.
        for domain in client.call("domains", most=500)["domains"]:
            if domain["name"].startswith("g"):
                client.call("sim-destroy", domain=domain["domid"])
        for worker in range(CLIENTS):
            client.call("login", owner=f"w{worker}")


def let_work(workers, deeds):
    """Until they have done so much together, or wait for each other."""
    end = time.monotonic() + 30
    while sum(worker.deeds for worker in workers) < deeds and time.monotonic() < end:
        time.sleep(0.001)


def main():
    seed = int(sys.argv[1])
    rng = random.Random(seed)
    deeds, begin = 0, time.monotonic()
    with Daemon(speed=5) as daemon:
        for kill in range(KILLS):
            workers = [Worker(daemon, i, (seed * KILLS + kill) * CLIENTS + i) for i in range(CLIENTS)]
            for worker in workers:
                worker.start()
            let_work(workers, rng.randrange(MOST_DEEDS))
            daemon.kill()
            for worker in workers:
                worker.join(600)
                assert not worker.fault, f"kill {kill}: {worker.fault}"
            deeds += sum(worker.deeds for worker in workers)
            daemon.start()
            try:
                check(daemon, workers)
            except AssertionError as fault:
                raise AssertionError(f"kill {kill}: {fault}") from fault
    print(f"{KILLS} kills, {deeds} deeds acknowledged between them, "
          f"{time.monotonic() - begin:.0f} s: nothing lost, nothing doubled, no law broken")


main()
