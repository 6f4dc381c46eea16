# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reserved memory is defended even if a domain is not balanced: paused, opted out, balance = no, dom0."""

from driver import Daemon, run, until

MIB = 1024
# Another program then sets a target 3 GiB above what is available. Slowly taken, so that the first tick that sees it comes before it has.
SCENARIO = """says "Another one tells {who} to grow into what is promised."
host total=12GiB xen=100MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB static=8GiB uses=700MiB grow-rate=400MiB/s
guest web tot=2GiB min=1GiB max=2GiB static=8GiB uses=1GiB grow-rate=400MiB/s
duration 24h
"""


def free_kib(client):
    parts = client.call("host")["parts"]
    return sum(parts[part] for part in ("free", "reserved", "slack", "scrub", "claimed"))


def domain(client, name):
    return client.call("domains", domain=name)["domains"][0]


def holds(who, config="", before=lambda client: None):
    with Daemon(SCENARIO.format(who=who), speed=10, config=config) as daemon, daemon.client() as client:
        before(client)
        kept = client.call("reserve", label="promised", min_kib=6 * 1024 * MIB, lease_usec=10**12, wait=True)
        assert kept["state"] == "granted", kept
        client.call("sim-set-target", domain=who, target_kib=7 * 1024 * MIB)
        until(lambda: domain(client, who)["target_kib"] == 7 * 1024 * MIB)
        alert = until(lambda: [a for a in client.call("status")["alerts"] if a["name"] == "reserved-memory"])
        assert f"({who}) would take" in alert[0]["message"], alert
        # All that was promised stays free; what Xen keeps for itself, slack, is what is in between two looks.
        for _ in range(20):
            client.call("status")
            assert free_kib(client) >= 6 * 1024 * MIB, free_kib(client)
        assert domain(client, who)["xen_maximum_kib"] < 5 * 1024 * MIB
        client.call("sim-start", name="promised", need_kib=6 * 1024 * MIB, rate_kib=2048 * MIB,
                    reservation=kept["id"])
        until(lambda: client.call("reservations", id=kept["id"])["reservations"][0]["state"] == "used")
        assert domain(client, "promised")["current_kib"] > 5 * 1024 * MIB
        # With nothing promised any more its target counts again, as far as there is memory.
        until(lambda: domain(client, who)["current_kib"] > 3 * 1024 * MIB)
        until(lambda: not [a for a in client.call("status")["alerts"] if a["name"] == "reserved-memory"])


def test_dom0_without_balancing():
    holds("dom0", config="[ballastd]\nbalance = no\n")


def test_dom0_of_a_fixed_size():
    holds("dom0")


def test_dom0_while_paused():
    holds("dom0", before=lambda client: client.call("pause"))


def test_a_guest_while_paused():
    holds("web", before=lambda client: client.call("pause"))


def test_one_that_opted_out():
    holds("web", before=lambda client: client.call("opt-out", domain="web", on=True))


PAUSED = """says "Paused while {what}."
host total=12GiB xen=100MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=700MiB
guest web tot=2GiB target=8GiB min=1GiB max=8GiB uses=1GiB grow-rate={rate} {ceiling}
duration 24h
"""


def test_what_nobody_takes_is_there_for_a_start():
    """One that has a target and does not grow to it keeps nothing from starts, once that is seen."""
    scenario = PAUSED.format(what="one is told to grow, and does not", rate="400MiB/s", ceiling="ceiling=2GiB")
    with Daemon(scenario, speed=10, config="[ballastd]\nbalance = no\n") as daemon, daemon.client() as client:
        kept = client.call("reserve", min_kib=6 * 1024 * MIB, max_kib=11 * 1024 * MIB, wait=True,
                           deadline_usec=60000000)
        assert kept["state"] == "granted" and kept["granted_kib"] > 8 * 1024 * MIB, kept
        assert domain(client, "web")["xen_maximum_kib"] <= 2 * 1024 * MIB + MIB
        client.call("release", id=kept["id"])
        until(lambda: domain(client, "web")["xen_maximum_kib"] >= 8 * 1024 * MIB)


def test_available_is_what_a_start_can_have():
    """One that grows to its target takes what is free: that is neither available nor missing twice."""
    scenario = PAUSED.format(what="one grows", rate="1MiB/s", ceiling="")
    with Daemon(scenario, speed=1, config="[ballastd]\nbalance = no\n") as daemon, daemon.client() as client:
        available_kib = client.call("host")["available_kib"]
        assert 2 * 1024 * MIB < available_kib < 3 * 1024 * MIB, available_kib
        waits = client.call("reserve", min_kib=4 * 1024 * MIB)
        record = client.call("reservations", id=waits["id"])["reservations"][0]
        missing_kib = 4 * 1024 * MIB - available_kib
        assert abs(record["missing_kib"] - missing_kib) < 64 * MIB, (record, missing_kib)
        fits = client.call("reserve", min_kib=2 * 1024 * MIB, wait=True)
        assert fits["state"] == "granted", fits


run([value for name, value in list(globals().items()) if name.startswith("test_")])
