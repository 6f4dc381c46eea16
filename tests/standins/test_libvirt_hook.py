#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's hook as libvirt calls it, on a simulated host: each operation, with and without a daemon; the XML on standard
input, hostile names, a minimal environment."""

import json
import os
import pathlib
import re
import subprocess

from driver import Daemon, run, until

BALLAST, SOURCE = pathlib.Path(os.environ["BALLAST"]), pathlib.Path(os.environ["SOURCE"])
MIB = 1024
UUID = "6f1c2f0e-8d0b-4a7e-9c55-0123456789ab"
OPERATIONS = [("prepare", "begin"), ("started", "begin"), ("stopped", "end"), ("release", "end"), ("reconnect", "begin"),
              ("migrate", "begin"), ("restore", "begin"), ("attach", "begin"), ("of-a-later-libvirt", "begin")]

# 8 GiB, of which 832 MiB are available; web and db can free 5 GiB together, old frees nothing.
ROOM = """says "A host on which a start needs room."
host total=8GiB xen=64MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest web tot=3GiB min=512MiB max=3GiB reclaim-rate=2GiB/s grow-rate=2GiB/s
guest db tot=3GiB min=512MiB max=3GiB reclaim-rate=2GiB/s grow-rate=2GiB/s
guest old tot=256MiB min=128MiB max=256MiB no-balloon
duration 24h
"""
# Guests that free so little a second that a start waits for hours.
SLOW = ROOM.replace("reclaim-rate=2GiB/s", "reclaim-rate=16KiB/s")


# Full, but for what shop returns, which others would grow into.
REBOOTS = """says "A guest that reboots on a host whose memory others want."
host total=16GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=2GiB min=2GiB max=2GiB uses=1GiB
guest shop tot=4GiB min=4GiB max=4GiB uses=2GiB reboots=2s returns=10h
guest vm*2 tot=4GiB min=4GiB max=8GiB uses=8GiB maxmem=8GiB grow-rate=8GiB/s
duration 24h
"""


def xml(mib, name="shop", uuid=UUID):
    return (f"<domain type='xen'>\n  <name>{name}</name>\n  <uuid>{uuid}</uuid>\n  <memory unit='KiB'>{mib * MIB}</memory>\n"
            f"  <currentMemory unit='KiB'>{mib * MIB}</currentMemory>\n  <vcpu>1</vcpu>\n  <os><type>xenpvh</type>"
            "<kernel>/k</kernel></os>\n</domain>\n")


class Hooked(Daemon):
    """A daemon, and the hook as it is installed."""

    def __init__(self, scenario=ROOM, **options):
        super().__init__(scenario=scenario, **options)
        self.conf = self.run.parent / "hook.conf"
        self.hook_path = self.run.parent / "hook"
        text = (SOURCE / "dist/libvirt-hook.in").read_text().replace("@bindir@", str(BALLAST.parent))
        self.hook_path.write_text(text.replace("hook --", f"hook --config {self.conf} --run-dir {self.run} --"))
        self.hook_path.chmod(0o755)
        self.conf.write_text("[libvirt]\nwait = 24h\n")

    def begin(self, operation, sub="begin", name="shop", given=None, env=None):
        process = subprocess.Popen([self.hook_path, name, operation, sub, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env={"LC_ALL": "C"} if env is None else env)
        try:
            process.stdin.write(given or "")
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has no use for it
        process.stdin = None
        return process

    def hook(self, *args, status=0, **options):
        """What it says on stderr."""
        process = self.begin(*args, **options)
        out, err = process.communicate(timeout=120)
        assert (process.returncode, out) == (status, ""), f"{args}: {process.returncode}: {out!r} {err}"
        return err


def reservations(client, **params):
    return client.call("reservations", **params)["reservations"]


def only(client, state):
    found = reservations(client, open=True)
    assert [each["state"] for each in found] == [state], found
    return found[0]


def test_a_start_with_room_and_its_release():
    with Hooked() as daemon, daemon.client() as client:
        assert daemon.hook("start", given=xml(256)) == ""
        got = only(client, "granted")
        assert (got["owner"], got["label"], got["name"], got["uuid"]) == ("libvirt", "shop", None, UUID), got
        path = daemon.run.parent / "shop.xml"
        path.write_text(xml(256))
        explained = json.loads(subprocess.run([BALLAST, "explain", "--json", path], capture_output=True, check=True).stdout)
        assert got["granted_kib"] == explained["need"], (got, explained)
        # Another guest's release leaves it.
        daemon.hook("release", "end", given=xml(256, uuid=UUID.replace("6", "7")))
        only(client, "granted")
        assert daemon.hook("release", "end", given=xml(256)) == ""
        assert reservations(client, open=True) == []
        assert reservations(client, id=got["id"])[0]["reason"] == "by-owner"


def test_a_start_that_others_make_room_for():
    with Hooked() as daemon, daemon.client() as client:
        daemon.hook("start", given=xml(2048))
        kib = only(client, "granted")["granted_kib"]
        # libvirt builds it; nothing is left to release once it has stopped.
        domid = client.call("sim-start", name="shop", uuid=UUID.upper(), need_kib=kib, rate_kib=1024 * MIB)["domid"]
        until(lambda: reservations(client)[0]["state"] == "used")
        assert reservations(client)[0]["domid"] == domid
        for operation, sub in OPERATIONS:
            daemon.hook(operation, sub, given=xml(2048))
        assert client.call("domains", domain=domid)["domains"][0]["state"] == "run"


def test_what_cannot_be_is_refused_at_once_with_what_is_missing_and_who_has_it():
    with Hooked() as daemon, daemon.client() as client:
        said = daemon.hook("start", given=xml(7000), status=1)
        assert re.search(r"shop needs \d+ KiB and is not started: ", said), said
        assert re.search(r"it does not fit, \d+ KiB are missing", said), said
        assert re.search(r"domain \d+ old has 131072 KiB above its minimum: it has no balloon driver", said), said
        assert reservations(client, open=True) == []


def test_a_wait_ends():
    with Hooked(SLOW) as daemon, daemon.client() as client:
        daemon.conf.write_text("[libvirt]\nwait = 1s\n")
        said = daemon.hook("start", given=xml(2048), status=1)
        assert "shop needs" in said and "now: it fits once other domains free" in said, said
        assert [each["reason"] for each in reservations(client)] == ["deadline-over"], reservations(client)


def test_killed_while_it_waits():
    for number in (9, 15):
        with Hooked(SLOW) as daemon, daemon.client() as client:
            process = daemon.begin("start", given=xml(2048))
            until(lambda: [each["state"] for each in reservations(client)] == ["reclaiming"])
            process.send_signal(number)
            process.communicate(timeout=120)
            until(lambda: reservations(client)[0]["state"] == "released")


def test_the_daemon_is_killed_while_it_waits():
    """The hook finds the next one, and its reservation there."""
    with Hooked(SLOW) as daemon:
        process = daemon.begin("start", given=xml(2048))
        with daemon.client() as client:
            until(lambda: [each["state"] for each in reservations(client)] == ["reclaiming"])
        daemon.kill()
        daemon.start()
        with daemon.client() as client:
            until(lambda: client.call("status")["clients"] > 1)
            assert process.poll() is None
            client.call("sim-destroy", domain="web")
            _, said = process.communicate(timeout=120)
            assert process.returncode == 0, said
            only(client, "granted")


def test_a_reboot_keeps_its_memory_once():
    """What ballastd keeps for the guest outlives libvirt's release, and its next start has it instead of as much again."""
    with Hooked(REBOOTS, config="[ballastd]\nreboot-lease = 1h\n") as daemon, daemon.client() as client:
        uuid = next(each["uuid"] for each in client.call("domains")["domains"] if each["name"] == "shop")
        until(lambda: [(each["owner"], each["state"]) for each in reservations(client)] == [("reboot", "granted")])
        for operation, sub in (("stopped", "end"), ("release", "end"), ("prepare", "begin")):
            daemon.hook(operation, sub, given=xml(3800, uuid=uuid))
            assert only(client, "granted")["owner"] == "reboot"
        daemon.hook("start", given=xml(3800, uuid=uuid))
        got = only(client, "granted")
        assert got["owner"] == "libvirt" and got["uuid"] == uuid, got
        assert client.call("host")["parts"]["reserved"] == got["granted_kib"]
        domid = client.call("sim-start", name="shop", uuid=uuid, need_kib=got["granted_kib"], rate_kib=4096 * MIB)["domid"]
        until(lambda: reservations(client, id=got["id"])[0]["state"] == "used")
        assert client.call("domains", domain=domid)["domains"][0]["state"] == "run"


def test_what_an_earlier_start_left_is_replaced():
    with Hooked() as daemon, daemon.client() as client:
        daemon.hook("start", given=xml(256))
        first = only(client, "granted")["id"]
        daemon.hook("start", given=xml(300))
        assert only(client, "granted")["id"] != first


# What shop returns as it reboots is not enough for it, and nobody else frees anything.
REBOOTS = """says "A guest that libvirt reboots on a full host."
host total=8GiB xen=64MiB slack=64MiB
guest dom0 dom0 tot=1GiB min=1GiB max=1GiB
guest shop tot=3GiB min=3GiB max=3GiB reboots=1s returns=10h
guest web tot=3GiB min=3GiB max=3GiB
duration 24h
"""


def test_what_is_kept_for_a_reboot_is_not_needed_twice():
    with Hooked(REBOOTS) as daemon, daemon.client() as client:
        shop, = (each for each in client.call("domains")["domains"] if each["name"] == "shop")
        until(lambda: [each["state"] for each in reservations(client)] == ["granted"])
        assert only(client, "granted")["kind"] == "reboot"
        daemon.hook("start", given=xml(3200, uuid=shop["uuid"]))
        got = only(client, "granted")
        assert (got["owner"], got["kind"]) == ("libvirt", "start") and got["granted_kib"] >= 3200 * MIB, got
        client.call("sim-start", name="shop", uuid=shop["uuid"], need_kib=got["granted_kib"], rate_kib=1024 * MIB)
        until(lambda: reservations(client, id=got["id"])[0]["state"] == "used")
        assert reservations(client, open=True) == []


def test_no_other_operation_fails_or_says_anything():
    garbage = "<domain><name>" + "x" * 100
    with Hooked() as daemon:
        for text in (xml(256), "", garbage, "\0\xff"):
            for operation, sub in OPERATIONS:
                daemon.hook(operation, sub, given=text)
        with daemon.client() as client:
            assert reservations(client) == []
        daemon.stop()
        for operation, sub in OPERATIONS:
            daemon.hook(operation, sub, given=xml(256))
        daemon.start()


def test_while_nothing_can_be_decided():
    with Hooked() as daemon:
        for given in ("", "<domain", xml(256).replace("xenpvh", "riscv")):
            assert "starts without a reservation" in daemon.hook("start", given=given)
        daemon.stop()
        said = daemon.hook("start", given=xml(256))
        assert "shop starts without a reservation, as 'undecided' in hook.conf says" in said, said
        daemon.conf.write_text("# by us\n\n[xl]\nundecided = start\n[libvirt]\n wait=5m \nundecided = refuse\n")
        said = daemon.hook("start", given=xml(256), status=1)
        assert "shop is refused" in said, said
        daemon.start()
        assert daemon.hook("start", given=xml(256)) == ""


def test_a_configuration_with_a_fault_counts_as_empty():
    with Hooked() as daemon:
        daemon.stop()
        for text, fault in (("undecided = refuse\n", ":1: undecided: it is in no section: write [libvirt] or [xl] first"),
                            ("[libvirt]\nundecided = refuse\nwait = soon\n", ":3: wait: invalid time 'soon'"),
                            ("[libvirt]\nundecided = refuse\nwait = 0s\n", ":3: wait: '0s' is out of range: use 1s to 24h"),
                            ("[libvirt]\nundecided = refuse\nwait = 25h\n", ":3: wait: '25h' is out of range"),
                            ("[libvirt]\nundecided = refuse\n\n[xen]\n", ":4: unknown section '[xen]': use [libvirt] or [xl]"),
                            ("[libvirt]\nundecided = refuse\n[xl\n", ":3: unknown section '[xl'"),
                            ("[libvirt]\nundecided = refuse\n[xl]\nwaits = 1s\n", ":4: unknown key 'waits': use wait or undecided"),
                            ("[libvirt]\nundecided = refuse\n[xl]\nundecided = maybe\n", ":4: undecided: invalid value 'maybe'"),
                            ("[libvirt]\nundecided = refuse\nwait\n", ":3: 'wait' is not a setting: write KEY = VALUE"),
                            ("[libvirt]\nundecided = refuse\n\0", ": has a NUL byte: use a text file")):
            daemon.conf.write_text(text)
            said = daemon.hook("start", given=xml(256))
            assert f"{daemon.conf}{fault}" in said and "using the defaults" in said, (text, said)
            assert "starts without a reservation" in said, said
        daemon.conf.unlink()
        daemon.conf.mkdir()
        assert "using the defaults" in daemon.hook("start", given=xml(256))
        daemon.start()


def test_names_and_environments():
    names = ("--help", "-V", "$(touch oops)", "; touch oops", "a\nb", "'\"`", "n" * 300, "\u00fc\u4e2d", "\x1b[31m", "..", "-")
    with Hooked() as daemon, daemon.client() as client:
        escaped = lambda name: name.replace("\x1b", "?").replace("\n", "?").replace("<", "&lt;")
        for name in names:
            for env in ({}, {"PATH": "/nowhere", "HOME": "/nowhere"}):
                daemon.hook("start", name=name, given=xml(64, name=escaped(name)), env=env)
                if len(name) < 256:
                    assert only(client, "granted")["label"][:60] == escaped(name)[:60]
                daemon.hook("release", "end", name=name, given=xml(64, name=escaped(name)), env=env)
                assert reservations(client, open=True) == []
        assert not pathlib.Path("oops").exists()
        said = daemon.hook("start", given=xml(7000, name="shop&#x9b;[31m"), status=1)
        assert "\x9b" not in said and "\x1b" not in said, said


def test_usage():
    for args in ((), ("libxl", "shop"), ("qemu", "shop", "start", "begin", "-")):
        done = subprocess.run([BALLAST, "hook", "--", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 2 and "see 'ballast help hook'" in done.stderr, done


if __name__ == "__main__":
    run([test for name, test in sorted(globals().items()) if name.startswith("test_")])
