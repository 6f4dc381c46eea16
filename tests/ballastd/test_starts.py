#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A start counts once from its grant to its use, however late its domain is bound: no guest is squeezed
for it a second time, and no law is broken (the daemon reports that at its end)."""

import resource
import tempfile

from driver import Daemon, refused, run, until

MIB = 1024


def targets(client):
    return {each["name"]: each["target_kib"] for each in client.call("domains")["domains"]}


def decided(client):
    return client.call("events", most=512)["events"]


def state_of(client, reservation):
    return client.call("reservations", id=reservation)["reservations"][0]["state"]


def ticks_more(client, count):
    ticks = client.call("status")["ticks"]
    until(lambda: client.call("status")["ticks"] >= ticks + count)


def squeezed_since(client, grant_usec):
    return [each["message"] for each in decided(client)
            if each["time_usec"] > grant_usec and each["reason"] in ("reclaimed-for-start", "squeezed-for-start")]


def is_counted(client):
    host = client.call("host")
    assert host["deficit_kib"] == 0, host
    return host["parts"]["reserved"] + host["parts"]["claimed"]


def start(client, name, kib, **more):
    """Granted, and its domain made by somebody who does not bind it."""
    got = client.call("reserve", min_kib=kib, name=name, wait=True)
    new = client.call("sim-start", name=name, need_kib=kib, **more)["domid"]
    return got, new


def test_nobody_is_asked_twice():
    """While it is built, which takes four seconds, and nobody has said yet which domain it is."""
    with Daemon() as daemon, daemon.client() as client:
        kib = 8192 * MIB
        got, new = start(client, "new", kib, rate_kib=2048 * MIB)
        before = targets(client)
        def is_built():
            left = is_counted(client)
            now = {each["name"]: each for each in client.call("domains")["domains"]}
            assert left <= kib + 65536, left
            for name, target_kib in before.items():
                assert name == "new" or now[name]["target_kib"] >= target_kib, (name, now[name])
            return "new" in now and now["new"]["state"] == "run"
        until(is_built)
        assert squeezed_since(client, got["changed_usec"]) == []
        # Whoever binds it comes to what is so already.
        bound = client.call("bind", id=got["id"], domid=new)
        assert bound["domid"] == new and bound["state"] in ("bound", "used"), bound
        until(lambda: state_of(client, got["id"]) == "used")
        assert client.call("bind", id=got["id"], domid=new)["state"] == "used"
        # For another domain it is too late.
        assert refused(-32000, client.call, "bind", id=got["id"], domid=1).data["reason"] == "wrong-state"
        assert client.call("status")["law_breaches"] == 0, daemon.log()


def test_while_the_ledger_cannot_be_written():
    """What cannot be bound now counts once all the same."""
    with Daemon() as daemon, daemon.client() as client:
        got = client.call("reserve", min_kib=8192 * MIB, name="new", wait=True)
        before = targets(client)
        pid = daemon.process.pid
        limit = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, limit[1]))
        client.call("sim-start", name="new", need_kib=8192 * MIB, rate_kib=8192 * MIB)
        until(lambda: any((each["name"], each["state"]) == ("new", "run")
                          for each in client.call("domains")["domains"]))
        ticks_more(client, 5)
        assert state_of(client, got["id"]) == "granted"
        assert is_counted(client) == 0
        for name, target_kib in targets(client).items():
            assert target_kib >= before.get(name, 0), name
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)
        until(lambda: state_of(client, got["id"]) == "used")
        assert squeezed_since(client, got["changed_usec"]) == []


def test_killed_between_grant_and_domain():
    """The grant outlives the daemon, and so does what it knew of an older domain of that name."""
    with Daemon() as daemon:
        with daemon.client() as client:
            old = {each["name"]: each for each in client.call("domains")["domains"]}["vm1"]
            got = client.call("reserve", min_kib=1024 * MIB, name="vm1", wait=True)
            ticks_more(client, 3)
            assert state_of(client, got["id"]) == "granted"
        for _ in range(2):
            daemon.kill()
            daemon.start()
            with daemon.client() as client:
                ticks_more(client, 3)
                assert state_of(client, got["id"]) == "granted"
                assert is_counted(client) == 1024 * MIB
        with daemon.client() as client:
            client.call("sim-destroy", domain=old["domid"])
            new = client.call("sim-start", name="vm1", need_kib=1024 * MIB, rate_kib=256 * MIB)["domid"]
            until(lambda: state_of(client, got["id"]) == "bound")
            assert client.call("reservations", id=got["id"])["reservations"][0]["domid"] == new
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            until(lambda: state_of(client, got["id"]) == "used")
            assert client.call("status")["law_breaches"] == 0, daemon.log()


def test_known_by_its_uuid_before_it_takes_memory():
    """A domain that only has its label is not bound; the one with the uuid is bound while it is empty yet."""
    uuid = "6f1c2f0e-8d0b-4a7e-9c55-0123456789ab"
    with Daemon() as daemon, daemon.client() as client:
        got = client.call("reserve", min_kib=1024 * MIB, uuid=uuid.upper(), label="for the shop", wait=True)
        assert (got["uuid"], got["name"], got["label"]) == (uuid, None, "for the shop"), got
        client.call("sim-start", name="for the shop", need_kib=4 * MIB, wait_usec=10**12)
        ticks_more(client, 3)
        assert state_of(client, got["id"]) == "granted"
        client.call("sim-destroy", domain="for the shop")
        new = client.call("sim-start", name="shop", uuid=uuid, need_kib=1024 * MIB, wait_usec=10**12)["domid"]
        until(lambda: state_of(client, got["id"]) == "bound")
        bound = client.call("reservations", id=got["id"])["reservations"][0]
        assert (bound["domid"], bound["uuid"], bound["used_kib"]) == (new, uuid, 0), bound
        assert is_counted(client) == 1024 * MIB
        client.call("sim-destroy", domain=new)
        until(lambda: state_of(client, got["id"]) == "granted")


REBOOTS = """says "A guest that reboots on a host whose memory others want."
host total=16GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=2GiB min=2GiB max=2GiB uses=1GiB
guest shop tot=4GiB min=4GiB max=4GiB uses=2GiB reboots=2s returns=3s
guest vm*2 tot=4GiB min=4GiB max=8GiB uses=8GiB maxmem=8GiB grow-rate=8GiB/s
duration 24h
"""


def is_kept_over_kills(scenario):
    """False: it was back before the daemon was killed for the second time."""
    with Daemon(scenario=scenario, config="") as daemon:
        def kept():
            with daemon.client() as client:
                return [each for each in client.call("reservations")["reservations"] if each["kind"] == "reboot"
                        or each["owner"] == "reboot"]
        first = until(kept)[0]
        assert first["name"] == "shop", first
        daemon.kill()
        daemon.start()
        until(lambda: kept()[0]["state"] in ("granted", "used"))
        meanwhile = kept()[0]["state"] == "granted"
        daemon.kill()
        daemon.start()
        until(lambda: kept()[0]["state"] == "used")
        with daemon.client() as client:
            assert kept()[0]["granted_kib"] == 4096 * MIB and len(kept()) == 1, kept()
            domains = {each["name"]: each for each in client.call("domains")["domains"]}
            assert domains["shop"]["current_kib"] == 4096 * MIB, domains["shop"]
            assert client.call("status")["law_breaches"] == 0, daemon.log()
        return meanwhile


def test_reboot_keeps_its_memory():
    """By default; also if the daemon is killed meanwhile; guests that want to grow do not get it."""
    # On a slow machine it may be back too early: then it stays away longer.
    assert any(is_kept_over_kills(REBOOTS.replace("returns=3s", f"returns={seconds}s")) for seconds in (3, 30, 300))


def test_reboot_keeps_nothing():
    """With a lease of 0; and while XAPI is served, which reserves by itself."""
    def keeps_nothing(config):
        # It stays away, so that it is seen to be.
        with Daemon(scenario=REBOOTS.replace("returns=3s", "returns=10h"), config=config) as daemon, daemon.client() as client:
            until(lambda: "shop" not in [each["name"] for each in client.call("domains")["domains"]])
            assert client.call("reservations")["reservations"] == []
    keeps_nothing("[ballastd]\nreboot-lease = 0s\n")
    with tempfile.TemporaryDirectory() as directory:
        keeps_nothing(f"[ballastd]\nsqueezed-socket = {directory}/memory\n")


def test_own_reservation_replaces_the_kept_one():
    """A toolstack that asks for the domain that comes back binds it to its own reservation."""
    scenario = REBOOTS.replace("returns=3s", "returns=10h")
    with Daemon(scenario=scenario, config="[ballastd]\nreboot-lease = 1h\n") as daemon, daemon.client() as client:
        def kept():
            return [each for each in client.call("reservations")["reservations"] if each["owner"] == "reboot"]
        until(lambda: [each["state"] for each in kept()] == ["granted"])
        own = client.call("reserve", min_kib=1024 * MIB, wait=True)["id"]
        new = client.call("sim-start", name="shop", need_kib=1024 * MIB, wait_usec=10**12)["domid"]
        until(lambda: kept()[0]["state"] == "bound")
        assert refused(-32002, client.call, "bind", id=own + 1, domid=new)
        assert kept()[0]["state"] == "bound", kept()
        bound = client.call("bind", id=own, domid=new)
        assert (bound["state"], bound["domid"]) == ("bound", new), bound
        assert kept()[0]["state"] == "released", kept()
        assert is_counted(client) == 1024 * MIB


def test_request_takes_over_what_is_kept():
    """As libvirt's hook does when its guest is built again: no other guest frees anything for it, and no page counts twice."""
    scenario = REBOOTS.replace("returns=3s", "returns=10h").replace("vm*2 tot=4GiB min=4GiB", "vm*2 tot=4GiB min=1GiB")
    with Daemon(scenario=scenario) as daemon, daemon.client() as client:
        def kept():
            return [each for each in client.call("reservations")["reservations"] if each["owner"] == "reboot"]
        until(lambda: [each["state"] for each in kept()] == ["granted"])
        own = client.call("reserve", min_kib=4096 * MIB, name="shop", wait=True)
        assert (own["state"], own["granted_kib"]) == ("granted", 4096 * MIB), own
        assert [each["state"] for each in kept()] == ["released"], kept()
        assert squeezed_since(client, own["requested_usec"]) == []
        client.call("sim-start", name="shop", need_kib=4096 * MIB)
        until(lambda: state_of(client, own["id"]) == "used")
        assert len(kept()) == 1 and client.call("status")["law_breaches"] == 0, daemon.log()


FULL = """says "A full host with one guest, which gives once its minimum is lowered."
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB uses=512MiB
guest vm tot=5GiB min=5GiB max=5GiB uses=1GiB reclaim-rate=8GiB/s grow-rate=8GiB/s
duration 24h
"""


def test_without_a_reservation():
    """Counted once it is built; what it took of a grant is reclaimed, and the events say both."""
    with Daemon(scenario=FULL, config="[ballastd]\nclaims = no\n", checks=False) as daemon, daemon.client() as client:
        def told(what):
            return [event for event in client.call("events")["events"] if event["what"] == what]
        kept = client.call("reserve", min_kib=1536 * MIB, name="web", wait=True)
        assert kept["state"] == "granted", kept
        assert client.call("status")["unreserved_starts"] == 0
        client.call("sim-start", name="thief", need_kib=1024 * MIB, min_kib=1024 * MIB, rate_kib=1 << 30)
        took = until(lambda: told("took-reserved"))[0]
        assert took["from_kib"] == 1024 * MIB and 0 < took["to_kib"] <= 1024 * MIB, took
        # Before, memory that it gives to a start that a tick meets is not reserved, and none is taken.
        client.call("set-range", domain="vm", min_kib=1024 * MIB)
        good = until(lambda: told("made-good"))[0]
        assert good["to_kib"] == took["to_kib"], good
        client.call("sim-start", name="web", need_kib=1536 * MIB)
        until(lambda: state_of(client, kept["id"]) == "used")
        assert client.call("status")["unreserved_starts"] == 1


def test_pool_pays_any_new_domain():
    """As qubesd does: it reserves memory without naming a guest, and the domains that come use it up."""
    with Daemon() as daemon:
        with daemon.client() as client:
            refused(-32602, client.call, "reserve", min_kib=4, pool=True, name="x")
            asked = client.call("reserve", min_kib=4096 * MIB, pool=True, wait=True)
            assert asked["kind"] == "pool", asked
            client.call("sim-start", name="vm", need_kib=3072 * MIB, rate_kib=1024 * MIB)
            until(lambda: "vm" in targets(client))
            assert is_counted(client) <= 4096 * MIB
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            def pool():
                return client.call("reservations", id=asked["id"])["reservations"][0]
            until(lambda: pool()["granted_kib"] == 1024 * MIB)
            client.call("sim-start", name="vm-dm", need_kib=1024 * MIB)
            until(lambda: pool()["state"] == "used")
            assert squeezed_since(client, asked["changed_usec"]) == []
            assert client.call("status")["unreserved_starts"] == 0


def test_label_is_for_people():
    with Daemon() as daemon, daemon.client() as client:
        got = client.call("reserve", min_kib=64 * MIB, label="new", wait=True)
        client.call("sim-start", name="new", need_kib=64 * MIB, wait_usec=10**12)
        ticks_more(client, 3)
        assert state_of(client, got["id"]) == "granted"
        named = client.call("reserve", min_kib=64 * MIB, name="web", wait=True)
        assert (named["label"], named["name"]) == ("web", "web"), named
        client.call("release", id=got["id"])


def test_destroyed_before_it_is_bound():
    with Daemon() as daemon, daemon.client() as client:
        got, new = start(client, "new", 8192 * MIB, rate_kib=64 * MIB)
        until(lambda: state_of(client, got["id"]) == "bound")
        client.call("sim-destroy", domain=new)
        until(lambda: state_of(client, got["id"]) == "granted")
        refused(-32002, client.call, "bind", id=got["id"], domid=new)
        assert is_counted(client) == 8192 * MIB


run([value for name, value in list(globals().items()) if name.startswith("test_")])
