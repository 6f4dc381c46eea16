#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one user may have at once, by the uid that the kernel reports: open reservations and memory. Played
with real users."""

import json
import os
import sys

from driver import QUIET, Daemon, Refused, run
from holds import laws_hold

MIB = 1024
REFUSED = -32000
GROUP = "nogroup"
ANNA, BERT = 54321, 54322
CONFIG = f"[ballastd]\ngroup = {GROUP}\nquota-reservations = 3\nquota-memory = 1GiB\n"

if os.geteuid() != 0:
    print("needs root, to be other users")
    sys.exit(77)


def as_user(daemon, uid, *calls):
    """The answers to these calls of a user, each (method, parameters), or their errors."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever goes wrong here must not go on as a second test.
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(uid)
            said = []
            with daemon.client() as client:
                for method, params in calls:
                    try:
                        said.append(client.call(method, **params))
                    except Refused as refusal:
                        said.append({"code": refusal.code, "message": refusal.message, **(refusal.data or {})})
            os.write(into, json.dumps(said).encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said)


def reserve(mib, **more):
    return "reserve", {"min_kib": mib * MIB, **more}


def refused_for_count(said):
    assert said["code"] == REFUSED and said["reason"] == "quota-reservations", said
    assert said["open"] == 3 and said["quota"] == 3, said
    assert said["message"] == "this user has 3 reservations open, and its quota is 3: release some", said
    return True


def refused_for_memory(said, reserved_mib):
    assert said["code"] == REFUSED and said["reason"] == "quota-memory", said
    assert said["reserved_kib"] == reserved_mib * MIB and said["quota_kib"] == 1024 * MIB, said
    assert "release some, or ask for less" in said["message"], said
    return True


def counted(client):
    return {each["reason"]: each["count"] for each in client.call("status")["admissions"]
            if each["result"] == "refused"}


def test_how_many():
    with Daemon(scenario=QUIET, config=CONFIG) as daemon, daemon.client() as client:
        anna = as_user(daemon, ANNA, *[reserve(1)] * 5, ("free", {"kib": MIB}),
                       reserve(1, owner="someone-else"))
        assert [each.get("state") for each in anna[:3]] == ["granted"] * 3, anna
        assert all(each["uid"] == ANNA and each["service"] is None for each in anna[:3]), anna
        assert all(map(refused_for_count, anna[3:])), anna
        # That is no matter of others, nor of root.
        assert as_user(daemon, BERT, reserve(1))[0]["state"] == "granted"
        assert [client.call("reserve", min_kib=MIB)["uid"] for _ in range(4)] == [0] * 4
        assert counted(client)["quota-reservations"] == 4, counted(client)
        # Who releases one has a place again.
        again = as_user(daemon, ANNA, ("release", {"id": anna[0]["id"]}), reserve(1), reserve(1))
        assert again[1]["state"] == "granted" and refused_for_count(again[2]), again
        laws_hold(daemon, client)


def test_how_much():
    with Daemon(scenario=QUIET, config=CONFIG) as daemon, daemon.client() as client:
        anna = as_user(daemon, ANNA, reserve(700), reserve(325), reserve(100, max_kib=325 * MIB), reserve(324))
        assert anna[0]["state"] == "granted", anna
        assert refused_for_memory(anna[1], 700) and refused_for_memory(anna[2], 700), anna
        assert anna[3]["state"] == "granted", anna
        assert refused_for_memory(as_user(daemon, ANNA, reserve(1))[0], 1024)
        assert as_user(daemon, BERT, reserve(1024))[0]["state"] == "granted"
        assert client.call("reserve", min_kib=2048 * MIB, wait=True)["state"] == "granted"
        assert counted(client)["quota-memory"] == 3, counted(client)
        laws_hold(daemon, client)


def test_what_waits_counts():
    with Daemon(scenario=QUIET, config=CONFIG) as daemon, daemon.client() as client:
        client.call("pause")
        free_mib = client.call("host")["available_kib"] // MIB
        client.call("reserve", min_kib=free_mib * MIB)
        anna = as_user(daemon, ANNA, reserve(600), reserve(500))
        assert anna[0]["state"] in ("requested", "reclaiming") and refused_for_memory(anna[1], 600), anna


def test_it_outlives_a_kill():
    with Daemon(scenario=QUIET, config=CONFIG) as daemon:
        first = as_user(daemon, ANNA, reserve(900, lease_usec=10**12))[0]
        for _ in range(3):
            daemon.kill()
            daemon.start()
            assert refused_for_memory(as_user(daemon, ANNA, reserve(200))[0], 900)
            assert as_user(daemon, BERT, reserve(200))[0]["state"] == "granted"
        with daemon.client() as client:
            kept = client.call("reservations", id=first["id"])["reservations"][0]
            assert kept["uid"] == ANNA, kept
            laws_hold(daemon, client)


def test_other_quotas_by_reload():
    """Less takes nothing back, and 0 is no limit."""
    with Daemon(scenario=QUIET, config=CONFIG) as daemon, daemon.client() as client:
        anna = as_user(daemon, ANNA, reserve(400), reserve(400))
        daemon.reload(CONFIG.replace("reservations = 3", "reservations = 1"))
        said = as_user(daemon, ANNA, reserve(1))[0]
        assert said["reason"] == "quota-reservations" and said["open"] == 2 and said["quota"] == 1, said
        states = {each["id"]: each["state"] for each in client.call("reservations")["reservations"]}
        assert all(states[each["id"]] == "granted" for each in anna), states
        daemon.reload(CONFIG.replace("reservations = 3", "reservations = 0").replace("1GiB", "0MiB"))
        many = as_user(daemon, ANNA, *[reserve(300)] * 10)
        assert not [each for each in many if "code" in each], many


run([value for name, value in list(globals().items()) if name.startswith("test_")])
