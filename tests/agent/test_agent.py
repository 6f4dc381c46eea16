#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ballast-agent as it is installed, on the xenstore of fakexen and with a /proc of the test's own.

The store takes the program for dom0's, so its directory is /local/domain/0; nothing else differs.
"""

import contextlib
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

from fakexen import WRITE, FakeXen

HOME = "/local/domain/0/"
PATIENCE = 600

MEMINFO = "MemTotal:       {total:8} kB\nMemFree:        {unused:8} kB\nMemAvailable:   {available:8} kB\n"
VMSTAT = ("nr_free_pages 5\nworkingset_refault_anon {anon:09}\nworkingset_refault_file {file:09}\npswpin {swapin:09}\n"
          "allocstall_dma {dma:09}\nallocstall_normal {normal:09}\noom_kill {oom:09}\n")
PRESSURE = ("some avg10={some:05.2f} avg60=0.00 avg300=0.00 total=1\n"
            "full avg10={full:05.2f} avg60=0.00 avg300=0.00 total=1\n")


class Guest:
    """A /proc and a /sys, whose files keep their length, so that they are never read half-written."""

    def __init__(self, folder):
        self.proc, self.sys = folder / "proc", folder / "sys"
        self.figures = {"total": 1048576, "unused": 1000, "available": 500000, "anon": 1, "file": 2, "swapin": 3,
                        "dma": 4, "normal": 5, "oom": 6, "some": 0, "full": 0}
        (self.proc / "pressure").mkdir(parents=True)
        (self.sys / "devices/system/xen_memory").mkdir(parents=True)
        self.set()

    def set(self, **figures):
        self.figures.update(figures)
        for name, text in (("meminfo", MEMINFO), ("vmstat", VMSTAT), ("pressure/memory", PRESSURE)):
            path = self.proc / name
            with open(path, "r+" if path.exists() else "w") as file:
                file.write(text.format(**self.figures))


class Agent:
    def __init__(self, store, guest, log, environment):
        self.log_path = log
        inherited = {key: value for key, value in os.environ.items() if key != "JOURNAL_STREAM"}
        with open(log, "a") as file:
            self.process = subprocess.Popen([os.environ["AGENT"], "--xenbus", store, "--proc", guest.proc, "--sys",
                                             guest.sys], stderr=file, env=inherited | environment)

    @property
    def log(self):
        return self.log_path.read_text()

    def end(self):
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="agent.")))
        self.guest = Guest(self.folder)
        self.log_path = self.folder / "log"

    def start(self, store, **environment):
        return self.enterContext(Agent(store, self.guest, self.log_path, environment))

    def eventually(self, get, expected):
        end = time.monotonic() + PATIENCE
        while (seen := get()) != expected:
            self.assertLess(time.monotonic(), end, f"{seen!r}, not {expected!r}\n{self.log_path.read_text()}")
            time.sleep(0.02)


class Reports(Case):
    def setUp(self):
        super().setUp()
        self.xen = self.enterContext(FakeXen(shim="none"))
        self.xen.write(HOME + "data", "")

    def node(self, name):
        return self.xen.read(HOME + "data/" + name)

    def reports(self, name, value):
        self.eventually(lambda: self.node(name), value)

    def write(self, name, value):
        self.xen.write(HOME + "data/" + name, value)

    def remove(self, name):
        with self.xen.lock:
            self.xen.store.remove(HOME + name)
            self.xen.flush()

    def up(self):
        """An agent that has written all of its first report: the sign of life comes last."""
        agent = self.start(self.xen.store_socket)
        self.eventually(lambda: self.node("ballast/alive") is not None, True)
        return agent

    def test_each_figure_has_its_node(self):
        self.guest.set(some=12.34, full=1.5)
        self.up()
        seen = {name: self.node(name) for name in (
            "meminfo_free", "ballast/psi_some", "ballast/psi_full", "ballast/refaults", "ballast/swapin",
            "ballast/stalls", "ballast/oom_kills", "ballast/balloon")}
        self.assertEqual(seen, {
            "meminfo_free": "500000", "ballast/psi_some": "1234", "ballast/psi_full": "150", "ballast/refaults": "3",
            "ballast/swapin": "3", "ballast/stalls": "9", "ballast/oom_kills": "6", "ballast/balloon": "1"})
        self.assertTrue(self.node("ballast/alive").isdigit())

    def test_a_kernel_without_pressure_reports_what_it_has(self):
        (self.guest.proc / "pressure/memory").unlink()
        (self.guest.proc / "vmstat").unlink()
        (self.guest.sys / "devices/system/xen_memory").rmdir()
        self.up()
        with self.xen.lock:
            names = self.xen.store.children[HOME + "data/ballast"]
        self.assertEqual((names, self.node("ballast/balloon")), ({"balloon", "alive"}, "0"))

    def test_what_moves_enough_is_written_and_nothing_else(self):
        self.up()
        self.guest.set(available=400000, oom=7)
        self.reports("meminfo_free", "400000")
        self.reports("ballast/oom_kills", "7")
        # Less than a step, and with it more than one: once that is written the other is not.
        self.guest.set(available=400001)
        self.guest.set(some=50)
        self.reports("ballast/psi_some", "5000")
        self.assertEqual(self.node("meminfo_free"), "400000")

    def test_another_directory_gets_the_whole_report(self):
        """After a migration the guest's directory is new, and the kernel watches again."""
        self.up()
        self.guest.set(available=300000)
        self.remove("data")
        self.reports("meminfo_free", "300000")
        for name in ("psi_some", "refaults", "swapin", "stalls", "oom_kills", "balloon"):
            self.eventually(lambda name=name: self.node("ballast/" + name) is not None, True)

    def test_a_node_that_is_taken_away_comes_back(self):
        self.up()
        self.remove("data/meminfo_free")
        self.reports("meminfo_free", "500000")

    def other_reports(self):
        self.guest.set(available=100000)
        self.guest.set(some=50)
        self.reports("ballast/psi_some", "5000")

    def test_an_agent_that_was_there_before_keeps_what_is_free(self):
        for name, value in (("updated", "Sun Nov 29"), ("meminfo_free", "77")):
            with self.subTest(name):
                self.guest.set(available=500000, some=0)
                self.write(name, value)
                agent = self.up()
                self.other_reports()
                self.assertIn(self.node("meminfo_free"), (None, "77"))
                self.assertEqual(agent.log.count("another program writes it"), 1)
                # What is another program's stays when this one ends.
                self.assertEqual(agent.end(), 0)
                self.assertEqual(self.node(name), value)
                self.assertIsNone(self.node("ballast"))
                self.remove("data/" + name)
                self.log_path.unlink()

    def test_an_agent_that_comes_later_gets_what_is_free(self):
        agent = self.up()
        self.assertEqual(self.node("meminfo_free"), "500000")
        self.write("meminfo_free", "77")
        self.eventually(lambda: "another program writes it" in agent.log, True)
        self.other_reports()
        self.assertEqual(self.node("meminfo_free"), "77")

    def test_a_run_that_was_killed_leaves_no_false_report(self):
        self.up().kill()
        self.assertEqual(self.node("meminfo_free"), "500000")
        self.guest.set(available=100000, some=33)
        agent = self.start(self.xen.store_socket)
        self.reports("meminfo_free", "100000")
        self.reports("ballast/psi_some", "3300")
        self.assertNotIn("another program", agent.log)

    def test_the_report_ends_with_the_program(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number.name):
                agent = self.up()
                agent.process.send_signal(number)
                self.assertEqual(agent.process.wait(PATIENCE), 0)
                self.assertIsNone(self.node("ballast"))
                self.assertIsNone(self.node("meminfo_free"))
                self.assertEqual(agent.log, "")

    def test_nohup_keeps_it(self):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, signal.SIG_DFL)
        agent = self.up()
        agent.process.send_signal(signal.SIGHUP)
        self.other_reports()
        self.assertEqual(agent.end(), 0)

    def test_a_refusal_is_said_once_and_not_repeated(self):
        for code, words in (("ENOSPC", "No space left"), ("EACCES", "Permission denied"), ("E2BIG", "too long")):
            with self.subTest(code):
                self.xen.store_fails("write", code, HOME + "data")
                agent = self.start(self.xen.store_socket)
                self.eventually(lambda words=words: words in agent.log, True)
                with self.xen.lock:
                    self.xen.store.requests[WRITE] = 0
                # It goes on taking events; a second one of the same node shows that a turn has passed.
                for _ in range(3):
                    self.taken(agent)
                with self.xen.lock:
                    self.assertEqual(self.xen.store.requests[WRITE], 0)
                self.assertEqual(agent.log.count("\n"), 1)
                self.assertIn("xenstore refuses it: ", agent.log)
                self.assertEqual(agent.end(), 0)
                self.xen.store_fails("write", code, HOME + "data", times=0)
                self.log_path.unlink()

    def test_a_refused_node_leaves_the_others(self):
        self.xen.store_fails("write", "EACCES", HOME + "data/meminfo_free")
        agent = self.up()
        for name in ("psi_some", "stalls", "balloon"):
            self.assertIsNotNone(self.node("ballast/" + name))
        self.assertIsNone(self.node("meminfo_free"))
        self.assertEqual(agent.log.count("data/meminfo_free: xenstore refuses it: Permission denied"), 1)
        self.guest.set(some=50)
        self.reports("ballast/psi_some", "5000")
        self.assertEqual(agent.log.count("\n"), 1)

    def test_a_busy_xenstore_is_asked_again_soon(self):
        for code, words in (("EBUSY", "busy"), ("EAGAIN", "temporarily unavailable")):
            for request, times in (("write", 20), ("watch", 2)):
                with self.subTest(code, request=request):
                    self.xen.store_fails(request, code, HOME + "data", times=times)
                    agent = self.up()
                    self.reports("ballast/psi_some", "0")
                    self.reports("meminfo_free", "500000")
                    self.assertEqual(agent.log.count("xenstore does not take it now: "), 1)
                    self.assertIn(words, agent.log)
                    self.eventually(lambda agent=agent: "accepts the report again" in agent.log, True)
                    self.assertEqual(agent.end(), 0)
                    self.log_path.unlink()

    def taken(self, agent):
        """Until the agent has read a node that changes: it does so in a turn."""
        with self.xen.lock:
            before = self.xen.store.requests[2]
        self.write("ballast/alive", str(before))
        self.eventually(lambda: self.xen.store.requests[2] > before and agent.process.poll() is None, True)

    def test_watches_that_are_refused_are_one_message(self):
        self.xen.store_fails("watch", "E2BIG", HOME + "data")
        agent = self.start(self.xen.store_socket)
        self.eventually(lambda: "data/ballast: xenstore refuses it" in agent.log, True)
        self.assertEqual(agent.end(), 0)

    def test_a_xenstored_that_restarts_gets_the_report_again(self):
        agent = self.up()
        self.xen.stop_store()
        self.remove("data/ballast")
        self.eventually(lambda: "the connection broke" in agent.log, True)
        self.xen.start_store()
        self.reports("ballast/psi_some", "0")
        self.eventually(lambda: "accepts the report again" in agent.log, True)
        self.assertEqual(agent.log.count("the connection broke"), 1)


class Broken(Case):
    """What answers is not xenstored."""

    def serve(self, answer):
        """Answers each connection's first bytes with `answer`; counts the connections."""
        path = self.folder / f"socket-{len(answer)}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        self.count = 0

        def run():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    self.count += 1
                    connection.recv(4096)
                    connection.sendall(answer)
                    connection.recv(4096)
        threading.Thread(target=run, daemon=True).start()
        self.addCleanup(listener.close)
        self.addCleanup(listener.shutdown, socket.SHUT_RDWR)
        return path

    def test_it_connects_again_whatever_came(self):
        for name, answer in (("none", b""), ("long", struct.pack("<IIII", 2, 0, 0, 1 << 31)), ("garbage", b"\xff" * 9000),
                             ("wrong", struct.pack("<IIII", 11, 0, 0, 3) + b"OK\0")):
            with self.subTest(name):
                agent = self.start(self.serve(answer))
                self.eventually(lambda: self.count >= 3, True)
                self.assertIsNone(agent.process.poll())
                self.assertEqual(agent.log.count("the connection broke"), 1)
                agent.kill()
                self.log_path.unlink()

    def test_a_kernel_that_refuses_a_watch_is_one_message(self):
        """Linux refuses it by the error of the write, as this device does."""
        agent = self.start("/dev/full")
        self.eventually(lambda: "\n" in agent.log, True)
        self.assertIn("data/ballast: xenstore refuses it: No space left", agent.log)
        self.assertTrue(agent.log.startswith("ballast-agent: "), agent.log)
        self.assertEqual(agent.end(), 0)

    def test_the_journal_gets_a_priority(self):
        agent = self.start("/dev/full", JOURNAL_STREAM="8:12345")
        self.eventually(lambda: "\n" in agent.log, True)
        self.assertTrue(agent.log.startswith("<4>data/ballast: "), agent.log)
        self.assertEqual(agent.end(), 0)


class Starts(Case):
    def fails(self, *words):
        done = subprocess.run([os.environ["AGENT"], *words], capture_output=True, text=True, timeout=PATIENCE)
        return done.returncode, done.stderr

    def test_without_xenstore_it_says_what_is_missing(self):
        status, text = self.fails("--xenbus", self.folder / "none")
        self.assertEqual(status, 3)
        self.assertIn(f"{self.folder}/none: No such file or directory: run this as root in a guest of Xen", text)

    def test_without_proc_it_says_what_is_missing(self):
        status, text = self.fails("--proc", self.folder / "none")
        self.assertEqual(status, 3)
        self.assertIn(f"{self.folder}/none/meminfo: No such file or directory: mount proc", text)
        self.assertEqual(self.fails("--sys", "x" * 300)[0], 3)

    def test_wrong_usage(self):
        self.assertEqual(self.fails("x")[0], 2)
        self.assertEqual(self.fails("--what")[0], 2)


if __name__ == "__main__":
    unittest.main()
