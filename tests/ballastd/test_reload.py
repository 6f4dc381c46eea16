#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What SIGHUP reads is what the daemon goes by: also what is handed on when it starts."""

import signal

from driver import Daemon, run, until

MIB = 1024
SCENARIO = """says "A guest whose balloon stops 2 MiB short of its target."
host total=4GiB xen=128MiB slush=64MiB
guest dom0 dom0 tot=512MiB min=512MiB max=512MiB
guest short tot=3GiB min=512MiB max=3GiB uses=400MiB overhead=8MiB inaccuracy=2MiB rate-down=400MiB/s rate-up=400MiB/s
duration 24h
"""


def conduct_after(text):
    """What is said of it some time after it was told to give, by that configuration."""
    with Daemon(scenario=SCENARIO, speed=20, checks=False, config="[ballastd]\n") as daemon, \
         daemon.client() as client:
        daemon.config.write_text("[ballastd]\n" + text)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "read anew" in daemon.log())
        client.call("set-target", domain="short", target_kib=2048 * MIB)
        begin = client.call("status")["now_usec"]
        until(lambda: client.call("status")["now_usec"] > begin + 60_000_000)
        return client.call("domains", domain="short")["domains"][0]["conduct"]


def test_inaccuracy():
    assert conduct_after("") == "stuck"
    assert conduct_after("inaccuracy = 4MiB\n") == "cooperative"


run([value for name, value in list(globals().items()) if name.startswith("test_")])
