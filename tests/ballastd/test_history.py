#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The history: samples and events of the daemon, over restarts, of guests that are gone, and on a full
or faulty disk."""

import contextlib
import json
import re
import resource
import sqlite3

from driver import Daemon, refused, run, sentence, ticks_pass, until

MIB = 1024
# A minute of history is a second.
FAST = 60

CALM = """says "Two guests, one of which can give a lot."
host total=12GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest web tot=6GiB min=1GiB max=6GiB uses=700MiB overhead=8MiB reclaim-rate=50MiB/s grow-rate=50MiB/s
guest mail tot=2GiB min=2GiB max=2GiB uses=1GiB overhead=8MiB
duration 24h
"""


def rows(daemon):
    """How many samples are in the file, and how many events; the daemon must not run."""
    with contextlib.closing(sqlite3.connect(daemon.state / "history.db")) as db:
        return (db.execute("SELECT count(*) FROM pack").fetchone()[0],
                db.execute("SELECT count(*) FROM event").fetchone()[0])


def test_samples():
    with Daemon(CALM, speed=FAST) as daemon, daemon.client(status=True) as client:
        span = {"since_usec": 3_600_000_000, "points": 1000}
        until(lambda: len(client.call("history", domain="web", **span)["time_usec"]) > 30)
        now = client.call("domains", domain="web")["domains"][0]
        seen = client.call("history", domain="web", **span)
        assert seen["domain"] == {"name": "web", "uuid": now["uuid"], "domid": 1}
        count = len(seen["time_usec"])
        for column in ("current_kib", "target_kib", "need_kib"):
            for kind in ("min", "mean", "max"):
                assert len(seen[column][kind]) == count
        assert seen["time_usec"] == sorted(seen["time_usec"])
        for least, mean, most in zip(*(seen["current_kib"][k] for k in ("min", "mean", "max"))):
            assert least <= mean <= most
        assert seen["current_kib"]["max"][-1] >= now["current_kib"] >= seen["current_kib"]["min"][-1]
        # The host's is what `host` says, and the domains are known by number and uuid too.
        host = client.call("history", **span)
        assert host["domain"] is None and len(host["free_kib"]["mean"]) >= 30
        for name in (1, now["uuid"]):
            assert client.call("history", domain=name)["domain"]["name"] == "web"
        few = client.call("history", domain="web", since_usec=600_000_000, points=5)
        assert 0 < len(few["time_usec"]) <= 5
        assert max(few["current_kib"]["max"]) <= max(seen["current_kib"]["max"])
        refused(-32002, client.call, "history", domain="nobody")
        refused(-32002, client.call, "history", domain=77)
        refused(-32602, client.call, "history", since_usec=5, until_usec=5)
        refused(-32602, client.call, "history", points=0)


def test_events():
    with Daemon(CALM, speed=20) as daemon, daemon.client() as client:
        got = client.call("reserve", min_kib=6 * 1024 * MIB, label="shop", lease_usec=10**12, wait=True)
        assert got["state"] == "granted"
        client.call("set-shares", domain="mail", shares=2000)
        why = client.call("events", domain="web")
        gave = [e for e in why["events"] if e["what"] == "target" and e["to_kib"] < e["from_kib"]
                and e["reservation"] == got["id"]]
        assert gave, why
        message = gave[0]["message"]
        assert re.match(r"target lowered from \d.* to \d.*: .*GiB are missing to start shop "
                        rf"\(reservation {got['id']}\)$", message), message
        assert gave[0]["who"] == "balancer" and gave[0]["detail"] == "shop"
        numbers = [e["number"] for e in why["events"]]
        assert numbers == sorted(numbers) and not why["more"]
        everything = client.call("events")["events"]
        for event in everything:
            assert sentence(event), event
        assert any(e["what"] == "grant" and e["message"].startswith("shop may start")
                   for e in everything)
        mail = client.call("events", domain="mail")["events"]
        assert mail[-1]["who"].startswith("user ") and "2000" in mail[-1]["message"]
        # Page by page, nothing twice and nothing left out.
        paged, before = [], None
        while True:
            page = client.call("events", most=1, **({"before": before} if before else {}))
            paged = page["events"] + paged
            if not page["more"]:
                break
            before = page["events"][0]["number"]
        assert [e["number"] for e in paged] == [e["number"] for e in client.call("events")["events"]]
        counts = client.call("status")
        assert counts["moved_down_kib"] > 3 * 1024 * MIB
        assert {"result": "granted", "reason": "ok", "count": 1} in counts["admissions"]
        client.call("release", id=got["id"])
        refused(-32000, client.call, "reserve", min_kib=100 * 1024 * MIB, wait=True)


FULL = """says "What is free is reserved, but for a guest that may grow."
host total=8GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest web tot=1GiB min=1GiB max=1GiB uses=700MiB overhead=8MiB
duration 24h
"""


def test_decided_in_the_first_tick():
    """A domain that is there and decided about between two samples: the decision becomes an event."""
    seldom = "[ballastd]\ninterval = 5s\nidle-interval = 5s\n"
    with Daemon(FULL, speed=20, config=seldom) as daemon, daemon.client() as client:
        client.call("reserve", min_kib=4500 * MIB, label="other", wait=True)
        client.call("pause")
        client.call("sim-start", name="new", need_kib=1024 * MIB, max_kib=3072 * MIB, rate_kib=1 << 40)
        until(lambda: any((d["name"], d["xen_maximum_kib"]) == ("new", 1024 * MIB)
                          for d in client.call("domains")["domains"]))
        told = [(e["what"], e["reason"]) for e in client.call("events", domain="new")["events"]]
        assert told == [("appeared", None), ("unreserved", None), ("maximum", "maximum-lowered")], told


SEESAW = """says "What one guest frees the other takes, a little at a time."
host total=5GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=512MiB min=512MiB max=512MiB
guest gives tot=3GiB min=512MiB max=3GiB uses=300MiB reclaim-rate=100MiB/s grow-rate=100MiB/s
guest takes tot=1GiB min=512MiB max=3GiB uses=2GiB reclaim-rate=100MiB/s grow-rate=100MiB/s
duration 24h
"""


def test_logged_when_it_begins():
    """A move is one event and one line of the log, however many steps it takes; each step with --verbose."""
    for options in ((), ("--verbose",)):
        with Daemon(SEESAW, speed=20, options=options) as daemon, daemon.client() as client:
            def moves():
                return [e for e in client.call("events", domain="takes")["events"] if e["what"] == "target"]
            until(lambda: any(e["steps"] > 2 for e in moves()))
            client.call("pause")
            ticks_pass(client, 2)
            events = moves()
            steps = sum(e["steps"] for e in events)
            lines = daemon.log().count(">takes: target ")
            assert lines == (steps if options else len(events)), (lines, steps, events)


def check_kept(before, after):
    """Each event of before is the same after; an answer holds the last 256, so the first may be out of it."""
    first = after[0]["number"]
    kept = {event["number"]: event for event in after}
    assert first <= before[-1]["number"]
    lost = [event for event in before if event["number"] >= first and kept.get(event["number"]) != event]
    assert not lost, (lost, [kept.get(event["number"]) for event in lost])


def test_gone_and_restart():
    with Daemon(CALM, speed=FAST) as daemon:
        with daemon.client() as client:
            first = client.call("history", domain="mail")["domain"]["uuid"]
            until(lambda: client.call("history", domain="mail")["time_usec"])
            client.call("sim-destroy", domain="mail")
            until(lambda: any(e["what"] == "gone" for e in client.call("events", domain="mail")["events"]))
            assert client.call("history", domain="mail")["domain"]["domid"] is None
            before = client.call("events")["events"]
            # What is in memory and what has been written is one: nothing is lost, nothing twice.
            until(lambda: client.call("status")["history"]["size_kib"] > 0)
            check_kept(before, client.call("events")["events"])
        assert daemon.stop() == 0
        samples, events = rows(daemon)
        assert samples >= 4 and events >= len(before), (samples, events, before)
        daemon.start()
        with daemon.client(status=True) as client:
            again = client.call("events")["events"]
            check_kept(before, again)
            assert client.call("history", domain=first)["time_usec"]
            assert client.call("history", domain="mail")["domain"]["uuid"] == first
            assert client.call("events", domain="mail")["events"][-1]["message"].startswith("is gone")
            # Numbers go on.
            numbers = [e["number"] for e in again]
            assert len(set(numbers)) == len(numbers)


def test_killed():
    """kill -9: what was written is there, and it goes on."""
    with Daemon(CALM, speed=FAST) as daemon:
        with daemon.client(status=True) as client:
            until(lambda: client.call("status")["history"]["size_kib"] > 0)
            until(lambda: len(client.call("history", domain="web")["time_usec"]) > 1)
        daemon.kill()
        samples, _ = rows(daemon)
        assert samples >= 3
        daemon.start()
        with daemon.client(status=True) as client:
            assert client.call("history", domain="web")["time_usec"]
            assert client.call("status")["history"]["working"]


def test_numbers():
    """A number is one event's: of a run that was killed before it wrote, without a history, and once there is one."""
    given = {}

    def note(client, domain):
        client.call("pause", domain=domain)
        events = client.call("events", most=512)["events"]
        for event in events:
            about = event["time_usec"], event["what"], event["name"]
            assert given.setdefault(event["number"], about) == about, (event, about)
        return {event["number"] for event in events}

    # A minute is a minute: nothing is written meanwhile.
    with Daemon(CALM) as daemon:
        with daemon.client() as client:
            note(client, "web")
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            note(client, "mail")
        assert daemon.stop() == 0
        daemon.config.write_text("[ballastd]\nhistory = 0MiB\n")
        daemon.start()
        with daemon.client() as client:
            shown = note(client, "web")
            daemon.reload("[ballastd]\nhistory = 8MiB\n")
            until(lambda: client.call("status")["history"]["size_kib"] > 0)
            assert note(client, "mail") > shown


def test_damaged():
    with Daemon(CALM, speed=FAST) as daemon:
        assert daemon.stop() == 0
        file = daemon.state / "history.db"
        file.write_bytes(b"no database" * 1000)
        daemon.start()
        with daemon.client() as client:
            until(lambda: client.call("status")["history"]["size_kib"] > 0)
            assert client.call("status")["history"]["working"]
            assert client.call("reserve", min_kib=4, wait=True)["state"] == "granted"
        assert (daemon.state / "history.db.aside").read_bytes() == b"no database" * 1000
        assert daemon.log().count("it was set aside as") == 1
        assert daemon.stop() == 0
        assert rows(daemon)[0] > 0


def test_full_disk():
    """The daemon goes on, says it once, and writes again when it can."""
    with Daemon(CALM, speed=FAST) as daemon, daemon.client() as client:
        until(lambda: client.call("status")["history"]["size_kib"] > 0)
        pid = daemon.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
        trouble = until(lambda: client.call("status")["history"]["message"])
        assert "history.db" in trouble
        ticks = client.call("status")["ticks"]
        until(lambda: client.call("status")["ticks"] > ticks + 100)
        assert not client.call("status")["history"]["working"]
        assert client.call("status")["ledger"]["writable"]
        # What is known is still answered, and what happens now.
        assert client.call("history", domain="web")["time_usec"]
        client.call("pause")
        client.call("resume")
        assert len(client.call("events", reason="pause")["events"]) == 2
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
        until(lambda: client.call("status")["history"]["working"])
        # Its log could not be written meanwhile either.
        assert daemon.log().count("can be written again") == 1


def test_none():
    """Without a history the last events are in memory, of guests that are gone too, and are written once there is one."""
    with Daemon(CALM, speed=FAST, config="[ballastd]\nhistory = 0MiB\n") as daemon:
        with daemon.client() as client:
            number = client.call("reserve", min_kib=6 * 1024 * MIB, label="shop", wait=True)["id"]
            client.call("release", id=number)
            until(lambda: any(e["reason"] == "share-of-surplus" for e in client.call("events", domain="web")["events"]))
            uuid = client.call("domains", domain="web")["domains"][0]["uuid"]
            client.call("sim-destroy", domain="web")
            until(lambda: client.call("events", domain=uuid)["events"][-1]["what"] == "gone")
            ticks_pass(client, 5)
            gone = client.call("events", domain="web")["events"]
            assert {"reclaimed-for-start", "share-of-surplus"} <= {e["reason"] for e in gone}, gone
            assert {(e["uuid"], e["name"]) for e in gone} == {(uuid, "web")}
            only = client.call("events", reason="share-of-surplus", after=gone[0]["number"])["events"]
            assert only == [e for e in client.call("events")["events"]
                            if e["reason"] == "share-of-surplus" and e["number"] > gone[0]["number"]]
            for _ in range(600):
                client.call("pause", domain="mail")
                client.call("resume", domain="mail")
            last = client.call("events", most=512)["events"]
            before = client.call("events", most=512, before=last[0]["number"])["events"]
            first = client.call("events", most=512, before=before[0]["number"])["events"]
            # Those that may go on, of a guest each, are kept beside them.
            assert len(last) == len(before) == 512 and len(first) <= 3, len(first)
            history = client.call("status")["history"]
            assert history == {"working": False, "size_kib": 0, "most_kib": 0, "message": None}
            kept = client.call("events", most=512)["events"]
        assert not (daemon.state / "history.db").exists()
        # Read anew, it is kept from then on.
        daemon.config.write_text("[ballastd]\nhistory = 8MiB\n")
        daemon.process.send_signal(1)
        with daemon.client(status=True) as client:
            until(lambda: client.call("status")["history"]["size_kib"] > 0)
            check_kept(kept, client.call("events", most=512)["events"])
    bad = Daemon(CALM, config="[ballastd]\nhistory = 7MiB\n").start(wait=False)
    assert bad.process.wait(600) == 2 and "history: too small" in bad.log()
    bad.directory.cleanup()


def sums(history, most=1 << 62):
    """Points with parts, each of which must sum to its total."""
    known = 0
    columns = list(history["parts"].values())
    for i, total in enumerate(history["total_kib"]):
        parts = [column[i] for column in columns]
        if total is None:
            assert set(parts) == {None} and history["overcounted_kib"][i] is None
            continue
        assert sum(parts) - history["overcounted_kib"][i] == total <= most, (i, parts, total)
        known += 1
    assert known <= len(history["time_usec"]) == len(history["total_kib"])
    return known


def test_parts():
    """What the host was made of: it sums at each point, also after thinning and a restart."""
    total = 12 * MIB * MIB
    with Daemon(CALM, speed=900) as daemon:
        with daemon.client() as client:
            day = {"since_usec": 86_400_000_000, "points": 1000}
            # Started again, its clock goes on from the last change of the ledger, which comes after this.
            until(lambda: sums(client.call("history", **day)) > 40)
            now = client.call("host")
            seen = client.call("history", **day)
            assert list(seen["parts"]) == list(now["parts"])
            assert set(seen["total_kib"]) == {total}
            assert seen["parts"]["xen"][-1] == now["parts"]["xen"] == 256 * MIB
            # A reservation is seen in it, while it is there.
            number = client.call("reserve", min_kib=MIB * MIB, wait=True)["id"]
            until(lambda: client.call("history", **day)["parts"]["reserved"][-1] > 0)
            client.call("release", id=number)
            # What is older than an hour becomes minutes; whatever is asked for sums.
            until(lambda: client.call("host")["now_usec"] - now["now_usec"] > 4 * 3_600_000_000)
            for points in (1, 7, 240, 1000):
                assert sums(client.call("history", since_usec=86_400_000_000, points=points)) > 0
        assert daemon.stop() == 0
        daemon.start()
        with daemon.client(status=True) as client:
            again = client.call("history", **day)
            assert sums(again, total) >= 30
            assert max(again["parts"]["reserved"]) > 0
            assert "parts" not in client.call("history", domain="web")


def test_parts_of_an_older_release():
    """Rows without parts are read, and go on with them."""
    with Daemon(CALM, speed=FAST) as daemon:
        with daemon.client() as client:
            until(lambda: client.call("status")["history"]["size_kib"] > 0)
            # Started again, its clock goes on from here: it makes no sample again of what was there.
            client.call("release", id=client.call("reserve", min_kib=4, wait=True)["id"])
        assert daemon.stop() == 0
        with contextlib.closing(sqlite3.connect(daemon.state / "history.db")) as db:
            host = db.execute("SELECT id FROM guest WHERE uuid = ?", (b"\xff" * 16,)).fetchone()[0]
            key, data = db.execute("SELECT key, data FROM pack WHERE key & 16777215 = ? "
                                   "ORDER BY key DESC", (host,)).fetchone()
            assert data[0] == 2 and data[2] == 10
            # Form 1, one series: 4 GiB free in the first ten seconds of that stretch.
            db.execute("UPDATE pack SET data = ? WHERE key = ?",
                       (bytes([1, 1, 1, 0x80, 0x80, 0x80, 4]), key))
            db.commit()
        daemon.start()
        with daemon.client(status=True) as client:
            def both():
                history = client.call("history", since_usec=3_600_000_000, points=360)
                return None in history["total_kib"] and sums(history) > 3 and history
            history = until(both)
            assert history["free_kib"]["mean"][history["total_kib"].index(None)] == 4 * MIB * MIB


def test_lines():
    """The longest answers there are stay below what a line may have."""
    with Daemon(CALM, speed=FAST) as daemon, daemon.client() as client:
        for i in range(300):
            client.call("set-shares", domain="mail", shares=i)
            client.call("set-range", domain="mail")
        events = client.call("events", most=512)["events"]
        assert len(events) == 512 and len(json.dumps(events)) < 1 << 20
        assert client.call("events", domain="mail", most=10)["more"]


run([value for name, value in list(globals().items()) if name.startswith("test_")])
