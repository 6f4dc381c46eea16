#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Claims of hv_claim() itself, on a host of fakexen: xen-probe makes one call a line."""

import os
import subprocess
import unittest

from fakexen import FakeXen


class Claims(unittest.TestCase):
    def test_what_ends_makes_room_for_what_comes(self):
        """In one call: the host has no room for both."""
        with FakeXen(total_mib=4096) as xen:
            lines = "claim 1:2621440\nclaim 2:2621440\nclaim 2:1048576 3:1572864\nclaim 0\n"
            done = subprocess.run([os.environ["XEN_PROBE"]], input=lines, env=xen.env(), capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual(done.stdout.split("\n"), ["ok"] * 4 + [""], done)


if __name__ == "__main__":
    unittest.main()
