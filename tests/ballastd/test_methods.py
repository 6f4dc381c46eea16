#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every method over a socket, and what the daemon keeps."""


from driver import Daemon, refused, run, sentence, ticks_pass, until

MIB = 1024


def test_reads_on_both_sockets():
    with Daemon() as daemon:
        for status in (False, True):
            with daemon.client(status=status, hello=False) as client:
                hello = client.call("hello", version=7)
                assert hello["version"] == 1 and hello["pid"] == daemon.process.pid
                assert client.call("ping") == {}
                state = client.call("status")
                assert state["ledger"]["writable"] and state["alerts"] == []
                assert state["law_breaches"] == 0
                host = client.call("host")
                assert sum(host["parts"].values()) - host["overcounted_kib"] == host["total_kib"]
                assert host["total_kib"] == 36 * 1024 * MIB
                domains = client.call("domains")
                assert len(domains["domains"]) == 17 and not domains["more"]
                first = client.call("domains", most=5)
                assert [d["domid"] for d in first["domains"]] == [0, 1, 2, 3, 4] and first["more"]
                rest = client.call("domains", after=4)
                assert rest["domains"][0]["domid"] == 5 and len(rest["domains"]) == 12
                by_name = client.call("domains", domain="vm3")["domains"][0]
                assert by_name["overhead_kib"] == 8 * MIB
                by_uuid = client.call("domains", domain=by_name["uuid"])["domains"][0]
                assert by_uuid["domid"] == by_name["domid"] == 3
                assert client.call("reservations") == {"reservations": [], "more": False}
                assert "ballast" in client.call("policy")["policies"]
                refused(-32002, client.call, "domains", domain="nobody")
                refused(-32002, client.call, "domains", domain=99)
                refused(-32002, client.call, "reservations", id=5)
                refused(-32601, client.call, "no-such-method")
                refused(-32602, client.call, "domains", most="five")


TYPES = """says "A guest of each type, and one of which nothing is told."
host total=16GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=2GiB min=2GiB max=2GiB
guest hvm type=hvm tot=2GiB min=1GiB max=3GiB overhead=20MiB pool=18MiB video=16MiB
guest pvh type=pvh tot=2GiB min=2GiB max=2GiB overhead=9MiB pool=8MiB
guest pv type=pv tot=1GiB min=1GiB max=1GiB static=2GiB overhead=2MiB
guest plain tot=1GiB min=1GiB max=1GiB overhead=2MiB
duration 24h
"""


def test_segments():
    """What a domain holds and costs is divided into its segments, and they sum."""
    with Daemon(scenario=TYPES) as daemon, daemon.client(status=True) as client:
        domains = {d["name"]: d for d in client.call("domains")["domains"]}
        assert domains["plain"]["type"] is None and domains["plain"]["segments"] is None
        assert not {"shadow", "video"} & set(domains["pv"]["segments"])
        assert "video" not in domains["pvh"]["segments"]
        assert domains["hvm"]["segments"]["video"] == 16 * MIB
        assert domains["hvm"]["segments"]["shadow"] == 18 * MIB
        assert domains["hvm"]["segments"]["extra_external"] == 2 * MIB
        assert domains["pv"]["segments"]["balloon"] > 0
        for name in ("hvm", "pvh", "pv"):
            domain, segments = domains[name], domains[name]["segments"]
            assert domain["type"] == name
            beyond = sum(segments.get(s, 0) for s in ("shadow", "iommu", "extra_external"))
            held = sum(segments.get(s, 0) for s in ("extra_internal", "video", "guest"))
            assert beyond == domain["overhead_kib"] and held == domain["current_kib"]
            assert held + segments["balloon"] == domain["static_max_kib"]


def test_status_socket_changes_nothing():
    with Daemon() as daemon, daemon.client(status=True) as client:
        for method, params in {
                "login": {"owner": "x"}, "reserve": {"min_kib": 4}, "attach": {"id": 1}, "detach": {"id": 1}, "release": {"id": 1},
                "cancel": {"id": 1}, "bind": {"id": 1, "domid": 1}, "free": {"kib": 4},
                "set-target": {"domain": 1, "target_kib": 4}, "pause": {}, "resume": {},
                "set-max": {"domain": 1, "maxmem_kib": 4}, "set-range": {"domain": 1},
                "set-shares": {"domain": 1, "shares": 1}, "opt-out": {"domain": 1, "on": True},
                "set-policy": {"name": "fixed"}, "sim-destroy": {"domain": 1},
                "sim-start": {"name": "x", "need_kib": 4}}.items():
            refused(-32001, client.call, method, **params)
        assert client.call("reservations")["reservations"] == []


def test_reserve_bind_spend():
    with Daemon() as daemon, daemon.client() as client:
        small = client.call("reserve", min_kib=64 * MIB, label="small", wait=True)
        assert small["state"] == "granted" and small["granted_kib"] == 64 * MIB
        assert small["owner"] == "uid-0" and small["label"] == "small"
        # More than is free: freed by others, with progress, and answered when it is there.
        large = client.call("reserve", min_kib=8192 * MIB, wait=True)
        assert large["state"] == "granted" and large["granted_kib"] == 8192 * MIB
        missing = [m["params"]["missing_kib"] for m in client.told
                   if m["method"] == "reservation-changed" and m["params"]["id"] == large["id"]
                   and m["params"]["state"] == "reclaiming"]
        assert len(missing) > 2 and missing == sorted(missing, reverse=True), missing
        assert any(m["params"].get("donors") for m in client.told)
        new = client.call("sim-start", name="new", need_kib=8192 * MIB, overhead_kib=16 * MIB,
                          reservation=large["id"])
        bound = client.call("reservations", id=large["id"])["reservations"][0]
        assert bound["state"] == "bound" and bound["domid"] == new["domid"]
        until(lambda: client.call("reservations", id=large["id"])["reservations"][0]["state"]
              == "used")
        domain = client.call("domains", domain="new")["domains"][0]
        assert domain["current_kib"] == 8176 * MIB, domain
        assert refused(-32000, client.call, "release", id=large["id"]).data["reason"] == "wrong-state"
        assert client.call("release", id=small["id"])["state"] == "released"
        refused(-32002, client.call, "release", id=4711)
        client.call("sim-destroy", domain="new")
        refused(-32002, client.call, "domains", domain="new")


def test_bind_apart():
    with Daemon() as daemon, daemon.client() as client:
        one = client.call("reserve", min_kib=1024 * MIB, wait=True)
        two = client.call("reserve", min_kib=100 * MIB, wait=True)
        new = client.call("sim-start", name="new", need_kib=1024 * MIB, rate_kib=64 * MIB)["domid"]
        refused(-32002, client.call, "bind", id=one["id"], domid=999)
        refused(-32000, client.call, "bind", id=one["id"], domid=new,
                uuid="00000000-0000-0000-0000-000000000001")
        assert client.call("bind", id=one["id"], domid=new)["state"] == "bound"
        taken = refused(-32000, client.call, "bind", id=two["id"], domid=new)
        assert taken.data["reason"] == "domain-taken"
        client.call("sim-destroy", domain=new)
        until(lambda: client.call("reservations", id=one["id"])["reservations"][0]["reason"]
              == "domain-gone")


def test_bound_after_it_was_built():
    """Who binds may be slower than the build; until then what the domain took looks promised still. That
    is no law broken (the daemon's end says so), where the reservation is for a domain of that name."""
    with Daemon() as daemon, daemon.client() as client:
        got = client.call("reserve", min_kib=8192 * MIB, name="new", wait=True)
        new = client.call("sim-start", name="new", need_kib=8192 * MIB, rate_kib=8 * 1024 * 1024 * MIB)["domid"]
        until(lambda: any((each["name"], each["state"]) == ("new", "run")
                          for each in client.call("domains")["domains"]))
        ticks = client.call("status")["ticks"]
        until(lambda: client.call("status")["ticks"] >= ticks + 3)
        assert client.call("bind", id=got["id"], domid=new)["state"] in ("bound", "used")
        until(lambda: client.call("reservations", id=got["id"])["reservations"][0]["state"] == "used")


def test_refused_by_arithmetic():
    with Daemon() as daemon, daemon.client() as client:
        never = refused(-32000, client.call, "reserve", min_kib=35 * 1024 * MIB)
        assert never.data["reason"] == "cannot-fit" and never.data["missing_kib"] > 0
        assert sentence(never.data) == never.message, never.data
        beyond = refused(-32000, client.call, "reserve", min_kib=37 * 1024 * MIB)
        assert beyond.data["reason"] == "cannot-fit", beyond.data
        assert beyond.data["possible_kib"] == client.call("host")["total_kib"], beyond.data
        assert sentence(beyond.data) == beyond.message, beyond.data
        refused(-32000, client.call, "reserve", min_kib=8, max_kib=4)
        late = client.ask("reserve", min_kib=20 * 1024 * MIB, deadline_usec=300000, wait=True)
        assert refused(-32000, client.answer, late).data["reason"] in ("deadline-over",
                                                                       "cannot-fit")


# Guests that want no more than they have: what is free stays so, whenever the request comes.
CONTENT = """says "A host with memory that no guest wants."
host total=12GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest web tot=6GiB min=6GiB max=6GiB uses=700MiB overhead=8MiB
duration 24h
"""


def test_range():
    with Daemon(scenario=CONTENT) as daemon, daemon.client() as client:
        got = client.call("reserve", min_kib=4 * MIB, max_kib=12 * 1024 * MIB, wait=True)
        assert got["state"] == "granted" and 4 * MIB <= got["granted_kib"] < 12 * 1024 * MIB
        # All that is free: 12 GiB without Xen, slack, dom0 and web.
        assert got["granted_kib"] == (12 * 1024 - 256 - 64 - 1024 - 6 * 1024 - 8) * MIB, got


def test_cancel_gives_back():
    with Daemon() as daemon, daemon.client() as client:
        waits = client.call("reserve", min_kib=16 * 1024 * MIB)
        assert waits["state"] in ("requested", "reclaiming") and waits["missing_kib"] > 0
        assert client.call("cancel", id=waits["id"])["state"] == "released"
        targets = lambda: sum(d["target_kib"] for d in client.call("domains")["domains"])
        until(lambda: targets() >= 33 * 1024 * MIB)


def test_wait_ends_with_its_connection():
    with Daemon() as daemon, daemon.client() as watcher:
        with daemon.client() as client:
            client.ask("reserve", min_kib=16 * 1024 * MIB, wait=True)
            until(lambda: watcher.call("reservations", open=True)["reservations"])
        until(lambda: not watcher.call("reservations", open=True)["reservations"])
        with daemon.client() as client:
            kept = client.call("reserve", min_kib=16 * MIB, wait=True)["id"]
        assert watcher.call("reservations", id=kept)["reservations"][0]["state"] == "granted"


def test_with_connection():
    with Daemon() as daemon, daemon.client() as watcher:
        state = lambda of: watcher.call("reservations", id=of)["reservations"][0]["state"]
        first, second = daemon.client(), daemon.client()
        kept = first.call("reserve", min_kib=16 * MIB, wait=True)["id"]
        tied = first.call("reserve", min_kib=16 * MIB, wait=True, with_connection=True)["id"]
        reclaiming = first.call("reserve", min_kib=16 * 1024 * MIB, with_connection=True)["id"]
        moved = first.call("reserve", min_kib=16 * MIB, wait=True, with_connection=True)["id"]
        bound = first.call("reserve", min_kib=64 * MIB, wait=True, with_connection=True)["id"]
        first.call("sim-start", name="new", need_kib=64 * MIB, reservation=bound)
        untied = first.call("reserve", min_kib=16 * MIB, wait=True, with_connection=True)["id"]
        refused(-32002, second.call, "attach", id=4711)
        refused(-32002, second.call, "detach", id=4711)
        assert refused(-32000, second.call, "detach", id=untied, owner="x").data["reason"] == "not-owner"
        assert second.call("detach", id=untied, owner="uid-0")["id"] == untied
        second.call("login", owner="somebody")
        assert refused(-32000, second.call, "attach", id=tied).data["reason"] == "not-owner"
        assert second.call("attach", id=moved, owner="uid-0")["id"] == moved
        # Half a line under way changes nothing.
        first.send(b'{"jsonrpc":"2.0","id":9,"met')
        first.close()
        until(lambda: state(reclaiming) == "released" and state(tied) == "released")
        assert [state(kept), state(moved), state(untied)] == 3 * ["granted"]
        assert state(bound) in ("bound", "used")
        for _ in range(63):
            second.call("reserve", min_kib=4, wait=True, with_connection=True)
        until(lambda: state(bound) == "used")  # and no longer open
        before = watcher.call("status")["ledger"]["open"]
        refused(-32004, second.call, "reserve", min_kib=4, wait=True, with_connection=True)
        assert watcher.call("status")["ledger"]["open"] == before
        # A daemon that ends is no end of a connection; who comes back attaches.
        daemon.stop()
        daemon.start()
        with daemon.client() as watcher:
            state = lambda of: watcher.call("reservations", id=of)["reservations"][0]["state"]
            assert state(moved) == "granted"
            with daemon.client() as third:
                third.call("attach", id=moved)
            until(lambda: state(moved) == "released")


def test_half_closed_gets_its_answer():
    with Daemon() as daemon, daemon.client() as client:
        wanted = client.ask("reserve", min_kib=4096 * MIB, wait=True)
        client.socket.shutdown(1)
        assert client.answer(wanted)["state"] == "granted"
        try:
            client.message()
            raise AssertionError("the connection goes on")
        except EOFError:
            pass


def test_login_and_owners():
    with Daemon() as daemon, daemon.client() as one, daemon.client() as two:
        one.call("login", owner="xapi")
        mine = one.call("reserve", min_kib=8 * MIB, wait=True)
        assert mine["owner"] == "xapi"
        two.call("login", owner="other")
        assert refused(-32000, two.call, "release", id=mine["id"]).data["reason"] == "not-owner"
        theirs = two.call("reserve", min_kib=8 * MIB, wait=True)
        with daemon.client() as again:
            assert again.call("login", owner="xapi")["released"] == 1
        states = {r["id"]: r["state"] for r in two.call("reservations")["reservations"]}
        assert states == {mine["id"]: "released", theirs["id"]: "granted"}


def test_lease():
    with Daemon(speed=20) as daemon, daemon.client() as client:
        short = client.call("reserve", min_kib=8 * MIB, lease_usec=3000000)
        over = until(lambda: [r for r in client.call("reservations")["reservations"]
                              if r["id"] == short["id"] and r["state"] == "released"])
        assert over[0]["reason"] == "lease-over"


def test_free():
    with Daemon() as daemon, daemon.client() as client:
        got = client.call("free", kib=2048 * MIB, wait=True)
        assert got["free_kib"] >= 2048 * MIB and got["missing_kib"] == 0
        host = client.call("host")["parts"]
        assert host["free"] + host["reserved"] >= 2048 * MIB
        later = client.call("free", kib=6000 * MIB)
        assert later["missing_kib"] > 0 and later["id"]
        client.call("cancel", id=later["id"])


def test_settings_are_kept():
    with Daemon() as daemon:
        with daemon.client() as client, daemon.client() as watcher:
            watcher.call("subscribe", events=["settings-changed"])
            assert client.call("set-shares", domain="vm1", shares=2000) == {"shares": 2000}
            assert client.call("set-range", domain="vm2", min_kib=1024 * MIB, max_kib=1536 * MIB) \
                == {"dynamic_min_kib": 1024 * MIB, "dynamic_max_kib": 1536 * MIB, "pinned_kib": None, "pinned_before_kib": None}
            assert client.call("opt-out", domain="vm3", on=True) == {"opted_out": True}
            # Under the policy that follows nothing moves it any more.
            until(lambda: client.call("domains", domain="vm2")["domains"][0]["target_kib"] <= 1536 * MIB)
            assert client.call("set-policy", name="fixed") == {"name": "fixed"}
            refused(-32002, client.call, "set-policy", name="nonsense")
            # The rules of other balancers are for the simulator.
            refused(-32002, client.call, "set-policy", name="proportional")
            assert client.call("policy")["policies"] == ["ballast", "fixed"]
            refused(-32000, client.call, "set-range", domain="vm2", max_kib=99999 * MIB)
            refused(-32000, client.call, "set-range", domain="vm2", min_kib=8, max_kib=4)
            watcher.call("ping")
            assert [m["params"]["what"] for m in watcher.told] == ["shares", "range", "opt-out",
                                                                  "policy"]
        assert daemon.stop() == 0
        daemon.start()
        with daemon.client() as client:
            domains = {d["name"]: d for d in client.call("domains")["domains"]}
            assert domains["vm1"]["shares"] == 2000
            assert domains["vm2"]["dynamic_min_kib"] == 1024 * MIB
            assert domains["vm2"]["dynamic_max_kib"] == 1536 * MIB
            assert domains["vm3"]["opted_out"] and not domains["vm4"]["opted_out"]
            assert client.call("policy")["name"] == "fixed"
            until(lambda: client.call("domains", domain="vm2")["domains"][0]["target_kib"]
                  <= 1536 * MIB)
            assert client.call("set-range", domain="vm2") == {
                "dynamic_min_kib": 512 * MIB, "dynamic_max_kib": 3072 * MIB,
                "pinned_kib": None, "pinned_before_kib": None}


def test_set_target_and_max():
    with Daemon() as daemon, daemon.client() as client:
        client.call("pause")
        answer = client.call("set-target", domain="vm1", target_kib=1024 * MIB)
        assert answer["target_kib"] == answer["pinned_kib"] == 1024 * MIB, answer
        until(lambda: client.call("domains", domain="vm1")["domains"][0]["current_kib"]
              == 1024 * MIB)
        refused(-32000, client.call, "set-target", domain="vm1", target_kib=256 * MIB)
        refused(-32000, client.call, "set-target", domain="vm1", target_kib=4096 * MIB)
        refused(-32000, client.call, "set-max", domain="vm1", maxmem_kib=512 * MIB)
        refused(-32602, client.call, "set-target", domain="vm1", target_kib=1000 * MIB, enforce=False)
        # A target that is unpinned stays, and the answer has the present figures.
        stays = client.call("set-target", domain="vm1", auto=True, dry_run=True)
        assert stays["xen_maximum_kib"] == 1024 * MIB, stays
        assert client.call("set-target", domain="vm1", auto=True, enforce=True, dry_run=True) == stays
        # A dry run answers the same and changes nothing.
        before = client.call("domains", domain="vm1")["domains"][0]
        for method, params, key, kib in (("set-target", {"target_kib": 1000 * MIB}, "target_kib", 1000 * MIB),
                                         ("set-max", {"maxmem_kib": 1100 * MIB}, "xen_maximum_kib", 1100 * MIB),
                                         ("set-range", {"min_kib": 4, "max_kib": 8, "force": True}, "pinned_kib", 8)):
            assert client.call(method, domain="vm1", dry_run=True, **params)[key] == kib, method
        after = client.call("domains", domain="vm1")["domains"][0]
        for key in ("target_kib", "pinned_kib", "xen_maximum_kib", "dynamic_min_kib", "dynamic_max_kib"):
            assert before[key] == after[key], key
        refused(-32000, client.call, "set-max", domain="vm1", maxmem_kib=512 * MIB, dry_run=True)
        # The balancer would take the target down to the range's maximum at once.
        below = refused(-32000, client.call, "set-range", domain="vm1", min_kib=4, max_kib=600 * MIB)
        assert below.data == {"reason": "below-floor", "wanted_kib": 600 * MIB, "floor_kib": 700 * MIB}, below.data
        assert client.call("set-max", domain="vm1", maxmem_kib=1100 * MIB) \
            == {"xen_maximum_kib": 1100 * MIB, "static_max_kib": 3072 * MIB, "pinned_kib": 1024 * MIB, "pinned_before_kib": 1024 * MIB}
        # What is promised is not given away.
        available = client.call("host")["available_kib"]
        client.call("reserve", min_kib=available)
        no = refused(-32000, client.call, "set-target", domain="vm1", target_kib=2048 * MIB)
        assert no.data["reason"] == "not-free"


def test_pause():
    with Daemon() as daemon, daemon.client() as client:
        assert client.call("pause") == {"paused": True}
        assert client.call("status")["paused"]
        waits = client.call("reserve", min_kib=8192 * MIB, deadline_usec=1500000)
        assert waits["state"] in ("requested", "reclaiming"), waits
        # Arithmetic needs nobody to be asked.
        never = refused(-32000, client.call, "reserve", min_kib=35 * 1024 * MIB)
        assert never.data["reason"] == "cannot-fit", never.data
        assert never.data["missing_kib"] == never.data["needed_kib"] - never.data["possible_kib"] > 0
        assert never.data["possible_kib"] > 8192 * MIB, never.data
        before = [d["target_kib"] for d in client.call("domains")["domains"]]
        over = until(lambda: [r for r in client.call("reservations", id=waits["id"])["reservations"]
                              if r["state"] == "refused"])
        assert over[0]["reason"] == "deadline-over", over
        assert before == [d["target_kib"] for d in client.call("domains")["domains"]]
        assert client.call("resume") == {"paused": False}
        assert client.call("reserve", min_kib=8192 * MIB, wait=True)["state"] == "granted"
        client.call("pause", domain="vm5")
        assert client.call("domains", domain="vm5")["domains"][0]["paused"]
        client.call("resume", domain="vm5")


def test_events_and_plan():
    with Daemon() as daemon, daemon.client() as client, daemon.client() as watcher:
        watcher.call("subscribe", events=["event", "tick", "reservation-changed"])
        plan = client.call("plan", requests=[{"label": "a", "min_kib": 16 * 1024 * MIB},
                                           {"min_kib": 35 * 1024 * MIB}])
        assert [s["verdict"] for s in plan["requests"]] == ["waits", "never"]
        assert 0 < plan["requests"][0]["wait_min_usec"] <= plan["requests"][0]["wait_max_usec"] and len(plan["donors"]) > 5
        assert client.call("reservations")["reservations"] == []
        client.call("reserve", min_kib=8192 * MIB, wait=True)
        assert sentence(plan["requests"][1]) == plan["requests"][1]["message"], plan
        for record in client.call("reservations")["reservations"]:
            assert sentence(record) == record["message"], record
        assert any(e["what"] == "grant" for e in client.call("events")["events"])
        one = client.call("events", domain="vm1", most=2)["events"]
        assert one and all(e["name"] == "vm1" for e in one)
        # Each event that was notified is in the answer; one that continues is notified again with its number.
        events = {e["number"]: e for e in client.call("events", most=512)["events"]}
        watcher.call("ping")
        kinds = {m["method"] for m in watcher.told}
        assert kinds == {"event", "tick", "reservation-changed"}, kinds
        told = [m["params"] for m in watcher.told if m["method"] == "event"]
        assert {e["number"] for e in told} <= events.keys() and len(told) > 16
        for event in told:
            assert sentence(event) and event["steps"] <= events[event["number"]]["steps"], event
        # The last one of a domain is why its target is what it is.
        for domain in client.call("domains")["domains"]:
            now = [e for e in client.call("events", domain=domain["uuid"])["events"] if e["what"] in ("target", "maximum")]
            assert domain["why"]["number"] <= now[-1]["number"] and domain["why"]["uuid"] == domain["uuid"], (domain, now)


def test_second_balancer():
    config = "[ballastd]\nrival-writes = 4\nrival-within = 30min\nrival-quiet = 24h\n"
    with Daemon(config=config) as daemon, daemon.client() as client:
        for i in range(6):
            client.call("sim-set-target", domain="vm1", target_kib=(1024 + 64 * i) * MIB)
            client.call("sim-set-target", domain="vm2", target_kib=(1024 + 64 * i) * MIB)
            ticks_pass(client, 1)
        alerts = [a["name"] for a in client.call("status")["alerts"]]
        assert alerts == ["second-balancer"], alerts
        targets = lambda: [d["target_kib"] for d in client.call("domains")["domains"]]
        before = targets()
        # What is free is still granted; nobody is asked to give.
        assert client.call("reserve", min_kib=4, wait=True)["state"] == "granted"
        assert targets() == before
        daemon.reload(config.replace("24h", "1s"))
        until(lambda: client.call("status")["alerts"] == [])
        daemon.reload(config)
        for i in range(6):
            client.call("sim-set-target", domain="vm1", target_kib=(1024 + 64 * i) * MIB)
            ticks_pass(client, 1)
        assert client.call("status")["alerts"]
        client.call("resume")
        assert client.call("status")["alerts"] == []


run([value for name, value in list(globals().items()) if name.startswith("test_")])
