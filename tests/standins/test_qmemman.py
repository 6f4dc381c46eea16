#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmemman's interface: memory for a start, kept as long as the connection; what is malformed; many at once; clients that go away;
the socket's place."""

import contextlib
import pathlib
import socket
import stat
import subprocess
import threading

from driver import Daemon, SCENARIO, ticks_pass, until
from holds import laws_hold
from qmemman_client import Qmemman

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

FIXED = """says "Guests that keep what they have."
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest vm*2 tot=2GiB min=2GiB max=2GiB uses=256MiB overhead=8MiB
duration 24h
"""


class Standin(Daemon):
    def __init__(self, scenario=SCENARIO, options=(), **more):
        super().__init__(scenario, options=options, **more)
        place = pathlib.Path(self.directory.name) / "qubes"
        place.mkdir()
        place.chmod(0o2770)  # as Qubes has it: its group may write there
        self.path = place / "qmemman.sock"
        self.arguments += ["--qmemman-socket", str(self.path)]

    def qmemman(self):
        return Qmemman(self.path)


def reservations(client, *states):
    return [record for record in client.call("reservations")["reservations"] if record["state"] in states]


def granted_kib(client):
    return sum(record["granted_kib"] for record in reservations(client, "granted"))


def is_built(client, domid):
    """A sample has seen it, and seen it built."""
    return any(one["domid"] == domid and one["state"] != "build" for one in client.call("domains")["domains"])


def what_is_free_is_kept_as_long_as_the_connection():
    with Standin() as daemon, daemon.client() as control:
        client = daemon.qmemman().request_mem(512 * MIB + 1)
        record, = reservations(control, "granted")
        assert record["kind"] == "pool" and record["owner"] == "qmemman", record
        assert record["granted_kib"] == 512 * 1024 + 4, record
        ticks_pass(control, 5)
        assert granted_kib(control) == 512 * 1024 + 4
        client.close()
        until(lambda: not reservations(control, "granted"))


def what_guests_have_is_reclaimed():
    with Standin() as daemon, daemon.client() as control:
        client = daemon.qmemman().request_mem(8 * GIB)
        assert client and granted_kib(control) == 8 * GIB // KIB
        client.close()
        until(lambda: not reservations(control, "granted"))


def what_cannot_be_had_is_refused():
    with Standin(FIXED) as daemon, daemon.client() as control:
        qmemman = daemon.qmemman()
        ticks_pass(control, 1)
        for size in (6 * GIB, 2**63, 2**64, 10**30):
            assert qmemman.request_mem(size) is None, size
        assert not reservations(control, "requested", "reclaiming", "granted")
        client = qmemman.request_mem(0)
        assert client and not reservations(control, "granted"), "nothing is kept for nothing"
        client.close()


def while_balancing_is_paused_what_is_not_free_is_refused():
    with Standin(speed=100) as daemon, daemon.client() as control:
        control.call("pause")
        assert daemon.qmemman().request_mem(12 * GIB) is None


def a_start_as_qubesd_makes_it():
    """The reservation pays for the domain that comes, and its rest goes with the connection."""
    with Standin() as daemon, daemon.client() as control:
        client = daemon.qmemman().request_mem(2 * GIB)
        control.call("sim-start", name="work", need_kib=2 * GIB // KIB - 64 * 1024, rate_kib=16 * 1024 * 1024)
        until(lambda: granted_kib(control) == 64 * 1024)
        client.close()
        until(lambda: not reservations(control, "granted"))
        assert control.call("status")["unreserved_starts"] == 0


def a_connection_that_ends_while_its_domain_is_built():
    """What is not paid yet stays, until the domain has been built."""
    with Standin() as daemon, daemon.client() as control:
        client = daemon.qmemman().request_mem(256 * MIB)
        domid = control.call("sim-start", name="work", need_kib=256 * 1024, rate_kib=64 * 1024)["domid"]
        ticks_pass(control, 2)
        client.close()
        ticks_pass(control, 2)
        assert granted_kib(control) > 0 or is_built(control, domid)
        until(lambda: not reservations(control, "granted"))
        assert control.call("status")["unreserved_starts"] == 0


def a_start_that_overtakes_another_leaves_it_its_memory():
    """The oldest reservations pay first: what is left of the younger one stays for the start that was overtaken."""
    with Standin() as daemon, daemon.client() as control:
        held = [daemon.qmemman().request_mem(2 * GIB) for _ in range(2)]
        for number in (1, 0):
            assert granted_kib(control) == (number + 1) * 2 * GIB // KIB
            domid = control.call("sim-start", name=f"new{number}", need_kib=2 * GIB // KIB, rate_kib=16 * 1024 * 1024)["domid"]
            until(lambda: is_built(control, domid))
            held[number].close()
            ticks_pass(control, 3)
        until(lambda: not reservations(control, "granted"))
        # An overtaken one that is given up leaves nothing either.
        held = [daemon.qmemman().request_mem(size) for size in (1 * GIB, 2 * GIB)]
        domid = control.call("sim-start", name="other", need_kib=1 * GIB // KIB, rate_kib=16 * 1024 * 1024)["domid"]
        until(lambda: is_built(control, domid))
        held[1].close()
        ticks_pass(control, 3)
        assert granted_kib(control) == 2 * GIB // KIB
        held[0].close()
        until(lambda: not reservations(control, "granted"))
        assert control.call("status")["unreserved_starts"] == 0


INVALID = ("5 6", "-5", "1.5", "hello", "0x10", "5 7:0")
CLOSED = (" \n", b"\xff\n", "5:1.5", "5:", ":5", "5:6:7", "5:0 7", "05:0", "-1:0", "32752:0", "30000:0", b"5:\xc3\xa4", "5:0 30000:-1")


def what_is_malformed_is_answered_as_by_qmemman():
    with Standin() as daemon, daemon.client() as control:
        qmemman = daemon.qmemman()
        for text in INVALID:
            client, answer = qmemman.ask(text)
            assert answer == b"INVALID_ARG\n", (text, answer)
            client.close()
        for text in CLOSED:
            client, answer = qmemman.ask(text)
            assert answer == b"", (text, answer)
            client.close()
        with qmemman.connect() as client:
            client.shutdown(socket.SHUT_WR)
            assert qmemman.read(client) == b""
        assert not reservations(control, "requested", "reclaiming", "granted")
        client = qmemman.request_mem(4096)
        client.close()


def a_second_request_ends_the_connection():
    with Standin() as daemon, daemon.client() as control:
        qmemman = daemon.qmemman()
        for second in (b"4096\n", b"\n"):
            client, answer = qmemman.ask("1048576\n")
            assert answer == b"OK\n"
            client.send(second)
            assert qmemman.read(client) == b""
            client.close()
            until(lambda: not reservations(control, "granted"))
        # What is beyond 1024 bytes is one.
        client = qmemman.send("1" + " " * 1023 + "2")
        assert qmemman.read(client) in (b"OK\n", b"") and qmemman.read(client) == b""
        client.close()


def a_client_that_closes_its_half_is_answered():
    with Standin() as daemon, daemon.client() as control:
        qmemman = daemon.qmemman()
        client = qmemman.send(f"{8 * GIB}\n")
        client.shutdown(socket.SHUT_WR)
        assert qmemman.read(client) == b"OK\n" and qmemman.read(client) == b""
        client.close()
        until(lambda: not reservations(control, "granted"))


def a_client_that_leaves_while_it_waits_reserves_nothing():
    with Standin() as daemon, daemon.client() as control:
        qmemman = daemon.qmemman()
        ticks_pass(control, 1)
        for _ in range(10):
            client = qmemman.send(f"{12 * GIB}\n")
            until(lambda: reservations(control, "requested", "reclaiming"))
            client.close()
            until(lambda: not reservations(control, "requested", "reclaiming", "granted"))
        laws_hold(daemon, control)


def a_client_of_which_no_more_is_read_may_leave_too():
    """It has closed its half, or sent more than a request, of which only what fits into its socket is taken."""
    def send_all(client, control):
        client.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            for _ in range(16 * 1024):
                client.send(bytes(4096))
                control.call("ping")  # the daemon has had its turn meanwhile
            raise AssertionError("64 MiB were read")

    with Standin() as daemon, daemon.client() as control:
        control.call("pause")
        for more in (lambda client: client.shutdown(socket.SHUT_WR), lambda client: send_all(client, control)):
            client = daemon.qmemman().send(f"{12 * GIB}\n")
            until(lambda: reservations(control, "requested", "reclaiming"))
            more(client)
            ticks_pass(control, 2)
            assert reservations(control, "requested", "reclaiming")
            client.close()
            until(lambda: not reservations(control, "requested", "reclaiming"))
            assert control.call("reservations")["reservations"][-1]["reason"] == "by-owner"


def ten_at_once():
    with Standin() as daemon, daemon.client() as control:
        faults = []
        together = threading.Barrier(10)

        def work(number):
            try:
                qmemman = daemon.qmemman()
                for _ in range(5):
                    with contextlib.closing(qmemman.request_mem(128 * MIB)), daemon.client() as own:
                        together.wait(120)
                        assert granted_kib(own) == 10 * 128 * 1024
                        together.wait(120)
                        domid = own.call("sim-start", name=f"new{number}", need_kib=128 * 1024)["domid"]
                        until(lambda: is_built(own, domid))
                        together.wait(120)
                    together.wait(120)
                    with daemon.client() as own:
                        own.call("sim-destroy", domain=domid)
                    together.wait(120)
            except Exception as fault:  # pylint: disable=broad-except
                faults.append(f"{number}: {type(fault).__name__}: {fault}")
                together.abort()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults, faults
        until(lambda: not reservations(control, "requested", "reclaiming", "granted"))
        assert control.call("status")["unreserved_starts"] == 0
        laws_hold(daemon, control)


def silent_connections_stop_no_other():
    with Standin() as daemon:
        qmemman = daemon.qmemman()
        silent = [qmemman.connect() for _ in range(100)]
        held = qmemman.request_mem(64 * MIB)
        assert held and qmemman.request_mem(64 * MIB)
        for client in silent:
            client.close()


def beyond_the_limit_a_connection_is_closed_and_no_other():
    with Standin() as daemon:
        qmemman = daemon.qmemman()
        silent = [qmemman.connect() for _ in range(256)]
        client, answer = qmemman.ask("4096\n")
        assert answer == b"", answer
        silent[0].send(b"4096\n")
        assert qmemman.read(silent[0]) == b"OK\n"
        for client in silent:
            client.close()
        until(lambda: qmemman.ask("4096\n")[1] == b"OK\n")


def its_place_is_its_own():
    with Standin() as daemon:
        found = daemon.path.stat()
        assert stat.S_ISSOCK(found.st_mode) and (found.st_mode & 0o777) == 0o777, oct(found.st_mode)
        second = Standin()
        second.arguments[-1] = str(daemon.path)
        second.start(wait=False)
        assert second.process.wait(600) == 1 and "another program answers there: stop qmemman" in second.log(), second.log()
        second.directory.cleanup()
        assert daemon.qmemman().request_mem(4096)
        daemon.kill()
        assert daemon.path.exists()
        daemon.start()
        assert daemon.qmemman().request_mem(4096)
        assert daemon.stop() == 0
        assert not daemon.path.exists()
        daemon.path.write_text("a file")
        daemon.start(wait=False)
        assert daemon.process.wait(600) == 3 and "is not a socket" in daemon.log(), daemon.log()
        daemon.path.unlink()
        daemon.start()


def it_does_not_start_beside_qmemman():
    """Its socket, whose queue is full as often as not, is one that answers."""
    with Standin() as daemon:
        assert daemon.stop() == 0
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(daemon.path))
            other.listen(0)
            waiting = []
            for _ in range(3):
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    waiting[-1].connect(str(daemon.path))
            daemon.start(wait=False)
            assert daemon.process.wait(600) == 1 and "another program answers there" in daemon.log(), daemon.log()
            for client in waiting:
                client.close()
        daemon.start()


class Activated(Standin):
    """systemd has made the socket, and passes it to each daemon as its descriptor 3."""

    def __init__(self):
        super().__init__()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(16)

    def start(self, wait=True):
        command = 'fd=$1; shift; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&"$fd"'
        fd = self.listener.fileno()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["sh", "-c", command, "sh", str(fd), *map(str, self.arguments)], stderr=log,
                                            env=self.env, pass_fds=(fd,))
        if wait:
            self.wait()
        return self


def a_socket_of_systemd_outlives_the_daemon():
    """Who connects while it restarts waits, and is answered by the next one."""
    with Activated() as daemon:
        qmemman = daemon.qmemman()
        assert qmemman.request_mem(4096)
        assert daemon.stop() == 0
        assert daemon.path.exists()
        waiting = qmemman.send(f"{64 * MIB}\n")
        daemon.start()
        assert qmemman.read(waiting) == b"OK\n"
        daemon.kill()
        daemon.start()
        assert qmemman.request_mem(4096)
        assert daemon.stop() == 0
        daemon.arguments[daemon.arguments.index("--qmemman-socket") + 1] += ".other"
        daemon.start()
        assert "LISTEN_FDS: socket 3 is not used" in daemon.log()
        daemon.listener.close()


def a_key_does_the_same():
    with Daemon() as daemon:
        path = pathlib.Path(daemon.directory.name) / "qmemman.sock"
        assert not path.exists()
        assert daemon.stop() == 0
        daemon.config.write_text(f"[ballastd]\nqmemman-socket = {path}\n")
        daemon.start()
        assert Qmemman(path).request_mem(4096)


if __name__ == "__main__":
    from driver import run
    run((what_is_free_is_kept_as_long_as_the_connection, what_guests_have_is_reclaimed, what_cannot_be_had_is_refused,
         while_balancing_is_paused_what_is_not_free_is_refused, a_start_as_qubesd_makes_it, a_start_that_overtakes_another_leaves_it_its_memory,
         a_connection_that_ends_while_its_domain_is_built, what_is_malformed_is_answered_as_by_qmemman,
         a_second_request_ends_the_connection, a_client_that_closes_its_half_is_answered,
         a_client_that_leaves_while_it_waits_reserves_nothing, a_client_of_which_no_more_is_read_may_leave_too,
         ten_at_once, silent_connections_stop_no_other,
         beyond_the_limit_a_connection_is_closed_and_no_other, its_place_is_its_own, it_does_not_start_beside_qmemman,
         a_socket_of_systemd_outlives_the_daemon,         a_key_does_the_same))
