#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon applies what SIGHUP reads, including settings that it passes on when it starts."""

import pathlib
import re
import signal

from driver import Daemon, run, until

MIB = 1024
SCENARIO = """says "A guest whose balloon stops 2 MiB short of its target."
host total=4GiB xen=128MiB slack=64MiB
guest dom0 dom0 tot=512MiB min=512MiB max=512MiB
guest short tot=3GiB min=512MiB max=3GiB uses=400MiB overhead=8MiB inaccuracy=2MiB reclaim-rate=400MiB/s grow-rate=400MiB/s
duration 24h
"""


def status_after(text):
    """What is said of it some time after it was told to give, by that configuration."""
    with Daemon(scenario=SCENARIO, speed=20, checks=False, config="[ballastd]\n") as daemon, \
         daemon.client() as client:
        daemon.config.write_text("[ballastd]\n" + text)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "read again" in daemon.log())
        client.call("set-target", domain="short", target_kib=2048 * MIB)
        begin = client.call("status")["now_usec"]
        until(lambda: client.call("status")["now_usec"] > begin + 60_000_000)
        return client.call("domains", domain="short")["domains"][0]["balloon_status"]


def test_inaccuracy():
    assert status_after("") == "stuck"
    assert status_after("inaccuracy = 4MiB\n") == "follows"


# A value that is not the default, as the file has it and as 'status' has it.
KEYS = {
    "policy": ("fixed", "policy", "fixed"),
    "slack": ("100MiB", "slack_kib", 100 * MIB),
    "headroom": ("1GiB", "headroom", "1GiB"),
    "group": ("nogroup", "group", "nogroup"),
    "interval": ("250ms", "interval_usec", 250_000),
    "idle-interval": ("3s", "idle_interval_usec", 3_000_000),
    "lease": ("7min", "lease_usec", 420_000_000),
    "quota-reservations": ("7", "quota_reservations", 7),
    "quota-memory": ("3GiB", "quota_memory_kib", 3 * 1024 * MIB),
    "reboot-lease": ("30s", "reboot_lease_usec", 30_000_000),
    "dom0-floor": ("300MiB", "dom0_floor_kib", 300 * MIB),
    "guest-floor": ("200MiB", "guest_floor_kib", 200 * MIB),
    "inaccuracy": ("4MiB", "inaccuracy_kib", 4 * MIB),
    "soft-below": ("9%", "soft_below_permyriad", 900),
    "hard-below": ("5%", "hard_below_permyriad", 500),
    "low-below": ("1%", "low_below_permyriad", 100),
    "squeeze-limit": ("30%", "squeeze_limit_permyriad", 3000),
    "start-up": ("3min", "start_up_usec", 180_000_000),
    "rival-writes": ("9", "rival_writes", 9),
    "rival-within": ("2min", "rival_within_usec", 120_000_000),
    "rival-quiet": ("9min", "rival_quiet_usec", 540_000_000),
    "history": ("16MiB", "history_kib", 16 * MIB),
    "clients": ("17", "clients", 17),
    "unread": ("2min", "unread_usec", 120_000_000),
    "squeezed-socket": ("/run/xapi/memory", "squeezed_socket", "/run/xapi/memory"),
    "squeezed-config": ("/etc/squeezed.conf", "squeezed_config", "/etc/squeezed.conf"),
    "qmemman-config": ("/etc/qubes/qmemman.conf", "qmemman_config", "/etc/qubes/qmemman.conf"),
    "qmemman-dir": ("/run/qubes", "qmemman_dir", "/run/qubes"),
    "qmemman-socket": ("/run/qubes/qmemman.sock", "qmemman_socket", "/run/qubes/qmemman.sock"),
    "message-switch": ("/run/message-switch/sock", "message_switch", "/run/message-switch/sock"),
    "balance": ("no", "balance", False),
    "claims": ("no", "claims", "no"),
}
# Seen elsewhere: test_costs.py reads another host-profile on SIGHUP.
ELSEWHERE = {"host-profile"}
GUEST_KEYS = {
    "shares": ("77", "shares", 77),
    "min": ("600MiB", "dynamic_min_kib", 600 * MIB),
    "max": ("2GiB", "dynamic_max_kib", 2048 * MIB),
    "opt-out": ("yes", "opted_out", True),
}


def keys_of(table):
    source = pathlib.Path(__file__).parents[2] / "src/app/ballastd/engine/config.c"
    text = source.read_text().split(f"struct key {table}[] = {{", 1)[1].split("};", 1)[0]
    return set(re.findall(r'\{"([a-z0-9-]+)", KIND', text))


def test_no_key_is_left_out():
    assert keys_of("keys") == set(KEYS) | ELSEWHERE
    assert keys_of("guest_keys") == set(GUEST_KEYS)


def test_each_key_is_in_force():
    with Daemon(scenario=SCENARIO, checks=False, config="[ballastd]\n") as daemon, daemon.client() as client:
        usual = client.call("status")["configuration"]
        assert len(usual) == len(KEYS), usual
        for key, (value, name, means) in KEYS.items():
            assert usual[name] != means, key
            daemon.reload(f"[ballastd]\n{key} = {value}\n")
            status = client.call("status")
            assert status["configuration"] == {**usual, name: means}, key
            if key == "policy":
                assert status["policy"] == means
            if key == "history":
                until(lambda: client.call("status")["history"]["most_kib"] == means)
        daemon.reload("[ballastd]\n")
        assert client.call("status")["configuration"] == usual


def test_each_key_of_a_guest_is_in_force():
    def short():
        return client.call("domains", domain="short")["domains"][0]
    with Daemon(scenario=SCENARIO, checks=False, config="[ballastd]\n") as daemon, daemon.client() as client:
        usual = short()
        for key, (value, name, means) in GUEST_KEYS.items():
            assert usual[name] != means, key
            daemon.reload(f"[ballastd]\n[guest short]\n{key} = {value}\n")
            until(lambda: short()[name] == means)
            daemon.reload("[ballastd]\n")
            until(lambda: short()[name] == usual[name])


run([value for name, value in list(globals().items()) if name.startswith("test_")])
