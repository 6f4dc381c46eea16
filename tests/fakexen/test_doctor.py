#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ballast doctor beside a real ballastd: it never accuses our own daemon, and still tells of a real rival."""

import json
import os
import pathlib
import subprocess
import time
import unittest

from fakexen import FakeXen
from test_host import BALLAST, Case, Daemon, on

STEP_KIB = 64 * 1024
ACCUSATIONS = ("second-balancer", "target-moved")


class Doctor:
    """One that runs, and what it found at its end."""

    def __init__(self, run, *words, env=None):
        self.process = subprocess.Popen([BALLAST, "--run-dir", str(run), "doctor", "--json", *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    def sleeps(self):
        """It waits for a time, and for nothing else: nanosleep or clock_nanosleep of x86-64."""
        words = pathlib.Path(f"/proc/{self.process.pid}/syscall").read_text().split()
        return words[0] in ("35", "230")

    def accusations(self):
        out, errors = self.process.communicate(timeout=120)
        if self.process.returncode not in (0, 1) or errors:
            raise AssertionError(f"doctor ended with {self.process.returncode}: {errors}")
        found = [json.loads(line) for line in out.splitlines()]
        return [(f["rule"], f["name"], f["evidence"]) for f in found if f["rule"] in ACCUSATIONS]


def between_two_looks(xen, run, act, *words):
    """What doctor accuses of where act() is done after its first look and before its second."""
    doctor = Doctor(run, "--interval", "15s", *words, env=xen.env())
    while not doctor.sleeps():  # it has read, and waits
        if doctor.process.poll() is not None:
            raise AssertionError(f"doctor ended before it waited: {doctor.process.communicate()}")
        time.sleep(0.02)
    act()
    return doctor.accusations()


def reserve(client, kib):
    said = client.call("reserve", min_kib=kib, max_kib=kib, deadline_usec=60_000_000, wait=True)
    assert said["state"] == "granted", said


class OnXen(Case):
    def setUp(self):
        self.xen = self.enterContext(FakeXen(total_mib=5120))
        self.guests = [self.xen.add(f"vm{i}", memory_mib=1536, maxmem_mib=1536, min_mib=256) for i in range(2)]

    def squeeze(self, client):
        before = [guest.read("memory/target") for guest in self.guests]
        reserve(client, self.xen.free_kib() + 512 * 1024)
        self.assertNotEqual(before, [guest.read("memory/target") for guest in self.guests])

    def test_our_daemon_moves_targets_and_is_not_accused(self):
        with on(self.xen) as daemon, daemon.client() as client:
            found = between_two_looks(self.xen, daemon.run, lambda: self.squeeze(client), "--host", "xen")
            self.assertEqual(found, [])

    def test_nor_is_it_where_only_its_lock_is_found(self):
        with on(self.xen) as daemon, daemon.client() as client:
            found = between_two_looks(self.xen, "/nowhere", lambda: self.squeeze(client), "--host", "xen")
            self.assertEqual(found, [])

    def test_who_moves_targets_where_no_daemon_runs_is_told(self):
        other = self.guests[1]
        found = between_two_looks(self.xen, "/nowhere", lambda: other.write("memory/target", 700 * 1024))
        self.assertEqual([(rule, name) for rule, name, _ in found], [("target-moved", "vm1")])
        # One that simulates another host says nothing about this one.
        with Daemon() as daemon:
            found = between_two_looks(self.xen, daemon.run, lambda: other.write("memory/target", 800 * 1024),
                                      "--host", "xen")
            self.assertEqual([(rule, name) for rule, name, _ in found], [("target-moved", "vm1")])

    def test_a_rival_beside_our_daemon_is_told(self):
        with on(self.xen) as daemon, daemon.client() as client:
            for i in range(4000):
                self.guests[0].write("memory/target", 700 * 1024 + i % 2 * 4096)
                time.sleep(0.15)
                alerts = client.call("status")["alerts"]
                if alerts:
                    break
            self.assertEqual([alert["name"] for alert in alerts], ["second-balancer"])
            for words in ((), ("--host", "xen")):
                found = Doctor(daemon.run, "--interval", "0", *words, env=self.xen.env()).accusations()
                self.assertEqual([(rule, name) for rule, name, _ in found], [("second-balancer", None)])
                self.assertIn("another program set ", found[0][2])


class Simulated(Case):
    def test_through_the_daemon_its_own_moves_are_no_accusation(self):
        with Daemon() as daemon, daemon.client() as client:
            reserve(client, 2 << 20)
            # Too few moves while it looks, on a slow machine: then it looks for longer.
            for interval in ("2500ms", "10s", "60s"):
                doctor = Doctor(daemon.run, "--interval", interval)
                moved = 0
                while doctor.process.poll() is None:
                    reserve(client, STEP_KIB)
                    moved += 1
                    time.sleep(0.1)
                if moved > 1:
                    break
            self.assertGreater(moved, 1)
            self.assertEqual(doctor.accusations(), [])


if __name__ == "__main__":
    unittest.main()
