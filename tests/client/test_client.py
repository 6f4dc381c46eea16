#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that talk to the daemon, with a scripted one."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import unittest

# The parent of the tests may ignore signals (nohup, a background job), and children inherit that.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

from peer import FORBIDDEN, NOT_FOUND, REFUSED, UNAVAILABLE, No, Peer

BALLAST = os.environ["BALLAST"]
MIB = 1024
UUID = "00112233-4455-6677-8899-aabbccddeeff"
CFG = 'name = "guest"\ntype = "pvh"\nkernel = "/k"\nmemory = 1024\n'


def reservation(state, **more):
    record = {"id": 17, "owner": "uid-0", "label": None, "min_kib": 1024 * MIB, "max_kib": 1024 * MIB,
              "granted_kib": 0, "used_kib": 0, "state": state, "reason": "ok",
              "message": "done: 0 KiB", "requested_usec": 1, "changed_usec": 1, "lease_usec": 300000000,
              "deadline_usec": None, "missing_kib": 0, "domid": None, "uuid": None}
    record.update(more)
    return record


GRANTED = reservation("granted", granted_kib=1024 * MIB)


def domain(domid, name, **more):
    record = {"domid": domid, "uuid": UUID, "name": name, "state": "run", "dom0": domid == 0,
              "balloon": True, "current_kib": 2048 * MIB, "target_kib": 2048 * MIB,
              "xen_maximum_kib": 2049 * MIB, "dynamic_min_kib": 512 * MIB,
              "dynamic_max_kib": 2048 * MIB, "static_max_kib": 2048 * MIB, "shares": 1000,
              "opted_out": False, "paused": False, "balloon_status": "follows", "why": None}
    record.update(more)
    return record


STATUS = {"now_usec": 61000000, "uptime_usec": 60000000, "policy": "ballast", "paused": False,
          "host": "sim", "ticks": 600, "late_ticks": 1, "clients": 2,
          "ledger": {"writable": True, "open": 3, "message": None}, "alerts": []}
HOST = {"now_usec": 61000000, "total_kib": 16384 * MIB, "available_kib": 512 * MIB,
        "parts": {"reserved": 256 * MIB, "free": 512 * MIB}, "overcounted_kib": 0, "deficit_kib": 0}


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.cfg = self.folder / "guest.cfg"
        self.cfg.write_text(CFG)
        self.doms = [domain(0, "Domain-0"), domain(3, "web")]
        self.peer = None

    def serve(self, **methods):
        usual = {"domains": self.domains, "status": lambda *_: STATUS, "host": lambda *_: HOST,
                 "reserve": lambda *_: GRANTED,
                 "reservations": lambda *_: {"reservations": [GRANTED], "more": False},
                 "release": lambda *_: reservation("released", message="released by its owner"),
                 "bind": lambda params, _: dict(GRANTED, state="bound", domid=params["domid"]),
                 "plan": lambda *_: {"requests": [{"verdict": "fits", "missing_kib": 0}], "donors": []}}
        usual.update({name.replace("_", "-"): method for name, method in methods.items()})
        self.peer = Peer(str(self.folder), usual)
        self.addCleanup(self.peer.stop)
        return self.peer

    def domains(self, params, _):
        found = [d for d in self.doms if "domain" not in params
                 or params["domain"] in (d["domid"], d["name"])]
        if "domain" in params and not found:
            raise No(NOT_FOUND, "there is no such domain")
        after = params.get("after", -1)
        return {"domains": [d for d in found if d["domid"] > after], "more": False}

    def start(self, *args, **more):
        return subprocess.Popen([BALLAST, "--run-dir", str(self.folder), *map(str, args)],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def reads(self, process, words):
        """Until it has said that."""
        said = ""
        while words not in said:
            line = process.stderr.readline()
            self.assertTrue(line, said)
            said += line

    def ballast(self, *args, status=0):
        process = self.start(*args)
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, status, f"{args}: {out}{err}")
        return out if status == 0 else err


class Simple(Case):
    READS = (("status",), ("reservations",), ("why",), ("policy",))

    def test_reads_need_no_privilege(self):
        self.serve(policy=lambda *_: {"name": "ballast", "policies": ["ballast", "shares"]},
                   events=lambda *_: {"now_usec": 1, "domain": None, "events": [], "more": False})
        for command in self.READS + (("run", "--dry-run", self.cfg),):
            self.ballast(*command)
        self.assertEqual(self.peer.doors(), {"status"})

    def test_changes_go_to_the_control_socket(self):
        answer = lambda *_: {"name": "shares", "paused": True, "shares": 5, "opted_out": True}
        self.serve(set_policy=answer, pause=answer, resume=answer, set_shares=answer, opt_out=answer)
        for command, method, params in (
                (("policy", "shares"), "set-policy", {"name": "shares"}),
                (("pause",), "pause", {}),
                (("pause", "web"), "pause", {"domain": "web"}),
                (("resume", "3"), "resume", {"domain": 3}),
                (("shares", "web", "5"), "set-shares", {"domain": "web", "shares": 5}),
                (("shares", UUID, "0"), "set-shares", {"domain": UUID, "shares": 0}),
                (("opt-out", "3", "on"), "opt-out", {"domain": 3, "on": True}),
                (("opt-out", "3", "off"), "opt-out", {"domain": 3, "on": False}),
                (("release", "17"), "release", {"id": 17}),
                (("release", "17", "--owner", "me"), "release", {"id": 17, "owner": "me"})):
            self.peer.calls.clear()
            self.ballast(*command)
            self.assertEqual(self.peer.calls[1:], [("control", method, params)])
            self.assertIn("{", self.ballast(*command, "--json"))

    def test_without_a_daemon(self):
        for command in self.READS + (("pause",), ("reserve", "1G"), ("run", self.cfg),
                                     ("bind", "1", "web"), ("release", "1")):
            said = self.ballast(*command, status=3)
            self.assertIn("is ballastd running?", said)
            self.assertEqual(said.count("\n"), 1)

    def test_wrong_usage(self):
        self.serve()
        for command in (("reserve",), ("reserve", "much"), ("reserve", "2G-1G"), ("reserve", "0"),
                        ("reserve", "1G", "--lease", "0"), ("reserve", "1G", "--lease", "x"),
                        ("bind", "1"), ("bind", "x", "web"), ("release", "-1"), ("release", "0"),
                        ("release", "99999999999999999999"), ("shares", "web", "-1"),
                        ("shares", "web", "1x"), ("opt-out", "web", "maybe"), ("status", "x"),
                        ("run",), ("run", self.cfg, "xl"), ("run", self.cfg, "--"),
                        ("run", self.cfg, "--json"), ("run", "missing.cfg"),
                        ("why", "--since", "yesterday")):
            self.assertTrue(self.ballast(*command, status=2).startswith("ballast: "))
        self.assertEqual(self.peer.calls, [])

    def test_what_the_daemon_says_no_with(self):
        for code, status in ((REFUSED, 1), (NOT_FOUND, 2), (-32602, 2), (FORBIDDEN, 3),
                             (UNAVAILABLE, 3), (-32004, 3), (-32601, 3), (-1, 3)):
            def say_no(*_, code=code):
                raise No(code, "because \x1b[31mof this")
            self.serve(pause=say_no)
            said = self.ballast("pause", status=status)
            self.assertIn("because ?[31mof this", said)
            self.peer.stop()

    def test_lists_in_pieces(self):
        def pieces(params, _):
            after = params.get("after", 0)
            return {"reservations": [reservation("granted", id=i) for i in range(after + 1, after + 4)],
                    "more": after < 6}
        self.serve(reservations=pieces)
        lines = self.ballast("reservations", "--all", "--json").splitlines()
        self.assertEqual([json.loads(line)["id"] for line in lines], list(range(1, 10)))
        self.assertEqual(self.peer.called("reservations")[0], {"open": False})
        circles = lambda *_: {"reservations": [reservation("requested", id=5)], "more": True}
        self.peer.methods["reservations"] = circles
        self.assertEqual(len(self.ballast("reservations").splitlines()), 3)

    def test_reservations_table(self):
        waiting = reservation("requested", id=18, deadline_usec=71000000, label="a\x1b[2Jb", missing_kib=9)
        self.serve(reservations=lambda *_: {"reservations": [GRANTED, waiting], "more": False})
        lines = self.ballast("reservations").splitlines()
        self.assertEqual(lines[1].split(),
                         ["17", "granted", "1024", "1024", "0", "-", "240", "s", "uid-0", "-"])
        self.assertEqual(lines[2].split()[-4:], ["10", "s", "uid-0", "a?[2Jb"])

    def test_status_says_what_is_wrong(self):
        bad = dict(STATUS, paused=True, ledger={"writable": False, "open": 3, "message": "disk full"},
                   alerts=[{"name": "second-balancer", "on": True, "message": "squeezed moves web"}])
        self.serve(status=lambda *_: bad, host=lambda *_: dict(HOST, deficit_kib=77))
        said = self.ballast("status")
        for words in ("PAUSED", "NOT WRITABLE", "disk full", "second-balancer: squeezed moves web",
                      "77 KiB more are reserved than are free"):
            self.assertIn(words, said)
        both = json.loads(self.ballast("status", "--json"))
        self.assertEqual((both["status"], both["host"]["deficit_kib"]), (bad, 77))

    def test_bind_names_the_domain_by_its_uuid(self):
        self.serve()
        self.ballast("bind", "17", "web")
        self.assertEqual(self.peer.called("bind"), [{"id": 17, "domid": 3, "uuid": UUID}])
        self.ballast("bind", "17", "nobody", status=2)

    def test_why(self):
        events = [{"number": n, "time_usec": n * 1000000, "until_usec": n * 1000000, "uuid": UUID, "name": "web",
                   "reason": "stop", "message": "target lowered"} for n in range(40, 61)]
        self.serve(events=lambda *_: {"now_usec": 61000000, "domain": None, "events": events, "more": False})
        self.assertEqual(len(self.ballast("why").splitlines()), 21)
        self.ballast("why", "web", "--reason", "stop", "--since", "5s", "--last", "7")
        self.assertEqual(self.peer.called("events"), [
            {"most": 20}, {"domain": "web", "reason": "stop", "since_usec": 5000000, "most": 7}])

    def test_why_follow(self):
        connection = []
        about = {"name": "web", "uuid": UUID, "domid": 3}
        self.serve(events=lambda *_: {"now_usec": 61000000, "domain": about, "more": False,
                                      "events": [{"number": 5, "uuid": UUID, "reason": "stop"}]},
                   subscribe=lambda params, who: connection.append(who) or params)
        process = self.start("why", "--follow", "--json", "--reason", "stop", "web")
        self.peer.wait_for("events")
        # One that went on while it was asked for, another domain's, of another reason, and one that goes on.
        for number, uuid, reason in ((5, UUID, "stop"), (6, UUID[::-1], "stop"), (7, UUID, "rule"),
                                     (8, UUID, "stop"), (8, UUID, "stop"), (9, UUID, "stop")):
            connection[0].tell("event", {"number": number, "uuid": uuid, "reason": reason})
        seen = [json.loads(process.stdout.readline())["number"] for _ in range(3)]
        process.send_signal(signal.SIGINT)
        self.assertEqual((process.wait(600), seen), (0, [5, 8, 9]))
        process.communicate()

    def test_no_protocol_at_all(self):
        for line in (b"hello?\n", b"{}\n", b"x" * 100000, b""):
            def speak(_, connection, line=line):
                connection.send(line)
                connection.close()
                return ...
            self.serve(status=speak)
            self.assertIn("ballast: status: ", self.ballast("status", status=3))
            self.peer.stop()


class Reserve(Case):
    def test_granted_at_once(self):
        self.serve()
        said = self.ballast("reserve", "1G", "--lease", "2m", "--deadline", "5s", "--owner", "me",
                            "--label", "for web")
        self.assertIn("reservation 17: 1048576 KiB granted", said)
        self.assertEqual(self.peer.called("reserve"), [
            {"min_kib": 1048576, "lease_usec": 120000000, "deadline_usec": 5000000, "owner": "me",
             "label": "for web"}])
        self.assertEqual(json.loads(self.ballast("reserve", "1024-2G", "--json")), GRANTED)
        self.assertEqual(self.peer.called("reserve")[1], {"min_kib": 1048576, "max_kib": 2097152})

    def test_a_guest(self):
        self.serve()
        self.ballast("reserve", self.cfg)
        fresh = json.loads(subprocess.run([BALLAST, "explain", "--json", self.cfg],
                                          capture_output=True, text=True, check=True).stdout)
        self.assertEqual(self.peer.called("reserve"), [{"min_kib": fresh["need"], "name": "guest"}])

    def tell(self, connection, *records):
        """Once the answer is there; an event among the records is waited for."""
        def later():
            self.peer.wait_answered("reserve")
            for record in records:
                if isinstance(record, threading.Event):
                    record.wait(600)
                else:
                    connection.tell("reservation-changed", record)
        threading.Thread(target=later, daemon=True).start()

    def waits(self, *records):
        def ask(_, connection):
            self.tell(connection, *records)
            return reservation("requested", missing_kib=600 * MIB)
        # Asking finds nothing new: what the tests see came by notification.
        last = lambda *_: {"reservations": [reservation("reclaiming", missing_kib=500 * MIB)]}
        self.serve(reserve=ask, reservations=last)

    DONORS = [{"domid": 3, "name": "web", "reclaim_kib": 600 * MIB, "reclaimed_kib": 100 * MIB}]
    RECLAIMED = [dict(DONORS[0], reclaimed_kib=600 * MIB)]

    def test_waits_and_says_who_gives(self):
        freeing = reservation("reclaiming", missing_kib=500 * MIB, donors=self.DONORS)
        foreign = dict(GRANTED, id=18)
        shown = threading.Event()
        self.waits(foreign, freeing, shown, dict(freeing, donors=self.RECLAIMED), GRANTED)
        process = self.start("reserve", "1G")
        self.reads(process, "500 of 1024 MiB missing; so far from web 100")
        shown.set()
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("domain 3 web freed 614400 KiB", out)

    def test_refused_at_once_and_later(self):
        def never(*_):
            raise No(REFUSED, "1048576 KiB were requested, and at most 4 KiB could ever be available",
                     {"reason": "cannot-fit", "needed_kib": 1048576, "possible_kib": 4, "missing_kib": 1048572})
        self.serve(reserve=never)
        said = self.ballast("reserve", "1G", status=1)
        self.assertIn("at most 4 KiB could ever be available; 1048572 KiB are missing", said)
        self.peer.stop()
        self.waits(reservation("refused", reason="donors-stuck", missing_kib=5,
                               message="5 KiB are missing, and those who could give them do not"))
        self.assertIn("those who could give them do not", self.ballast("reserve", "1G", status=1))

    def test_no_wait(self):
        self.waits()
        self.assertIn("requested, 614400 KiB missing", self.ballast("reserve", "--no-wait", "1G"))

    def test_interrupted_it_is_given_back(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.waits()
            process = self.start("reserve", "1G", "--owner", "me")
            self.peer.wait_answered("reserve")
            process.send_signal(number)
            _, err = process.communicate(timeout=600)
            self.assertEqual(process.returncode, 128 + number, err)
            self.assertEqual(self.peer.called("release"), [{"id": 17, "owner": "me"}])
            self.peer.stop()

    def test_a_daemon_that_is_started_anew(self):
        self.waits()
        process = self.start("reserve", "1G")
        self.peer.wait_answered("reserve")
        self.peer.stop()
        self.reads(process, "waiting for it to start again")
        self.peer.methods["reservations"] = lambda *_: {"reservations": [GRANTED]}
        self.peer.start()
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("17: 1048576 KiB granted", out)

    def test_a_change_that_nobody_told_of(self):
        self.serve(reserve=lambda *_: reservation("requested"))
        self.assertIn("17: 1048576 KiB granted", self.ballast("reserve", "1G"))


class Run(Case):
    def run_it(self, *command, status, options=()):
        process = self.start("run", self.cfg, *options, "--", *command)
        out, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, status, err)
        return out, err

    def test_binds_while_it_is_built(self):
        self.serve()
        self.doms.append(domain(5, "guest"))
        process = self.start("run", self.cfg, "--", "sh", "-c", "echo out; read x; exit 7",
                             stdin=subprocess.PIPE)
        self.peer.wait_for("domains", 3)
        self.assertEqual(self.peer.called("bind"), [], "the one that was there is not the new one")
        self.doms.append(domain(9, "guest", state="build"))
        self.assertEqual(self.peer.wait_for("bind"), {"id": 17, "domid": 9, "uuid": UUID})
        out, err = process.communicate("go\n", timeout=600)
        self.assertEqual((process.returncode, out), (7, "out\n"), err)
        self.assertEqual(self.peer.called("release"), [], "what is bound lives as its domain does")

    def test_binds_by_uuid_whatever_the_name(self):
        own = "00000000-0000-4000-8000-0000000000ab"
        self.serve()
        self.doms.append(domain(5, "former", uuid=own))
        # xl refuses a second domain of one name; that one has another.
        tool = self.folder / "xl"
        tool.write_text("#!/bin/sh\nread x\n")
        tool.chmod(0o755)
        process = self.start("run", self.cfg, "--uuid", own.upper(), "--", tool, stdin=subprocess.PIPE)
        self.peer.wait_for("domains", 3)
        self.assertEqual(self.peer.called("bind"), [], "the one that was there is not the new one")
        self.doms += [domain(8, "stranger", uuid=None), domain(9, "renamed", uuid=own, state="build")]
        self.assertEqual(self.peer.wait_for("bind"), {"id": 17, "domid": 9, "uuid": own})
        _, err = process.communicate("go\n", timeout=600)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("it is domain 9, and its reservation is bound", err)
        self.assertEqual(self.peer.called("release"), [], "the daemon has bound it by its uuid")

    def test_a_domain_that_comes_with_the_end(self):
        ran, looks = self.folder / "ran", []
        def domains(params, who):
            """The third look after the command ran finds it."""
            looks.extend([who] if ran.exists() else [])
            if len(looks) == 3:
                self.doms.append(domain(9, "guest"))
            return self.domains(params, who)
        self.serve(domains=domains)
        self.run_it("touch", str(ran), status=0)
        self.assertEqual(len(self.peer.called("bind")), 1)

    def test_a_command_that_fails_gives_it_back(self):
        for command, status in ((("false",), 1), (("sh", "-c", "exit 42"), 42),
                                (("sh", "-c", "kill -9 $$"), 137)):
            self.serve()
            self.run_it(*command, status=status)
            self.assertEqual(self.peer.called("release"), [{"id": 17}], command)
            self.peer.stop()

    def test_a_command_that_cannot_be_run_costs_nobody_anything(self):
        for command, status, words in (("/no/such", 127, "No such file"), ("no-such-command", 127, "in PATH"),
                                       (str(self.cfg), 126, "Permission denied"), ("/", 126, "denied"),
                                       (f"{self.cfg}/x", 127, "Not a directory"), ("", 127, "in PATH")):
            self.serve()
            _, err = self.run_it(command, status=status)
            self.assertIn(words, err)
            self.assertEqual(self.peer.called("reserve"), [], command)
            self.peer.stop()

    def test_a_guest_that_is_there_costs_nobody_anything(self):
        """xl and virsh make no second domain of a name; a script may put one in the other's place."""
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("xl", "virsh"):
            (tools / name).write_text("#!/bin/sh\ntouch ran\n")
            (tools / name).chmod(0o755)
        path = os.environ["PATH"]
        os.environ["PATH"] = f"{tools}:{path}"
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        for command in ((), ("--", "virsh", "create", "x"), ("--", str(tools / "xl"), "create", "x")):
            self.serve()
            self.doms.append(domain(5, "guest"))
            process = self.start("run", self.cfg, *command)
            _, err = process.communicate(timeout=600)
            self.assertEqual(process.returncode, 1, err)
            self.assertIn("guest runs already, as domain 5", err)
            self.assertEqual(self.peer.called("reserve"), [], command)
            self.peer.stop()
        self.serve()
        self.doms.append(domain(5, "guest"))
        _, err = self.run_it("sh", "-c", "exit 4", status=4)
        self.assertIn("runs already, as domain 5", err)
        self.assertEqual(len(self.peer.called("reserve")), 1)

    def test_success_without_a_domain(self):
        self.serve()
        _, err = self.run_it("true", status=0)
        self.assertIn("there is no new domain guest", err)
        self.assertEqual(len(self.peer.called("release")), 1)

    def test_bind_refused(self):
        asked = self.folder / "asked"
        def no(*_):
            asked.touch()
            raise No(REFUSED, "its lease is over")
        self.serve(bind=no)
        self.peer.methods["reserve"] = lambda *_: self.doms.append(domain(9, "guest")) or GRANTED
        _, err = self.run_it("sh", "-c", f"until test -e {asked}; do sleep 0.05; done", status=0)
        self.assertIn("could not be bound to it: its lease is over", err)

    def test_signals_go_to_the_command(self):
        script = "trap 'echo hup' HUP; trap 'echo term; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
        self.serve()
        process = self.start("run", self.cfg, "--", "sh", "-c", script)
        self.assertEqual(process.stdout.readline(), "ready\n")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.stdout.readline(), "hup\n")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=600)
        self.assertEqual((process.returncode, out), (3, "term\n"), err)
        self.assertEqual(len(self.peer.called("release")), 1)

    def test_interrupted_while_it_waits(self):
        self.serve(reserve=lambda *_: reservation("requested", missing_kib=5),
                   reservations=lambda *_: {"reservations": [reservation("reclaiming", missing_kib=5)]})
        process = self.start("run", self.cfg, "--", "touch", str(self.folder / "ran"))
        self.peer.wait_for("reservations")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(len(self.peer.called("release")), 1)
        self.assertFalse((self.folder / "ran").exists())

    def test_refused_says_what_would_help(self):
        def never(*_):
            raise No(REFUSED, "at most 4 KiB could ever be available", {"missing_kib": 9})
        plan = {"requests": [{"verdict": "never", "missing_kib": 9, "message": "arithmetic"}], "donors": []}
        self.serve(reserve=never, plan=lambda *_: plan)
        self.doms += [domain(4, "asleep", state="paused"), domain(5, "own", opted_out=True)]
        _, err = self.run_it("touch", str(self.folder / "ran"), status=1)
        self.assertIn("at most 4 KiB could ever be available", err)
        self.assertIn("domain 4 asleep has 1572864 KiB above its minimum: it is paused", err)
        self.assertIn("domain 5 own has 1572864 KiB above its minimum: it is opted out", err)
        self.assertNotIn("domain 3 web has", err)
        self.assertFalse((self.folder / "ran").exists())

    def test_dry_run(self):
        donors = [{"domid": 3, "name": "web", "reclaim_kib": 300, "rate_kib": 100, "stuck": False}]
        waits = {"requests": [{"verdict": "waits", "missing_kib": 300, "wait_min_usec": 2000000, "wait_max_usec": 3000000}],
                 "donors": donors}
        self.serve(plan=lambda *_: waits)
        said = self.ballast("run", "--dry-run", self.cfg)
        self.assertIn("fits once other domains free 300 KiB, in about 2 to 3 s", said)
        self.assertIn("domain 3 web can free 300 KiB", said)
        answer = json.loads(self.ballast("run", "--dry-run", "--json", self.cfg))
        self.assertEqual((answer["verdict"], answer["donors"]), ("waits", donors))
        self.assertEqual(answer["need_kib"], self.peer.called("plan")[0]["requests"][0]["min_kib"])
        waits["requests"][0] = {"verdict": "never", "missing_kib": 5, "message": "too large"}
        process = self.start("run", "--dry-run", self.cfg)
        self.assertIn("does not fit, 5 KiB are missing: too large", process.communicate()[0])
        self.assertEqual(process.returncode, 1)
        self.assertEqual(self.peer.called("reserve"), [])

    def test_a_daemon_that_dies_meanwhile(self):
        self.serve()
        go = self.folder / "go"
        process = self.start("run", self.cfg, "--", "sh", "-c", f"until test -e {go}; do sleep 0.05; done")
        self.peer.wait_for("domains", 2)
        self.peer.stop()
        self.doms.append(domain(9, "guest"))
        self.peer.start()
        go.touch()
        _, err = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(self.peer.called("bind")[-1]["domid"], 9)

    def test_the_usual_command(self):
        self.serve()
        for name in ("xl", "virsh"):
            tool = self.folder / name
            tool.write_text(f'#!/bin/sh\necho {name} "$@" $BALLAST_RESERVATION; exit 5\n')
            tool.chmod(0o755)
        xml = self.folder / "x.xml"
        xml.write_text('\n <domain type="xen"><name>guest</name><memory unit="MiB">64</memory>'
                       '<os><type machine="xenpv">linux</type></os></domain>')
        env = dict(os.environ, PATH=f"{self.folder}:{os.environ['PATH']}")
        for path, words in ((self.cfg, "xl"), (xml, "virsh")):
            process = self.start("run", path, env=env)
            out, err = process.communicate(timeout=600)
            self.assertEqual((process.returncode, out), (5, f"{words} create {path} 17\n"), err)
        subject = self.folder / "x.json"
        subject.write_text(subprocess.run([BALLAST, "explain", "--json", self.cfg],
                                          capture_output=True, text=True, check=True).stdout)
        self.assertIn("no toolstack starts JSON", self.ballast("run", subject, status=2))


if __name__ == "__main__":
    unittest.main()
