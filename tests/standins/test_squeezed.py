#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""squeezed's interface on its own socket: each method, with its units and errors; what is malformed; many at once; clients that
go away."""

import os
import pathlib
import re
import socket
import threading
import time

from driver import Daemon, SCENARIO, ticks_pass, until
from squeezed_client import Squeezed, body_of, fails, request_of

MIB = 1024
GIB = 1024 * MIB
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NO_ID = "00000000-0000-4000-8000-000000000000"

STUCK = """says "Guests that do not give."
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest vm*3 tot=2GiB min=512MiB max=2GiB uses=256MiB overhead=8MiB stuck=0s..
duration 24h
"""

SCRUB = """says "Memory that comes free has to be scrubbed."
host total=8GiB xen=256MiB slack=64MiB scrub={rate}
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest vm*3 tot=2GiB min=512MiB max=2GiB uses=256MiB overhead=8MiB reclaim-rate=4GiB/s
duration 24h
"""


class Standin(Daemon):
    def __init__(self, scenario=SCENARIO, options=(), **more):
        super().__init__(scenario, options=options, **more)
        self.path = self.run.parent / "xapi" / "memory"
        self.arguments += ["--squeezed-socket", str(self.path)]

    def squeezed(self, service="xenopsd"):
        return Squeezed(self.path, service)


def reservations(client, *states):
    return [record for record in client.call("reservations")["reservations"] if record["state"] in states]


def domain(client, domid):
    return next(one for one in client.call("domains")["domains"] if one["domid"] == domid)


def free_kib(client):
    parts = client.call("host")["parts"]
    return sum(parts[part] for part in ("claimed", "reserved", "slack", "scrub", "free"))


def values_have_their_units():
    with Standin() as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        assert squeezed.login() == "xenopsd"
        assert squeezed.call("login", "a <b> & \"c\"") == "a <b> & \"c\""
        assert squeezed.call("get_host_reserved_memory") == "73728"
        boot = int(squeezed.call("get_host_initial_free_memory"))
        host = control.call("host")
        assert boot % 4096 == 0 and 0 < boot <= host["total_kib"] * 1024
        sizes = [str(1536 * MIB * 1024), str(2 * GIB * 1024)]
        assert squeezed.call("get_domain_zero_policy") == ["Auto_balloon", sizes]
        assert squeezed.call("get_diagnostics")
        assert squeezed.call("balance_memory") is None
        daemon.kill()
        daemon.start()
        assert int(squeezed.call("get_host_initial_free_memory")) == boot


def a_fixed_dom0_is_answered_with_its_size():
    with Standin(STUCK) as daemon:
        assert daemon.squeezed().call("get_domain_zero_policy") == ["Fixed_size", str(GIB * 1024)]


def errors_are_squeezeds():
    # Where guests may take it, what is free may be gone when it is asked for.
    with Standin(SCENARIO.replace("max=3GiB", "max=2GiB")) as daemon:
        squeezed = daemon.squeezed()
        fails(["Invalid_memory_value", "-1"], squeezed.call, "reserve_memory", "s", -1)
        fails(["Invalid_memory_value", "-2"], squeezed.call, "reserve_memory_range", "s", -2, 4)
        fails(["Unknown_reservation", "x"], squeezed.transfer, "x", 1)
        fails(["Unknown_reservation", NO_ID], squeezed.transfer, NO_ID, 1)
        fails("No_reservation", squeezed.query, 1)
        fails("No_reservation", squeezed.query, 30000)
        fails("No_reservation", squeezed.query, -1)
        fails("Internal_error", squeezed.call, "reserve_memory", "s", "many")
        fails("Internal_error", squeezed.call, "reserve_memory", "s")
        fails("Internal_error", squeezed.call, "reserve_memory_range", "s", 8, 4)
        wanted, free = fails("Cannot_free_this_much_memory", squeezed.call, "reserve_memory", "s", 2**62)[1]
        assert int(wanted) == 2**62 and 0 < int(free) < 36 * GIB
        assert squeezed.delete("x") is None and squeezed.delete(NO_ID) is None


def a_ledger_that_cannot_be_read_is_named():
    with Standin() as daemon:
        assert daemon.stop() == 0
        ledger = daemon.state / "ledger.db"
        good = ledger.read_bytes()
        ledger.write_bytes(good[:4096] + bytes(byte ^ 0x55 for byte in good[4096:]))
        daemon.start()
        squeezed = daemon.squeezed()
        for method, *params in (("login", "s"), ("reserve_memory", "s", 4), ("transfer_reservation_to_domain", "s", NO_ID, 1),
                                ("query_reservation_of_domain", "s", 1)):
            text = fails("Internal_error", squeezed.call, method, *params)[1]
            assert "ledger.db" in text, (method, text)
        ledger.write_bytes(good)
        with daemon.client() as control:
            until(lambda: control.call("status")["ledger"]["writable"])
        fails("No_reservation", squeezed.query, 1)
        assert squeezed.call("reserve_memory", "s", 4)


def sessions_are_not_checked():
    with Standin() as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        ids = [squeezed.call("reserve_memory", session, size) for session, size in
               (("", 0), ("never logged in", 1), ("x" * 300, 4097), ("\n{}", 64 * MIB))]
        assert len(set(ids)) == 4 and all(UUID.fullmatch(id_) for id_ in ids), ids
        granted = sorted(record["granted_kib"] for record in reservations(control, "granted"))
        assert granted == [4, 4, 4100, 64 * MIB], granted


def a_login_forgets_its_own_alone():
    with Standin() as daemon, daemon.client() as control:
        mine, other = daemon.squeezed(), daemon.squeezed("other")
        mine.call("reserve_memory", "xenopsd", 4 * MIB)
        kept = other.call("reserve_memory", "other", 8 * MIB)
        mine.login()
        assert [record["granted_kib"] for record in reservations(control, "granted")] == [8 * MIB]
        mine.delete(kept)  # under another session: not there
        assert len(reservations(control, "granted")) == 1
        other.delete(kept)
        other.delete(kept)
        assert not reservations(control, "granted")


def the_whole_course_of_a_start():
    with Standin() as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        squeezed.login()
        before = free_kib(control)
        id_, kib = squeezed.reserve_range(6 * GIB, 6 * GIB)
        assert kib == 6 * GIB and free_kib(control) >= 6 * GIB > before - 64 * MIB
        domid = control.call("sim-start", name="new", need_kib=6 * GIB, rate_kib=64 * MIB)["domid"]
        assert squeezed.transfer(id_, domid) is None
        assert domain(control, domid)["xen_maximum_kib"] == 6 * GIB
        assert squeezed.transfer(id_, domid) is None, "the same twice"
        assert squeezed.query(domid) == id_
        bound = reservations(control, "bound")
        assert len(bound) == 1 and bound[0]["domid"] == domid
        squeezed.delete(id_)
        assert len(reservations(control, "bound")) == 1, "its domain has still to take it"
        assert squeezed.query(domid) == id_
        squeezed.login()
        assert len(reservations(control, "bound")) == 1, "as the domain's own it lives on"
        fails("Internal_error", squeezed.transfer, id_, 1)


def a_built_guest_still_has_its_reservation():
    with Standin() as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        id_, _ = squeezed.reserve_range(64 * MIB, 64 * MIB)
        domid = control.call("sim-start", name="new", need_kib=64 * MIB)["domid"]
        squeezed.transfer(id_, domid)
        squeezed.delete(id_)
        until(lambda: not reservations(control, "bound"))
        assert squeezed.query(domid) == id_
        control.call("sim-destroy", domain=domid)
        fails("No_reservation", squeezed.query, domid)


def a_range_gets_its_share():
    with Standin() as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        _, kib = squeezed.reserve_range(1 * GIB, 16 * GIB)
        available = 36 * GIB - 256 * MIB - 64 * MIB - 2 * GIB - 16 * (2 * GIB + 8 * MIB)
        assert kib > available, "only what was free"
        spare = sum(max(0, one["current_kib"] - one["dynamic_min_kib"]) for one in control.call("domains")["domains"])
        assert kib < spare, "everything"
        assert squeezed.reserve_range(4097, 4098)[1] in (4097, 4098)


def what_cannot_fit_is_refused_at_once_and_moves_no_guest():
    with Standin() as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        ticks_pass(control, 3)
        before = [one["target_kib"] for one in control.call("domains")["domains"]]
        for _ in range(7):
            fails("Cannot_free_this_much_memory", squeezed.reserve_range, 35 * GIB, 35 * GIB)
        assert [one["target_kib"] for one in control.call("domains")["domains"]] == before
        assert not reservations(control, "requested", "reclaiming", "granted")


def stuck_domains_are_named():
    with Standin(STUCK, speed=10) as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        domids = fails("Domains_refused_to_cooperate", squeezed.reserve_range, 3 * GIB, 3 * GIB)[1]
        assert domids and set(map(int, domids)) <= {1, 2, 3}, domids
        assert not reservations(control, "requested", "reclaiming", "granted")


def a_grant_is_answered_when_it_is_scrubbed():
    with Standin(SCRUB.format(rate="8KiB/s")) as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        client = squeezed.send("reserve_memory", "xenopsd", 2 * GIB)
        until(lambda: reservations(control, "granted"))
        ticks_pass(control, 20)
        client.setblocking(False)
        try:
            raise AssertionError(client.recv(4096))
        except BlockingIOError:
            pass
        client.close()
        until(lambda: not reservations(control, "granted"))
    with Standin(SCRUB.format(rate="2GiB/s")) as daemon:
        daemon.squeezed().reserve_range(2 * GIB, 2 * GIB)


def sleeps(pid):
    """It is in one and the same sleep in each of ten looks: a loop that turns for nothing never is."""
    def look():
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        return tuple(line for line in lines if line.startswith("State:") or "ctxt_switches:" in line)
    looks = set()
    for _ in range(10):
        looks.add(look())
        time.sleep(0.002)
    return len(looks) == 1 and "\tS" in looks.pop()[0]


def the_daemon_sleeps_while_a_call_waits():
    slow = "[ballastd]\ninterval = 2s\nidle-interval = 2s\n"
    with Standin(SCRUB.format(rate="8KiB/s"), config=slow) as daemon, daemon.client() as control:
        client = daemon.squeezed().send("reserve_memory", "xenopsd", 2 * GIB)
        until(lambda: reservations(control, "granted"))  # and is scrubbed
        until(lambda: sleeps(daemon.process.pid))
        client.close()
    with Standin(config=slow) as daemon, daemon.client() as control:
        control.call("pause")
        client = daemon.squeezed().send("reserve_memory", "xenopsd", 12 * GIB)
        until(lambda: reservations(control, "requested", "reclaiming"))
        until(lambda: sleeps(daemon.process.pid))
        client.close()


def while_balancing_is_paused_what_is_not_free_is_refused():
    with Standin(speed=100) as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        control.call("pause")
        fails("Cannot_free_this_much_memory", squeezed.call, "reserve_memory", "xenopsd", 12 * GIB)
        fails("Cannot_free_this_much_memory", squeezed.reserve_range, 8 * GIB, 12 * GIB)
        assert not reservations(control, "requested", "reclaiming", "granted")


def a_lease_that_ends_while_its_call_waits_is_an_error():
    with Standin(SCRUB.format(rate="8KiB/s"), config="[ballastd]\nlease = 1s\n") as daemon:
        fails(["Internal_error", "the reservation is no longer there: its lease ended, or it was released"],
              daemon.squeezed().call, "reserve_memory", "xenopsd", 2 * GIB)


def balance_memory_brings_maxima_down():
    with Standin() as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        assert domain(control, 5)["xen_maximum_kib"] >= 2 * GIB
        control.call("set-range", domain=5, min_kib=1 * GIB, max_kib=1 * GIB)
        assert squeezed.call("balance_memory") is None
        now = domain(control, 5)
        assert now["current_kib"] <= 1 * GIB + MIB and now["xen_maximum_kib"] <= 1 * GIB + MIB, now


def balance_memory_does_not_wait_for_the_stuck():
    with Standin(STUCK, speed=10) as daemon, daemon.client() as control:
        control.call("set-range", domain=1, min_kib=1 * GIB, max_kib=1 * GIB)
        assert daemon.squeezed().call("balance_memory") is None


MALFORMED = (
    b"",
    b"\r\n\r\n",
    b"hello\r\n\r\n",
    b"POST / HTTP/1.1\r\n\r\n" + body_of("login", "dbg", "s"),
    b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
    b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"a" * 20000,
    request_of(b""),
    request_of(b"<methodCall>"),
    request_of(b'{"method":"login","params":["dbg","s"],"id":1}'),
    request_of(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + body_of("login", "dbg", "s")),
    request_of(b"\xff\xfe\x00"),
    request_of(b"<a>" * 20000),
    request_of(body_of("no_such_method", "dbg")),
    request_of(body_of("login")[:-3]),
)


def malformed_input_is_closed_without_an_answer():
    with Standin() as daemon:
        squeezed = daemon.squeezed()
        for data in MALFORMED:
            with squeezed.connect() as client:
                try:
                    client.sendall(data)
                    client.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                assert squeezed.read_all(client) == b"", data[:100]
            assert squeezed.call("get_host_reserved_memory") == "73728"


def http_is_taken_as_squeezed_takes_it():
    with Standin() as daemon:
        squeezed = daemon.squeezed()
        for method in (b"GET", b"PUT", b"OPTIONS"):
            answer = squeezed.raw(method + b" /var/xapi/memory HTTP/1.1\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 404 ") and b"content-length: 0" in answer, answer
        body = body_of("login", "dbg", "s")
        for data in (request_of(body, "/anything"), request_of(body).replace(b"\r\n", b"\n"),
                     request_of(body).replace(b"HTTP/1.1", b"HTTP/1.0"),
                     request_of(body).replace(b"content-length", b"Content-Length"),
                     request_of(body).replace(b"user-agent: test", b"expect: 100-continue"),
                     request_of(body) + request_of(body)):
            assert squeezed.parse(squeezed.raw(data)) == "s", data
        with squeezed.connect() as client:  # in pieces
            for byte in request_of(body):
                client.sendall(bytes([byte]))
            assert squeezed.parse(squeezed.read_all(client)) == "s"


def ten_at_once():
    with Standin() as daemon, daemon.client() as control:
        faults, done = [], []

        def work(number):
            try:
                squeezed = daemon.squeezed(f"service{number}")
                squeezed.login()
                for _ in range(5):
                    id_, kib = squeezed.reserve_range(64 * MIB, 256 * MIB)
                    domid = control_start(f"new{number}", kib)
                    squeezed.transfer(id_, domid)
                    assert squeezed.query(domid) == id_
                    squeezed.delete(id_)
                    with daemon.client() as own:
                        own.call("sim-destroy", domain=domid)
                done.append(number)
            except Exception as fault:  # pylint: disable=broad-except
                faults.append(f"{number}: {type(fault).__name__}: {fault}")

        def control_start(name, kib):
            with daemon.client() as own:
                return own.call("sim-start", name=name, need_kib=kib // 4 * 4)["domid"]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults and len(done) == 10, faults
        until(lambda: not reservations(control, "requested", "reclaiming", "granted", "bound"))


def a_client_that_leaves_while_it_waits_reserves_nothing():
    with Standin() as daemon, daemon.client() as control:
        squeezed = daemon.squeezed()
        ticks_pass(control, 1)
        for _ in range(10):
            client = squeezed.send("reserve_memory", "xenopsd", 12 * GIB)
            until(lambda: reservations(control, "requested", "reclaiming"))
            client.close()
            until(lambda: not reservations(control, "requested", "reclaiming", "granted"))


def a_client_that_closes_its_half_is_answered():
    with Standin() as daemon:
        squeezed = daemon.squeezed()
        client = squeezed.send("reserve_memory", "xenopsd", 8 * GIB)
        client.shutdown(socket.SHUT_WR)
        assert UUID.fullmatch(squeezed.read(client))


def silent_connections_stop_no_other():
    with Standin() as daemon:
        squeezed = daemon.squeezed()
        silent = [squeezed.connect() for _ in range(100)]
        assert squeezed.login() == "xenopsd"
        for client in silent:
            client.close()


def its_place_is_its_own():
    with Standin() as daemon:
        assert (daemon.path.stat().st_mode & 0o777) == 0o600
        second = Standin()
        second.arguments[-1] = str(daemon.path)
        second.start(wait=False)
        assert second.process.wait(600) == 1 and "another program answers there" in second.log(), second.log()
        second.directory.cleanup()
        assert daemon.squeezed().login() == "xenopsd"
        daemon.kill()
        assert daemon.path.exists()
        daemon.start()
        assert daemon.squeezed().login() == "xenopsd"
        assert daemon.stop() == 0
        assert not daemon.path.exists()
        daemon.path.write_text("a file")
        daemon.start(wait=False)
        assert daemon.process.wait(600) == 3 and "is not a socket" in daemon.log(), daemon.log()
        daemon.path.unlink()
        daemon.start()


def a_key_does_the_same():
    with Daemon() as daemon:
        path = pathlib.Path(daemon.directory.name) / "xapi" / "memory"
        assert not path.exists()
        assert daemon.stop() == 0
        daemon.config.write_text(f"[ballastd]\nsqueezed-socket = {path}\n")
        daemon.start()
        assert Squeezed(path).login() == "xenopsd"


if __name__ == "__main__":
    from driver import run
    run((values_have_their_units, a_fixed_dom0_is_answered_with_its_size, errors_are_squeezeds,
         a_ledger_that_cannot_be_read_is_named, sessions_are_not_checked,
         a_login_forgets_its_own_alone, the_whole_course_of_a_start, a_built_guest_still_has_its_reservation,
         a_range_gets_its_share, what_cannot_fit_is_refused_at_once_and_moves_no_guest, stuck_domains_are_named,
         a_grant_is_answered_when_it_is_scrubbed, the_daemon_sleeps_while_a_call_waits,
         while_balancing_is_paused_what_is_not_free_is_refused, a_lease_that_ends_while_its_call_waits_is_an_error,
         balance_memory_brings_maxima_down, balance_memory_does_not_wait_for_the_stuck,
         malformed_input_is_closed_without_an_answer, http_is_taken_as_squeezed_takes_it, ten_at_once,
         a_client_that_leaves_while_it_waits_reserves_nothing, a_client_that_closes_its_half_is_answered, silent_connections_stop_no_other,
         its_place_is_its_own, a_key_does_the_same))
