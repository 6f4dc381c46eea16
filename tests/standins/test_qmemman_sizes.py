#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmemman's interface: sizes that qubesd sets for guests, and the two files of qmemman's directory."""

import os
import pathlib
import stat

from driver import SCENARIO, ticks_pass, until
from holds import laws_hold
from test_qmemman import FIXED, GIB, KIB, MIB, Standin, granted_kib, reservations

USED_KIB = 700 * 1024
PREFERRED_KIB = USED_KIB * 13 // 10

STUCK = """says "A guest that does not free memory, and one that does not report."
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest stuck tot=2GiB min=512MiB max=2GiB uses=256MiB overhead=8MiB stuck=0s..
guest silent tot=2GiB min=512MiB max=2GiB overhead=8MiB report=none
duration 24h
"""

WANTING = """says "Guests that would prefer more than there is."
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=900MiB
guest vm*3 tot=2GiB min=512MiB max=4GiB uses=1900MiB overhead=8MiB
duration 24h
"""


class Files(Standin):
    """With qmemman's directory."""

    def __init__(self, scenario=SCENARIO, **more):
        super().__init__(scenario, **more)
        self.place = self.path.parent
        self.arguments += ["--qmemman-dir", str(self.place)]
        self.available = self.place / "qmemman-avail-mem"


def domain(client, domid):
    return next(one for one in client.call("domains")["domains"] if one["domid"] == domid)


def a_guest_goes_down_to_what_it_prefers_and_is_held_there():
    with Standin() as daemon, daemon.client() as control:
        client, answer = daemon.qmemman().ask("5:0\n")
        assert answer == b"OK\n", answer
        assert domain(control, 5)["current_kib"] <= PREFERRED_KIB * 1.105
        ticks_pass(control, 20)
        assert domain(control, 5)["current_kib"] <= PREFERRED_KIB * 1.105, "it grows again"
        client.close()
        until(lambda: domain(control, 5)["target_kib"] > PREFERRED_KIB * 1.105)
        laws_hold(daemon, control)


def a_guest_goes_down_to_a_size():
    with Standin() as daemon, daemon.client() as control:
        client, answer = daemon.qmemman().ask(f"5:{1 * GIB} 6:{1200 * MIB}\n")
        assert answer == b"OK\n", answer
        assert domain(control, 5)["current_kib"] <= 1024 * 1024 * 1.105
        assert domain(control, 6)["current_kib"] <= 1200 * 1024 * 1.105
        client.close()


def what_is_there_already_moves_nothing():
    with Standin(FIXED) as daemon, daemon.client() as control:
        before = [one["target_kib"] for one in control.call("domains")["domains"]]
        for sizes in ({1: 3 * GIB}, {1: 2 * GIB * 10 // 11 + 2 * MIB}, {1: -1}, {1: -(2**70), 0: 2**70}):
            assert daemon.qmemman().set_mem(sizes), sizes
        assert [one["target_kib"] for one in control.call("domains")["domains"]] == before


def what_cannot_be_done_is_refused():
    with Standin() as daemon, daemon.client() as control:
        qmemman = daemon.qmemman()
        ticks_pass(control, 1)
        assert not qmemman.set_mem({5: 1 * MIB}), "below what it reports in use"
        assert domain(control, 5)["target_kib"] >= USED_KIB
        control.call("set-target", domain=6, target_kib=1900 * 1024)
        assert not qmemman.set_mem({6: 1 * GIB}), "an administrator has pinned it"
        assert domain(control, 6)["pinned_kib"] == 1900 * 1024
        control.call("pause")
        assert not qmemman.set_mem({7: 1 * GIB}), "nothing is balanced"
        control.call("resume")
        laws_hold(daemon, control)


def a_stuck_guest_is_refused_and_a_silent_one_is_left_alone():
    with Standin(STUCK, speed=10) as daemon, daemon.client() as control:
        assert not daemon.qmemman().set_mem({1: 0})
        before = domain(control, 2)["target_kib"]
        assert daemon.qmemman().set_mem({2: 0})
        assert domain(control, 2)["target_kib"] == before


def a_domain_that_is_not_there_ends_it_without_an_answer():
    with Standin() as daemon, daemon.client() as control:
        control.call("pause")
        before = [one["target_kib"] for one in control.call("domains")["domains"]]
        client, answer = daemon.qmemman().ask("5:1 99:0\n")
        assert answer == b"", answer
        client.close()
        assert [one["target_kib"] for one in control.call("domains")["domains"]] == before


def a_kill_leaves_no_guest_held():
    with Standin() as daemon:
        client, answer = daemon.qmemman().ask("5:0\n")
        assert answer == b"OK\n"
        daemon.kill()
        daemon.start()
        with daemon.client() as control:
            assert domain(control, 5)["pinned_kib"] is None
            until(lambda: domain(control, 5)["target_kib"] > PREFERRED_KIB * 1.105)
            laws_hold(daemon, control)
        client.close()


def expected_bytes(control):
    """As documented: what is available, and what guests that report have beyond what they prefer."""
    kib = control.call("host")["available_kib"]
    for one in control.call("domains")["domains"]:
        if one["used_kib"] is not None:
            boost = 350 * 1024 if one["domid"] == 0 else 0
            preferred = min(one["used_kib"] * 13 // 10 + boost, one["static_max_kib"])
            if one["domid"] != 0:
                preferred = max(preferred, 200 * 1024)
            kib += max(one["current_kib"], one["target_kib"]) - preferred
    return kib * KIB


def is_as_expected(daemon, control):
    text = daemon.available.read_bytes()
    return text == str(int(text)).encode() and abs(int(text) - expected_bytes(control)) <= 32 * MIB


def available_memory_is_written():
    with Files() as daemon, daemon.client() as control:
        until(daemon.available.exists)
        assert stat.S_IMODE(daemon.available.stat().st_mode) == 0o644
        until(lambda: is_as_expected(daemon, control))
        before = int(daemon.available.read_text())
        client = daemon.qmemman().request_mem(4 * GIB)
        until(lambda: before - int(daemon.available.read_text()) > 3 * GIB)
        until(lambda: is_as_expected(daemon, control))
        client.close()
        assert not list(daemon.place.glob("*.tmp"))


def it_may_be_below_nothing():
    with Files(WANTING) as daemon, daemon.client() as control:
        # Not before guests have reported.
        until(lambda: daemon.available.exists() and int(daemon.available.read_text()) < 0 and is_as_expected(daemon, control))


def it_is_written_only_when_that_is_worth_it():
    with Files(FIXED) as daemon, daemon.client() as control:
        until(lambda: daemon.available.exists() and is_as_expected(daemon, control))
        before = daemon.available.stat().st_ino
        with daemon.qmemman().request_mem(8 * MIB):
            ticks_pass(control, 20)
            assert daemon.available.stat().st_ino == before
        with daemon.qmemman().request_mem(64 * MIB):
            until(lambda: daemon.available.stat().st_ino != before)


def nothing_that_others_put_there_is_written_to():
    with Files() as daemon:
        assert daemon.stop() == 0
        other = daemon.place / "other"
        other.write_text("kept")
        for name in (daemon.available, pathlib.Path(str(daemon.available) + ".tmp")):
            name.unlink(missing_ok=True)
            name.symlink_to(other)
        daemon.start()
        until(lambda: not daemon.available.is_symlink())
        assert other.read_text() == "kept"
        assert daemon.stop() == 0
        daemon.available.unlink()
        (daemon.place / "qmemman-avail-mem").mkdir()
        daemon.start()
        until(lambda: "qmemman-avail-mem: " in daemon.log())
        (daemon.place / "qmemman-avail-mem").rmdir()
        until(daemon.available.exists)


def its_configuration_says_what_a_guest_prefers():
    with Files() as daemon:
        assert daemon.stop() == 0
        conf = daemon.place / "qmemman.conf"
        conf.write_text("[global]\nvm-min-mem = 1600MiB\nlog-level = 10\n")
        daemon.arguments += ["--qmemman-config", str(conf)]
        daemon.start()
        assert "vm-min-mem 1638400 KiB" in daemon.log() and "log-level is ignored" in daemon.log(), daemon.log()
        with daemon.client() as control:
            client, answer = daemon.qmemman().ask("5:0\n")
            assert answer == b"OK\n"
            assert 1600 * 1024 - 1024 <= domain(control, 5)["current_kib"] <= 1600 * 1024 * 1.105
            client.close()
        assert daemon.stop() == 0
        for text, status, why in (("[global]\nvm-min-mem = 1.5G\n", 2, "qmemman.conf:2: [global] vm-min-mem: invalid size '1.5G'"),
                                  (None, 3, "qmemman.conf")):
            conf.unlink() if text is None else conf.write_text(text)
            daemon.start(wait=False)
            assert daemon.process.wait(600) == status and why in daemon.log(), daemon.log()
        conf.write_text("")
        daemon.start()


def targets(control):
    return [one["target_kib"] for one in control.call("domains")["domains"]]


def a_file_stops_balancing_and_no_request():
    with Files() as daemon:
        assert daemon.stop() == 0
        stop = daemon.place / "do-not-membalance"
        stop.write_text("")
        daemon.arguments.append("--fresh")
        daemon.start()
        with daemon.client() as control:
            until(lambda: "do-not-membalance is there" in daemon.log())
            before = targets(control)
            ticks_pass(control, 20)
            assert targets(control) == before
            client = daemon.qmemman().request_mem(8 * GIB)
            assert client and granted_kib(control) == 8 * GIB // KIB
            assert targets(control) != before
            client.close()
            until(lambda: not reservations(control, "granted"))
            ticks_pass(control, 5)
            before = targets(control)
            ticks_pass(control, 20)
            assert targets(control) == before
            assert daemon.qmemman().set_mem({5: 0})
            stop.unlink()
            until(lambda: targets(control) != before)
            laws_hold(daemon, control)


def a_directory_of_that_name_stops_nothing():
    with Files() as daemon:
        assert daemon.stop() == 0
        (daemon.place / "do-not-membalance").mkdir()
        daemon.arguments.append("--fresh")
        daemon.start()
        with daemon.client() as control:
            until(lambda: targets(control)[3] != 2 * GIB // KIB)
        os.rmdir(daemon.place / "do-not-membalance")


if __name__ == "__main__":
    from driver import run
    run((a_guest_goes_down_to_what_it_prefers_and_is_held_there, a_guest_goes_down_to_a_size, what_is_there_already_moves_nothing,
         what_cannot_be_done_is_refused, a_stuck_guest_is_refused_and_a_silent_one_is_left_alone,
         a_domain_that_is_not_there_ends_it_without_an_answer, a_kill_leaves_no_guest_held, available_memory_is_written,
         it_may_be_below_nothing, it_is_written_only_when_that_is_worth_it, nothing_that_others_put_there_is_written_to, its_configuration_says_what_a_guest_prefers,
         a_file_stops_balancing_and_no_request, a_directory_of_that_name_stops_nothing))
