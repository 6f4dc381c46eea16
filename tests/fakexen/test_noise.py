#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests write into xenstore does not set the daemon's pace. Samples are counted, not time."""

import math
import time
import unittest

from fakexen import FakeXen
from test_host import Case, on

# The timer's own samples are a minute apart: all others are made by events.
CALM = "[ballastd]\ninterval = 500ms\nidle-interval = 60s\n"
INTERVAL = 0.5


class Noise(Case):
    def setUp(self):
        self.xen = self.enterContext(FakeXen())
        self.guests = [self.xen.add(f"vm{i}", memory_mib=256, maxmem_mib=256) for i in range(8)]
        self.daemon = self.enterContext(on(self.xen, CALM))
        self.client = self.enterContext(self.daemon.client())
        self.at_rest()

    def samples(self):
        return self.client.call("status")["ticks"]

    def at_rest(self):
        """Until no sample comes for longer than several intervals, so that only the rest is left."""
        def still():
            before = self.samples()
            time.sleep(4 * INTERVAL)
            return self.samples() - before
        self.eventually(still, 0)

    def heard(self):
        """Until the daemon has taken in everything that was written so far."""
        before = self.samples()
        self.guests[-1].write("memory/target", int(self.guests[-1].read("memory/target")))
        self.eventually(lambda: self.samples() > before)

    def alerts(self):
        return {a["name"]: a["message"] for a in self.client.call("status")["alerts"]}

    def test_nodes_that_are_not_read_make_no_sample(self):
        before = self.samples()
        for i in range(40):
            self.guests[0].write("control/shutdown/x", i)
            self.guests[1].write("memory/swapinfo", i)
            self.guests[2].write("control/" + "x" * 400, i)
            time.sleep(0.02)
        self.heard()
        self.assertEqual(self.samples() - before, 1)
        self.assertNotIn("noisy-guests", self.alerts())

    def test_reports_of_use_make_no_sample_and_are_in_the_next(self):
        before = self.samples()
        for i in range(40):
            self.guests[0].write("memory/meminfo", 100000 + i)
            time.sleep(0.02)
        self.heard()
        self.assertEqual(self.samples() - before, 1)
        told = self.client.call("domains", domain="vm0")["domains"][0]
        self.assertIn(100039, told.values())

    def test_no_two_samples_of_news_within_an_interval(self):
        began, before = time.monotonic(), self.samples()
        for i in range(100):
            self.guests[i % 4].write("control/shutdown", "" if i % 2 else "poweroff")
            time.sleep(0.01)
        self.heard()
        self.assertLessEqual(self.samples() - before, math.ceil((time.monotonic() - began) / INTERVAL) + 1)

    def test_a_flood_is_cut_off_named_and_polled(self):
        guest = self.guests[3]
        began, before = time.monotonic(), self.samples()
        for i in range(5000):
            guest.write("control/shutdown/x", i)
        self.eventually(lambda: self.xen.watched(guest.path + "/control"), False)
        events = self.xen.store.events
        for i in range(5000):
            guest.write("control/shutdown/x", i)
        self.assertEqual(self.xen.store.events, events, "events of a guest that is not listened to")
        self.heard()
        self.assertLessEqual(self.samples() - before, math.ceil((time.monotonic() - began) / INTERVAL) + 1)
        self.assertRegex(self.alerts()["noisy-guests"], r"vm3 \(domain 4\): more than 64 writes")
        self.assertTrue(self.xen.watched(self.guests[4].path + "/control"))
        # What it says is still seen, once a second at the most.
        guest.write("name", "renamed")
        def named():
            self.heard()
            return "renamed" in [d["name"] for d in self.client.call("domains")["domains"]]
        self.eventually(named)

    def test_domains_that_come_and_go_do_not_set_the_pace_either(self):
        began, before = time.monotonic(), self.samples()
        for _ in range(60):
            self.xen.remove(self.xen.add("short", memory_mib=16))
        self.heard()
        self.assertLessEqual(self.samples() - before, math.ceil((time.monotonic() - began) / INTERVAL) + 1)

    def test_news_at_rest_is_sampled_at_once(self):
        before = self.samples()
        self.xen.add("new", memory_mib=16)
        # The timer is a minute away; who waits for it fails by far.
        self.eventually(lambda: self.samples() > before, patience=20)
        self.assertIn("new", [d["name"] for d in self.client.call("domains")["domains"]])


if __name__ == "__main__":
    unittest.main()
