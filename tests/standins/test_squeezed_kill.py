#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of ballastd between each two steps of xenopsd's course, and while it waits: what was answered stands, the course goes on
without another login, and nothing is left of it in the end."""

import contextlib

from driver import ticks_pass, until
from holds import laws_hold
from squeezed_client import fails
from test_squeezed import GIB, MIB, SCRUB, Standin, domain, reservations


class Course:
    """One start, as xenopsd does it. Each step may be done again after a crash that swallowed its answer."""

    def __init__(self, daemon, size_kib):
        self.daemon, self.size_kib = daemon, size_kib
        self.squeezed = daemon.squeezed()
        self.id = self.domid = None

    def log_in(self):
        self.squeezed.login()

    def reserve(self):
        self.id, kib = self.squeezed.reserve_range(self.size_kib, self.size_kib)
        assert kib == self.size_kib

    def make_domain(self):
        with self.daemon.client() as control:
            self.domid = control.call("sim-start", name="new", need_kib=self.size_kib, rate_kib=16 * MIB)["domid"]

    def transfer(self):
        self.squeezed.transfer(self.id, self.domid)
        with self.daemon.client() as control:
            assert domain(control, self.domid)["xen_maximum_kib"] == self.size_kib

    def query(self):
        assert self.squeezed.query(self.domid) == self.id

    def delete(self):
        self.squeezed.delete(self.id)

    def balance(self):
        assert self.squeezed.call("balance_memory") is None

    steps = (log_in, reserve, make_domain, transfer, query, delete, balance, query)


def crash(daemon):
    daemon.kill()
    daemon.start()


def the_course_survives_a_kill_after_each_step():
    for cut in range(len(Course.steps)):
        with Standin() as daemon:
            course = Course(daemon, 4 * GIB)
            for number, step in enumerate(Course.steps):
                step(course)
                if number == cut:
                    crash(daemon)
            with daemon.client() as control:
                assert not reservations(control, "requested", "reclaiming", "granted")
                control.call("sim-destroy", domain=course.domid)
                assert not reservations(control, "bound")
                laws_hold(daemon, control)
            fails("No_reservation", course.squeezed.query, course.domid)


def each_step_survives_a_kill_of_its_own():
    """The answer was swallowed: it is asked for again, as a client without an answer does."""
    for step in (Course.transfer, Course.query, Course.delete):
        with Standin() as daemon:
            course = Course(daemon, 1 * GIB)
            course.reserve()
            course.make_domain()
            course.transfer()
            step(course)
            crash(daemon)
            step(course)
            with daemon.client() as control:
                laws_hold(daemon, control)


def a_killed_wait_leaves_nothing_behind():
    with Standin() as daemon:
        squeezed = daemon.squeezed()
        with daemon.client() as control:
            ticks_pass(control, 1)
            client = squeezed.send("reserve_memory", "xenopsd", 12 * GIB)
            until(lambda: reservations(control, "requested", "reclaiming"))
        daemon.kill()
        assert squeezed.read_all(client) == b""
        client.close()
        daemon.start()
        with daemon.client() as control:
            until(lambda: not reservations(control, "requested", "reclaiming", "granted"))
            laws_hold(daemon, control)


def a_grant_that_was_not_answered_goes_with_a_login():
    with Standin(SCRUB.format(rate="8KiB/s")) as daemon:
        squeezed = daemon.squeezed()
        with daemon.client() as control:
            with contextlib.closing(squeezed.send("reserve_memory", "xenopsd", 2 * GIB)):
                until(lambda: reservations(control, "granted"))
                daemon.kill()
        daemon.start()
        with daemon.client() as control:
            left = reservations(control, "granted")
            assert len(left) == 1 and left[0]["lease_usec"] is not None, "a lease ends it, without a login"
            squeezed.login()
            assert not reservations(control, "granted")
            laws_hold(daemon, control)


if __name__ == "__main__":
    from driver import run
    run((the_course_survives_a_kill_after_each_step, each_step_survives_a_kill_of_its_own, a_killed_wait_leaves_nothing_behind,
         a_grant_that_was_not_answered_goes_with_a_login))
