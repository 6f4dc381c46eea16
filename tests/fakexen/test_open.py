#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where Xen cannot be opened the message names what is in the way, and the remedy for that."""

import os
import subprocess
import tempfile
import unittest

from fakexen import FakeXen
from test_host import ballast

# What is done to the host, and what is said: the object, its cause, the remedy.
CASES = {
    "a sandbox without the hypercall device (a unit's DeviceAllow)": (
        lambda xen: xen.device("dev/xen/hypercall", "EPERM"),
        "/dev/xen/hypercall: Operation not permitted: a sandbox forbids it.*DeviceAllow=/dev/xen/hypercall rw"),
    "a sandbox without privcmd": (
        lambda xen: xen.device("dev/xen/privcmd", "EPERM"),
        "/dev/xen/privcmd: Operation not permitted: .*DeviceAllow=/dev/xen/privcmd rw"),
    "another user": (
        lambda xen: xen.device("dev/xen/privcmd", "EACCES"), "/dev/xen/privcmd: Permission denied: run it as root"),
    "another user, and the older device": (
        lambda xen: (xen.device("dev/xen/privcmd", there=False), xen.device("proc/xen/privcmd", "EACCES")),
        "/proc/xen/privcmd: Permission denied: run it as root"),
    "a device that fails": (
        lambda xen: xen.device("dev/xen/privcmd", "EIO"), "/dev/xen/privcmd: Input/output error"),
    "the module is not loaded yet": (
        lambda xen: (xen.device("dev/xen/privcmd", there=False), xen.device("proc/xen/privcmd", there=False)),
        "/dev/xen/privcmd: there is no such device: load the module xen-privcmd"),
    "a guest": (lambda xen: xen.fail("physinfo", "EPERM"), "this is not dom0: Xen refuses it the hypercall physinfo"),
    "libraries of another Xen": (
        lambda xen: xen.fail("physinfo", "EACCES"), "Xen refuses libxenctrl.*: it is of another version: install"),
    "Xen fails": (lambda xen: xen.fail("physinfo", "EIO"), "Xen does not tell of its host"),
    "xenstored has not started": (
        lambda xen: xen.store_socket.unlink(), "xenstored/socket: No such file or directory: start xenstored"),
    "xenstored has died": (
        lambda xen: [each.close() for each in xen.listeners[:1]],
        "xenstored/socket: Connection refused: start xenstored"),
}


class Open(unittest.TestCase):
    def test_the_command_names_what_is_in_the_way(self):
        for name, (spoil, wanted) in CASES.items():
            with self.subTest(name), FakeXen() as xen:
                with xen.lock:
                    for each in xen.listeners[:1]:
                        if "died" in name:
                            xen.selector.unregister(each)
                    spoil(xen)
                done = ballast(xen, "list")
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertRegex(done.stderr, wanted)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def daemon_ends(self, xen, *words):
        """It ends by itself, with 3; what it said."""
        with tempfile.TemporaryDirectory() as base:
            done = subprocess.run(
                [os.environ["BALLASTD"], *words, "--run-dir", base + "/run", "--state-dir", base + "/state",
                 "--config", "/dev/null"], env=xen.env(), capture_output=True, text=True, timeout=600, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        return done.stderr

    def test_the_daemon_names_it_too_and_ends_with_3(self):
        for name, (spoil, wanted) in list(CASES.items())[:3]:
            with self.subTest(name), FakeXen() as xen:
                spoil(xen)
                self.assertRegex(self.daemon_ends(xen, "--host", "xen"), wanted)

    def test_the_daemon_simulates_nothing_by_itself(self):
        with FakeXen() as xen:
            xen.fail("physinfo", "EPERM")
            self.assertRegex(self.daemon_ends(xen), "no Xen here: this is not dom0: .*; use --host sim to try it on a "
                             "simulated host")
            self.assertNotIn("--host sim", self.daemon_ends(xen, "--host", "xen"))
        with FakeXen() as xen:  # what ails a Xen host is no missing Xen
            xen.store_socket.unlink()
            told = self.daemon_ends(xen)
            self.assertIn("start xenstored", told)
            self.assertNotIn("no Xen here", told)

    def test_no_hypercall_device_is_an_older_kernel_and_no_fault(self):
        with FakeXen() as xen:
            xen.device("dev/xen/hypercall", there=False)
            done = ballast(xen, "list")
            self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
