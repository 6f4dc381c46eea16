#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test_answers.py SEED: the commands that talk to the daemon, with one that answers at random."""

import random
import sys
import unittest

import test_client

SEED = int(sys.argv.pop())


class Answers(test_client.Case):
    def test_answers_of_any_shape(self):
        """Whatever a daemon answers, the commands end by themselves and say something."""
        chance = random.Random(SEED)
        def junk(depth=0):
            return chance.choice([
                lambda: None, lambda: -5, lambda: 2 ** 63, lambda: "x\x1b]0;", lambda: 1.5,
                lambda: True, lambda: [junk(depth + 1) for _ in range(2)] if depth < 3 else [],
                lambda: {k: junk(depth + 1) for k in
                         ("id", "state", "domains", "reservations", "events", "requests", "donors",
                          "domid", "name", "number", "ledger", "alerts", "verdict", "message", "more")}
                if depth < 3 else {}])()
        names = ("domains", "status", "host", "reservations", "release", "bind", "plan", "events",
                 "policy", "set-policy", "reserve", "pause")
        self.serve(**{name: lambda *_: junk() for name in names})
        commands = test_client.Simple.READS + (("bind", "1", "web"), ("release", "1"), ("policy", "x"), ("pause",),
                                 ("run", "--dry-run", self.cfg), ("reserve", "--no-wait", "1G"))
        for command in commands * 6:
            process = self.start(*command)
            out, err = process.communicate(timeout=600)
            self.assertIn(process.returncode, (0, 1, 3), f"{command}: {out}{err}")
            self.assertNotIn("\x1b", out + err)


if __name__ == "__main__":
    unittest.main()
