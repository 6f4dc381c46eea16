#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands and the daemon together, on a simulated host, as an operator uses them."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
import unittest

# Whoever starts the tests may ignore signals (nohup, a job in the background), and that is inherited.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

BALLAST, BALLASTD = os.environ["BALLAST"], os.environ["BALLASTD"]
MIB = 1024
# 8 GiB, of which 832 MiB are available; web and db can free 5 GiB together.
SCENARIO = """says "A host on which a start needs room."
host total=8GiB xen=64MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest web tot=3GiB min=512MiB max=3GiB reclaim-rate=2GiB/s grow-rate=2GiB/s
guest db tot=3GiB min=512MiB max=3GiB reclaim-rate=2GiB/s grow-rate=2GiB/s
guest old tot=256MiB min=256MiB max=256MiB no-balloon
duration 1h
"""


class Case(unittest.TestCase):
    scenario = SCENARIO

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "host.scn").write_text(self.scenario)
        self.guest = self.config("guest", 2048)
        self.daemon = None
        self.begin()

    def config(self, name, mib):
        path = self.folder / (name + ".cfg")
        path.write_text(f'name = "{name}"\ntype = "pvh"\nkernel = "/k"\nmemory = {mib}\n')
        return path

    def begin(self):
        with open(self.folder / "log", "a") as log:
            self.daemon = subprocess.Popen(
                [BALLASTD, "--host", f"sim:{self.folder}/host.scn", "--check-laws", "--run-dir",
                 str(self.folder / "run"), "--state-dir", str(self.folder / "state")], stderr=log)
        self.addCleanup(self.end, self.daemon)
        until = time.monotonic() + 600
        while time.monotonic() < until:
            if self.start("status").wait() == 0:
                return
            time.sleep(0.05)
        self.fail((self.folder / "log").read_text())

    def end(self, daemon):
        if daemon.poll() is None:
            daemon.terminate()
        daemon.wait(600)

    def start(self, *args):
        process = subprocess.Popen([BALLAST, "--run-dir", str(self.folder / "run"), *map(str, args)],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def ballast(self, *args, status=0):
        process = self.start(*args)
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, status, f"{args}: {out}{err}")
        return out if status == 0 else err

    def reservations(self):
        lines = self.ballast("reservations", "--all", "--json").splitlines()
        return {record["id"]: record for record in map(json.loads, lines)}

    def domains(self):
        lines = self.ballast("list", "--json").splitlines()
        return {domain["name"]: domain for domain in map(json.loads, lines)}

    def until(self, what, seconds=600):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, "it does not come: " + (self.folder / "log").read_text())
            time.sleep(0.1)

    def create(self, guest, *options, before=""):
        return self.start("run", *options, guest, "--", "sh", "-c",
                          before + f"exec {BALLAST} sim-create {guest}")


class Starts(Case):
    def test_a_guest_that_needs_room(self):
        said = self.ballast("run", "--dry-run", self.guest)
        self.assertIn("fits once other domains free", said)
        process = self.create(self.guest)
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn("its reservation is bound", err)
        self.assertIn("web freed", err)
        self.assertIn("guest", self.domains())
        self.until(lambda: self.reservations()[1]["state"] == "used")

    def test_one_that_never_fits(self):
        giant = self.config("giant", 7000)
        process = self.create(giant)
        _, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn("is not started", err)
        self.assertNotIn("giant", self.domains())
        process = self.start("run", "--dry-run", giant)
        self.assertIn("it does not fit", process.communicate(timeout=600)[0])
        self.assertEqual(process.returncode, 1)

    def test_a_command_that_fails(self):
        process = self.start("run", self.guest, "--", "sh", "-c", "exit 9")
        _, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 9, err)
        self.assertEqual(self.reservations()[1]["state"], "released")

    def test_a_domain_that_goes_takes_its_reservation_along(self):
        self.ballast("reserve", "1G")
        self.ballast("release", "1")
        self.ballast("release", "1", status=1)
        self.ballast("release", "99", status=2)
        self.assertEqual(self.reservations()[1]["reason"], "by-owner")



class ReservedFor(Case):
    uuid = "6f1c2f0e-8d0b-4a7e-9c55-0123456789ab"

    def kept(self, number):
        record = self.reservations()[number]
        return {key: record[key] for key in ("name", "uuid", "label", "kind", "state")}

    def built(self, guest, number):
        process = self.start("sim-create", guest)
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, out + err)
        self.until(lambda: self.reservations()[number]["state"] == "used")
        self.assertEqual(self.reservations()[number]["domid"], self.domains()[guest.stem]["domid"])

    def test_a_name(self):
        self.ballast("reserve", "--name", "late", "--label", "for people", "256M")
        self.assertEqual(self.kept(1), {"name": "late", "uuid": None, "label": "for people", "kind": "start", "state": "granted"})
        self.ballast("reserve", "--name", "late", self.config("early", 64))
        self.assertEqual(self.kept(2)["name"], "late")
        self.ballast("sim-create", self.config("other", 64))
        self.assertEqual(self.kept(1)["state"], "granted")
        self.built(self.config("late", 64), 1)
        self.assertEqual(self.kept(2)["state"], "granted")

    def test_a_uuid(self):
        self.ballast("reserve", "--uuid", self.uuid.upper(), "256M")
        self.assertEqual(self.kept(1), {"name": None, "uuid": self.uuid, "label": None, "kind": "start", "state": "granted"})
        self.ballast("sim-create", self.config("other", 64))
        self.assertEqual(self.kept(1)["state"], "granted")
        said = self.ballast("reserve", "--uuid", "6f1c2f0e", "256M", status=2)
        self.assertIn("--uuid: invalid uuid '6f1c2f0e': use 8-4-4-4-12 hexadecimal digits", said)

    def test_a_pool(self):
        self.ballast("reserve", "--pool", "512M")
        self.assertEqual(self.kept(1), {"name": None, "uuid": None, "label": None, "kind": "pool", "state": "granted"})
        before_kib = self.reservations()[1]["granted_kib"]
        self.ballast("sim-create", self.config("any", 64))
        self.until(lambda: self.reservations()[1]["granted_kib"] < before_kib)
        made = self.reservations().keys()
        for wrong in (("--name", "late", "64M"), ("--uuid", self.uuid, "64M"), (self.guest,)):
            self.assertIn("--pool: it is for any new domain", self.ballast("reserve", "--pool", *wrong, status=2))
        self.assertEqual(self.reservations().keys(), made)


class OnAKnownXen(Case):
    """Where the host's Xen is known, guests are admitted by their exact cost."""

    scenario = SCENARIO.replace("host total", "host xen-version=4.17.7+13-g2445b30a44 processor=AuthenticAMD-25-1 total")
    # 512 MiB and 17 pages; 768 of pool; 11 + 2 + 8 + 1 + 1; at most 12 of Xen's heap.
    need_kib = 4 * (512 * 256 + 17 + 768 + 23 + 12)

    def setUp(self):
        super().setUp()
        self.guest.write_text('name = "guest"\ntype = "pvh"\nkernel = "/k"\nvcpus = 1\nmemory = 512\n')

    def test_run(self):
        said = json.loads(self.ballast("run", "--dry-run", "--json", self.guest))
        self.assertEqual((said["profile"], said["need_kib"]), ("xen-4.17.7", self.need_kib))
        self.assertEqual((said["certainty"], said["certainty_why"]), ("measured", "measured to the page"))
        said = json.loads(self.ballast("run", "--dry-run", "--json", "--profile", "libxl", self.guest))
        self.assertEqual((said["profile"], said["profile_why"]), ("libxl", "chosen by --profile"))
        self.assertGreater(said["need_kib"], self.need_kib)
        process = self.create(self.guest)
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn(f"needs {self.need_kib} KiB (profile xen-4.17.7: the host runs Xen 4.17.7+13", err)
        self.until(lambda: self.reservations()[1]["state"] == "used")
        domain = self.domains()["guest"]
        self.assertEqual(self.reservations()[1]["granted_kib"], self.need_kib, domain)

    def test_reserve(self):
        said = self.ballast("reserve", "--no-wait", self.guest)
        self.assertIn(f"{self.need_kib} KiB granted", said)
        self.assertIn("need by profile xen-4.17.7: the host runs Xen 4.17.7+13", said)
        self.assertNotIn("need by", self.ballast("reserve", "--no-wait", "1M"))

    def test_plan(self):
        said = self.ballast("plan", "--start", self.guest)
        self.assertIn("need by profile xen-4.17.7", said)


class Slowly(Case):
    scenario = SCENARIO.replace("reclaim-rate=2GiB/s", "reclaim-rate=100MiB/s")

    def test_interrupted_while_it_waits(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("reserve", "3G")
            self.until(lambda: any(r["state"] == "reclaiming" for r in self.reservations().values()))
            process.send_signal(number)
            self.assertEqual(process.wait(600), 128 + number)
            self.assertEqual({r["state"] for r in self.reservations().values()}, {"released"})

    def test_free_is_interrupted(self):
        process = self.start("free", "5G", "--json")
        self.until(lambda: any(r["state"] == "reclaiming" for r in self.reservations().values()))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 1, err)
        said = json.loads(out)
        self.assertEqual((said["freed"], said["reason"]), (False, "interrupted"))
        self.assertEqual({d["name"] for d in said["domains"]}, {"dom0", "web", "db", "old"})
        self.until(lambda: {r["state"] for r in self.reservations().values()} == {"released"})

    def test_a_daemon_that_is_killed_while_somebody_waits(self):
        process = self.create(self.guest)
        self.until(lambda: any(r["state"] == "reclaiming" for r in self.reservations().values()))
        self.daemon.kill()
        self.daemon.wait()
        self.begin()
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertEqual(list(self.reservations()), [1], "asked once, also where the daemon died")
        self.assertIn("guest", self.domains())

    def test_a_daemon_that_is_killed_while_the_command_runs(self):
        go = self.folder / "go"
        process = self.create(self.config("small", 256), before=f"until test -e {go}; do sleep 0.1; done; ")
        self.until(lambda: any(r["state"] == "granted" for r in self.reservations().values()))
        self.daemon.kill()
        self.daemon.wait()
        self.begin()
        go.touch()
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, out + err)
        self.assertIn("its reservation is bound", err)


    def test_killed_itself(self):
        """What it reserved is nobody's then, at once: its lease has ten minutes."""
        def ids(state):
            return {i for i, r in self.reservations().items() if r["state"] == state}
        waits = self.create(self.guest)
        self.until(lambda: ids("reclaiming"))
        waits.kill()
        waits.wait()
        self.until(lambda: ids("released") == {1})
        runs = self.start("run", self.config("small", 256), "--", "sh", "-c",
                          f"while test -e {self.guest}; do sleep 0.2; done")
        self.until(lambda: ids("granted") == {2})
        self.daemon.kill()
        self.daemon.wait()
        self.begin()
        self.assertEqual(ids("granted"), {2})
        # It has found the new daemon when there is somebody beside who asks.
        self.until(lambda: all(json.loads(self.ballast("status", "--json"))["status"]["clients"] > 1
                               for _ in range(3)))
        runs.kill()
        runs.wait()
        self.until(lambda: ids("released") == {1, 2})


class Settings(Case):
    def test_policy_pause_shares_and_opt_out(self):
        self.assertIn("* ballast", self.ballast("policy"))
        self.ballast("policy", "fixed")
        self.assertIn("* fixed", self.ballast("policy"))
        self.ballast("policy", "ballast")
        self.ballast("policy", "none-such", status=2)
        self.ballast("shares", "web", "3000")
        self.ballast("opt-out", "db", "on")
        self.ballast("pause", "web")
        self.ballast("shares", "nobody", "3000", status=2)
        self.ballast("pause")
        self.assertIn("PAUSED", self.ballast("status"))
        self.ballast("resume")
        self.assertNotIn("PAUSED", self.ballast("status"))
        said = self.start("run", "--dry-run", self.config("giant", 7000)).communicate(timeout=600)[0]
        self.assertIn("db has 2621440 KiB above its minimum: it is opted out", said)
        self.ballast("policy", "fixed")
        self.end(self.daemon)
        self.begin()
        self.assertIn("* fixed", self.ballast("policy"))

    def test_what_a_host_is_and_what_is_reserved(self):
        self.ballast("reserve", "500M")
        host = json.loads(self.ballast("host", "--json"))
        self.assertEqual(host["parts"]["reserved"], 500 * MIB)
        self.assertEqual(sum(host["parts"].values()) - host["overcounted_kib"], 8192 * MIB)
        self.assertEqual(set(self.domains()), {"dom0", "web", "db", "old"})
        self.assertFalse(self.domains()["old"]["balloon"])

    def test_changes_go_through_the_daemon(self):
        self.ballast("opt-out", "web", "on")
        self.ballast("set-target", "web", "2G")
        self.until(lambda: self.domains()["web"]["current_kib"] == 2048 * MIB)
        self.ballast("set-target", "web", "100M", "--force", status=1)
        self.ballast("set-range", "db", "1G", "2G")
        db = self.domains()["db"]
        self.assertEqual((db["dynamic_min_kib"], db["dynamic_max_kib"]), (1024 * MIB, 2048 * MIB))
        self.ballast("set-range", "db", "2G", "1G", status=1)
        self.ballast("set-max", "web", "2500")
        self.ballast("set-max", "web", "1000", status=1)

    def test_free(self):
        self.assertIn("fits once other domains free", self.ballast("free", "2G", "--dry-run"))
        free = json.loads(self.ballast("free", "2G", "--json"))
        self.assertGreaterEqual(free["available_after_kib"], 2048 * MIB)
        self.ballast("free", "7G", status=1)

    def test_what_was_decided(self):
        self.ballast("reserve", "2G")
        events = [json.loads(line) for line in self.ballast("why", "--json").splitlines()]
        self.assertIn("grant", {event["what"] for event in events})
        about = self.ballast("why", "web", "--since", "5m", "--json").splitlines()
        self.assertEqual({json.loads(line)["name"] for line in about}, {"web"})
        self.assertEqual(self.ballast("why", "web", "--reason", "never-fits", "--json"), "")
        follows = self.start("why", "--follow", "--json", "--reason", "fits")
        later = threading.Timer(1, lambda: self.ballast("reserve", "1G"))
        later.start()
        # The one that is there already comes first.
        line = json.loads(follows.stdout.readline())
        while line["number"] <= events[-1]["number"]:
            line = json.loads(follows.stdout.readline())
        self.assertEqual((line["what"], line["reason"]), ("grant", "fits"))
        later.join()
        follows.send_signal(signal.SIGINT)
        self.assertEqual(follows.wait(600), 0)

    def test_bind_by_hand(self):
        self.ballast("reserve", self.config("small", 256))
        build = self.start("sim-create", self.config("small", 256))
        self.until(lambda: "small" in self.domains())
        self.ballast("bind", "1", "small")
        self.assertEqual(build.wait(600), 0)
        self.assertIn(self.reservations()[1]["state"], ("bound", "used"))
        self.ballast("bind", "1", "web", status=1)


if __name__ == "__main__":
    unittest.main()
