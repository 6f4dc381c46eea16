#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real ballastd and ballast with --host xen, through the real libxenctrl and libxenstore, on a host of fakexen."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "ballastd"))
from driver import Daemon, Refused
from fakexen import POWEROFF, REASON_SHIFT, REBOOT, SHUTDOWN, FakeXen

BALLAST = os.environ["BALLAST"]
NEED_KIB = 1536 * 1024


def on(xen, config="", **options):
    """A ballastd on that host."""
    return Daemon(scenario=None, config=config, options=("--host", "xen"), env=xen.env(), **options)


def ballast(xen, *words, run="/nowhere", state=None):
    env = xen.env(**({"BALLAST_STATE_DIR": str(state)} if state else {}))
    return subprocess.run([BALLAST, "--run-dir", str(run), *words], env=env, capture_output=True, text=True,
                          timeout=60, check=False)


class Case(unittest.TestCase):
    def eventually(self, what, wanted=True, patience=60):
        end = time.monotonic() + patience
        while (got := what()) != wanted:
            if time.monotonic() > end:
                self.fail(f"{got!r}, not {wanted!r}")
            time.sleep(0.02)


class Command(Case):
    def test_list_shows_what_xen_and_xenstore_have(self):
        with FakeXen() as xen:
            xen.add("mail", memory_mib=512, maxmem_mib=1024, min_mib=256)
            xen.add("old", type="pv", balloon=False)
            done = ballast(xen, "list", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            domains = {d["name"]: d for d in map(json.loads, done.stdout.splitlines()) if "name" in d}
            self.assertEqual(domains["mail"]["static_max_kib"], 1024 * 1024)
            self.assertEqual((domains["mail"]["type"], domains["old"]["type"]), ("pvh", "pv"))

    def test_set_target_writes_what_the_balloon_follows(self):
        with FakeXen() as xen:
            mail = xen.add("mail", memory_mib=512, maxmem_mib=1024)
            done = ballast(xen, "set-target", "mail", "300")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(mail.read("memory/target"), str(300 * 1024))
            self.eventually(lambda: mail.current_kib, 300 * 1024)
            self.assertGreaterEqual(mail.get()["max_pages"] * 4, 300 * 1024)

    def test_a_maximum_set_through_the_daemon_is_reported(self):
        with FakeXen(total_mib=4096) as xen:
            mail = xen.add("mail", memory_mib=512, maxmem_mib=1024)
            with on(xen) as daemon:
                done = ballast(xen, "set-max", "mail", "700", "--json", run=daemon.run)
                self.assertEqual(done.returncode, 0, done.stderr)
                after = json.loads(done.stdout)["after"]["xen_maximum_kib"]
                # Extra internal is Xen's, and the static maximum is what was said.
                self.assertEqual(after, 701 * 1024)
                self.assertEqual(mail.read("memory/static-max"), str(700 * 1024))
                self.assertEqual(mail.get()["max_pages"] * 4, after)

    def test_a_guest_without_a_range_is_bounded_by_floor_and_static_maximum(self):
        """As xl makes them: 'out of its range, 524288 to 524288' was refused."""
        with FakeXen(total_mib=4096) as xen:
            mail = xen.add("mail", memory_mib=512, maxmem_mib=1024)
            with on(xen) as daemon:
                done = ballast(xen, "set-target", "mail", "700", "--json", run=daemon.run)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(mail.read("memory/target"), str(700 * 1024))
                self.eventually(lambda: mail.current_kib, 700 * 1024)
                for size, why in (("1025", "above the static maximum"), ("50", "is below")):
                    done = ballast(xen, "set-target", "mail", size, run=daemon.run)
                    self.assertEqual(done.returncode, 1, done)
                    self.assertIn(why, done.stderr)

    def test_what_is_built_between_two_hypercalls_is_counted(self):
        with FakeXen(total_mib=4096) as xen:
            xen.add("mail", memory_mib=512, maxmem_mib=1024, balloon=False, follows=False)

            def parts():
                done = ballast(xen, "host", "--json")
                self.assertEqual(done.returncode, 0, done.stderr)
                return json.loads(done.stdout)["parts"]
            before = parts()
            for times in (1, 5):
                xen.build_between(64 * 256, times)
                after = parts()
                self.assertEqual(after["unexplained"], before["unexplained"], times)
                self.assertEqual(before["free"] - after["free"], times * 64 * 1024)
                before = after
            # Memory that never stops moving keeps nobody from an answer.
            xen.build_between(1, 1000)
            parts()

    def test_a_hypercall_that_fails_is_told(self):
        with FakeXen() as xen:
            xen.add("mail", memory_mib=512, maxmem_mib=1024)
            xen.fail("max-mem", "EPERM")
            done = ballast(xen, "set-target", "mail", "800")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("maximum", done.stderr)
            xen.fail("max-mem", "EPERM", times=0)
            self.assertEqual(ballast(xen, "set-target", "mail", "800").returncode, 0)

    def test_xenstore_that_fails_is_told(self):
        with FakeXen() as xen:
            mail = xen.add("mail", memory_mib=512, maxmem_mib=1024)
            xen.store_fails("write", "EIO", mail.path)
            done = ballast(xen, "set-target", "mail", "300")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("xenstore", done.stderr)


class OneWriter(Case):
    """Without a daemon a command does what the daemon would, with its ledger."""

    @contextlib.contextmanager
    def reserved(self, kib, opt_out=False, **guest):
        """A host whose daemon has stopped after it granted so much; its ledger is in `state`."""
        with FakeXen(total_mib=4096) as xen:
            mail = xen.add("mail", memory_mib=512, maxmem_mib=1024, **guest)
            # It moves no domain, so that the host is at rest when it has stopped.
            with on(xen, "[ballastd]\npolicy = fixed\n") as daemon:
                with daemon.client() as client:
                    if opt_out:
                        client.call("opt-out", domain="mail", on=True)
                    said = client.call("reserve", min_kib=kib, max_kib=kib, lease_usec=600_000_000, wait=True)
                    self.assertEqual(said["state"], "granted", said)
                self.assertEqual(daemon.stop(), 0)
                yield xen, mail, daemon.state

    def test_free_counts_what_is_reserved(self):
        with self.reserved(NEED_KIB) as (xen, _, state):
            self.assertGreater(xen.free_kib(), NEED_KIB)
            for dry in ((), ("--dry-run",)):
                done = ballast(xen, "free", "1500M", "--json", *dry, state=state)
                self.assertEqual(done.returncode, 1, done)
                said = json.loads(done.stdout)
                self.assertLess(said["available_before_kib"], xen.free_kib() - NEED_KIB)
                self.assertFalse(said["can_be" if dry else "freed"])
            # Nothing is reserved where there is no ledger.
            self.assertEqual(ballast(xen, "free", "1500M").returncode, 0)

    def test_free_makes_room_beside_what_is_reserved(self):
        with self.reserved(NEED_KIB, min_mib=128) as (xen, mail, state):
            kib = xen.free_kib() - NEED_KIB + 100 * 1024
            done = ballast(xen, "free", f"{kib}K", "--json", state=state)
            self.assertEqual(done.returncode, 0, done)
            said = json.loads(done.stdout)
            self.assertGreaterEqual(said["available_after_kib"], kib)
            self.assertGreaterEqual(xen.free_kib(), NEED_KIB + kib)
            # It cannot take that back, although no daemon runs.
            self.assertLess(mail.get()["max_pages"] * 4, 512 * 1024)
            self.assertLess(mail.current_kib, 512 * 1024)

    def test_a_dry_run_changes_nothing(self):
        with self.reserved(NEED_KIB, min_mib=128) as (xen, mail, state):
            before = mail.get(), mail.read("memory/target"), self.ledger(state)
            kib = xen.free_kib() - NEED_KIB + 100 * 1024
            done = ballast(xen, "free", f"{kib}K", "--dry-run", state=state)
            self.assertEqual(done.returncode, 0, done)
            self.assertIn("mail", done.stdout)
            self.assertEqual((mail.get(), mail.read("memory/target"), self.ledger(state)), before)

    def test_set_target_and_set_max_count_what_is_reserved(self):
        # The two guests fill the host but for what is reserved; a target beyond takes from that.
        with self.reserved(NEED_KIB) as (xen, mail, state):
            self.fill(xen)
            for words in (("set-target", "mail", "1000M"), ("set-max", "mail", "2G")):
                for dry in ((), ("--dry-run",)):
                    done = ballast(xen, *words, *dry, state=state)
                    self.assertEqual(done.returncode, 1, done)
                    self.assertIn("available", done.stderr)
            self.assertEqual(mail.read("memory/target"), str(512 * 1024))
            self.assertEqual(mail.get()["max_pages"] * 4, 1025 * 1024)
            # Nothing is reserved where there is no ledger.
            self.assertEqual(ballast(xen, "set-target", "mail", "1000M").returncode, 0)

    def test_a_target_above_a_held_maximum_takes_what_is_reserved(self):
        with self.reserved(NEED_KIB, follows=False) as (xen, mail, state):
            self.fill(xen)
            # As the daemon leaves a guest whose target another program has raised too far.
            mail.set(max_pages=513 * 256)
            mail.write("memory/target", 1000 * 1024)
            for dry in ((), ("--dry-run",)):
                done = ballast(xen, "set-target", "mail", "1000M", *dry, state=state)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn("available", done.stderr)
            self.assertEqual(mail.get()["max_pages"] * 4, 513 * 1024)

    def test_no_steps_lead_into_what_is_reserved(self):
        """Each counts what the one before lets in, also of a guest that is not balanced."""
        for name in ("set-target", "set-max"):
            with self.subTest(name), self.reserved(NEED_KIB, opt_out=True, follows=False) as (xen, mail, state):
                self.fill(xen)
                done = [ballast(xen, name, "mail", f"{mib}M", state=state).returncode for mib in (560, 600, 680, 700)]
                self.assertEqual(done, [0, 0, 1, 1])
                room_kib = (mail.get()["max_pages"] - mail.get()["tot_pages"]) * 4
                self.assertLessEqual(room_kib, xen.free_kib() - NEED_KIB)

    def test_plan_counts_what_is_reserved(self):
        with self.reserved(NEED_KIB) as (xen, _, state):
            before = self.ledger(state)
            for name in (state, "/nowhere"):
                done = ballast(xen, "plan", "--json", state=name)
                self.assertEqual(done.returncode, 0, done)
                available_kib = json.loads(done.stdout)["available_kib"]
                self.assertEqual(available_kib < xen.free_kib() - NEED_KIB, name == state)
            self.assertEqual(self.ledger(state), before)

    def test_a_ledger_whose_path_is_too_long_is_not_passed_over(self):
        """SQLite opens paths of 512 bytes at most; what is reserved there is unknown, not nothing."""
        with self.reserved(NEED_KIB) as (xen, _, state):
            deep = shutil.copytree(state, xen.root / ("a" * 200) / ("b" * 200) / ("c" * 200))
            done = ballast(xen, "plan", state=deep)
            self.assertEqual(done.returncode, 3, done)
            self.assertIn(f"plan: {xen.root}", done.stderr)

    def test_what_is_set_is_kept_for_the_daemon(self):
        with self.reserved(NEED_KIB, min_mib=128) as (xen, mail, state):
            done = ballast(xen, "set-range", "mail", "200M", "600M", state=state)
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual((mail.read("memory/dynamic-min"), mail.read("memory/dynamic-max")),
                             (str(200 * 1024), str(600 * 1024)))
            done = ballast(xen, "set-target", "mail", "400M", "--json", state=state)
            self.assertEqual(done.returncode, 0, done)
            after = json.loads(done.stdout)["after"]
            self.assertEqual((after["target_kib"], after["pinned_kib"], after["xen_maximum_kib"]),
                             (400 * 1024, 400 * 1024, 401 * 1024))
            done = ballast(xen, "set-target", "mail", "610M", state=state)
            self.assertEqual(done.returncode, 1, done)
            self.assertIn("out of its dynamic range", done.stderr)
            with Daemon(scenario=None, options=("--host", "xen", "--state-dir", str(state)), env=xen.env()) as daemon:
                with daemon.client() as client:
                    shown = {d["name"]: d for d in client.call("domains")["domains"]}["mail"]
                    self.assertEqual((shown["pinned_kib"], shown["dynamic_max_kib"]), (400 * 1024, 600 * 1024))
                    # It has run for a while, and the pin is as it was.
                    ticks = client.call("status")["ticks"]
                    self.eventually(lambda: client.call("status")["ticks"] > ticks + 2)
                    self.assertEqual(mail.read("memory/target"), str(400 * 1024))
            done = ballast(xen, "set-target", "mail", "auto", "--json", state=state)
            self.assertEqual(done.returncode, 0, done)
            self.assertIsNone(json.loads(done.stdout)["after"]["pinned_kib"])

    def test_what_was_freed_is_reserved_for_the_next_command(self):
        with self.reserved(NEED_KIB) as (xen, _, state):
            kib = (xen.free_kib() - NEED_KIB) * 2 // 3
            self.assertEqual(ballast(xen, "free", f"{kib}K", state=state).returncode, 0)
            self.assertEqual(ballast(xen, "free", f"{kib}K", state=state).returncode, 1)

    def test_a_ledger_that_cannot_be_read_is_told(self):
        with self.reserved(NEED_KIB) as (xen, _, state):
            (state / "ledger.db").write_bytes(b"x" * 4096)
            done = ballast(xen, "free", "100M", state=state)
            self.assertEqual(done.returncode, 3, done)
            self.assertIn("ledger.db", done.stderr)

    def test_what_a_killed_command_asked_for_is_asked_no_more(self):
        with self.freeing() as (xen, _, state, command):
            command.kill()
            command.wait()
            asked = self.ledger(state)[0]
            self.assertEqual([row["state"] for row in asked], ["reclaiming"])
            self.assertEqual(ballast(xen, "plan", state=state).returncode, 0)
            self.assertEqual(self.ledger(state)[0], asked)
            done = ballast(xen, "set-target", "mail", "900M", state=state)
            self.assertEqual(done.returncode, 0, done)
            self.assertEqual([row["state"] for row in self.ledger(state)[0]], ["released"])

    def test_a_command_that_only_reads_waits_and_names_the_other(self):
        looking = ("plan",), ("free", "1M", "--dry-run"), ("set-target", "mail", "900M", "--dry-run")
        with self.freeing() as (xen, _, state, command):
            command.send_signal(signal.SIGSTOP)
            for words in looking:
                done = ballast(xen, *words, state=state)
                self.assertEqual(done.returncode, 3, done)
                self.assertIn(f"process {command.pid} (ballast free) is changing this host's memory", done.stderr)
            command.kill()
            command.wait()
            for words in looking[:2]:
                self.assertEqual(ballast(xen, *words, state=state).returncode, 0, words)

    def test_an_interrupted_free_reclaims_no_more(self):
        with self.freeing() as (_, mail, _, command):
            asked_kib = int(mail.read("memory/target"))
            command.send_signal(signal.SIGINT)
            said, _ = command.communicate(timeout=60)
            self.assertIn("interrupted, and no more is reclaimed", said)
            # It keeps what it had then.
            kept_kib = int(mail.read("memory/target"))
            self.assertGreater(kept_kib, asked_kib)
            self.eventually(lambda: mail.current_kib, kept_kib)

    def test_an_auto_that_would_be_refused_is_refused_dry(self):
        with FakeXen() as xen:
            xen.add("mail", memory_mib=512, maxmem_mib=1024)
            for dry in ((), ("--dry-run",)):
                done = ballast(xen, "set-target", "mail", "auto", *dry)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn("its target is not pinned", done.stderr)
            # There is a place for a ledger, and nothing to look at in it.
            state = xen.root / "state"
            state.mkdir(mode=0o700)
            for dry in (("--dry-run",), ()):
                done = ballast(xen, "set-target", "mail", "auto", *dry, state=state)
                self.assertEqual(done.returncode, 0, done)

    def test_one_at_a_time(self):
        with FakeXen() as xen, on(xen):
            for dry in ((), ("--dry-run",)):
                done = ballast(xen, "free", "100M", "--host", "xen", *dry)
                self.assertEqual(done.returncode, 3, done)
                self.assertIn("manages this host's memory", done.stderr)

    @contextlib.contextmanager
    def freeing(self):
        """A host on which a `free` waits for a guest that gives slowly."""
        with FakeXen(total_mib=4096) as xen:
            mail = xen.add("mail", memory_mib=1024, maxmem_mib=1024, min_mib=128, down_kib=20 << 10)
            state = xen.root / "state"
            state.mkdir(mode=0o700)
            kib = xen.free_kib() + 300 * 1024
            command = subprocess.Popen([BALLAST, "--run-dir", "/nowhere", "free", f"{kib}K"],
                                       env=xen.env(BALLAST_STATE_DIR=str(state)), stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            try:
                self.eventually(lambda: int(mail.read("memory/target")) < 1024 * 1024)
                yield xen, mail, state, command
            finally:
                command.kill()
                command.communicate()

    @staticmethod
    def fill(xen):
        """With a guest that holds all but what is reserved and 200 MiB."""
        mib = (xen.free_kib() - NEED_KIB - 200 * 1024) // 1024
        xen.add("full", memory_mib=mib, maxmem_mib=mib)

    @staticmethod
    def ledger(state):
        """What the ledger has; SQLite's own files beside it may come and go."""
        with contextlib.closing(sqlite3.connect(f"file:{state}/ledger.db?mode=ro", uri=True)) as ledger:
            ledger.row_factory = sqlite3.Row
            return [list(ledger.execute(f"select * from {table}")) for table in ("reservation", "setting")]


class Running(Case):
    def test_a_reservation_is_granted_from_what_guests_give(self):
        with FakeXen(total_mib=5120) as xen:
            guests = [xen.add(f"vm{i}", memory_mib=1024, maxmem_mib=1024, min_mib=256, down_kib=400 << 10)
                      for i in range(3)]
            with on(xen) as daemon, daemon.client() as client:
                said = client.call("reserve", min_kib=NEED_KIB, max_kib=NEED_KIB, deadline_usec=60_000_000, wait=True)
                self.assertEqual(said["state"], "granted", said)
                self.assertGreaterEqual(xen.free_kib(), NEED_KIB)
                self.assertTrue(any(guest.current_kib < 1024 * 1024 for guest in guests))

    def test_what_maxima_leave_is_free_where_squeezed_guests_are_raised(self):
        # Seldom enough that what one look did can be seen before the next one.
        seldom = "[ballastd]\ninterval = 1s\nidle-interval = 1s\n"
        for config in (seldom, seldom + "slack = 64MiB\n"):
            with self.subTest(config), FakeXen(total_mib=5120) as xen:
                guests = [xen.add(f"vm{i}", memory_mib=1024, maxmem_mib=1024, min_mib=256, follows=False)
                          for i in range(3)]
                kib = xen.free_kib() + 512 * 1024

                def rooms():
                    return [(guest.get()["max_pages"] - guest.get()["tot_pages"]) * 4 for guest in guests]
                with on(xen, config) as daemon, daemon.client() as client:
                    asked = client.ask("reserve", min_kib=kib, max_kib=kib, deadline_usec=60_000_000, wait=True)
                    self.eventually(lambda: max(rooms()) < 0)
                    for guest in guests:  # enough for the start, and more than their maxima still
                        guest.set(tot_pages=768 * 256)
                    self.assertLess(max(rooms()), 0)
                    said = client.answer(asked)
                    self.assertEqual(said["state"], "granted", said)
                    self.eventually(lambda: min(rooms()) > 0)
                    self.assertLessEqual(sum(rooms()), xen.free_kib() - kib - 64 * 1024)

    def test_domains_come_and_go(self):
        with FakeXen() as xen, on(xen) as daemon, daemon.client() as client:
            def names():
                return sorted(d["name"] for d in client.call("domains")["domains"])
            guest = xen.add("mail")
            self.eventually(names, ["Domain-0", "mail"])
            xen.remove(guest)
            self.eventually(names, ["Domain-0"])

    def test_a_guest_that_reboots_finds_its_memory(self):
        """By its reason to shut down, which stays while it is destroyed; a poweroff keeps nothing."""
        keeps = "[ballastd]\nreboot-lease = 1min\n"
        with FakeXen(total_mib=4096) as xen, on(xen, keeps) as daemon, daemon.client() as client:
            def kept():
                return [(each["kind"], each["state"], each["domid"]) for each
                        in client.call("reservations", open=True)["reservations"]]
            for seen_shut in (True, False):
                mail, web = xen.add("mail"), xen.add("web")
                self.eventually(lambda: len(client.call("domains")["domains"]), 3)
                xen.shut_down(web, POWEROFF)
                if seen_shut:
                    xen.shut_down(mail, REBOOT)
                    self.eventually(kept, [("reboot", "bound", mail.domid)])
                else:
                    mail.set(flags=mail.get()["flags"] | SHUTDOWN | REBOOT << REASON_SHIFT)
                xen.kill(mail)
                xen.remove(web)
                self.eventually(kept, [("reboot", "bound", mail.domid)])
                uuid = mail.get()["uuid"]
                xen.remove(mail)
                self.eventually(kept, [("reboot", "granted", None)])
                self.assertGreaterEqual(client.call("reservations", open=True)["reservations"][0]["granted_kib"],
                                        512 * 1024)
                # The uuid that Xen has is enough, whatever its name is now.
                back = xen.add("mail-again", uuid=uuid)
                self.eventually(kept, [])
                xen.remove(back)

    def test_what_a_reboot_returns_during_a_tick_is_its_own(self):
        """The host is full but for what it is returning, which others ask for all the while."""
        config = "[ballastd]\nreboot-lease = 1min\n"
        with FakeXen(total_mib=8192) as xen, on(xen, config) as daemon, daemon.client() as client:
            mail = xen.add("mail", memory_mib=4096)
            # With many domains a sample takes its time.
            for i in range(60):
                xen.add(f"small{i}", memory_mib=1, balloon=False, pool_kib=4, lost_kib=4)
            self.eventually(lambda: len(client.call("domains")["domains"]), 62)
            xen.add("full", memory_mib=client.call("host")["available_kib"] // 1024 - 8, balloon=False)
            self.eventually(lambda: client.call("host")["available_kib"] < 8192)
            xen.shut_down(mail, REBOOT)
            self.eventually(lambda: len(client.call("reservations", open=True)["reservations"]), 1)
            xen.kill(mail)

            def tear_down():
                for left in range(4096, 0, -20):
                    mail.set(tot_pages=left * 256)
                    time.sleep(0.004)
            teardown = threading.Thread(target=tear_down)
            teardown.start()
            got = []
            while teardown.is_alive():
                with contextlib.suppress(Refused):
                    got.append(client.call("reserve", min_kib=8192, deadline_usec=50000, wait=True))
            teardown.join()
            self.assertEqual(got, [])

    def test_xen_says_that_memory_is_low(self):
        with FakeXen() as xen, on(xen) as daemon, daemon.client() as client:
            self.assertEqual(client.call("status")["low_memory_events"], 0)
            for count in (1, 2):
                xen.say_low()
                self.eventually(lambda: client.call("status")["low_memory_events"], count)

    def test_a_host_that_cannot_be_read_is_an_alert_until_it_can(self):
        with FakeXen() as xen, on(xen) as daemon, daemon.client() as client:
            def alerts():
                return [a["name"] for a in client.call("status")["alerts"]]
            for what in ("list", "physinfo"):
                xen.fail(what, "EIO")
                self.eventually(alerts, ["host"])
                xen.fail(what, "EIO", times=0)
                self.eventually(alerts, [])

    def test_xenstored_that_ends_and_starts_again_is_followed_again(self):
        # The timer's own samples are a minute apart: what else is seen came by a watch.
        calm = "[ballastd]\ninterval = 100ms\nidle-interval = 60s\n"
        with FakeXen(total_mib=4096) as xen, on(xen, calm) as daemon, daemon.client() as client:
            client.call("pause")  # or the balancer raises the target that is waited for
            vm = xen.add("vm", memory_mib=2048, maxmem_mib=2048, min_mib=512)
            self.eventually(lambda: xen.watched(vm.path + "/memory"))

            def alerts():
                xen.say_low()
                return [a["name"] for a in client.call("status")["alerts"]]

            def target():
                return client.call("domains", domain="vm")["domains"][0]["target_kib"]
            watches = xen.watch_count()
            xen.stop_store()
            self.eventually(alerts, ["host"])
            vm.write("memory/target", 1900 * 1024)
            told = [client.call("status")["alerts"][0]["message"] for _ in range(5) if alerts()]
            self.assertEqual(len(set(told)), 1, told)
            self.assertRegex(told[0], "connection to xenstore broke: .*/socket: Connection refused: start xenstored")
            xen.start_store()
            self.eventually(alerts, [])
            self.eventually(xen.watch_count, watches)
            self.eventually(target, 1900 * 1024)
            vm.write("memory/target", 1800 * 1024)
            self.eventually(target, 1800 * 1024, patience=20)
            client.call("resume")
            said = client.call("reserve", min_kib=NEED_KIB, max_kib=NEED_KIB, deadline_usec=60_000_000, wait=True)
            self.assertEqual(said["state"], "granted", said)
            self.assertEqual(daemon.log().count("connection to xenstore broke"), 2, "once when it began, once when over")

    def test_xenstored_that_starts_again_between_two_samples_is_followed_again(self):
        with FakeXen() as xen, on(xen) as daemon, daemon.client() as client:
            client.call("pause")
            vm = xen.add("vm", memory_mib=2048, maxmem_mib=2048, min_mib=512)
            # It is watched before the daemon's snapshot has it.
            self.eventually(lambda: "vm" in [d["name"] for d in client.call("domains")["domains"]])
            for mib in (1900, 1800, 1700):
                self.eventually(lambda: xen.watched(vm.path + "/memory"))
                xen.stop_store()
                xen.start_store()
                vm.write("memory/target", mib * 1024)
                self.eventually(lambda: client.call("domains", domain="vm")["domains"][0]["target_kib"], mib * 1024)

    def test_a_connection_that_could_not_be_polled_is_polled_later(self):
        # As above only a watch shows anything: a minute is between the timer's samples.
        calm = "[ballastd]\ninterval = 100ms\nidle-interval = 60s\n"
        with FakeXen(total_mib=4096) as xen, on(xen, calm) as daemon, daemon.client() as client:
            client.call("pause")
            vm = xen.add("vm", memory_mib=2048, maxmem_mib=2048, min_mib=512)
            watched = lambda: xen.watched(vm.path + "/memory")
            sampled = lambda: client.call("status")["low_memory_events"]
            self.eventually(watched)
            xen.stop_store()
            self.eventually(watched, False)
            xen.device("epoll", "ENOMEM")
            xen.start_store()
            def sample_until_watched():
                xen.say_low()
                return watched()
            self.eventually(sample_until_watched)
            xen.device("epoll")
            before = sampled()
            xen.say_low()
            self.eventually(lambda: sampled() > before)
            def samples_while_at_rest():
                ticks = client.call("status")["ticks"]
                time.sleep(0.5)
                return client.call("status")["ticks"] - ticks
            self.eventually(samples_while_at_rest, 0)
            vm.write("memory/target", 1800 * 1024)
            self.eventually(lambda: client.call("domains", domain="vm")["domains"][0]["target_kib"], 1800 * 1024,
                            patience=20)

    def test_a_guest_that_says_it_is_suspended_blocks_nobody(self):
        with FakeXen(total_mib=4096) as xen:
            vm = xen.add("vm", memory_mib=2560, maxmem_mib=2560, min_mib=512)
            vm.write("control/shutdown", "suspend")
            with on(xen) as daemon, daemon.client() as client:
                def shown():
                    return client.call("domains", domain="vm")["domains"][0]
                self.assertEqual(shown()["state"], "migrating")
                kib = NEED_KIB + xen.free_kib()
                said = client.call("reserve", min_kib=kib, max_kib=kib, deadline_usec=60_000_000, wait=True)
                self.assertEqual(said["state"], "granted", said)
                self.assertEqual(shown()["state"], "run")
                told = [e["message"] for e in client.call("events", domain="vm")["events"]]
                self.assertTrue([e for e in told if "reports that it is being suspended and is not" in e], told)

    def test_targets_that_cannot_be_written_cost_no_promise(self):
        with FakeXen(total_mib=4096) as xen:
            xen.add("vm", memory_mib=2048, maxmem_mib=2048, min_mib=512)
            with on(xen) as daemon, daemon.client() as client:
                xen.store_fails("write", "EACCES", "/local/domain/1/memory", times=20)
                said = client.call("reserve", min_kib=NEED_KIB, max_kib=NEED_KIB, deadline_usec=60_000_000, wait=True)
                self.assertEqual(said["state"], "granted", said)
                self.assertGreaterEqual(xen.free_kib(), NEED_KIB)


if __name__ == "__main__":
    unittest.main()
