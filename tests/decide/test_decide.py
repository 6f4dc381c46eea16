#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ballast decide --stdio, driven line by line as a foreign simulator would: $BALLAST is the program."""
import json
import os
import subprocess
import time
import unittest

BALLAST = os.environ["BALLAST"]
GIB = 1 << 20
MOST_BYTES = 16 << 20


class Session:
    """A running `ballast decide`; a line goes in, its answer comes out."""

    def __init__(self, *options):
        self.child = subprocess.Popen([BALLAST, "decide", "--stdio", *options],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE)

    def raw(self, data):
        self.child.stdin.write(data)
        self.child.stdin.flush()
        line = self.child.stdout.readline()
        assert line.endswith(b"\n"), "no answer"
        return line

    def ask(self, value):
        return json.loads(self.raw(json.dumps(value).encode() + b"\n"))

    def finish(self):
        out, err = self.child.communicate(timeout=600)
        return self.child.returncode, out, err

    def end(self):
        self.child.stdin.write(b'{"end":true}\n')
        return self.finish()


def run(data, *options):
    done = subprocess.run([BALLAST, "decide", *options], input=data, capture_output=True, timeout=600)
    return done.returncode, done.stdout, done.stderr


class Host:
    """A host whose guests follow their targets, a little each tick, never above their maximum."""

    def __init__(self, guests, total=64 * GIB, each=GIB, rate=16384):
        self.total = total
        self.rate = rate
        self.t = 0.0
        self.doms = [{"id": i + 1, "name": f"guest-{i + 1}", "dom0": False, "state": "run",
                      "balloon": True, "tot_kib": each, "target_kib": each, "maxmem_kib": each,
                      "dyn_min_kib": each // 4, "dyn_max_kib": 2 * each,
                      "static_max_kib": 2 * each, "build_left_kib": 0, "used_kib": each // 3,
                      "free_kib": each // 2, "report_age": 0.5} for i in range(guests)]

    def free(self):
        return self.total - sum(dom["tot_kib"] for dom in self.doms)

    def line(self, reqs=()):
        return {"v": 1, "t": self.t, "dt": 0.1, "tick": round(self.t * 10),
                "host": {"total_kib": self.total, "free_kib": self.free(), "claimed_kib": 0},
                "doms": self.doms, "reqs": list(reqs)}

    def apply(self, answer):
        by_id = {dom["id"]: dom for dom in self.doms}
        for change in answer["set"]:
            dom = by_id[change["id"]]
            dom["maxmem_kib"] = change.get("maxmem_kib", dom["maxmem_kib"])
            dom["target_kib"] = change.get("target_kib", dom["target_kib"])
        room = sum(max(0, dom["maxmem_kib"] - dom["tot_kib"]) for dom in self.doms)
        assert room <= self.free(), "maxima leave more room than there is memory"
        for dom in self.doms:
            assert dom["dyn_min_kib"] <= dom["target_kib"] <= dom["maxmem_kib"]

    def tick(self):
        for dom in self.doms:
            goal = min(dom["target_kib"], dom["maxmem_kib"])
            step = max(-self.rate, min(self.rate, goal - dom["tot_kib"]))
            dom["tot_kib"] += min(step, self.free())
        self.t = round(self.t + 0.1, 6)


SMALL = {"t": 0, "host": {"total_kib": GIB, "free_kib": GIB // 2},
         "doms": [{"id": 1, "tot_kib": GIB // 2}]}


def small(**changes):
    return {**SMALL, **changes}


class Conversation(unittest.TestCase):
    def test_a_start_is_granted_when_its_memory_is_free(self):
        host = Host(8, total=9 * GIB)
        need = 4 * GIB
        session = Session()
        wrote = 0
        granted = None
        for _ in range(300):
            reqs = [{"id": "r1", "need_kib": need, "arrived": 0.0, "deadline": 70.0}]
            answer = session.ask(host.line(reqs))
            self.assertEqual(set(answer), {"set", "grant", "fail"})
            self.assertEqual(answer["fail"], [])
            if answer["grant"]:
                granted = host.t
                self.assertEqual(answer["grant"], [{"id": "r1", "claim": True}])
                self.assertGreaterEqual(host.free(), need)
                break
            wrote += len(answer["set"])
            host.apply(answer)
            host.tick()
        # 3 GiB are missing; eight guests give 16 MiB a tick each: 24 ticks.
        self.assertIsNotNone(granted)
        self.assertLessEqual(granted, 2.4 * 1.5)
        self.assertGreater(wrote, 0)
        self.assertEqual(session.end(), (0, b"", b""))

    def test_a_host_that_does_not_close_is_judged_all_the_same(self):
        """Simulators and running hosts are not one moment: such a line is no error."""
        session = Session()
        for host in ({"total_kib": GIB, "free_kib": GIB}, {"total_kib": 1, "free_kib": 2}):
            answer = session.ask(small(host=host))
            self.assertEqual(set(answer), {"set", "grant", "fail"})
        moving = dict(SMALL["doms"][0], balloon=True, dyn_min_kib=8, dyn_max_kib=4)
        self.assertEqual(session.ask(small(doms=[moving]))["set"], [])
        session.end()

    def test_what_cannot_be_is_refused_at_once_and_says_why(self):
        session = Session()
        answer = session.ask(Host(8, total=9 * GIB).line([{"id": "big", "need_kib": 8 * GIB}]))
        self.assertEqual(answer["grant"], [])
        self.assertEqual(answer["fail"][0]["id"], "big")
        self.assertIn("it needs 8 GiB", answer["fail"][0]["why"])
        session.end()

    def test_ids_come_back_as_they_came(self):
        ids = ['"r1"', '"\\u00e9 / \\"x\\""', "7", "-7", "18446744073709551614", "1.50", '""', '"7"']
        reqs = ",".join('{"id":%s,"need_kib":4}' % word for word in ids)
        line = json.dumps(SMALL)[:-1] + ',"reqs":[' + reqs + "]}\n"
        session = Session()
        answer = session.raw(line.encode())
        self.assertEqual([grant["id"] for grant in json.loads(answer)["grant"]],
                         [json.loads(word) for word in ids])
        for word in ("18446744073709551614", "1.50", '"r1"', '"7"', " / "):
            self.assertIn(word.encode(), answer)
        session.end()

    def test_who_came_first_is_first_whatever_the_order_of_the_line(self):
        reqs = [{"id": i, "need_kib": GIB // 2, "arrived": 9 - i} for i in range(9)]
        answer = Session().ask(small(t=10, reqs=reqs))
        self.assertEqual([grant["id"] for grant in answer["grant"]], [8])

    def test_a_deadline_that_is_over_and_an_arrival_yet_to_come(self):
        reqs = [{"id": "late", "need_kib": GIB // 2 + 4, "arrived": 1, "deadline": 2},
                {"id": "early", "need_kib": 8, "arrived": 99, "deadline": None}]
        line = small(t=3, reqs=reqs)
        line["doms"] = [{"id": 1, "tot_kib": GIB // 2, "balloon": True, "dyn_min_kib": 4,
                         "dyn_max_kib": GIB // 2}]
        answer = Session().ask(line)
        self.assertEqual([fail["id"] for fail in answer["fail"]], ["late"])
        self.assertEqual([grant["id"] for grant in answer["grant"]], ["early"])

    def test_nothing_arrives_in_the_future(self):
        """A start that came just now does not keep others from overtaking it, whatever it says."""
        reqs = [{"id": "large", "need_kib": GIB // 2 + 4, "arrived": 98},
                {"id": "small", "need_kib": 8, "arrived": 99}]
        line = small(t=3, reqs=reqs)
        line["doms"] = [{"id": 1, "tot_kib": GIB // 2, "balloon": True, "dyn_min_kib": 4,
                         "dyn_max_kib": GIB // 2}]
        self.assertEqual([grant["id"] for grant in Session().ask(line)["grant"]], ["small"])

    def test_every_policy_can_be_chosen_and_others_not(self):
        for policy in ("ballast", "proportional", "preferred", "rules", "shares", "fixed"):
            session = Session("--policy", policy)
            self.assertEqual(set(session.ask(SMALL)), {"set", "grant", "fail"})
            self.assertEqual(session.end()[0], 0)
        status, out, err = run(b"", "--stdio", "--policy", "magic")
        self.assertEqual((status, out), (2, b""))
        self.assertIn(b"proportional", err)

    def test_usage(self):
        self.assertEqual(run(b"")[0], 2)
        self.assertEqual(run(b"", "--stdio", "host.json")[0], 2)
        self.assertEqual(run(b"", "--stdio", "--policy")[0], 2)


class Ends(unittest.TestCase):
    def test_end_ends_and_what_follows_is_not_read(self):
        line = json.dumps(SMALL).encode() + b"\n"
        status, out, err = run(line + b'{"end":true}\n' + line, "--stdio")
        self.assertEqual((status, out.count(b"\n"), err), (0, 1, b""))
        status, out, _ = run(b'{"end":false}\n', "--stdio")
        self.assertEqual(status, 0)
        self.assertIn(b"error", out)

    def test_the_end_of_the_input_ends_it(self):
        self.assertEqual(run(b"", "--stdio"), (0, b"", b""))
        status, out, _ = run(json.dumps(SMALL).encode(), "--stdio")
        self.assertEqual((status, out.count(b"\n")), (0, 1))

    def test_a_reader_that_goes_away(self):
        session = Session()
        session.child.stdout.close()
        try:
            for i in range(10000):
                session.child.stdin.write(json.dumps(small(t=i)).encode() + b"\n")
            session.child.stdin.close()
        except BrokenPipeError:
            pass
        # Told by the signal, or by the write where it is ignored.
        self.assertIn(session.child.wait(timeout=600), (-13, 3))
        session.child.stderr.close()

    def test_an_output_that_is_full(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BALLAST, "decide", "--stdio"], stdout=full,
                                  stderr=subprocess.PIPE, input=json.dumps(SMALL).encode() + b"\n")
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"standard output", done.stderr)


def dom(**changes):
    return {"doms": [{"id": 1, "tot_kib": 4096, **changes}]}


BAD_LINES = {
    "nothing": (b"", "JSON object"),
    "blanks": (b"  \t ", "JSON object"),
    "no JSON": (b"hello", "<stdin>:"),
    "half": (b'{"t":1,"host":{', "<stdin>:"),
    "bytes": (b"\xff\xfe\x00\x01", "<stdin>:"),
    "NUL": (b'{"t":1,\x00"host":{}}', "<stdin>:"),
    "a list": (b"[1,2]", "JSON object"),
    "two": (b'{"end":true} {"end":true}', "a second object"),
    "deep": (b'{"a":' * 2000 + b"1" + b"}" * 2000, "<stdin>:"),
    "a key twice": (b'{"t":1,"t":2}', "t"),
    "end of a kind": (b'{"end":"yes"}', "end"),
    "no t": ({"host": SMALL["host"]}, "t: missing"),
    "t below zero": (small(t=-1), "t:"),
    "t no number": (small(t="now"), "t:"),
    "t for ever": (small(t=1e300), "t:"),
    "version": (small(v=2), "v:"),
    "no host": ({"t": 1}, "host: missing"),
    "host no object": (small(host=[]), "host:"),
    "no total": (small(host={"free_kib": 1}), "host.total_kib: missing"),
    "negative": (small(**dom(tot_kib=-4)), "doms[0].tot_kib"),
    "a fraction": (small(**dom(tot_kib=4.5)), "doms[0].tot_kib"),
    "too large": (small(**dom(tot_kib=1 << 70)), "doms[0].tot_kib"),
    "a word": (small(**dom(tot_kib="4096")), "doms[0].tot_kib"),
    "no id": (small(doms=[{"tot_kib": 4}]), "doms[0].id"),
    "id beyond": (small(**dom(id=1 << 40)), "doms[0].id"),
    "ids twice": (small(doms=dom()["doms"] * 2), "duplicate domain id"),
    "doms no list": (small(doms={}), "doms:"),
    "a domain no object": (small(doms=[7]), "doms[0]:"),
    "a state": (small(**dom(state="asleep")), "doms[0].state"),
    "overflow": (small(doms=[{"id": i, "tot_kib": (1 << 64) - 2} for i in (1, 2)]), "64 bits"),
    "reqs no list": (small(reqs=7), "reqs:"),
    "a request no object": (small(reqs=["r1"]), "reqs[0]:"),
    "a request without id": (small(reqs=[{"need_kib": 4}]), "reqs[0].id"),
    "a request of nobody": (small(reqs=[{"id": None, "need_kib": 4}]), "reqs[0].id"),
    "a request with a list": (small(reqs=[{"id": [1], "need_kib": 4}]), "reqs[0].id"),
    "an id beyond": (small(reqs=[{"id": 1 << 64, "need_kib": 4}]), "reqs[0].id"),
    "an id below": (small(reqs=[{"id": -(1 << 64), "need_kib": 4}]), "reqs[0].id"),
    "no need": (small(reqs=[{"id": 1}]), "reqs[0].need_kib: missing"),
    "a need below zero": (small(reqs=[{"id": 1, "need_kib": -1}]), "reqs[0].need_kib"),
    "an arrival": (small(reqs=[{"id": 1, "need_kib": 1, "arrived": "x"}]), "reqs[0].arrived"),
    "a deadline": (small(reqs=[{"id": 1, "need_kib": 1, "deadline": -5}]), "reqs[0].deadline"),
    "too many": (small(reqs=[{"id": i, "need_kib": 4} for i in range(10001)]), "10000"),
}


def encode(line):
    return line if isinstance(line, bytes) else json.dumps(line).encode()


class BadLines(unittest.TestCase):
    def test_each_is_answered_with_an_error_that_names_it(self):
        for name, (line, expected) in BAD_LINES.items():
            with self.subTest(name):
                session = Session()
                session.ask(SMALL)
                answer = json.loads(session.raw(encode(line) + b"\n"))
                self.assertEqual(list(answer), ["error"])
                self.assertIn("<stdin>:2", answer["error"])
                self.assertIn(expected, answer["error"])
                self.assertEqual(set(session.ask(SMALL)), {"set", "grant", "fail"})
                self.assertEqual(session.end(), (0, b"", b""))

    def test_they_change_nothing(self):
        """A host is balanced twice, once with every bad line thrown in: the answers are the same."""
        bad = [encode(line) for line, _ in BAD_LINES.values()]
        # Well formed up to its last request, or its time: nothing of it may stick.
        bad.append(encode(small(t=0.05, reqs=[{"id": "x", "need_kib": 4}, {"id": "y"}])))
        told = []
        for disturbed in (False, True):
            host = Host(6, total=7 * GIB)
            session = Session()
            answers = []
            for i in range(120):
                if disturbed:
                    self.assertIn(b"error", session.raw(bad[i % len(bad)] + b"\n"))
                reqs = [{"id": 1, "need_kib": 3 * GIB, "arrived": 1}] if 10 <= i < 40 else []
                answers.append(session.ask(host.line(reqs)))
                host.apply(answers[-1])
                host.tick()
            session.end()
            told.append(answers)
        self.assertEqual(told[0], told[1])
        self.assertTrue(any(answer["set"] for answer in told[0]))

    def test_time_going_backwards(self):
        session = Session()
        session.ask(small(t=5))
        self.assertIn("backwards", session.ask(small(t=4.9))["error"])
        self.assertIn("set", session.ask(small(t=5)))
        self.assertIn("set", session.ask(small(t=5.000001)))
        session.end()

    def test_a_guest_that_reports_nonsense_costs_only_itself(self):
        for nonsense in (-1, 4.5, "plenty", [], {}, True, 1 << 70, -0.5):
            line = small(**dom(used_kib=nonsense, free_kib=nonsense, report_age=nonsense))
            self.assertIn("set", Session().ask(line))
        for lie in (0, (1 << 64) - 2, None):
            line = small(**dom(used_kib=lie, free_kib=lie, report_age=None))
            self.assertIn("set", Session().ask(line))
        for nonsense in (-1, 4.5, "plenty", [], {}, True, 1 << 70, -0.5, 10001):
            line = small(**dom(pressure=nonsense, report_source=nonsense, swap_kib=nonsense))
            self.assertIn("set", Session().ask(line))
            pressure = {key: nonsense for key in ("psi_some_permyriad", "psi_full_permyriad", "refaults", "swapins",
                                                  "stalls", "oom_kills", "age")}
            self.assertIn("set", Session().ask(small(**dom(pressure=pressure))))

    def test_unknown_fields_and_whole_fractions(self):
        line = small(**dom(weather={"rain": [1, 2]}, dyn_max_kib=4096.0), dt=0.1, more=None)
        line["reqs"] = [{"id": 1, "need_kib": 4096.0, "hurry": True}]
        line["host"] = {"total_kib": float(GIB), "free_kib": 4096.0, "cpus": 4}
        self.assertIn("set", Session().ask(line))

    def test_huge_lines_are_passed_over(self):
        session = Session()
        good = json.dumps(SMALL).encode()
        fits = good + b" " * (MOST_BYTES - len(good))
        self.assertIn(b'"set"', session.raw(fits + b"\n"))
        for size in (MOST_BYTES + 1, 3 * MOST_BYTES):
            answer = json.loads(session.raw(good + b" " * (size - len(good)) + b"\n"))
            self.assertIn(str(MOST_BYTES), answer["error"])
            self.assertIn("set", session.ask(SMALL))
        # Without an end, and as the last one.
        session.child.stdin.write(b"x" * (2 * MOST_BYTES))
        status, out, _ = session.finish()
        self.assertEqual((status, out.count(b"error")), (0, 1))

    def test_lines_may_come_in_any_pieces(self):
        lines = b"".join(json.dumps(small(t=i)).encode() + b"\r\n" * (i % 2) + b"\n" * (1 - i % 2)
                         for i in range(40))
        whole = run(lines, "--stdio")
        for step in (1, 7, 97):
            session = Session()
            for at in range(0, len(lines), step):
                session.child.stdin.write(lines[at:at + step])
                session.child.stdin.flush()
            self.assertEqual(session.finish(), whole)


class Speed(unittest.TestCase):
    def test_thousands_of_lines_a_second_for_thirty_domains(self):
        host = Host(30, total=33 * GIB)
        lines = []
        for i in range(2000):
            host.t = round(i * 0.1, 6)
            lines.append(json.dumps(host.line([{"id": i // 100, "need_kib": 8 * GIB}])))
        data = ("\n".join(lines) + "\n").encode()
        start = time.monotonic()
        status, out, _ = run(data, "--stdio")
        rate = len(lines) / (time.monotonic() - start)
        self.assertEqual((status, out.count(b"\n"), out.count(b"error")), (0, len(lines), 0))
        print(f"{rate:.0f} lines a second with 30 domains")

    def test_many_requests_in_the_worst_order(self):
        reqs = [{"id": i, "need_kib": 4 * GIB, "arrived": 10000 - i} for i in range(10000)]
        answer = Session().ask(small(t=20000, reqs=reqs))
        self.assertEqual(len(answer["fail"]), 10000)


if __name__ == "__main__":
    unittest.main()
