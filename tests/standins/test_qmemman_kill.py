#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of ballastd between each two steps of a start by qubesd, which does not notice: what was answered is kept for a minute,
pays for the domain that comes, and nothing is left of it in the end."""

import pathlib
import subprocess
import sys

from driver import until
from holds import laws_hold
from test_qmemman import GIB, KIB, MIB, Standin, granted_kib, is_built, reservations

SIZE_KIB = 4 * GIB // KIB


class Course:
    """One start, which takes all that was requested."""

    def __init__(self, daemon, control):
        self.daemon, self.control = daemon, control
        self.client = self.domid = None

    def request(self):
        self.client = self.daemon.qmemman().request_mem(SIZE_KIB * KIB)
        assert granted_kib(self.control()) == SIZE_KIB

    def build(self):
        """As libvirt begins it: the domain takes its memory while others go on."""
        self.domid = self.control().call("sim-start", name="work", need_kib=SIZE_KIB, rate_kib=16 * 1024 * 1024,
                                         wait_usec=50000)["domid"]

    def built(self):
        control = self.control()
        until(lambda: is_built(control, self.domid))

    def close(self):
        self.client.close()

    steps = (request, build, built, close)


def crash(daemon):
    daemon.kill()
    daemon.start()


def the_course_survives_a_kill_after_each_step():
    for cut in range(len(Course.steps)):
        with Standin() as daemon:
            control = daemon.client
            course = Course(daemon, control)
            for number, step in enumerate(Course.steps):
                step(course)
                if number == cut:
                    crash(daemon)
            until(lambda: not reservations(control(), "requested", "reclaiming", "granted"))
            assert control().call("status")["unreserved_starts"] == 0, cut
            laws_hold(daemon, control())


def what_nobody_comes_for_lapses_after_its_grace():
    """On the daemon's clock: a minute is over when that has advanced by one, and not before."""
    with Standin(speed=10) as daemon:
        client = daemon.qmemman().request_mem(1 * GIB)
        crash(daemon)
        with daemon.client() as control:
            status = control.call("status")
            began = status["now_usec"] - status["uptime_usec"]
            until(lambda: not reservations(control, "granted"))
            ended, = reservations(control, "released")
            assert ended["changed_usec"] - began >= 60 * 1000 * 1000, (began, ended)
            laws_hold(daemon, control)
        client.close()


def it_lapses_also_where_the_interface_is_gone():
    with Standin(speed=100) as daemon:
        daemon.qmemman().request_mem(1 * GIB)
        daemon.kill()
        at = daemon.arguments.index("--qmemman-socket")
        del daemon.arguments[at:at + 2]
        daemon.start()
        with daemon.client() as control:
            until(lambda: not reservations(control, "granted"))


def a_stop_keeps_it_for_the_next_daemon():
    with Standin() as daemon:
        daemon.qmemman().request_mem(1 * GIB)
        assert daemon.stop() == 0
        daemon.start()
        with daemon.client() as control:
            assert granted_kib(control) == 1 * GIB // KIB


def a_killed_wait_leaves_nothing_behind():
    with Standin() as daemon:
        qmemman = daemon.qmemman()
        with daemon.client() as control:
            client = qmemman.send(f"{12 * GIB}\n")
            until(lambda: reservations(control, "requested", "reclaiming"))
        daemon.kill()
        assert qmemman.read(client) == b""
        client.close()
        daemon.start()
        with daemon.client() as control:
            until(lambda: not reservations(control, "requested", "reclaiming", "granted"))
            laws_hold(daemon, control)


HOLDER = """
import sys, time
from qmemman_client import Qmemman
held = Qmemman(sys.argv[1]).request_mem(int(sys.argv[2]))
print("holds" if held else "refused", flush=True)
while True:
    time.sleep(60)
"""


def hold(daemon, size):
    """A process that holds so much."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(daemon.path), str(size)], stdout=subprocess.PIPE, text=True,
                               cwd=pathlib.Path(__file__).parent)
    assert process.stdout.readline() == "holds\n"
    return process


def clients_that_are_killed_while_they_hold_leave_nothing():
    with Standin() as daemon, daemon.client() as control:
        holders = [hold(daemon, 64 * MIB) for _ in range(10)]
        assert granted_kib(control) == 640 * 1024
        for holder in holders[:5]:
            holder.kill()
        until(lambda: granted_kib(control) == 320 * 1024)
        for holder in holders[5:]:
            holder.kill()
        until(lambda: not reservations(control, "granted"))
        for holder in holders:
            holder.wait()
            holder.stdout.close()
        laws_hold(daemon, control)


if __name__ == "__main__":
    from driver import run
    run((the_course_survives_a_kill_after_each_step, what_nobody_comes_for_lapses_after_its_grace,
         it_lapses_also_where_the_interface_is_gone, a_stop_keeps_it_for_the_next_daemon, a_killed_wait_leaves_nothing_behind,
         clients_that_are_killed_while_they_hold_leave_nothing))
