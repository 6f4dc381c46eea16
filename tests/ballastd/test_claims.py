#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""claims = parked: the host itself keeps what is granted from all but the guest that it is for."""

from driver import Daemon, refused, run, until

MIB = 1024
PARKED = "[ballastd]\nclaims = parked\n"
FULL = """says "A full host with one guest that can give."
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=512MiB
guest vm tot=5GiB min=1GiB max=5GiB uses=1GiB reclaim-rate=8GiB/s grow-rate=8GiB/s
duration 24h
"""
# Where that guest gives, a start that a tick meets while it is built gets memory that is not reserved.
NONE_GIVES = FULL.replace("min=1GiB max=5GiB", "min=5GiB max=5GiB")


def claimed(client):
    return client.call("host")["reserved_claim_kib"]


def names(client):
    return [each["name"] for each in client.call("domains")["domains"]]


def state_of(client, reservation):
    return client.call("reservations", id=reservation)["reservations"][0]["state"]


def whats(client):
    return [event["what"] for event in client.call("events")["events"]]


def thief_is_refused(client):
    client.call("sim-start", name="thief", need_kib=1024 * MIB, min_kib=1024 * MIB, rate_kib=1 << 30)
    until(lambda: "thief" not in names(client))
    assert "took-reserved" not in whats(client)


def test_a_plain_start_is_refused():
    """Before and after a kill; without claims it takes the memory."""
    with Daemon(scenario=NONE_GIVES, config=PARKED) as daemon:
        with daemon.client() as client:
            kept = client.call("reserve", min_kib=1536 * MIB, name="web", wait=True)
            assert kept["state"] == "granted" and claimed(client) == 1536 * MIB, kept
            thief_is_refused(client)
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            assert claimed(client) == 1536 * MIB
            thief_is_refused(client)
            assert client.call("status")["unreserved_starts"] == 0
            client.call("sim-start", name="web", need_kib=1536 * MIB)
            assert claimed(client) == 0
            until(lambda: state_of(client, kept["id"]) == "used")
            assert f"reservation {kept['id']}: its 1.5 GiB were not claimed for" in daemon.log()
    with Daemon(scenario=NONE_GIVES, config="[ballastd]\nclaims = no\n", checks=False) as daemon, daemon.client() as client:
        client.call("reserve", min_kib=1536 * MIB, name="web", wait=True)
        assert claimed(client) == 0
        client.call("sim-start", name="thief", need_kib=1024 * MIB, min_kib=1024 * MIB, rate_kib=1 << 30)
        until(lambda: "took-reserved" in whats(client))


def again(first_sec):
    """A tick may meet the new target before web does, and lowers its maximum: so it is set again."""
    return ",".join(f"{first_sec + 3.3 * i:.1f}s=10GiB" for i in range(8))


GROWS = """says "Another program tells web to grow, and it takes in a tick what it can."
host total=12GiB xen=100MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=700MiB
guest web tot=2GiB min=2GiB max=2GiB static=10GiB uses=1GiB grow-rate=8000GiB/s reclaim-rate=1MiB/s set-target={again}
duration 24h
"""


def least_free(config):
    """What is left of free memory once it was told to take more than there is."""
    # Set before that is reserved, it is too early: then later.
    for first_sec in (20, 200, 2000):
        kib = least_free_if_in_time(first_sec, config)
        if kib is not None:
            return kib
    raise AssertionError("too late each time")


def least_free_if_in_time(first_sec, config):
    with Daemon(GROWS.format(again=again(first_sec)), speed=10, config=config, checks=False) as daemon, daemon.client() as client:
        client.call("reserve", name="big", min_kib=6 * 1024 * MIB, lease_usec=10**12)
        if client.call("status")["uptime_usec"] > first_sec * 1_000_000:
            return None
        def seen():
            return client.call("domains", domain="web")["domains"][0]
        until(lambda: seen()["current_kib"] > 3 * 1024 * MIB)
        parts = client.call("host")["parts"]
        return sum(parts[part] for part in ("free", "reserved", "slack", "scrub", "claimed"))


def test_a_domain_cannot_grow_into_it():
    """
    Its maximum comes down with the next tick only: all of it is taken by then where nothing is claimed. It takes it in one step of
    the simulator, between two ticks, and gives it back too slowly for the test to miss it.
    """
    assert least_free(PARKED) >= 6 * 1024 * MIB
    assert least_free("[ballastd]\nclaims = no\n") < 6 * 1024 * MIB


def test_handed_over_by_a_bind():
    with Daemon(scenario=FULL, config=PARKED) as daemon, daemon.client() as client:
        web = client.call("reserve", min_kib=1024 * MIB, wait=True)
        mail = client.call("reserve", min_kib=256 * MIB, name="mail", wait=True)
        assert claimed(client) == 1280 * MIB
        client.call("sim-start", name="other", need_kib=1024 * MIB, reservation=web["id"])
        assert claimed(client) == 256 * MIB
        until(lambda: state_of(client, web["id"]) == "used")
        assert state_of(client, mail["id"]) == "granted" and claimed(client) == 256 * MIB
        client.call("release", id=mail["id"])
        assert claimed(client) == 0


def test_what_starts_at_once_is_not_claimed():
    with Daemon(scenario=FULL, config=PARKED) as daemon, daemon.client() as client:
        web = client.call("reserve", min_kib=1024 * MIB, name="web", wait=True, starts=True)
        mail = client.call("reserve", min_kib=256 * MIB, name="mail", wait=True)
        assert (web["state"], mail["state"]) == ("granted", "granted")
        assert claimed(client) == 256 * MIB
        client.call("sim-start", name="web", need_kib=1024 * MIB)
        until(lambda: state_of(client, web["id"]) == "used")
        assert claimed(client) == 256 * MIB


def test_a_start_under_way_outlives_a_kill():
    """What was not claimed before is not claimed right after, so the start finds its memory; new grants are."""
    with Daemon(scenario=FULL, config=PARKED) as daemon:
        with daemon.client() as client:
            web = client.call("reserve", min_kib=1024 * MIB, name="web", wait=True, starts=True)
            client.call("reserve", min_kib=64 * MIB, name="mail", wait=True)
            assert claimed(client) == 64 * MIB
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            assert claimed(client) == 64 * MIB
            client.call("reserve", min_kib=128 * MIB, name="new", wait=True)
            assert claimed(client) == 192 * MIB
            client.call("sim-start", name="web", need_kib=1024 * MIB)
            until(lambda: state_of(client, web["id"]) == "used")
            assert claimed(client) == 192 * MIB


# 3 GiB of the host's memory are free on each of two nodes.
NODES = """says "A host with two nodes, none of whose guests can give."
host total=8GiB xen=256MiB slack=64MiB nodes=4352MiB,3840MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=512MiB
guest there tot=768MiB min=768MiB max=768MiB node=1
duration 24h
"""


def test_a_claim_of_a_node_protects_its_memory():
    """A start on that node cannot have it, one on another node can have as much; claimed of any node it protects neither."""
    def built(client, node):
        domid = client.call("sim-start", name="thief", need_kib=2048 * MIB, min_kib=2048 * MIB, rate_kib=1 << 30, node=node)["domid"]
        def decided():
            found = [each for each in client.call("domains")["domains"] if each["domid"] == domid]
            return not found or (found[0]["state"] != "build" and found)
        until(lambda: decided() is not False)
        there = "thief" in names(client)
        if there:
            client.call("sim-destroy", domain="thief")
        return there
    with Daemon(scenario=NODES, config=PARKED) as daemon:
        with daemon.client() as client:
            kept = client.call("reserve", min_kib=2048 * MIB, name="web", node=1, wait=True)
            assert (kept["state"], kept["node"], claimed(client)) == ("granted", 1, 2048 * MIB), kept
            assert (built(client, 0), built(client, 1)) == (True, False)
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            kept = client.call("reservations", id=kept["id"])["reservations"][0]
            assert (kept["state"], kept["node"], claimed(client)) == ("granted", 1, 2048 * MIB), kept
            assert (built(client, 0), built(client, 1)) == (True, False)
            client.call("sim-start", name="web", need_kib=2048 * MIB, node=1)
            until(lambda: state_of(client, kept["id"]) == "used")
            assert claimed(client) == 0
    with Daemon(scenario=NODES, config=PARKED) as daemon, daemon.client() as client:
        kept = client.call("reserve", min_kib=2048 * MIB, name="web", wait=True)
        assert (kept["state"], kept["node"], claimed(client)) == ("granted", None, 2048 * MIB), kept
        assert (built(client, 0), built(client, 1)) == (True, True)


def test_only_nodes_that_the_host_has():
    with Daemon(scenario=NODES, config=PARKED) as daemon, daemon.client() as client:
        for params, said in (({"node": 2}, "the last one is 1"), ({"node": 1, "pool": True}, "a pool has none")):
            assert said in str(refused(-32602, client.call, "reserve", min_kib=64 * MIB, **params)), params
    with Daemon(scenario=FULL, config=PARKED) as daemon, daemon.client() as client:
        assert "this host claims memory of any node alone" in str(refused(-32602, client.call, "reserve", min_kib=64 * MIB, node=0))


def test_a_start_that_fails_can_be_tried_again():
    """It was met by its name, its toolstack was too late and destroyed it: the reservation awaits the next try, and is claimed."""
    with Daemon(scenario=FULL, config=PARKED) as daemon, daemon.client() as client:
        web = client.call("reserve", min_kib=1024 * MIB, name="web", wait=True)
        for _ in range(2):
            client.call("sim-start", name="web", need_kib=1024 * MIB, rate_kib=MIB)
            until(lambda: state_of(client, web["id"]) == "bound")
            client.call("sim-destroy", domain="web")
            until(lambda: state_of(client, web["id"]) == "granted")
            until(lambda: claimed(client) == 1024 * MIB)
        client.call("sim-start", name="web", need_kib=1024 * MIB)
        until(lambda: state_of(client, web["id"]) == "used")
        assert claimed(client) == 0


def test_a_start_that_was_followed_ends_with_it():
    """Its command knows that it failed, and asks again; what a call has bound is not for others either."""
    with Daemon(scenario=FULL, config=PARKED) as daemon, daemon.client() as client:
        web = client.call("reserve", min_kib=1024 * MIB, name="web", wait=True, starts=True)
        client.call("sim-start", name="web", need_kib=1024 * MIB, rate_kib=MIB)
        until(lambda: state_of(client, web["id"]) == "bound")
        client.call("sim-destroy", domain="web")
        until(lambda: state_of(client, web["id"]) == "released")
        mail = client.call("reserve", min_kib=256 * MIB, wait=True)
        client.call("sim-start", name="mail", need_kib=256 * MIB, rate_kib=MIB, reservation=mail["id"])
        until(lambda: state_of(client, mail["id"]) == "bound")
        client.call("sim-destroy", domain="mail")
        until(lambda: state_of(client, mail["id"]) == "released")
        assert claimed(client) == 0


def test_what_was_freed_is_for_all():
    with Daemon(scenario=FULL, config=PARKED) as daemon, daemon.client() as client:
        client.call("free", kib=1536 * MIB, wait=True)
        assert claimed(client) == 0
        client.call("sim-start", name="plain", need_kib=1024 * MIB)
        until(lambda: any(each["name"] == "plain" and each["state"] == "run"
                          for each in client.call("domains")["domains"]))


def test_a_pool_pays_who_comes():
    with Daemon(scenario=FULL, config=PARKED) as daemon, daemon.client() as client:
        pool = client.call("reserve", min_kib=1536 * MIB, pool=True, wait=True)
        assert claimed(client) == 1536 * MIB
        client.call("sim-start", name="one", need_kib=1024 * MIB, wait_usec=10**12)
        assert claimed(client) == 512 * MIB
        client.call("sim-destroy", domain="one")
        until(lambda: claimed(client) == 1536 * MIB)
        client.call("sim-start", name="two", need_kib=1024 * MIB)
        until(lambda: client.call("reservations", id=pool["id"])["reservations"][0]["granted_kib"] == 512 * MIB)
        until(lambda: claimed(client) == 512 * MIB)


REBOOTS = """says "A guest reboots."
host total=16GiB xen=300MiB slack=64MiB
guest dom0 dom0 tot=2GiB min=2GiB max=2GiB uses=1GiB
guest shop tot=6GiB min=6GiB max=6GiB uses=3GiB reboots=10s returns=60s boot=1s
duration 24h
"""


def test_what_reboots_finds_its_memory():
    """It comes back by itself, so what is kept for it is not claimed."""
    # It is shut down for a moment only, which a sample must see.
    config = PARKED + "reboot-lease = 2min\nidle-interval = 100ms\n"
    with Daemon(REBOOTS, config=config, speed=20) as daemon, daemon.client() as client:
        def kept():
            return [each for each in client.call("reservations")["reservations"] if each["owner"] == "reboot"]
        # "used" stays: whoever asks late finds that instead.
        until(lambda: any(each["state"] in ("granted", "used") for each in kept()))
        assert claimed(client) == 0
        # dom0 is 0, and it was 1 at first.
        until(lambda: any(each["name"] == "shop" and each["domid"] > 1 and each["state"] == "run"
                          for each in client.call("domains")["domains"]))


def test_the_setting_can_change():
    with Daemon(scenario=FULL, config=PARKED) as daemon, daemon.client() as client:
        client.call("reserve", min_kib=1024 * MIB, name="web", wait=True)
        assert claimed(client) == 1024 * MIB
        daemon.reload("[ballastd]\nclaims = no\n")
        until(lambda: claimed(client) == 0)
        daemon.reload(PARKED)
        until(lambda: claimed(client) == 1024 * MIB)


def test_a_claim_that_fails():
    """The ledger keeps the reservation all the same, and the claim is made when it can be."""
    # On a slow machine that time may be over before it is reserved: then longer.
    for seconds in (3, 30, 300):
        scenario = FULL + f"fault claim-fails 0s..{seconds}s\n"
        with Daemon(scenario, config=PARKED) as daemon, daemon.client() as client:
            web = client.call("reserve", min_kib=1024 * MIB, name="web", wait=True)
            at_first = claimed(client)
            in_time = client.call("status")["uptime_usec"] < seconds * 1_000_000
            assert web["state"] == "granted" and (at_first == 0 or not in_time), (web, at_first)
            until(lambda: claimed(client) == 1024 * MIB, 3 * seconds + 120)
            if in_time:
                return
    raise AssertionError("too late each time")


run([value for name, value in list(globals().items()) if name.startswith("test_")])
