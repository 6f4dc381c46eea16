#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at every act of ballastd that writes: calls that change a file, a directory or what a
client sees, and stores into the simulated host's mapped state (kill_shim.c has the list). A fixed
script of deeds is played against a daemon that dies at its first act, at its second, and so on,
until one lives to the end; after each death another daemon is started on what is left, and all that
was acknowledged must be there, once, what was not at the most once, and the laws must hold. Then
the same for a daemon that begins on what such a death has left.

BALLAST_KILL_ACTS=all: each write is also torn in the middle; a number: only every so many acts (under a
sanitizer 5)."""

import collections
import concurrent.futures
import os
import sys
import threading
import time

from driver import Client, Daemon, Refused
from holds import everything, laws_hold

MIB = 1024
SHIM = os.environ["KILL_SHIM"]
SANITIZE = os.environ.get("SANITIZE", "none")
ACTS = os.environ.get("BALLAST_KILL_ACTS", "1" if SANITIZE == "none" else "5")
if "thread" in SANITIZE:
    print("the thread sanitizer's library does not work with another one preloaded")
    sys.exit(77)
STEP, TORN = (1, True) if ACTS == "all" else (int(ACTS), False)
LONG = 10**12
# Ticks come with the calls alone, as far as they can: the n-th act is the same one each time.
CONFIG = "[ballastd]\ninterval = 10s\nidle-interval = 10s\n"
SPEED = 100
# A sanitizer wants to be the first library there is.
SANITIZER = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


class Facts:
    """What may be found of each thing: one value where it was acknowledged, two where a deed was
    asked for and not answered."""

    def __init__(self):
        self.may_be = collections.defaultdict(lambda: {None})
        self.done = 0

    def deed(self, thing, value, call):
        self.may_be[thing] = self.may_be[thing] | {value}
        answer = call()
        self.may_be[thing] = {value}
        self.done += 1
        return answer


def play(client, facts):
    """The script. Reservations are told apart by their labels."""

    def reserve(label, mib, wait=True):
        return facts.deed(("reservation", label), "granted" if wait else "waits",
                          lambda: client.call("reserve", min_kib=mib * MIB, label=label, wait=wait,
                                              lease_usec=LONG))["id"]

    def deed(thing, value, method, **params):
        return facts.deed(thing, value, lambda: client.call(method, **params))

    client.call("login", owner="script")
    kept = reserve("kept", 64)
    gone = reserve("gone", 128)
    new = reserve("new", 96)
    deed(("shares", "vm1"), 2000, "set-shares", domain="vm1", shares=2000)
    deed(("reservation", "gone"), "released", "release", id=gone)
    deed(("reservation", "new"), "bound", "sim-start", name="new", need_kib=96 * MIB,
         reservation=new)
    deed(("range", "vm2"), (768 * MIB, 1536 * MIB), "set-range", domain="vm2", min_kib=768 * MIB,
         max_kib=1536 * MIB)
    deed(("opted_out", "vm3"), True, "opt-out", domain="vm3", on=True)
    late = client.call("sim-start", name="late", need_kib=64 * MIB, rate_kib=16 * MIB)["domid"]
    deed(("reservation", "kept"), "bound", "bind", id=kept, domid=late)
    cancelled = reserve("cancelled", 20 * 1024, wait=False)
    deed(("reservation", "cancelled"), "released", "cancel", id=cancelled)
    reserve("freed", 3 * 1024)
    # From now on no domain is asked for memory, so this comes after what waits for it.
    deed(("policy",), "fixed", "set-policy", name="fixed")
    deed(("shares", "vm1"), 500, "set-shares", domain="vm1", shares=500)


WORDS = {"requested": "waits", "reclaiming": "waits", "granted": "granted", "bound": "bound",
         "used": "bound", "released": "released", "refused": "refused"}


def check(daemon, facts):
    with daemon.client() as client:
        found = collections.defaultdict(list)
        for record in everything(client):
            found[record["label"]].append(WORDS[record["state"]])
            if record["state"] == "granted":
                assert record["granted_kib"] == record["min_kib"], record
        domains = {d["name"]: d for d in client.call("domains")["domains"]}
        seen = {("policy",): client.call("policy")["name"]}
        for label, states in found.items():
            assert len(states) == 1, f"{label} is there {len(states)} times: {states}"
            seen["reservation", label] = states[0]
        seen["shares", "vm1"] = domains["vm1"]["shares"]
        two = domains["vm2"]
        seen["range", "vm2"] = (two["dynamic_min_kib"], two["dynamic_max_kib"])
        seen["opted_out", "vm3"] = domains["vm3"]["opted_out"]
        unset = {("policy",): "ballast", ("shares", "vm1"): 1000, ("opted_out", "vm3"): False,
                 ("range", "vm2"): (512 * MIB, 3072 * MIB)}
        for thing in set(facts.may_be) | set(seen):
            value = None if seen.get(thing) == unset.get(thing) else seen.get(thing)
            # What waits is granted as soon as others have given, whoever looks.
            if value == "granted" and "waits" in facts.may_be[thing] or \
               value == "waits" and "granted" in facts.may_be[thing] and \
               len(facts.may_be[thing]) > 1:
                continue
            assert value in facts.may_be[thing], (thing, value, facts.may_be[thing],
                                                  [record for record in everything(client)
                                                   if record["label"] in thing])
        laws_hold(daemon, client)


class Doomed(Daemon):
    """Its process dies at act number `at`; 0: it does not."""

    def __init__(self, **options):
        super().__init__(config=CONFIG, speed=SPEED, **options)
        self.acts = self.run.parent / "acts"
        self.plain = self.env

    def begin(self, at, torn=False):
        self.env = {**self.plain, **SANITIZER, "LD_PRELOAD": SHIM, "KILL_SHIM_LOG": str(self.acts)}
        if at:
            self.env["KILL_SHIM_AT"] = str(at)
        if torn:
            self.env["KILL_SHIM_TORN"] = "1"
        self.start(wait=False)
        self.env = self.plain

    def come_in(self):
        """A client; None when the daemon has died first."""
        while self.process.poll() is None:
            try:
                return Client(self)
            except (OSError, EOFError):
                time.sleep(0.005)
        return None

    def names(self):
        return self.acts.read_text().split()

    def has_died(self):
        """Waits for what must come; true: it was the shim."""
        status = self.process.wait(600)
        assert status in (0, -9), f"ended with {status}: {self.log()[-3000:]}"
        return status == -9


def dies_at(at, torn=False):
    """The names of the acts up to the death, and the deeds; None: it lived to the end."""
    facts = Facts()
    daemon = Doomed()
    try:
        daemon.begin(at, torn)
        try:
            client = daemon.come_in()
            if client:
                with client:
                    play(client, facts)
                # The end is part of it.
                daemon.process.terminate()
        except (OSError, EOFError):
            pass  # it was killed
        died, names = daemon.has_died(), daemon.names()
        daemon.start()
        check(daemon, facts)
        assert daemon.stop() == 0, daemon.log()[-3000:]
    except (AssertionError, Refused) as fault:
        raise AssertionError(f"act {at}{' torn' if torn else ''}, {daemon.names()[-3:]}: {fault}\n"
                             f"{daemon.log()[-3000:]}") from fault
    finally:
        daemon.kill()
        daemon.directory.cleanup()
    return (names, facts.done) if died else None


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.kinds = collections.Counter()
        self.torn = self.deeds = 0
        self.survived = False

    def one(self, at):
        if self.survived:
            return
        died = dies_at(at)
        if not died:
            self.survived = True
            return
        names, deeds = died
        tear = TORN and names[-1] in ("write", "pwrite") and dies_at(at, torn=True)
        with self.lock:
            self.kinds[names[-1]] += 1
            self.deeds += deeds + (tear[1] if tear else 0)
            self.torn += bool(tear)


def first_life():
    tally, begin = Tally(), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for _ in pool.map(tally.one, range(1, 100000, STEP)):
            if tally.survived:
                pool.shutdown(cancel_futures=True)
                break
    kinds = ", ".join(f"{count} {name}" for name, count in tally.kinds.most_common())
    assert sum(tally.kinds.values()) * STEP > 100, kinds
    print(f"{sum(tally.kinds.values())} kills at one act each ({kinds}), {tally.torn} in the middle "
          f"of a write; {tally.deeds} deeds acknowledged before them, "
          f"{time.monotonic() - begin:.0f} s", flush=True)


def second_life():
    """Beginning on what a death has left is made of acts, too; each goes on where the last died."""
    facts, kinds, begin = Facts(), collections.Counter(), time.monotonic()
    daemon = Doomed()
    try:
        daemon.start()
        with daemon.client() as client:
            play(client, facts)
        daemon.kill()
        at, client = 1, None
        while not client:
            daemon.begin(at)
            client = daemon.come_in()
            if client:
                client.close()
                break
            kinds[daemon.names()[-1]] += 1
            daemon.start()
            check(daemon, facts)
            daemon.kill()
            at += 1
        daemon.kill()
    except (AssertionError, Refused) as fault:
        raise AssertionError(f"{daemon.names()[-3:]}: {fault}\n{daemon.log()[-3000:]}") from fault
    finally:
        daemon.kill()
        daemon.directory.cleanup()
    words = ", ".join(f"{count} {name}" for name, count in kinds.most_common())
    print(f"{sum(kinds.values())} kills of one that begins on what was left ({words}), "
          f"{time.monotonic() - begin:.0f} s")
    assert kinds


first_life()
second_life()
print("nothing lost, nothing doubled, no law broken")
