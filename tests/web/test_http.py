#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ballast-web over plain sockets: what it serves, to whom, and what clients who mean ill cost others."""

import collections
import gzip
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading

from server import PROGRAM, Answer, Daemon, Events, Web, until
import driver

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


def check_headers(answer):
    for name, value in SECURITY.items():
        assert answer.header(name) == value, (name, answer.headers)
    policy = answer.header("content-security-policy")
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, policy
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy, policy


def test_assets():
    """The page, packed or not, and what a browser may keep of it."""
    with Daemon() as daemon, Web(daemon.run) as web:
        page = web.ask("/")
        check_headers(page)
        assert page.status == 200 and page.header("content-type") == "text/html; charset=utf-8"
        assert page.header("cache-control") == "no-cache"
        assert web.ask("/", If_None_Match=page.header("etag")).status == 304
        assert web.ask("/", If_None_Match='"other", W/' + page.header("etag")).status == 304
        assert web.ask("/", If_None_Match='"other"').status == 200
        names = re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode())
        assert len(names) >= 3, names
        for name in names:
            plain = web.ask(name)
            packed = web.ask(name, Accept_Encoding="br, gzip;q=0.8")
            check_headers(plain)
            assert plain.status == packed.status == 200
            assert plain.header("content-encoding") is None
            if packed.header("content-encoding"):
                assert packed.header("content-encoding") == "gzip"
                assert gzip.decompress(packed.body) == plain.body
                assert len(packed.body) < len(plain.body)
            assert web.ask(name, Accept_Encoding="gzip;q=0").header("content-encoding") is None
            if name.startswith("/assets/"):
                assert "immutable" in plain.header("cache-control")
                assert b"http://" not in plain.body.replace(b"http://www.w3.org/", b"")
                assert b"https://" not in plain.body
            head = web.ask(name, method="HEAD")
            assert head.status == 200 and head.body == b""
            assert head.header("content-length") == str(len(plain.body))
        for path in ("/nothing", "/assets/", "/assets/../index.html", "/index.html", "//", "/api",
                     "/api/", "/..%2f..%2fetc/passwd"):
            answer = web.ask(path)
            assert answer.status == 404, (path, answer.status)
            check_headers(answer)


def test_hosts():
    """A page of another name that resolves to us (DNS rebinding) is told nothing."""
    with Daemon() as daemon, Web(daemon.run) as web:
        port = web.address[1]
        until(lambda: web.ask("/api/state").status == 200)
        for host in ("localhost", "LOCALHOST", f"localhost:{port}", "127.0.0.1", f"127.0.0.1:{port}",
                     "[::1]", f"[::1]:{port}", "localhost:9000"):
            assert web.ask("/api/state", host=host).status == 200, host
        for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example", "127.0.0.1.example",
                     "localhost:65536", "127.0.0.2", "[::2]", "[::1", "", "localhost:",
                     "localhost:x", "user@localhost", "a" * 70):
            for path in ("/", "/api/state", "/api/stream", "/metrics", "/healthz"):
                answer = web.ask(path, host=host)
                assert answer.status in (400, 421), (host, path, answer.status)
                assert b"domid" not in answer.body
        two = f"GET /api/state HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert Answer(web.raw(two.encode())).status == 400
        assert Answer(web.raw(b"GET /api/state HTTP/1.1\r\nConnection: close\r\n\r\n")).status == 400
        assert Answer(web.raw(b"GET /api/state HTTP/1.0\r\n\r\n")).status == 400


def test_methods():
    """It only ever answers; nothing can be sent to it."""
    with Daemon() as daemon, Web(daemon.run) as web:
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"):
            for path in ("/", "/api/state", "/api/stream", "/metrics"):
                answer = web.ask(path, method=method)
                assert answer.status == 405 and answer.header("allow") == "GET, HEAD", (method, path)
                check_headers(answer)
        assert web.ask("/api/state", Content_Length="5").status == 400
        assert web.ask("/api/state", Transfer_Encoding="chunked").status == 400
        assert web.ask("/api/state", Sec_Fetch_Site="cross-site").status == 403
        assert web.ask("/api/stream", Sec_Fetch_Site="cross-site").status == 403
        assert web.ask("/", Sec_Fetch_Site="cross-site").status == 200
        head = web.ask("/api/stream", method="HEAD")
        assert head.status == 200 and head.body == b""
        assert web.ask("/api/state", method="HEAD").body == b""


def test_state():
    """What it tells is what the daemon tells, to the KiB, and sums."""
    with Daemon(scenario=driver.QUIET) as daemon, Web(daemon.run) as web, daemon.client() as client:
        answer = until(lambda: (a := web.ask("/api/state")).status == 200 and a)
        check_headers(answer)
        assert answer.header("cache-control") == "no-store"
        assert answer.header("content-type") == "application/json"
        state = answer.json()
        assert state["whole"] and state["problem"] is None
        host = state["host"]
        parts = host["parts"]
        assert sum(parts.values()) - host["overcounted_kib"] == host["total_kib"]
        guests = [d for d in state["domains"] if not d["dom0"]]
        assert sum(d["current_kib"] for d in guests) == parts["domains"]
        assert sum(d["overhead_kib"] for d in state["domains"]) == parts["overhead"]
        assert len(state["domains"]) == 51
        until(lambda: same(web, client))
        assert state["daemon"]["pid"] == daemon.process.pid


def same(web, client):
    """Nothing moves on that host, so that two looks may be compared."""
    state = until(lambda: (a := web.ask("/api/state")).status == 200 and a.json())
    names = ("domid", "uuid", "name", "current_kib", "target_kib", "xen_maximum_kib", "segments")
    told = [[d[n] for n in names] for d in client.call("domains")["domains"]]
    return [[d[n] for n in names] for d in state["domains"]] == told and \
        state["host"]["parts"] == client.call("host")["parts"]


MANY = """says "More guests than one answer holds."
host total=512GiB xen=1GiB slack=64MiB
guest dom0 dom0 tot=4GiB min=4GiB max=4GiB
guest vm*700 tot=512MiB min=256MiB max=512MiB uses=200MiB overhead=4MiB
duration 24h
"""


def test_many():
    """Listings of several pages are put together."""
    with Daemon(scenario=MANY, checks=False) as daemon, Web(daemon.run) as web:
        state = until(lambda: (a := web.ask("/api/state")).status == 200 and a.json())
        assert [d["domid"] for d in state["domains"]] == list(range(701))
        follower = web.follow()
        for _ in range(3):
            _, _, state = follower.until("state")
            assert len(state["domains"]) == 701
        follower.close()


def test_states_come_in_order():
    """States in order, no two within a quarter of a second, and none that was seen already."""
    with Daemon() as daemon, Web(daemon.run) as web, daemon.client() as client:
        follower = web.follow()
        assert follower.answer.status == 200
        assert follower.answer.header("content-type") == "text/event-stream"
        check_headers(follower.answer)
        _, first, state = follower.until("state")
        assert state["seq"] == first
        # From here on the clock stands, and a state that was made at this very moment is the last one.
        web.clock.go()
        web.clock.go(2)
        until(lambda: web.clock.wait_msec() == 250)
        ids = [first]
        for turn in range(4):
            # Each of these changes something the daemon tells at once. Between the two halves it would be
            # told of, were a quarter of a second over; an answer to another shows that it has looked.
            for seconds in (0.24, 0.01):
                for _ in range(5):
                    made = client.call("release", id=client.call("reserve", min_kib=4096, wait=True)["id"])["id"]
                web.clock.go(seconds)
                assert web.ask("/").status == 200
            came = []
            while not any(r["id"] == made and r["state"] == "released" for r in state["reservations"]):
                came.append(follower.until("state"))
                state = came[-1][2]
            ids += [number for _, number, _ in came]
            # The first time those from before the clock stood are read as well.
            assert turn == 0 or len(came) == 1, came
        assert ids == sorted(set(ids))
        assert web.ask("/api/state").json()["seq"] == ids[-1]
        again = web.follow(Last_Event_ID=str(ids[-1]))
        again.state = state
        web.clock.go(2)
        assert again.until("state")[1] > ids[-1]
        # One is left open: it is told the end, and does not hold it up.
        follower.close()
    try:
        while True:
            again.next()
    except EOFError:
        again.close()


CHANGING = """says "Guests whose needs wander, and one that grows."
host total=16GiB xen=1GiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest vm*40 tot=256MiB min=128MiB max=512MiB uses=walk:100MiB..300MiB,40MiB/s overhead=4MiB
duration 24h
"""


def test_changes():
    """After the first state only what has changed is sent, and it makes the very state that is asked for."""
    with Daemon(scenario=CHANGING, checks=False) as daemon, Web(daemon.run) as web, daemon.client() as client:
        follower = web.follow()
        states = {}
        for step in range(24):
            if step % 3 == 0:
                made = client.call("reserve", min_kib=4096 * (1 + step), label=f"start-{step}", wait=True)["id"]
            if step % 3 == 1:
                client.call("sim-start", name=f"new-{step}", need_kib=4096 * step, reservation=made)
            if step % 6 == 5:
                client.call("sim-destroy", domain=f"new-{step - 1}")
            asked = web.ask("/api/state").json()
            # The steps may all be done before a state is due: wait for one after every third.
            known = max(states, default=0) + (step % 3 == 2)
            while not states or max(states) < max(known, asked["seq"]):
                _, number, state = follower.until("state")
                states[number] = state
            if asked["seq"] in states:
                assert states[asked["seq"]] == asked
        assert follower.changes > 0 and follower.wholes + follower.changes == len(states)
        names = {"new-22"}
        while "new-22" in names or "new-19" not in names:
            names = {d["name"] for d in follower.until("state")[2]["domains"]}
        # Who missed one is sent a whole state, and goes on from there.
        late = web.follow(Last_Event_ID=str(min(states)))
        while late.changes == 0:
            late.until("state")
            assert late.wholes > 0
        late.close()
        follower.close()


def test_rest_costs_little():
    """Of fifty guests that do nothing only what goes on by itself is sent."""
    with Daemon(scenario=driver.QUIET) as daemon, Web(daemon.run) as web, daemon.client() as client:
        follower = web.follow()
        follower.until("state")
        made = client.call("reserve", min_kib=4096, label="start", wait=True)["id"]
        while not any(r["id"] == made for r in follower.until("state")[2]["reservations"]):
            pass
        told = {name for d in follower.change.get("domains", {}).get("changed", []) for name in d}
        assert told <= {"domid", "report_age_usec", "trust_permyriad"}, told
        assert "new" not in follower.change.get("domains", {}) and "policy" not in follower.change["set"]
        follower.close()


def test_grant_is_seen():
    """A start from request to grant, as the stream tells it."""
    with Daemon() as daemon, Web(daemon.run) as web, daemon.client() as client:
        follower = web.follow()
        follower.until("state")
        made = client.call("reserve", min_kib=6 * 1024 * 1024, label="start")["id"]
        seen = []
        while not seen or seen[-1] != "granted":
            for r in follower.until("state")[2]["reservations"]:
                if r["id"] == made and (not seen or seen[-1] != r["state"]):
                    seen.append(r["state"])
        assert seen[0] in ("requested", "reclaiming") and set(seen) <= {"requested", "reclaiming", "granted"}, seen
        started = client.call("sim-start", name="new", need_kib=6 * 1024 * 1024, overhead_kib=8192,
                              reservation=made)
        while True:
            state = follower.until("state")[2]
            states = {r["id"]: r["state"] for r in state["reservations"]}
            if states.get(made) in ("bound", "used"):
                break
        assert any(d["domid"] == started["domid"] and d["type"] == "pvh" for d in state["domains"])
        follower.close()


def test_away():
    """The daemon goes, its last word stays and is marked; it comes back and all goes on."""
    with Daemon() as daemon, Web(daemon.run) as web:
        follower = web.follow()
        _, number, last = follower.until("state")
        assert web.ask("/healthz").status == 200
        daemon.kill()
        _, away, message = follower.until("away")
        assert away > number and message["message"]
        state = web.ask("/api/state")
        assert state.status == 203 and state.json()["host"]["total_kib"] == last["host"]["total_kib"]
        assert web.ask("/healthz").status == 503
        assert re.search(rb"^ballast_up 0$", web.ask("/metrics").body, re.M)
        assert web.ask("/api/history").status == 503
        late = web.follow()
        assert late.until("state")[1] and late.until("away")[1] == away
        late.close()
        daemon.start()
        assert follower.until("state")[1] > away
        until(lambda: web.ask("/healthz").status == 200)
        until(lambda: web.ask("/api/state").status == 200)
        follower.close()


def test_no_daemon_yet():
    with Daemon() as daemon:
        daemon.stop()
        with Web(daemon.run) as web:
            answer = until(lambda: (a := web.ask("/api/state")).status == 503 and a)
            assert "no daemon" in answer.json()["error"], answer.body
            assert web.ask("/").status == 200
            follower = web.follow()
            assert "no daemon" in follower.until("away")[2]["message"]
            daemon.start()
            follower.until("state")
            follower.close()


def test_hanging_daemon():
    """One that is there and does not answer is away; nobody waits for it for ever."""
    with Daemon(checks=False) as daemon, Web(daemon.run) as web:
        follower = web.follow()
        follower.until("state")
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            assert web.ask("/api/state").status in (200, 203)
            assert web.ask("/metrics").status == 200
            follower.until("away")
            assert web.ask("/api/state").status == 203
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        follower.until("state")
        follower.close()


def test_history():
    """Handed on to the daemon; one that keeps none knows nothing, which is an answer."""
    with Daemon() as daemon, Web(daemon.run) as web:
        until(lambda: web.ask("/healthz").status == 200)
        for query in ("", "?domain=vm1&since_usec=60000000&points=10", "?domain=1"):
            answer = web.ask("/api/history" + query)
            assert answer.status == 200, (query, answer.status, answer.body)
            assert answer.json() is None or "time_usec" in answer.json()
        for query in ("?since_usec=-1", "?since_usec=1e3", "?points=", "?domain=" + "x" * 64, "?domain="):
            assert web.ask("/api/history" + query).status == 400, query


def test_events():
    """What happened: in the state, the last of it, and the rest for who asks."""
    with Daemon() as daemon, Web(daemon.run) as web, daemon.client() as client:
        follower = web.follow()
        assert follower.until("state")[2]["events"] is not None
        for shares in range(100, 180):
            client.call("set-shares", domain="vm1", shares=shares)
        settings = [e for e in client.call("events", domain="vm1", most=512)["events"] if e["what"] == "setting"]
        assert len(settings) == 80
        # Others may follow: what was set moves targets.
        while True:
            events = follower.until("state")[2]["events"]
            if len(events) == 64 and settings[-1]["number"] <= events[-1]["number"]:
                break
        follower.close()
        numbers = [e["number"] for e in events]
        assert numbers == sorted(set(numbers))
        assert {"who", "from_kib", "to_kib", "reason", "message"} <= set(events[-1])
        uuid = client.call("domains", domain="vm1")["domains"][0]["uuid"]
        for who in ("vm1", uuid, "1"):
            answer = web.ask(f"/api/events?domain={who}&most=512")
            check_headers(answer)
            assert answer.status == 200
            assert [e for e in answer.json()["events"] if e["what"] == "setting"] == settings, who
        earlier = web.ask(f"/api/events?before={settings[40]['number']}&most=5").json()
        assert len(earlier["events"]) == 5 and earlier["more"]
        assert earlier["events"][-1]["number"] < settings[40]["number"]
        assert web.ask("/api/events?domain=nobody").json() is None
        for query in ("?most=-1", "?before=x", "?domain=", "?domain=" + "x" * 64):
            assert web.ask("/api/events" + query).status == 400, query
        assert web.ask("/api/events", method="POST").status == 405


class Liar(threading.Thread):
    """A daemon that says as much as it can: pages without end, entries as long as a line, news."""

    HUGE = "x" * 1000000

    def __init__(self, run_dir):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        path = pathlib.Path(run_dir) / "status.sock"
        self.listener.bind(str(path))
        path.chmod(0o666)
        self.listener.listen(8)
        self.said = collections.Counter()
        self.number = 0
        self.start()

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def answer(self, method):
        self.number += 1
        long = {"id": self.number, "domid": self.number, "number": self.number, "state": "released", "x": self.HUGE}
        many = {"v": [[]] * 100000}
        return {
            "hello": {"version": 1, "daemon": "liar", "host": "h", "pid": 1},
            "status": many, "host": {"parts": {}},
            "domains": {"domains": [long], "more": True},
            "reservations": {"reservations": [long], "more": True},
            "history": long, "events": long if self.number % 2 else {"events": [long]},
        }.get(method, {})

    def serve(self, connection):
        try:
            for line in connection.makefile():
                message = json.loads(line)
                method = message["method"]
                self.said[method] += 1
                told = [{"jsonrpc": "2.0", "id": message["id"], "result": self.answer(method)}]
                if method == "subscribe" or method == "events":
                    told += [{"jsonrpc": "2.0", "method": "reservation-changed", "params": self.answer("history")}] * 2
                connection.sendall("".join(json.dumps(one) + "\n" for one in told).encode())
        except (OSError, ValueError):
            pass


def test_lying_daemon():
    """One that says as much as it can costs a bounded part of memory, and everybody is still served."""
    with tempfile.TemporaryDirectory(prefix="ballast-liar.") as run_dir:
        os.chmod(run_dir, 0o755)
        liar = Liar(run_dir)
        with Web(run_dir) as web:
            follower = web.follow()
            follower.until("state")
            readers = []
            for _ in range(5):
                state = follower.until("state")[2]
                assert len(json.dumps(state)) < 6 << 20
                assert len(state["reservations"]) <= 32 + 8
                assert "too " in state["problem"], state["problem"]
                # Those who ask and do not take what comes.
                for path in ("/api/history", "/api/events"):
                    for _ in range(4):
                        reader = web.connect()
                        reader.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                        readers.append(reader)
                assert web.ask("/").status == 200
            most = web.rss_kib()
            assert most < 200 << 10, f"{most} KiB"
            for reader in readers:
                reader.close()
            follower.close()
            assert liar.said["domains"] > 5 and liar.said["events"] > 5, liar.said
            print(f"{most} KiB after {sum(liar.said.values())} answers of up to 1 MiB", flush=True)


def test_metrics():
    """OpenMetrics for who names it, the text format for the others; the parts sum to the total."""
    with Daemon() as daemon, Web(daemon.run) as web:
        until(lambda: web.ask("/api/state").status == 200)
        plain = web.ask("/metrics")
        assert plain.status == 200 and plain.header("content-type").startswith("text/plain")
        check_headers(plain)
        new = web.ask("/metrics", Accept="application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
        assert new.header("content-type").startswith("application/openmetrics-text")
        assert new.body.endswith(b"# EOF\n")
        samples = re.findall(r'^ballast_host_memory_bytes\{[^}]*\} (\S+)$', new.body.decode(), re.M)
        total = re.search(r'^ballast_host_memory_total_bytes(?:\{\})? (\S+)$', new.body.decode(), re.M)
        assert samples and sum(map(int, samples)) == int(total[1])
        assert int(total[1]) == 36 * 1024 ** 3


def test_silent_clients():
    """Who connects and says nothing takes nobody's place for long."""
    with Daemon() as daemon, Web(daemon.run) as web:
        follower = web.follow()
        follower.until("state")
        silent = [web.connect() for _ in range(200)]
        until(lambda: web.ask("/api/state").status == 200)
        follower.until("state")
        for connection in silent:
            connection.close()
        follower.close()


def test_trickle():
    """A byte now and then is no request: it is closed in its time, and not before."""
    with Daemon() as daemon, Web(daemon.run) as web:
        web.clock.go()
        with web.connect() as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
            # An answer to another shows that it has looked at its clock.
            assert web.ask("/").status == 200
            for _ in range(9):
                web.clock.go(1)
                slow.sendall(b"y")
                assert web.ask("/").status == 200
                assert not select.select([slow], [], [], 0)[0]
            web.clock.go(1)
            try:
                assert slow.recv(1024) == b""
            except ConnectionResetError:
                pass
        assert web.ask("/").status == 200


def test_followers():
    """At most so many follow; who goes makes room, and who does not read costs one message."""
    with Daemon(scenario=MANY, checks=False) as daemon, Web(daemon.run) as web:
        until(lambda: web.ask("/api/state").status == 200)
        followers = [web.follow() for _ in range(32)]
        assert all(f.answer.status == 200 for f in followers)
        assert web.ask("/api/stream").status == 503
        before = web.rss_kib()
        reader = followers[0]
        # The others read nothing at all meanwhile.
        for _ in range(8):
            reader.until("state")
        grown = web.rss_kib() - before
        frame = len(web.ask("/api/state").body) // 1024
        print(f"  31 who do not read, a state of {frame} KiB: {grown} KiB more")
        assert grown < 31 * 64 + 12 * frame + 16384, grown
        for follower in followers[1:]:
            follower.close()
        def again():
            # A browser that was refused comes back.
            follower = web.follow()
            follower.close()
            return follower.answer.status == 200
        until(again)
        reader.close()


def test_idle():
    """With no page open the daemon is left alone: the program does not even wake."""
    with Daemon(config="[ballastd]\ninterval = 100ms\nidle-interval = 100ms\n") as daemon, \
         Web(daemon.run) as web, daemon.client() as client:
        ticks = lambda: client.call("status")["ticks"]
        follower = web.follow()
        follower.until("state")
        follower.close()
        until(lambda: web.ask("/healthz").status == 200)
        def quiet():
            waits, end = web.clock.waits(), ticks() + 20
            until(lambda: ticks() >= end)
            return web.clock.wait_msec() == -1 and web.clock.waits() == waits
        # It hears that a reader is gone only when it has something to tell it.
        until(quiet)


def test_rights():
    """Whoever starts it, it has no rights, can gain none, and holds the socket of the daemon that tells."""
    with Daemon() as daemon, Web(daemon.run) as web:
        until(lambda: web.ask("/healthz").status == 200)
        status = pathlib.Path(f"/proc/{web.process.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in fields["Uid"].split() and "0" not in fields["Gid"].split()
        assert int(fields["CapEff"], 16) == int(fields["CapPrm"], 16) == 0
        assert fields["NoNewPrivs"] == "1"
        if os.geteuid() == 0:
            assert fields["Groups"].strip() == ""


def options(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=600)


def test_manual():
    """The page tells of the options that there are, and of no others."""
    manual = pathlib.Path(os.environ["SOURCE"], "docs/man/ballast-web.8.scd").read_text()
    found = lambda text: set(re.findall(r"(?<![-\w])--[a-z-]+", text))
    told = manual[manual.index("# OPTIONS"):manual.index("# RESOURCES")]
    assert found(told) == found(options("--help").stdout)


def test_options():
    assert "--listen" in options("--help").stdout and options("--help").returncode == 0
    assert options("--version").stdout.startswith("ballast-web ")
    for bad in (["--listen", "127.0.0.1"], ["--listen", "nowhere:80"], ["--listen", "127.0.0.1:70000"],
                ["--listen", ":80"], ["--listen", "[::1]"], ["--what"], ["more"]):
        ended = options(*bad)
        assert ended.returncode == 2 and ended.stderr.startswith(("ballast-web", PROGRAM)), (bad, ended)
    with Daemon() as daemon, Web(daemon.run) as web:
        ended = options("--listen", f"127.0.0.1:{web.address[1]}")
        assert ended.returncode == 3 and "in use" in ended.stderr
    with Daemon() as daemon:
        with Web(daemon.run, "0.0.0.0:0") as web:
            assert "is not a loopback address" in web.said()
        if pathlib.Path("/proc/net/if_inet6").exists() and "00000001" in pathlib.Path("/proc/net/if_inet6").read_text():
            with Web(daemon.run, "[::1]:0") as web:
                assert web.ask("/", host=f"[::1]:{web.address[1]}").status == 200


driver.run([value for name, value in list(globals().items()) if name.startswith("test_")])
