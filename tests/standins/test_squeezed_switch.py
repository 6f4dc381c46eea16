#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""squeezed's interface through XAPI's message switch, with a small switch of our own: requests of dead clients, stale logins,
messages that come again after a crash, a second reader, and a switch that restarts."""

import contextlib
import json
import threading
import time

from driver import Daemon, SCENARIO, ticks_pass, until
from squeezed_client import fails
from switch import QUEUE, Switch, SwitchClient
from test_squeezed import GIB, MIB, SCRUB, UUID, domain, reservations


class Switched(Daemon):
    def __init__(self, scenario=SCENARIO, **more):
        super().__init__(scenario, **more)
        self.switch_path = self.run.parent / "switch"
        self.arguments += ["--message-switch", str(self.switch_path)]


@contextlib.contextmanager
def daemon_and_switch(scenario=SCENARIO):
    daemon = Switched(scenario)
    switch = Switch(daemon.switch_path)
    with daemon:
        yield daemon, switch


def settled(switch):
    until(lambda: switch.left() == 0)


def the_course_through_the_switch():
    with daemon_and_switch() as (daemon, switch), daemon.client() as control:
        client = SwitchClient(switch)
        assert client.call("login", "xenopsd") == "xenopsd"
        id_, kib = client.call("reserve_memory_range", "xenopsd", 4 * GIB, 4 * GIB)
        assert UUID.fullmatch(id_) and kib == 4 * GIB
        domid = control.call("sim-start", name="new", need_kib=kib, rate_kib=64 * MIB)["domid"]
        assert client.call("transfer_reservation_to_domain", "xenopsd", id_, domid) is None
        assert domain(control, domid)["xen_maximum_kib"] == kib
        assert client.call("query_reservation_of_domain", "xenopsd", domid) == id_
        assert client.call("delete_reservation", "xenopsd", id_) is None
        assert client.call("balance_memory") is None
        assert client.call("get_host_reserved_memory") == 73728
        assert isinstance(client.call("get_host_initial_free_memory"), int)
        assert client.call("get_domain_zero_policy") == ["Auto_balloon", [1536 * MIB * 1024, 2 * GIB * 1024]]
        assert client.call("get_diagnostics")
        fails("No_reservation", client.call, "query_reservation_of_domain", "xenopsd", 30000)
        fails(["Invalid_memory_value", -1], client.call, "reserve_memory", "s", -1)
        fails(["Unknown_reservation", "x"], client.call, "transfer_reservation_to_domain", "s", "x", 1)
        settled(switch)


def what_cannot_be_read_is_answered_and_acknowledged():
    with daemon_and_switch() as (_, switch):
        client = SwitchClient(switch)
        for body in ("", "nonsense", "[]", "{}", '{"method":"login","params":{},"id":1}', '{"method":"login","params":["",""]}',
                     '{"method":"no_such","params":[""],"id":1}', "[" * 5000, "x" * 100000,
                     '{"method":"login","params":["a\0b","x"],"id":1}', '{"method":"login","params":["a\\u0000b","x"],"id":1}'):
            answer = client.raw_answer(client.send_raw(body))
            try:
                json.loads(answer)
            except ValueError:
                continue
            raise AssertionError(answer)
        for params in ([], [""], ["", 7], ["", None]):
            number = client.send_raw(json.dumps({"method": "login", "params": params, "id": 1}))
            fails("Internal_error", client.read, number)
        settled(switch)
        assert client.call("login", "xenopsd") == "xenopsd"


def a_waiting_reserve_keeps_no_other_waiting():
    with daemon_and_switch(SCRUB.format(rate="8KiB/s")) as (daemon, switch), daemon.client() as control:
        client = SwitchClient(switch)
        waits = client.send("reserve_memory", "xenopsd", 2 * GIB)
        until(lambda: reservations(control, "granted"))
        assert client.call("get_host_reserved_memory") == 73728
        assert client.call("login", "other") == "other"
        assert not client.answers_to(waits)


def dead_clients_are_not_served():
    """What dead clients left, a login among it, would free what the living have reserved."""
    with daemon_and_switch() as (daemon, switch), daemon.client() as control:
        living, dead = SwitchClient(switch), SwitchClient(switch)
        living.call("login", "xenopsd")
        living.call("reserve_memory", "xenopsd", 64 * MIB)
        settled(switch)
        daemon.kill()
        switch.forget_readers()
        dead.send("login", "xenopsd")
        dead.send("reserve_memory", "xenopsd", 128 * MIB)
        dead.die()
        daemon.start()
        with daemon.client() as control:
            settled(switch)
            assert [record["granted_kib"] for record in reservations(control, "granted")] == [64 * MIB]


def an_asker_that_goes_meanwhile_leaves_nothing():
    with daemon_and_switch() as (daemon, switch), daemon.client() as control:
        client = SwitchClient(switch)
        switch.hold_responses = True
        client.send("reserve_memory", "xenopsd", 64 * MIB)
        until(lambda: reservations(control, "granted"))
        client.die()
        with switch.changed:
            switch.hold_responses = False
            switch.changed.notify_all()
        settled(switch)
        assert not reservations(control, "granted")


def what_comes_again_is_answered_again():
    """Killed between answer and acknowledgement, it gets the messages again: nothing doubles, and no login is repeated."""
    with daemon_and_switch() as (daemon, switch):
        client = SwitchClient(switch)
        switch.drop_acks = True
        login = client.send("login", "xenopsd")
        client.read(login)
        reserve = client.send("reserve_memory_range", "xenopsd", 64 * MIB, 64 * MIB)
        id_, kib = client.read(reserve)
        assert switch.left() == 2
        for _ in range(3):
            daemon.kill()
            switch.forget_readers()
            count = len(client.answers_to(reserve))
            daemon.start()
            until(lambda: len(client.answers_to(reserve)) > count)  # pylint: disable=cell-var-from-loop
            assert {tuple(json.loads(answer)["result"]) for answer in client.answers_to(reserve)} == {(id_, kib)}
            with daemon.client() as control:
                assert [record["granted_kib"] for record in reservations(control, "granted")] == [64 * MIB]
        switch.drop_acks = False
        daemon.kill()
        switch.forget_readers()
        daemon.start()
        settled(switch)
        client.call("delete_reservation", "xenopsd", id_)
        with daemon.client() as control:
            assert not reservations(control, "granted", "requested", "reclaiming")


def an_unreadable_answer_of_the_switch_loses_no_request():
    with daemon_and_switch() as (daemon, switch), daemon.client() as control:
        client = SwitchClient(switch)
        for request, words in (("list", "its list of queues cannot be read"), ("response", "its receipt for an answer cannot be read")):
            switch.garbled.add(request)
            number = client.send("reserve_memory", "xenopsd", 64 * MIB)
            until(lambda: words in daemon.log())  # pylint: disable=cell-var-from-loop
            switch.forget_readers()
            id_ = client.read(number)
            settled(switch)
            assert {json.loads(answer)["result"] for answer in client.answers_to(number)} == {id_}
            assert [record["granted_kib"] for record in reservations(control, "granted")] == [64 * MIB]
            client.call("delete_reservation", "xenopsd", id_)


def what_ended_by_its_lease_is_not_granted_again():
    """Killed before its answer, and its lease over: the message that comes again is worked on again."""
    daemon = Switched(config="[ballastd]\nlease = 1s\n")
    switch = Switch(daemon.switch_path)
    with daemon:
        client = SwitchClient(switch)
        switch.hold_responses = True
        with daemon.client() as control:
            number = client.send("reserve_memory", "xenopsd", 64 * MIB)
            until(lambda: [record for record in reservations(control, "released") if record["granted_kib"] == 64 * MIB])
        daemon.kill()
        with switch.changed:
            switch.hold_responses = False
            switch.changed.notify_all()
        lost = json.loads(client.raw_answer(number))["result"]
        switch.forget_readers()
        daemon.config.write_text("")
        daemon.start()
        until(lambda: len(client.answers_to(number)) > 1)
        id_ = json.loads(client.answers_to(number)[-1])["result"]
        assert id_ != lost
        with daemon.client() as control:
            assert [record["granted_kib"] for record in reservations(control, "granted")] == [64 * MIB]


def a_request_that_waits_over_a_kill_is_served():
    with daemon_and_switch() as (daemon, switch):
        client = SwitchClient(switch)
        with daemon.client() as control:
            ticks_pass(control, 1)
            number = client.send("reserve_memory_range", "xenopsd", 12 * GIB, 12 * GIB)
            until(lambda: reservations(control, "requested", "reclaiming"))
        daemon.kill()
        switch.forget_readers()
        daemon.start()
        assert client.read(number)[1] == 12 * GIB
        with daemon.client() as control:
            assert [record["granted_kib"] for record in reservations(control, "granted")] == [12 * GIB]


def a_restarted_switch_is_read_from_its_front():
    with daemon_and_switch() as (daemon, switch), daemon.client() as control:
        client = SwitchClient(switch)
        for _ in range(5):
            client.call("get_diagnostics")
        settled(switch)
        for keep in (True, False):
            switch.down(keep)
            ticks_pass(control, 2)
            switch.up()
            client = SwitchClient(switch)
            assert client.call("login", "xenopsd") == "xenopsd"
            settled(switch)


def a_switch_that_comes_late_is_found():
    daemon = Switched()
    with daemon, daemon.client() as control:
        until(lambda: "trying once a second" in daemon.log())
        switch = Switch(daemon.switch_path)
        assert SwitchClient(switch).call("login", "s") == "s"
        assert control.call("status")["law_breaches"] == 0


def nothing_is_read_beside_another_reader():
    daemon = Switched()
    switch = Switch(daemon.switch_path)
    client = SwitchClient(switch)
    switch.down()
    other = threading.Event()

    def read():
        while not other.is_set():
            with switch.changed:
                switch.waited[QUEUE] = time.time_ns() + 10**12
            other.wait(0.01)
    thread = threading.Thread(target=read, daemon=True)
    with daemon, daemon.client() as control:
        until(lambda: "no such file or directory: trying once a second" in daemon.log())
        switch.waited[QUEUE] = time.time_ns() + 10**12
        thread.start()
        switch.up()
        until(lambda: "another program reads squeezed's queue" in daemon.log())
        number = client.send("reserve_memory", "xenopsd", 64 * MIB)
        ticks_pass(control, 3)
        assert not reservations(control, "granted") and switch.left() == 1
        other.set()
        thread.join()
        switch.waited[QUEUE] = 0
        assert UUID.fullmatch(client.read(number))


def a_long_queue_is_worked_off_oldest_first():
    """More messages, and more bytes, than are read at once; and one that is longer than any request."""
    daemon = Switched()
    switch = Switch(daemon.switch_path)
    client = SwitchClient(switch)
    call = {"method": "get_host_reserved_memory", "id": 1}
    bodies = [json.dumps(call | {"params": ["x" * length]}) for length in [60000] * 160 + [0] * 1100]
    bodies[100:100] = ["\0" * 3000000, json.dumps(call | {"params": ["x" * 9000000]})]
    numbers = [client.send_raw(body) for body in bodies]
    assert sum(len(body) for body in bodies) > 20000000
    with daemon:
        until(lambda: switch.left() == 0, 300)
        assert [number for queue, number in switch.acks if queue == QUEUE] == numbers
        for number in numbers[:100] + numbers[102:]:
            assert client.read(number) == 73728
        for number in numbers[100:102]:
            assert client.raw_answer(number) == "JSON-RPC: longer than 65536 bytes", client.raw_answer(number)
        with switch.changed:
            assert len(switch.queues[client.queue]["messages"]) == len(numbers)
        assert "trying once a second" not in daemon.log()


def a_long_diagnosis_is_read():
    daemon = Switched()
    switch = Switch(daemon.switch_path)
    for number in range(200):
        switch.make(f"{number} " + "x" * 50000, None)
    with daemon:
        assert SwitchClient(switch).call("login", "xenopsd") == "xenopsd"
        assert "trying once a second" not in daemon.log()


def ten_clients_at_once():
    with daemon_and_switch() as (daemon, switch):
        faults = []

        def work(number):
            try:
                client = SwitchClient(switch, f"service{number}")
                client.call("login", client.service)
                for _ in range(5):
                    id_, kib = client.call("reserve_memory_range", client.service, 16 * MIB, 64 * MIB)
                    assert 16 * MIB <= kib <= 64 * MIB
                    client.call("delete_reservation", client.service, id_)
            except Exception as fault:  # pylint: disable=broad-except
                faults.append(f"{type(fault).__name__}: {fault}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not faults, faults
        settled(switch)
        with daemon.client() as control:
            assert not reservations(control, "granted", "requested", "reclaiming")


if __name__ == "__main__":
    from driver import run
    run((the_course_through_the_switch, what_cannot_be_read_is_answered_and_acknowledged,
         a_waiting_reserve_keeps_no_other_waiting, dead_clients_are_not_served, an_asker_that_goes_meanwhile_leaves_nothing,
         what_comes_again_is_answered_again, an_unreadable_answer_of_the_switch_loses_no_request, what_ended_by_its_lease_is_not_granted_again, a_request_that_waits_over_a_kill_is_served,
         a_restarted_switch_is_read_from_its_front, a_switch_that_comes_late_is_found, nothing_is_read_beside_another_reader,
         a_long_queue_is_worked_off_oldest_first, a_long_diagnosis_is_read, ten_clients_at_once))
