#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What programs in guests report of memory, as each of them writes it, and what a hostile guest writes instead. The real ballastd and
ballast on fakexen. Samples and requests are counted; no test depends on how long one takes."""

import contextlib
import itertools
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
import unittest

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "agent"))
from fakexen import FakeXen
import test_agent
from test_host import Case, ballast, on

MIB_KIB = 1024
# Samples as often as a daemon can make them at rest: more often than reports are read.
BUSY = "[ballastd]\ninterval = 100ms\nidle-interval = 100ms\n"
PRESSURE = {"psi_some": 1234, "psi_full": 56, "refaults": 1 << 40, "swapin": 7, "stalls": 8, "oom_kills": 0}
# The keys of the protocol, in the same order.
KEYS = ("psi_some_permyriad", "psi_full_permyriad", "refaults", "swapins", "stalls", "oom_kills")


class Reports(Case):
    CONFIG = ""

    def setUp(self):
        self.xen = self.enterContext(FakeXen(total_mib=16384))
        self.guest = self.xen.add("guest", memory_mib=1024, maxmem_mib=1024)
        self.other = self.xen.add("other", memory_mib=512, maxmem_mib=512)
        self.daemon = self.enterContext(on(self.xen, self.CONFIG or BUSY))
        self.client = self.enterContext(self.daemon.client())

    def shown(self, name="guest"):
        found = [d for d in self.client.call("domains")["domains"] if d["name"] == name]
        return found[0] if found else None

    def source(self):
        return self.shown()["report_source"]

    def becomes(self, **wanted):
        """Until the daemon shows these of the guest."""
        self.eventually(lambda: {key: self.shown()[key] for key in wanted}, wanted)

    def write(self, **nodes):
        """data_meminfo_free=1 is data/meminfo_free."""
        for name, value in nodes.items():
            self.guest.write(name.replace("_", "/", 1), value)


class Writers(Reports):
    def revived_by(self, node, age):
        """What is old is not once `node` is written, over and over: a sample that takes it in is seen in the end."""
        self.eventually(lambda: age(self.shown()) > 1_000_000)

        def revived():
            self.guest.write(node, next(counter))
            return age(self.shown()) < 1_000_000
        counter = itertools.count(2)
        self.eventually(revived)

    def test_nothing(self):
        shown = self.shown()
        self.assertEqual((shown["report_source"], shown["used_kib"], shown["report_age_usec"], shown["pressure"],
                          shown["malformed_node"]), ("none", None, None, None, None))

    def test_xe_guest_utilities(self):
        """Memory each second minute and only if it changed, the date each minute."""
        self.write(data_meminfo_total=999, data_meminfo_free=256 * MIB_KIB, data_updated="Sun Nov 29 12:00:00 2026")
        self.becomes(report_source="guest-agent", used_kib=768 * MIB_KIB, reported_free_kib=256 * MIB_KIB)
        self.revived_by("data/updated", lambda shown: shown["report_age_usec"])
        self.assertEqual(self.shown()["used_kib"], 768 * MIB_KIB)

    def test_windows(self):
        """Its count of updates is a sign of life; what it calls the total is wrong after ballooning."""
        self.write(data_meminfo_total=8 << 20, data_meminfo_free=128 * MIB_KIB, data_updated=1, data_update_cnt=1)
        self.becomes(report_source="guest-agent", used_kib=896 * MIB_KIB)
        self.revived_by("data/update_cnt", lambda shown: shown["report_age_usec"])

    def test_xen_guest_agent(self):
        """Its total is of its start. The guest is ballooned: that is not use."""
        self.write(data_meminfo_total=1024 * MIB_KIB, data_meminfo_free=512 * MIB_KIB)
        self.becomes(used_kib=512 * MIB_KIB)
        self.guest.write("memory/target", 768 * MIB_KIB)
        self.becomes(current_kib=768 * MIB_KIB, used_kib=512 * MIB_KIB, reported_free_kib=256 * MIB_KIB)
        self.write(data_meminfo_free=300 * MIB_KIB)
        self.becomes(used_kib=468 * MIB_KIB, reported_free_kib=300 * MIB_KIB)

    def test_xenstored_that_starts_again_changes_no_use(self):
        self.write(data_meminfo_free=512 * MIB_KIB)
        self.becomes(used_kib=512 * MIB_KIB)
        self.guest.write("memory/target", 768 * MIB_KIB)
        self.becomes(current_kib=768 * MIB_KIB)
        self.xen.stop_store()
        self.xen.start_store()
        self.eventually(lambda: self.xen.watched(self.guest.path + "/data"))
        self.other.write("name", "seen")
        self.eventually(lambda: self.shown("seen") is not None)
        self.assertEqual(self.shown()["used_kib"], 512 * MIB_KIB)

    def test_qubes(self):
        """Swap is written ten times a second whatever it is, use when it has moved."""
        self.write(memory_meminfo=300000, memory_swapinfo=0)
        self.becomes(report_source="meminfo-writer", used_kib=300000, reported_free_kib=None, reported_swap_kib=0)
        self.write(memory_swapinfo=4096)
        self.becomes(reported_swap_kib=4096)
        # It counts more exactly than an agent that reports free memory.
        self.write(data_meminfo_free=1)
        self.other.write("data/meminfo_free", 1)
        self.eventually(lambda: self.shown("other")["report_source"], "guest-agent")
        self.assertEqual(self.source(), "meminfo-writer")

    def test_ballast_agent(self):
        self.write(data_meminfo_free=256 * MIB_KIB)
        for name, value in PRESSURE.items():
            self.guest.write(f"data/ballast/{name}", value)
        self.becomes(report_source="guest-agent", pressure=None)
        self.guest.write("data/ballast/alive", 1)
        self.becomes(report_source="ballast-agent")
        pressure = self.shown()["pressure"]
        self.assertEqual(tuple(pressure[key] for key in KEYS), tuple(PRESSURE.values()))
        self.revived_by("data/ballast/alive", lambda shown: shown["pressure"]["age_usec"])
        # A kernel without PSI.
        with self.xen.lock:
            self.xen.store.remove(self.guest.path + "/data/ballast/psi_some")
            self.xen.flush()
        self.eventually(lambda: self.shown()["pressure"]["psi_some_permyriad"], None)
        self.assertEqual(self.shown()["pressure"]["stalls"], 8)
        # It was removed with all that it wrote.
        with self.xen.lock:
            self.xen.store.remove(self.guest.path + "/data/ballast")
            self.xen.flush()
        self.becomes(report_source="guest-agent", pressure=None)

    def test_a_target_is_no_sign_of_life(self):
        self.write(data_meminfo_free=512 * MIB_KIB, memory_meminfo=300000)
        self.becomes(report_source="meminfo-writer")

        def aged():
            self.client.call("set-target", domain="guest", target_kib=(1000 + len(ages) % 2) * MIB_KIB)
            ages.append(self.shown()["report_age_usec"])
            return ages[-1] > 2_000_000
        ages = []
        self.eventually(aged)

    def test_the_daemon_and_xen_itself_tell_the_same(self):
        self.write(data_meminfo_free=256 * MIB_KIB)
        for name, value in {**PRESSURE, "alive": 1}.items():
            self.guest.write(f"data/ballast/{name}", value)
        self.other.write("memory/meminfo", "many")
        self.becomes(report_source="ballast-agent")
        self.eventually(lambda: self.shown("other")["malformed_node"], "memory/meminfo")
        told = []
        for run, words in ((self.daemon.run, ()), ("/nowhere", ("--host", "xen"))):
            done = ballast(self.xen, "list", *words, "--json", run=run)
            self.assertEqual(done.returncode, 0, done.stderr)
            domains = [json.loads(line) for line in done.stdout.splitlines()]
            for domain in domains:
                for each in (domain, domain.get("pressure") or {}):
                    for age in ("report_age_usec", "age_usec"):
                        each.pop(age, None)
            told.append([{key: domain[key] for key in ("name", "report_source", "used_kib", "reported_free_kib",
                                                       "reported_swap_kib", "pressure", "malformed_node")}
                         for domain in domains])
        self.assertEqual(told[0], told[1])
        self.assertEqual(told[0][1]["pressure"]["psi_some_permyriad"], 1234)
        self.assertEqual([d["malformed_node"] for d in told[0]], [None, None, "memory/meminfo"])
        columns = ballast(self.xen, "list", "--columns", "name,source,psi-some,psi-full", run=self.daemon.run).stdout
        self.assertRegex(columns, r"guest +ballast-agent +12\.34 +0\.56\n")
        self.assertRegex(columns, r"other +none +- +-\n")
        self.assertRegex(ballast(self.xen, "why", "guest", run=self.daemon.run).stdout,
                         r"(?m)^it reports 768(\.0)? MiB in use, by ballast-agent, \d+ s ago$")
        self.assertRegex(ballast(self.xen, "why", "guest", run=self.daemon.run).stdout,
                         r"(?m)^its tasks waited for memory 12\.34 % of 10 seconds, \d+ s ago$")
        self.assertNotIn("waited", ballast(self.xen, "why", "other", run=self.daemon.run).stdout)
        self.assertRegex(ballast(self.xen, "why", "other", run=self.daemon.run).stdout,
                         r"(?m)^its memory/meminfo has a value that is not usable")
        for words in (("--host", "xen"), ()):
            run = "/nowhere" if words else self.daemon.run
            explained = ballast(self.xen, "explain", *words, "--domain", "guest", run=run)
            self.assertEqual(explained.returncode, 0, explained.stderr)
            self.assertIn("note: it reports 786432 KiB in use, by ballast-agent\n", explained.stdout)
            self.assertIn("note: its tasks waited for memory 12.34 % of the last 10 seconds\n", explained.stdout)
            explained = ballast(self.xen, "explain", *words, "--domain", "other", run=run)
            self.assertIn("note: memory/meminfo has a value that is not usable", explained.stdout)
        self.assertIn("malformed-node: domain 2", ballast(self.xen, "doctor", "--interval", "0", run=self.daemon.run).stdout)

    def test_a_report_from_before_the_daemon(self):
        """How old it is, and of how much memory, is not known: until its agent writes the guest is not asked for less."""
        self.write(data_meminfo_free=512 * MIB_KIB)
        self.becomes(used_kib=512 * MIB_KIB, floor_kib=512 * MIB_KIB)
        self.assertEqual(self.daemon.stop(), 0)
        with on(self.xen, BUSY) as self.daemon, self.daemon.client() as self.client:
            self.becomes(used_kib=512 * MIB_KIB, floor_kib=1024 * MIB_KIB)
            self.write(data_updated="Sun Nov 29 12:00:00 2026")
            self.becomes(used_kib=512 * MIB_KIB, floor_kib=512 * MIB_KIB)

    def test_a_kernel_without_balloon_driver(self):
        """Its xenbus is up all the same; the agent has looked."""
        self.becomes(balloon=True)
        self.guest.write("data/ballast/balloon", 0)
        self.guest.write("data/ballast/alive", 1)
        self.becomes(balloon=False, balloon_status="no-driver")
        columns = ballast(self.xen, "list", "--columns", "name,balloon", run=self.daemon.run).stdout
        self.assertRegex(columns, r"guest +-\n")
        self.write(data_meminfo_free=512 * MIB_KIB)
        self.becomes(report_source="ballast-agent")
        for run in (self.daemon.run, "/nowhere"):
            self.assertIn("no-driver: domain 1 (guest)", ballast(self.xen, "doctor", "--interval", "0", run=run).stdout)
        self.guest.write("data/ballast/balloon", "no")
        self.becomes(balloon=True, malformed_node="data/ballast/balloon")
        self.guest.write("data/ballast/balloon", 1)
        self.becomes(balloon=True, malformed_node=None)


class OwnAgent(Reports):
    def test_what_ballast_agent_writes_is_what_ballastd_reads(self):
        """The real program; the store takes it for dom0's, as it does every client."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="reports.")))
        kernel = test_agent.Guest(folder)
        kernel.set(available=262144, some=12.34, full=0.56, anon=100, file=11, swapin=7, dma=3, normal=5, oom=1)

        def told():
            dom0 = self.shown("Domain-0")
            return dom0["report_source"], dom0["used_kib"], dom0["pressure"] and [dom0["pressure"][key] for key in KEYS]
        self.xen.write("/local/domain/0/data", "")
        with test_agent.Agent(self.xen.store_socket, kernel, folder / "log", {}) as agent:
            self.eventually(told, ("ballast-agent", 768 * MIB_KIB, [1234, 56, 111, 7, 8, 1]))
            self.assertIsNone(self.shown("Domain-0")["malformed_node"])
            kernel.set(available=131072, oom=2)
            self.eventually(told, ("ballast-agent", 896 * MIB_KIB, [1234, 56, 111, 7, 8, 2]))
            self.assertEqual(agent.end(), 0)
        # It takes its report with it.
        self.eventually(told, ("none", None, None))


class Hostile(Reports):
    BAD = (" ", "-1", "+1", " 1", "1 ", "1\n", "1\x000", "0x10", "1e3", "1.5", "١", "99999999999999999999",
           "18446744073709551616", "0" * 21, "9" * 4096, "MemTotal: 1 kB", "\x00", "nan")
    NODES = ("memory/meminfo", "memory/swapinfo", "data/meminfo_free", "data/ballast/alive",
             *(f"data/ballast/{name}" for name in PRESSURE))

    def test_values_that_are_no_numbers(self):
        self.other.write("data/meminfo_free", 1000)
        self.guest.write("data/ballast/alive", 1)
        for node in self.NODES:
            # All of them of one node, each other one of every node: a sample apart, so that each is read.
            values = self.BAD if node == "data/meminfo_free" else self.BAD[::6]
            for value in values:
                with self.subTest(node=node, value=value[:24]):
                    self.guest.write(node, value)
                    self.becomes(malformed_node=node)
                    shown = self.shown()
                    self.assertEqual((shown["report_source"], shown["used_kib"]), ("none", None))
                    self.guest.write(node, 1)
                    self.becomes(malformed_node=None)
            with self.xen.lock:
                if node != "data/ballast/alive":
                    self.xen.store.remove(f"{self.guest.path}/{node}")
                    self.xen.flush()
            self.becomes(report_source="none")
        self.assertEqual(self.shown("other")["report_source"], "guest-agent")

    def test_numbers_beyond_their_bounds(self):
        self.guest.write("data/ballast/alive", 1)
        for node, most in (("memory/meminfo", 1 << 42), ("data/meminfo_free", 1 << 42),
                           ("data/ballast/psi_full", 10000), ("data/ballast/refaults", (1 << 63) - 1)):
            with self.subTest(node=node):
                self.guest.write(node, most)
                self.other.write("name", f"seen-{node.rpartition('/')[2]}")
                self.eventually(lambda: self.shown(f"seen-{node.rpartition('/')[2]}") is not None)
                self.assertIsNone(self.shown()["malformed_node"])
                self.guest.write(node, most + 1)
                self.becomes(malformed_node=node)
                self.guest.write(node, 1)
                self.becomes(malformed_node=None)

    def test_more_free_than_it_has(self):
        self.write(data_meminfo_free=1 << 42)
        self.becomes(report_source="guest-agent", used_kib=0)

    def test_nodes_that_are_directories(self):
        for node in ("data/meminfo_free", "data/ballast/alive", "data/ballast/psi_some", "data/updated"):
            self.guest.write(f"{node}/deeper/still", 7)
        # The node itself has an empty value then.
        self.becomes(report_source="none", malformed_node=None, pressure=None)
        self.guest.write("data/meminfo_free", 256 * MIB_KIB)
        self.becomes(report_source="guest-agent", used_kib=768 * MIB_KIB)

    def test_a_directory_full_of_names_is_not_listed(self):
        with self.xen.lock:
            for i in range(1000):
                self.xen.store.put(f"{self.guest.path}/data/{i}{'x' * 200}", b"")
            self.xen.flush()
        self.write(data_meminfo_free=256 * MIB_KIB)
        self.becomes(report_source="guest-agent")
        self.assertNotIn("xenstore", [a["name"] for a in self.client.call("status")["alerts"]])

    def test_nodes_that_may_not_be_read(self):
        self.write(data_meminfo_free=256 * MIB_KIB)
        self.becomes(report_source="guest-agent")
        self.xen.store_fails("read", "EACCES", prefix=f"{self.guest.path}/data")
        self.write(data_meminfo_free=255 * MIB_KIB)
        self.becomes(report_source="none", malformed_node=None)
        self.assertIsNotNone(self.shown("other"))

    def reads_of(self, node):
        with self.xen.lock:
            return self.xen.store.reads[f"{self.guest.path}/{node}"]

    def test_reads_of_what_is_written_again_and_again_are_limited(self):
        """Below the mark from which a guest's events are not received: ten times a second, as Qubes' swapinfo is."""
        node = "memory/swapinfo"
        self.write(memory_meminfo=300000, memory_swapinfo=0)
        self.becomes(report_source="meminfo-writer")
        began, before, samples = time.monotonic(), self.reads_of(node), self.client.call("status")["ticks"]
        for i in range(40):
            self.guest.write(node, i)
            taken = self.client.call("status")["ticks"]
            # At least one sample for each, so that without a limit there would be as many reads.
            self.eventually(lambda: self.client.call("status")["ticks"] > taken)
        spent = time.monotonic() - began
        self.assertGreaterEqual(self.client.call("status")["ticks"] - samples, 40)
        # Four times a second.
        self.assertLessEqual(self.reads_of(node) - before, spent * 4 + 2)
        self.assertNotIn("noisy-guests", [a["name"] for a in self.client.call("status")["alerts"]])
        # What was written last is read in the end.
        self.becomes(reported_swap_kib=39)

    def test_a_loop_costs_its_guest_its_events(self):
        def loop():
            while not done.is_set():
                self.guest.write("data/ballast/psi_some", 1)
        done = threading.Event()
        writer = threading.Thread(target=loop)
        writer.start()
        try:
            self.eventually(lambda: self.xen.watched(self.guest.path + "/data"), False)
            self.other.write("data/meminfo_free", 256 * MIB_KIB)
            self.eventually(lambda: self.shown("other")["report_source"], "guest-agent")
        finally:
            done.set()
            writer.join()
        self.assertTrue(self.xen.watched(self.other.path + "/data"))


class Going(Reports):
    def test_a_domain_that_goes_while_it_reports(self):
        def write():
            # As a guest does that knows nothing of its end: what it writes late is of no domain.
            while not done.is_set():
                for domain in list(self.xen.domains.values()):
                    with contextlib.suppress(KeyError):
                        if domain.path in self.xen.store.nodes and domain.domid > 2:
                            domain.write("data/meminfo_free", 1000)
                            domain.write("data/ballast/alive", 1)
        done = threading.Event()
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(30):
                short = self.xen.add("short", memory_mib=64)
                self.eventually(lambda: self.shown("short") is not None)
                self.xen.remove(short)
                self.eventually(lambda: self.shown("short"), None)
        finally:
            done.set()
            writer.join()
        self.assertEqual(self.source(), "none")

    def test_a_domain_whose_nodes_are_gone_first(self):
        self.write(data_meminfo_free=256 * MIB_KIB)
        self.becomes(report_source="guest-agent")
        with self.xen.lock:
            self.xen.store.remove(self.guest.path)
            self.xen.flush()
        self.eventually(lambda: [d["report_source"] for d in self.client.call("domains")["domains"]],
                        ["none", "none", "none"])
        # Another guest of that number begins with nothing.
        self.xen.remove(self.guest)
        self.eventually(lambda: len(self.client.call("domains")["domains"]), 2)


if __name__ == "__main__":
    unittest.main()
