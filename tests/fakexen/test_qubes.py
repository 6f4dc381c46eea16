#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host as Qubes has it: guests report their use, and have no dynamic range. The real ballastd with qmemman's interface, on fakexen."""

import os
import pathlib
import sys
import unittest

for folder in ("ballastd", "standins"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", folder))
from driver import Daemon, ticks_pass, until
from fakexen import FakeXen
from qmemman_client import Qmemman

MIB_KIB = 1024
BYTES = 1024 * 1024


class Qubes(Daemon):
    def __init__(self, xen, qmemman=True):
        super().__init__(scenario=None, options=("--host", "xen"), env=xen.env())
        self.path = pathlib.Path(self.directory.name) / "qmemman.sock"
        conf = pathlib.Path(self.directory.name) / "qmemman.conf"
        conf.write_text("[global]\nvm-min-mem = 200MiB\ndom0-mem-boost = 350MiB\n")
        if qmemman:
            self.arguments += ["--qmemman-socket", str(self.path), "--qmemman-config", str(conf)]


def shown(client):
    return {one["name"]: one for one in client.call("domains")["domains"]}


class Guests(unittest.TestCase):
    def test_who_reports_has_a_range(self):
        with FakeXen(total_mib=4096) as xen:
            work = xen.add("work", memory_mib=1024, maxmem_mib=2048)
            xen.add("silent", memory_mib=512, maxmem_mib=1024)
            work.write("memory/meminfo", 300 * MIB_KIB)
            with Qubes(xen, qmemman=False) as daemon, daemon.client() as client:
                ticks_pass(client, 1)
                self.assertEqual(shown(client)["work"]["dynamic_max_kib"], 1024 * MIB_KIB)
            with Qubes(xen) as daemon, daemon.client() as client:
                # The first sample is older than the interface.
                until(lambda: shown(client)["work"]["dynamic_min_kib"] == 200 * MIB_KIB)
                domains = shown(client)
                self.assertEqual(domains["work"]["dynamic_max_kib"], 2048 * MIB_KIB)
                self.assertEqual((domains["silent"]["dynamic_min_kib"], domains["silent"]["dynamic_max_kib"]),
                                 (512 * MIB_KIB, 512 * MIB_KIB))

    def test_a_guest_that_is_not_to_be_balanced_gets_no_range_by_a_report_of_its_own(self):
        with FakeXen(total_mib=4096) as xen:
            work = xen.add("work", memory_mib=1024, maxmem_mib=2048)
            own = xen.add("own", memory_mib=512, maxmem_mib=1024)
            work.write("memory/meminfo", 300 * MIB_KIB)
            own.write("data/meminfo_free", 500 * MIB_KIB)
            own.write("data/ballast/alive", 1)
            with Qubes(xen) as daemon, daemon.client() as client:
                until(lambda: shown(client)["work"]["dynamic_min_kib"] == 200 * MIB_KIB)
                told = shown(client)["own"]
                self.assertEqual(told["report_source"], "ballast-agent")
                self.assertEqual((told["dynamic_min_kib"], told["dynamic_max_kib"]), (512 * MIB_KIB, 512 * MIB_KIB))
                # It has no size that it prefers, and keeps its own.
                self.assertTrue(Qmemman(daemon.path).set_mem({own.domid: 0}))
                self.assertEqual(own.read("memory/target"), str(512 * MIB_KIB))

    def test_a_start_is_served_from_those_who_report(self):
        with FakeXen(total_mib=4096) as xen:
            work = xen.add("work", memory_mib=1536, maxmem_mib=1536)
            xen.add("silent", memory_mib=1024, maxmem_mib=1024)
            work.write("memory/meminfo", 300 * MIB_KIB)
            with Qubes(xen) as daemon, daemon.client() as client:
                size_kib = xen.free_kib() + 512 * MIB_KIB
                with Qmemman(daemon.path).request_mem(size_kib * 1024):
                    self.assertGreaterEqual(xen.free_kib(), size_kib)
                    target_kib = int(work.read("memory/target"))
                    self.assertLess(target_kib, 1536 * MIB_KIB)
                    # As libxl and qmemman leave it: extra internal beyond its size.
                    self.assertEqual(work.get()["max_pages"] * 4, target_kib + 1024)
                    self.assertEqual(shown(client)["silent"]["current_kib"], 1024 * MIB_KIB)

    def test_a_guest_that_hotplugs_grows_by_its_static_maximum(self):
        with FakeXen(total_mib=8192) as xen:
            work = xen.add("work", memory_mib=512, maxmem_mib=512)
            work.write("memory/hotplug-max", 2048 * MIB_KIB)
            work.write("memory/meminfo", 500 * MIB_KIB)
            with Qubes(xen) as daemon, daemon.client() as client:
                until(lambda: work.current_kib > 600 * MIB_KIB)
                until(lambda: work.read("memory/static-max") == work.read("memory/target"))
                self.assertEqual(shown(client)["work"]["static_max_kib"], 2048 * MIB_KIB)
                # And that may change while it runs.
                work.write("memory/hotplug-max", 1024 * MIB_KIB)
                until(lambda: shown(client)["work"]["dynamic_max_kib"] == 1024 * MIB_KIB)
                until(lambda: work.current_kib <= 1024 * MIB_KIB)
                self.assertEqual(daemon.stop(), 0)
                self.assertEqual(work.read("memory/hotplug-max"), str(1024 * MIB_KIB))

    def test_a_guest_without_hotplug_keeps_its_static_maximum(self):
        with FakeXen(total_mib=8192) as xen:
            work = xen.add("work", memory_mib=512, maxmem_mib=1024)
            work.write("memory/meminfo", 500 * MIB_KIB)
            with Qubes(xen):
                until(lambda: work.current_kib > 600 * MIB_KIB)
                self.assertEqual(work.read("memory/static-max"), str(1024 * MIB_KIB))

    def test_a_raised_static_maximum_is_no_room_without_hotplug(self):
        with FakeXen(total_mib=8192) as xen:
            work = xen.add("work", memory_mib=512, maxmem_mib=512)
            work.write("memory/meminfo", 500 * MIB_KIB)
            with Qubes(xen) as daemon, daemon.client() as client:
                until(lambda: shown(client)["work"]["booted_max_kib"] == 512 * MIB_KIB)
                # As 'xl mem-max' does: its kernel cannot use it, so no target goes there.
                work.write("memory/static-max", 2048 * MIB_KIB)
                until(lambda: shown(client)["work"]["static_max_kib"] == 2048 * MIB_KIB)
                told = shown(client)["work"]
                self.assertEqual((told["dynamic_max_kib"], told["hotplugs"]), (512 * MIB_KIB, False))
                # Where its kernel hotplugs memory it grows.
                work.write("memory/hotplug-max", 2048 * MIB_KIB)
                until(lambda: shown(client)["work"]["dynamic_max_kib"] == 2048 * MIB_KIB)
                until(lambda: work.current_kib > 512 * MIB_KIB)
                self.assertTrue(shown(client)["work"]["hotplugs"])


if __name__ == "__main__":
    unittest.main()
