#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real ballastd and ballast with --host xen, through the real libxenctrl and libxenstore, on a host of fakexen."""

import contextlib
import fcntl
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
from fakexen import CRASH, POWEROFF, REASON_SHIFT, REBOOT, SHUTDOWN, FakeXen

BALLAST = os.environ["BALLAST"]
NEED_KIB = 1536 * 1024


def on(xen, config="", **options):
    """A ballastd on that host."""
    return Daemon(scenario=None, config=config, options=("--host", "xen"), env=xen.env(), **options)


def ballast(xen, *words, run="/nowhere", state=None):
    env = xen.env(**({"BALLAST_STATE_DIR": str(state)} if state else {}))
    return subprocess.run([BALLAST, "--run-dir", str(run), *words], env=env, capture_output=True, text=True,
                          timeout=600, check=False)


PARKED_PREFIX = bytes.fromhex("6f2d1c1e0b5c4a8e9d")


def parked_uuid(reservation):
    """Of the domains that hold the claim of that reservation, or with 0 of what several share."""
    return PARKED_PREFIX + reservation.to_bytes(7, "big")


def parked(xen):
    """The records of the domains that hold claims of what is reserved, by id."""
    with xen.table() as table:
        return [record for record in map(table.record, table.ids) if record["uuid"][:9] == PARKED_PREFIX]


def claims_kib(xen):
    """What is claimed for each reservation."""
    claims = {}
    for record in parked(xen):
        reservation = int.from_bytes(record["uuid"][9:], "big")
        claims[reservation] = claims.get(reservation, 0) + record["claimed_pages"] * 4
    return claims


class Case(unittest.TestCase):
    def eventually(self, what, wanted=True, patience=600):
        end = time.monotonic() + patience
        while (got := what()) != wanted:
            if time.monotonic() > end:
                self.fail(f"{got!r}, not {wanted!r}")
            time.sleep(0.02)


class Claims(Case):
    CONFIG = "[ballastd]\nclaims = parked\n"

    def claimed_kib(self, xen):
        return sum(claims_kib(xen).values()) if parked(xen) else None

    def test_each_reservation_has_a_claim(self):
        with FakeXen(total_mib=8192) as xen:
            xen.add("mail", memory_mib=512)
            with on(xen, config=self.CONFIG) as daemon:
                with daemon.client() as client:
                    free_kib = client.call("host")["parts"]["free"]
                    first = client.call("reserve", min_kib=NEED_KIB, name="web", wait=True)
                    second = client.call("reserve", min_kib=65536, wait=True)
                    self.assertEqual((first["state"], second["state"]), ("granted", "granted"))
                    self.assertEqual(claims_kib(xen), {first["id"]: NEED_KIB, second["id"]: 65536})
                    records = parked(xen)
                    self.assertEqual([record["tot_pages"] for record in records], [0, 0])
                    self.assertEqual([xen.read(f"/local/domain/{record['domid']}/name") for record in records],
                                     ["ballast-reserved-1", "ballast-reserved-2"])
                    # They are no domains of those that are shown, and their memory counts once.
                    host = client.call("host")
                    self.assertEqual(host["reserved_claim_kib"], NEED_KIB + 65536)
                    self.assertEqual((host["parts"]["claimed"], host["parts"]["reserved"]), (0, NEED_KIB + 65536))
                    self.assertEqual(host["parts"]["free"], free_kib - NEED_KIB - 65536)
                    self.assertEqual([d["name"] for d in client.call("domains")["domains"]], ["Domain-0", "mail"])
                self.assertNotIn("ballast-reserved", ballast(xen, "list", "--json").stdout)
                self.assertNotIn("claim-left", ballast(xen, "doctor", "--interval", "0", run=daemon.run).stdout)
                daemon.kill()
                self.assertEqual(parked(xen), records)
                self.assertIn(f"claim-left\n    {NEED_KIB + 65536} KiB are claimed in Xen",
                              ballast(xen, "doctor", "--interval", "0").stdout)
                daemon.start()
                with daemon.client() as client:
                    self.assertEqual(client.call("host")["reserved_claim_kib"], NEED_KIB + 65536)
                    self.assertEqual(parked(xen), records)
                    client.call("release", id=first["id"])
                    self.assertEqual(parked(xen), records[1:])
                    client.call("release", id=second["id"])
                    self.assertEqual(parked(xen), [])
                    self.assertIsNone(xen.read(f"/local/domain/{records[0]['domid']}/name"))

    def test_what_the_domains_cost_is_taken_from_no_promise(self):
        """The domain that a claim needs costs memory: neither slack nor what is reserved is short of it."""
        with FakeXen(total_mib=2048) as xen, on(xen, config=self.CONFIG + "idle-interval = 60s\n") as daemon:
            with daemon.client() as client:
                def all_is_claimed():
                    client.call("set-range", domain="Domain-0", min_kib=1024, max_kib=1048576)  # it takes a sample
                    host = client.call("host")
                    self.assertEqual((host["deficit_kib"], host["overcounted_kib"]), (0, 0))
                    self.assertEqual(host["reserved_claim_kib"], sum(claims_kib(xen).values()))
                    self.assertEqual(host["reserved_claim_kib"], host["parts"]["reserved"])
                    return host
                before = client.call("host")
                for _ in range(62):
                    client.call("reserve", min_kib=1024, wait=True)
                some = all_is_claimed()
                self.assertEqual((len(parked(xen)), some["parked_kib"]), (62, 62 * 56))
                self.assertEqual(some["parts"]["overhead"], before["parts"]["overhead"] + 62 * 56)
                self.assertEqual(some["parts"]["slack"], before["parts"]["slack"] - 62 * 56)
                self.assertEqual(some["parts"]["unexplained"], before["parts"]["unexplained"])
                self.assertEqual(some["available_kib"], before["available_kib"] - 62 * 1024)
                # The last page of what is available.
                last = client.call("reserve", min_kib=some["available_kib"], wait=True)
                self.assertEqual((last["state"], all_is_claimed()["available_kib"]), ("granted", 0))
                self.assertIn("3528 KiB of the overhead are what the domains cost that hold these claims",
                              ballast(xen, "host", "--table", run=daemon.run).stdout)

    def test_a_claim_that_changes_touches_no_other(self):
        """Each is made once, by one hypercall, and withdrawn once, whatever is granted and released beside it."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG) as daemon, daemon.client() as client:
            kept = client.call("reserve", min_kib=NEED_KIB, name="web", wait=True)
            xen.least_claimed_kib(forget=True)
            for _ in range(5):
                others = [client.call("reserve", min_kib=kib, wait=True)["id"] for kib in (65536, 40960, 20480)]
                for other in others:
                    client.call("release", id=other)
            self.assertEqual(claims_kib(xen), {kept["id"]: NEED_KIB})
            self.assertEqual([record["claim_calls"] for record in parked(xen)], [1])
            self.assertEqual(xen.least_claimed_kib(), NEED_KIB)

    def test_many_requests_that_are_granted_at_once_have_claims_of_their_own(self):
        with FakeXen(total_mib=8192) as xen:
            mail = xen.add("mail", memory_mib=4096, maxmem_mib=4096, min_mib=1024, follows=False)
            with on(xen, config=self.CONFIG) as daemon, daemon.client() as client:
                # They wait for the same memory.
                ids = [client.call("reserve", min_kib=NEED_KIB)["id"] for _ in range(3)]
                self.eventually(lambda: sorted(claims_kib(xen).values()).count(NEED_KIB) >= 1)
                xen.remove(mail)
                self.eventually(lambda: claims_kib(xen), dict.fromkeys(ids, NEED_KIB))
                xen.least_claimed_kib(forget=True)
                client.call("release", id=ids[1])
                self.assertEqual(claims_kib(xen), {ids[0]: NEED_KIB, ids[2]: NEED_KIB})
                self.assertEqual(xen.least_claimed_kib(), 2 * NEED_KIB)

    def test_a_pool_is_claimed_in_parts(self):
        """Any part of it may be paid: what has to be withdrawn beyond that, and made again, is little."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG) as daemon, daemon.client() as client:
            pool = client.call("reserve", min_kib=NEED_KIB, pool=True, wait=True)
            self.assertEqual(claims_kib(xen), {0: NEED_KIB})
            self.assertEqual(sorted(record["claimed_pages"] // 256 for record in parked(xen)),
                             [48, 48, 96, 192, 384, 768])
            xen.least_claimed_kib(forget=True)
            xen.add("one", memory_mib=100, pool_kib=0, lost_kib=0)
            self.eventually(lambda: client.call("reservations", id=pool["id"])["reservations"][0]["granted_kib"],
                            NEED_KIB - 102400)
            self.eventually(lambda: claims_kib(xen), {0: NEED_KIB - 102400})
            self.assertGreater(xen.least_claimed_kib(), NEED_KIB - 102400 - 48 * 1024)

    def test_pools_that_come_let_go_of_little(self):
        """A domain for each is too many, so the smallest parts are made one."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG) as daemon, daemon.client() as client:
            client.call("reserve", min_kib=1024 * 1024, pool=True, wait=True)
            sum_kib = 1024 * 1024
            for _ in range(12):
                xen.least_claimed_kib(forget=True)
                client.call("reserve", min_kib=65536, pool=True, wait=True)
                least_kib = xen.least_claimed_kib()
                if least_kib is not None:
                    self.assertGreaterEqual(least_kib, sum_kib - 3 * 65536)
                sum_kib += 65536
                self.assertEqual(claims_kib(xen), {0: sum_kib})
                self.assertLessEqual(len(parked(xen)), 10)

    def test_many_reservations_share_a_claim(self):
        """A reservation costs a domain, so the newest of more than 63 share one."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG) as daemon, daemon.client() as client:
            ids = [client.call("reserve", min_kib=16384, wait=True)["id"] for _ in range(66)]
            self.assertEqual(claims_kib(xen), {0: 3 * 16384} | dict.fromkeys(ids[:63], 16384))
            xen.least_claimed_kib(forget=True)
            client.call("release", id=ids[0])
            # Those that share it go on to, or they would not be claimed for a moment; a new one has its own.
            self.assertEqual(claims_kib(xen), {0: 3 * 16384} | dict.fromkeys(ids[1:63], 16384))
            self.assertEqual(xen.least_claimed_kib(), 65 * 16384)
            ids.append(client.call("reserve", min_kib=16384, wait=True)["id"])
            self.assertEqual(claims_kib(xen), {0: 3 * 16384} | dict.fromkeys([*ids[1:63], ids[66]], 16384))
            for each in ids[1:]:
                client.call("release", id=each)
            self.assertEqual(parked(xen), [])

    def test_one_that_is_granted_again_moves_no_claim(self):
        """Older than those that have all the claims there are, it shares one to its end; the next one has its own again."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG + "idle-interval = 100ms\n") as daemon:
            with daemon.client() as client:
                def state_of(reservation):
                    return client.call("reservations", id=reservation)["reservations"][0]["state"]
                kept, domains = [], []
                for name in ("web", "mail"):
                    kept.append(client.call("reserve", min_kib=131072, name=name, wait=True)["id"])
                    domains.append(xen.add(name, memory_mib=16, maxmem_mib=128, paused=True, balloon=False, built=False))
                    self.eventually(lambda: state_of(kept[-1]), "bound")
                ids = [client.call("reserve", min_kib=16384, wait=True)["id"] for _ in range(63)]
                own = dict.fromkeys(ids, 16384)
                self.eventually(lambda: claims_kib(xen), own)
                xen.remove(domains[1])
                self.eventually(lambda: claims_kib(xen), {0: 131072} | own)
                self.assertEqual({record["claim_calls"] for record in parked(xen) if record["uuid"] != parked_uuid(0)}, {1})
                for each in ids:
                    client.call("release", id=each)
                self.assertEqual(claims_kib(xen), {0: 131072})
                client.call("release", id=kept[1])
                xen.remove(domains[0])
                self.eventually(lambda: claims_kib(xen), {kept[0]: 131072})

    def test_a_daemon_killed_as_it_ends_one_leaves_nothing(self):
        """Its domain goes last: of one that is gone no program would find the name in xenstore."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG) as daemon:
            with daemon.client() as client:
                kept = client.call("reserve", min_kib=NEED_KIB, wait=True)["id"]
                path = f"/local/domain/{parked(xen)[0]['domid']}/name"
                self.assertEqual(xen.read(path), f"ballast-reserved-{kept}")
                xen.fail("destroyed", "EINTR", times=1)
                with self.assertRaises((EOFError, OSError)):
                    client.call("release", id=kept)
            self.assertEqual((xen.faults_left("destroyed"), parked(xen), xen.read(path)), (0, [], None))
            daemon.start()

    def test_a_claim_whose_domain_was_destroyed_is_made_again(self):
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG + "idle-interval = 100ms\n") as daemon:
            with daemon.client() as client:
                ids = [client.call("reserve", min_kib=kib, wait=True)["id"] for kib in (NEED_KIB, 65536)]
                with xen.table() as table:
                    table.remove(parked(xen)[0]["domid"])
                self.assertNotIn(ids[0], claims_kib(xen))
                self.eventually(lambda: claims_kib(xen), {ids[0]: NEED_KIB, ids[1]: 65536})

    def test_a_guest_that_comes_finds_its_memory(self):
        """What a toolstack writes first below /vm makes a sample, so that the claim goes at once."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG + "idle-interval = 60s\n") as daemon:
            with daemon.client() as client:
                client.call("reserve", min_kib=NEED_KIB, name="web", wait=True)
                client.call("reserve", min_kib=65536, name="mail", wait=True)
                self.eventually(lambda: self.claimed_kib(xen), NEED_KIB + 65536)
                xen.add("web", memory_mib=16, maxmem_mib=1024, paused=True, balloon=False)
                xen.write("/vm/00000000-0000-0000-0000-000000000001/name", "web")
                self.eventually(lambda: self.claimed_kib(xen), 65536, patience=30)

    def test_it_goes_before_the_host_is_sampled(self):
        """A toolstack asks for the memory within milliseconds: no sample and no change of the ledger goes before that."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG + "idle-interval = 100ms\n") as daemon:
            with daemon.client() as client:
                client.call("reserve", min_kib=NEED_KIB, name="web", wait=True)
                client.call("reserve", min_kib=65536, name="mail", wait=True)
                self.eventually(lambda: self.claimed_kib(xen), NEED_KIB + 65536)
                # No sample can be taken.
                xen.fail("physinfo", "EIO")
                xen.write("/vm/00000000-0000-0000-0000-000000000001/name", "web")
                self.eventually(lambda: self.claimed_kib(xen), 65536)
                # There is no such domain after all.
                xen.fail("physinfo", "EIO", times=0)
                self.eventually(lambda: self.claimed_kib(xen), NEED_KIB + 65536)
                # Of others nothing is known.
                xen.write("/vm/00000000-0000-0000-0000-000000000002/name", "thief")
                xen.write("/vm/no-uuid/name", "web")
                xen.write("/vm/00000000-0000-0000-0000-000000000003/other", "web")
                self.assertEqual(client.call("host")["reserved_claim_kib"], NEED_KIB + 65536)
                # The last of what is claimed: the domain that held it goes, too.
                client.call("release", id=1)
                xen.add("mail", memory_mib=16, maxmem_mib=64, paused=True, balloon=False)
                xen.write("/vm/00000000-0000-0000-0000-000000000004/name", "mail")
                self.eventually(lambda: self.claimed_kib(xen), None)

    def test_it_comes_back_after_it_could_not_be_lowered(self):
        """The domain whose name came does not exist, and what awaited it is claimed further on."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG + "idle-interval = 100ms\n") as daemon:
            with daemon.client() as client:
                client.call("reserve", min_kib=NEED_KIB, name="web", wait=True)
                self.eventually(lambda: self.claimed_kib(xen), NEED_KIB)
                xen.fail("physinfo", "EIO")
                xen.fail("claim", "EINVAL", times=1)
                xen.write("/vm/00000000-0000-0000-0000-000000000001/name", "web")
                self.eventually(lambda: xen.faults_left("claim"), 0)
                xen.fail("physinfo", "EIO", times=0)
                # Enough for some samples, of which the first lowers it.
                begun = xen.hypercalls()
                self.eventually(lambda: xen.hypercalls() > begun + 200)
                self.eventually(lambda: self.claimed_kib(xen), NEED_KIB)

    def test_none_is_made_where_xenstored_takes_it_for_its_own(self):
        with FakeXen(total_mib=8192, version=(4, 21)) as xen, on(xen, config=self.CONFIG) as daemon, daemon.client() as client:
            kept = client.call("reserve", min_kib=NEED_KIB, name="web", wait=True)
            self.assertEqual((kept["state"], parked(xen)), ("granted", []))
            self.assertIn("reservations are not claimed in Xen: xenstored of Xen 4.21 takes a domain", daemon.log())

    def test_one_that_cannot_be_lowered_keeps_no_other(self):
        """What nobody awaits cannot be withdrawn; what is released ends all the same, before the answer."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG + "idle-interval = 60s\n") as daemon:
            with daemon.client() as client:
                for _ in range(3):
                    client.call("reserve", min_kib=65536, wait=True)
                with xen.table() as table:
                    table.change(parked(xen)[-1]["domid"], {"uuid": parked_uuid(97)})
                xen.fail("claim", "EINVAL", times=2)
                client.call("release", id=1)
                self.assertNotIn(1, claims_kib(xen))
                self.assertIn(2, claims_kib(xen))

    def test_a_command_without_the_daemon_keeps_it(self):
        """Whatever its own configuration says."""
        with FakeXen(total_mib=8192) as xen:
            xen.add("mail", memory_mib=512, maxmem_mib=1024)
            with on(xen, config=self.CONFIG) as daemon:
                with daemon.client() as client:
                    client.call("reserve", min_kib=NEED_KIB, name="web", wait=True)
                kept = parked(xen)
                daemon.kill()
                for words in ("set-target", "mail", "400M"), ("free", "16M"), ("plan",), ("free", "16M", "--dry-run"):
                    done = ballast(xen, *words, state=daemon.state)
                    self.assertEqual(done.returncode, 0, done)
                    self.assertEqual((claims_kib(xen), parked(xen)), ({1: NEED_KIB}, kept), words)
                daemon.start()

    def test_what_cannot_be_claimed_is_reserved_all_the_same(self):
        with FakeXen(total_mib=8192) as xen:
            xen.fail("create", "EPERM")
            with on(xen, config=self.CONFIG) as daemon, daemon.client() as client:
                kept = client.call("reserve", min_kib=NEED_KIB, wait=True)
                self.assertEqual((kept["state"], parked(xen)), ("granted", []))
                self.assertIn("reservations are not claimed in Xen", daemon.log())
                xen.fail("create", "EPERM", times=0)
                self.eventually(lambda: self.claimed_kib(xen), NEED_KIB)

    def test_a_domain_without_a_claim_is_not_left_behind(self):
        """A daemon that was killed between two hypercalls leaves one; the next one ends it."""
        with FakeXen(total_mib=8192) as xen:
            xen.add("left", uuid=parked_uuid(7), memory_mib=0, store=True)
            with on(xen) as daemon, daemon.client() as client:
                self.assertEqual(parked(xen), [])
                self.assertEqual([d["name"] for d in client.call("domains")["domains"]], ["Domain-0"])

    def test_the_one_claim_of_before_is_kept(self):
        """Once one domain held all claims: nothing of it is let go by the daemon that finds it."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG) as daemon:
            with daemon.client() as client:
                client.call("reserve", min_kib=NEED_KIB, name="web", wait=True)
            daemon.kill()
            with xen.table() as table:
                table.change(parked(xen)[0]["domid"], {"uuid": PARKED_PREFIX + b"Sballas"})
            xen.least_claimed_kib(forget=True)
            daemon.start()
            with daemon.client() as client:
                self.assertEqual(client.call("host")["reserved_claim_kib"], NEED_KIB)
                client.call("reserve", min_kib=65536, wait=True)
                self.assertEqual(self.claimed_kib(xen), NEED_KIB + 65536)
                self.assertIsNone(xen.least_claimed_kib())

    def test_a_start_that_is_not_claimed_takes_none_of_a_pool(self):
        """After a restart nothing says that it was to be left out."""
        with FakeXen(total_mib=8192) as xen, on(xen, config=self.CONFIG) as daemon:
            with daemon.client() as client:
                client.call("reserve", min_kib=NEED_KIB, pool=True, wait=True)
                client.call("reserve", min_kib=NEED_KIB, name="web", wait=True, starts=True)
            daemon.kill()
            daemon.start()
            with daemon.client() as client:
                self.assertEqual(claims_kib(xen), {0: NEED_KIB})
                xen.least_claimed_kib(forget=True)
                xen.write("/vm/00000000-0000-0000-0000-000000000001/name", "web")
                xen.add("web", memory_mib=16, maxmem_mib=1024, paused=True, balloon=False)
                self.eventually(lambda: client.call("reservations", id=2)["reservations"][0]["state"] != "granted")
                self.assertIsNone(xen.least_claimed_kib())

    def test_a_guest_of_that_uuid_is_a_guest(self):
        with FakeXen(total_mib=8192) as xen:
            xen.add("guest", uuid=parked_uuid(1), memory_mib=512)
            with on(xen, config=self.CONFIG) as daemon, daemon.client() as client:
                kept = client.call("reserve", min_kib=NEED_KIB, wait=True)
                self.assertEqual(kept["state"], "granted")
                names = [d["name"] for d in client.call("domains")["domains"]]
                self.assertEqual(names, ["Domain-0", "guest"])


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

    def test_host_names_what_xen_itself_takes(self):
        with FakeXen(total_mib=4096) as xen:
            xen.add("mail", memory_mib=512, maxmem_mib=1024, balloon=False, follows=False)
            done = ballast(xen, "host", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            host = json.loads(done.stdout)
            parts = host["xen_parts"]
            # The map of device.c: 640 KiB, and memory from 1 MiB to 4 GiB + 384 KiB.
            # 1048672 pages of 32 bytes: 8193 pages.
            self.assertEqual(parts["frame_table"], 8193 * 4)
            self.assertEqual(parts["machine_to_physical"], 5 * 2048)
            self.assertEqual(parts["low_memory"], 640)
            self.assertEqual(sum(parts.values()), host["parts"]["xen"])
            self.assertEqual(sum(host["parts"].values()), host["total_kib"])
            self.assertEqual(host["unexplained_most_kib"], 2048)
            # A recording keeps them.
            recorded = ballast(xen, "record", "--host", "xen", "--for", "50ms")
            self.assertEqual(recorded.returncode, 0, recorded.stderr)
            snapshot = json.loads(recorded.stdout.splitlines()[0])["host"]
            self.assertEqual(snapshot["xen_parts"], parts)
            # dom0 has four vCPUs, the PVH guest one (on Intel's processors 7 pages and 3 more), and there are Xen's own four.
            guest = 25 if snapshot["processor"].startswith("GenuineIntel") else 23
            self.assertEqual(parts["domains"], 4 * (28 + guest + 4))

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
    def reserved(self, kib, opt_out=False, claims="parked", **guest):
        """A host whose daemon has stopped after it granted so much; its ledger is in `state`."""
        with FakeXen(total_mib=4096) as xen:
            mail = xen.add("mail", memory_mib=512, maxmem_mib=1024, **guest)
            # It moves no domain, so that the host is at rest when it has stopped.
            with on(xen, f"[ballastd]\npolicy = fixed\nclaims = {claims}\n") as daemon:
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

    def test_a_huge_maximum_of_a_guest_that_is_not_balanced(self):
        """It reaches all that is available: a command, which limits no other guest, says so; ballastd limits it."""
        with self.reserved(NEED_KIB) as (xen, _, state):
            huge = xen.add("huge", memory_mib=256, maxmem_mib=8192)
            for words in (("set-target", "mail", "600M"), ("set-max", "mail", "1100M")):
                done = ballast(xen, *words, state=state)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn("lower a maximum (ballast set-max)", done.stderr)
            with Daemon(scenario=None, options=("--host", "xen", "--state-dir", str(state)), env=xen.env()) as daemon:
                with daemon.client() as client:
                    client.call("opt-out", domain="huge", on=True)
                    self.eventually(lambda: huge.get()["max_pages"] <= 257 * 256)
                    client.call("set-target", domain="mail", target_kib=600 * 1024)
            huge.set(max_pages=8193 * 256)
            self.assertEqual(ballast(xen, "set-target", "mail", "700M", state=state).returncode, 1)
            self.assertEqual(ballast(xen, "set-max", "huge", "300M", state=state).returncode, 0)
            done = ballast(xen, "set-target", "mail", "700M", state=state)
            self.assertEqual(done.returncode, 0, done)

    def test_plan_counts_what_is_reserved(self):
        # What is claimed no program passes over.
        with self.reserved(NEED_KIB, claims="no") as (xen, _, state):
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
            # It lowers the target first: at which of the two it is killed is up to the machine.
            self.assertEqual(len(asked), 1)
            self.assertIn(asked[0]["state"], ("requested", "reclaiming"))
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

    def test_a_command_that_changes_waits_for_one_that_is_about_to_end(self):
        with FakeXen(total_mib=4096) as xen, contextlib.ExitStack() as stack:
            xen.add("mail", memory_mib=1024, maxmem_mib=1024, min_mib=128)
            state = xen.root / "state"
            state.mkdir(mode=0o700)
            self.assertEqual(ballast(xen, "set-target", "mail", "900M", state=state).returncode, 0)
            lock = stack.enter_context(open(xen.root / "run" / "lock", "r+", encoding="ascii"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            # The command reads who has the lock once it could not take it.
            # Any thread may be told, so a mask of this one would not keep it from ending the process.
            seen = []
            before = signal.signal(signal.SIGIO, lambda *_: seen.append("read"))
            stack.callback(signal.signal, signal.SIGIO, before)
            read = os.open(xen.root / "run", os.O_RDONLY)
            stack.callback(os.close, read)
            fcntl.fcntl(read, fcntl.F_NOTIFY, fcntl.DN_ACCESS)
            command = subprocess.Popen([BALLAST, "--run-dir", "/nowhere", "set-target", "mail", "800M"],
                                       env=xen.env(BALLAST_STATE_DIR=str(state)), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            stack.callback(command.kill)
            self.eventually(lambda: bool(seen))
            fcntl.flock(lock, fcntl.LOCK_UN)
            _, said = command.communicate(timeout=600)
            self.assertEqual(command.returncode, 0, said)

    def test_an_interrupted_free_reclaims_no_more(self):
        with self.freeing() as (_, mail, _, command):
            asked_kib = int(mail.read("memory/target"))
            command.send_signal(signal.SIGINT)
            said, _ = command.communicate(timeout=600)
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

    def test_a_dry_run_shows_the_maximum_that_is_set(self):
        """Also for a domain whose maximum has no extra internal yet."""
        with FakeXen() as xen, on(xen) as daemon, daemon.client() as client:
            mail = xen.add("mail")
            mail.set(max_pages=512 * 256)
            def of_mail():
                return {each["name"]: each["xen_maximum_kib"] for each in client.call("domains")["domains"]}.get("mail")
            self.eventually(of_mail, 512 * 1024)
            told = client.call("set-target", domain=mail.domid, target_kib=400 * 1024, dry_run=True)["xen_maximum_kib"]
            self.assertEqual(of_mail(), 512 * 1024)
            client.call("set-target", domain=mail.domid, target_kib=400 * 1024)
            self.eventually(of_mail, told)
            told = client.call("set-max", domain=mail.domid, maxmem_kib=450 * 1024, dry_run=True)["xen_maximum_kib"]
            self.assertEqual(told, 451 * 1024)

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

    def test_what_is_kept_follows_the_configuration(self):
        """Of one that crashed, powered off or reboots; also if it goes while its configuration does."""
        with FakeXen(total_mib=4096) as xen, on(xen) as daemon, daemon.client() as client:
            def kept():
                return [(each["kind"], each["state"], each["domid"]) for each
                        in client.call("reservations", open=True)["reservations"]]
            for reason, key, action, comes_back in (
                    (CRASH, "on_crash", "restart", True), (CRASH, "on_crash", "coredump_restart", True),
                    (CRASH, "on_crash", "destroy", False), (CRASH, "on_reboot", "restart", False),
                    (CRASH, "on_crash", "rename_restart", False), (POWEROFF, "on_poweroff", "restart", True),
                    (REBOOT, "on_reboot", "destroy", False), (REBOOT, "on_crash", "destroy", False),
                    (REBOOT, "on_reboot", "restart", True)):
                mail, web = xen.add("mail"), xen.add("web")
                xen.configure(mail, **{key: action})
                xen.configure(web, on_reboot="restart")
                self.eventually(lambda: len(client.call("domains")["domains"]), 3)
                xen.shut_down(mail, reason)
                self.eventually(lambda: [each["state"] for each in client.call("domains")["domains"]
                                         if each["name"] == "mail"], ["paused"])
                # What is decided about the one is known when the other, which came later, is.
                xen.shut_down(web, REBOOT)
                of_web = ("reboot", "bound", web.domid)
                both = [("reboot", "bound", mail.domid), of_web] if comes_back else [of_web]
                self.eventually(lambda: of_web in kept())
                self.assertEqual(kept(), both, (reason, key, action))
                xen.unconfigure(mail)
                xen.kill(mail)
                xen.kill(web)
                self.eventually(lambda: len(client.call("domains")["domains"]), 1)
                self.assertEqual(kept(), both, (reason, key, action))
                for guest in (mail, web):
                    xen.remove(guest)
                for record in client.call("reservations", open=True)["reservations"]:
                    client.call("release", id=record["id"], owner=record["owner"])
                self.eventually(kept, [])

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
