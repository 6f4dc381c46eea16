#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An installed Ballast has all its parts, and they find each other."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BUILD, SOURCE = os.environ["BUILD"], pathlib.Path(os.environ["SOURCE"])
PREFIX = os.environ["PREFIX"].lstrip("/")


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="ballast-install.")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.top = pathlib.Path(cls.folder.name)
        done = subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet",
                               "--destdir", str(cls.top / "root")], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        cls.root = cls.top / "root" / PREFIX
        cls.files = {str(p.relative_to(cls.root)) for p in cls.root.rglob("*") if not p.is_dir()}

    def read(self, path):
        return (self.root / path).read_text()

    def test_each_part_is_there(self):
        for path in ("bin/ballast", "sbin/ballastd", "lib/systemd/system/ballastd.service",
                     "lib/systemd/system/ballast.slice", "lib/systemd/system/ballastd-qmemman.socket",
                     "lib/sysusers.d/ballast.conf", "share/doc/ballast/examples/ballastd.conf",
                     "share/bash-completion/completions/ballast", "include/ballast/ballast.h"):
            self.assertIn(path, self.files)
        # The page comes with its unit, and that runs what was installed.
        web = "bin/ballast-web" in self.files
        self.assertEqual("lib/systemd/system/ballast-web.service" in self.files, web)
        if web:
            unit = self.read("lib/systemd/system/ballast-web.service")
            self.assertIn(f"\nExecStart=/{PREFIX}/bin/ballast-web ", unit)
        self.assertIn("share/ballast/probe-kernel", self.files)
        hook = self.read("share/ballast/hooks/libxl")
        self.assertIn(f'\nexec /{PREFIX}/bin/ballast hook -- libxl "$@"\n', hook)
        self.assertTrue(os.access(self.root / "share/ballast/hooks/libxl", os.X_OK))
        self.assertIn("share/doc/ballast/examples/hook.conf", self.files)
        self.assertIn(f'\nexec /{PREFIX}/bin/ballast xl -- "$@"\n', self.read("bin/ballast-xl"))
        self.assertTrue(os.access(self.root / "bin/ballast-xl", os.X_OK))
        self.assertEqual(os.readlink(self.root / "libexec/ballast/xl"), f"/{PREFIX}/bin/ballast-xl")
        self.assertIn(f"\nEnvironment=PATH=/{PREFIX}/libexec/ballast:/usr/local/sbin:",
                      self.read("share/doc/ballast/examples/xendomains.conf"))
        self.assertTrue(any(re.search(r"libballast\.so\.0$", path) for path in self.files))
        self.assertTrue(any(path.endswith("pkgconfig/ballast.pc") for path in self.files))
        outside = [p for p in (self.top / "root").rglob("*")
                   if not p.is_dir() and self.root not in p.parents]
        self.assertEqual(outside, [], "beyond the prefix")

    def test_the_agent_has_its_units_and_a_package_of_its_own(self):
        self.assertIn(f"\nExecStart=/{PREFIX}/sbin/ballast-agent\n", self.read("lib/systemd/system/ballast-agent.service"))
        script = self.root / "etc/init.d/ballast-agent"
        self.assertTrue(os.access(script, os.X_OK))
        self.assertIn(f'\ncommand="/{PREFIX}/sbin/ballast-agent"\n', script.read_text())
        # supervise-daemon leads what the agent says to /dev/null, unless it is told where.
        self.assertIn('\nerror_log="/var/log/ballast-agent.log"\n', script.read_text())
        subprocess.run(["sh", "-n", script], check=True)
        alone = self.top / "alone"
        subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--tags", "agent", "--destdir", alone],
                       check=True, capture_output=True)
        files = {str(p.relative_to(alone / PREFIX)) for p in alone.rglob("*") if not p.is_dir()}
        files.discard("share/man/man8/ballast-agent.8")
        self.assertEqual(files, {"sbin/ballast-agent", "lib/systemd/system/ballast-agent.service",
                                 "etc/init.d/ballast-agent"})

    def test_the_agent_needs_no_library(self):
        if not os.environ["AGENT_IS_STATIC"]:
            self.skipTest("libc.a is missing, or a sanitizer's runtime, which is not static, is linked")
        linked = subprocess.run(["readelf", "-d", self.root / "sbin/ballast-agent"], capture_output=True, text=True, check=True)
        self.assertNotIn("(NEEDED)", linked.stdout)

    def test_options_of_the_agent_are_in_its_man_page(self):
        printed = subprocess.run([self.root / "sbin/ballast-agent", "--help"], capture_output=True, text=True,
                                 check=True).stdout
        manual = (SOURCE / "docs/man/ballast-agent.8.scd").read_text()
        manual = manual[manual.index("\n# OPTIONS\n"):manual.index("\n# SIGNALS\n")]
        self.assertEqual(set(re.findall(r"(--[a-z-]+)", printed)), set(re.findall(r"\*(--[a-z-]+)\*", manual)))

    def test_each_man_page_is_there(self):
        if not os.environ["SCDOC"]:
            self.skipTest("scdoc is not installed")
        for page in (SOURCE / "docs/man").glob("*.scd"):
            name = page.name.removesuffix(".scd")
            self.assertIn(f"share/man/man{name[-1]}/{name}", self.files)

    def test_the_unit_runs_what_was_installed(self):
        unit = self.read("lib/systemd/system/ballastd.service")
        program = re.search(r"^ExecStart=(\S+)", unit, re.M).group(1)
        self.assertTrue((self.top / "root" / program.lstrip("/")).exists(), program)
        self.assertNotIn("@", unit.replace("@service", "").replace("@system-service", "")
                         .replace("@resources", "").replace("@privileged", ""))
        for key in ("Type=notify", "WatchdogSec=", "RuntimeDirectory=ballast",
                    "StateDirectory=ballast", "NoNewPrivileges=yes", "ProtectSystem=strict",
                    "CapabilityBoundingSet=", "SystemCallFilter=", "PrivateNetwork=yes"):
            self.assertIn("\n" + key, unit)
        help_of = subprocess.run([self.root / "sbin/ballastd", "--help"], capture_output=True,
                                 text=True, check=True).stdout
        for option in re.findall(r"--[a-z-]+", unit):
            self.assertIn(option, help_of)
        # Whose sockets the daemon makes is whom systemd makes.
        group = re.search(r"^#group = (\S+)", self.read("share/doc/ballast/examples/ballastd.conf"),
                          re.M).group(1)
        self.assertIn(f"\ng {group} ", "\n" + self.read("lib/sysusers.d/ballast.conf"))

    def test_the_unit_is_never_skipped_for_coming_early_and_starts_for_ever(self):
        unit = self.read("lib/systemd/system/ballastd.service")
        conditions = re.findall(r"^Condition\w+=(.*)", unit, re.M)
        # What has to be mounted, loaded or started first may be missing when a condition is asked, which is once.
        self.assertFalse([each for each in conditions if "privcmd" in each or "xenstored" in each], conditions)
        for key in ("After=xen.service ", "Restart=always", "StartLimitIntervalSec=0", "SystemCallErrorNumber=EPERM",
                    "DeviceAllow=/dev/xen/hypercall rw", "MemoryMin="):
            self.assertIn("\n" + key, unit)
        self.assertRegex(unit, r"(?m)^Before=xendomains.service libvirtd.service")
        self.assertIn("\nMemoryMin=", self.read("lib/systemd/system/ballast.slice"))

    def test_systemd_takes_the_units(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        units = sorted((self.root / "lib/systemd/system").glob("*"))
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.top))
        for unit in units:
            # Where it will be installed they are looked for, and are not there.
            text = re.sub(r"(?m)^ExecStart=/", f"ExecStart={self.top}/root/", unit.read_text())
            (folder / unit.name).write_text(text)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                               *[folder / unit.name for unit in units]], capture_output=True, text=True,
                              env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def comes_up(self, config):
        """Its whole log when it was ready and has ended."""
        base = pathlib.Path(tempfile.mkdtemp(dir=self.top))
        (base / "ballastd.conf").write_text(config)
        with open(base / "log", "w") as log:
            daemon = subprocess.Popen(
                [self.root / "sbin/ballastd", "--host", "sim", "--run-dir", base / "run",
                 "--state-dir", base / "state", "--config", base / "ballastd.conf"], stderr=log)
        end = time.monotonic() + 600
        while "ready" not in (base / "log").read_text() and daemon.poll() is None:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        daemon.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(600), 0, (base / "log").read_text())
        return (base / "log").read_text()

    def test_the_sample_configuration_is_taken_as_it_is_and_with_every_line(self):
        sample = self.read("share/doc/ballast/examples/ballastd.conf")
        self.comes_up(sample)
        every = re.sub(r"^#(?=\[|[a-z0-9-]+ =)", "", sample, flags=re.M)
        # A file that only a calibration of the host makes.
        profile = self.top / "host-profile.json"
        profile.write_text('{"v":1,"calibration":"host","base":"xen-4.17.7","corrections":'
                           '{"pv":{"base":0,"vcpu":0},"pvh":{"base":0,"vcpu":0},'
                           '"hvm":{"base":0,"vcpu":0},"nested_vcpu":0},"arena":'
                           '{"pv":{"base":8,"vcpu_permyriad":4000},'
                           '"pvh":{"base":10,"vcpu_permyriad":17000},'
                           '"hvm":{"base":10,"vcpu_permyriad":17000}}}')
        every = re.sub(r"(?m)^host-profile = .*", f"host-profile = {profile}", every)
        self.assertGreater(every.count("\n[guest "), 1)
        self.comes_up(every)
        # And nothing that can be configured is missing in it.
        manual = (SOURCE / "docs/man/ballastd.conf.5.scd").read_text()
        for key in re.findall(r"^\*([a-z0-9-]+)\* = ", manual, re.M):
            self.assertRegex(sample, rf"(?m)^#?{key} = ")

    def test_options_of_the_daemon_are_in_its_man_page(self):
        printed = subprocess.run([self.root / "sbin/ballastd", "--help"], capture_output=True,
                                 text=True, check=True).stdout
        manual = (SOURCE / "docs/man/ballastd.8.scd").read_text()
        manual = manual[manual.index("\n# OPTIONS\n"):manual.index("\n# SIGNALS\n")]
        usual = {"--version", "--help"}
        in_help = set(re.findall(r"^  (--[a-z-]+)", printed, re.M)) | usual
        in_manual = set(re.findall(r"^\*(--[a-z-]+)\*", manual, re.M)) | usual
        self.assertEqual(in_help, in_manual)

    def complete(self, *words):
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ballast; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(
            ["bash", "-c", script, "bash", self.root / "share/bash-completion/completions/ballast",
             self.root / "bin/ballast", *words], capture_output=True, text=True, cwd=SOURCE)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_completion(self):
        commands = self.complete("")
        self.assertLess({"explain", "run", "set-target", "help"}, commands)
        self.assertEqual(self.complete("set-"), {"set-target", "set-max", "set-range"})
        self.assertEqual(self.complete("help", "expl"), {"explain"})
        self.assertLess({"--dry-run", "--lease"}, self.complete("run", "--"))
        self.assertEqual(self.complete("run", "--le"), {"--lease"})
        self.assertEqual(self.complete("--run-dir", "/tmp", "release", "--ow"), {"--owner"})
        self.assertIn("README.md", self.complete("explain", "READ"))
        for command in ("list", "host", "explain", "top"):
            self.assertLess({"id", "name", "state"}, self.complete(command, "--sort", ""))
        self.assertEqual(self.complete("list", "--columns", "id,na"), {"id,name"})
        self.assertEqual(self.complete("list", "--sort", "ne"), {"need"})
        self.assertEqual(self.complete("host", "--color", "al"), {"always"})
        self.assertEqual(self.complete("status", "--sort", ""), set())
        for command in commands - {"help"}:
            self.assertIn("--help", self.complete(command, "--h"))


if __name__ == "__main__":
    unittest.main()
