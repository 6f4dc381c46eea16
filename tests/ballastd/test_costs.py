#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The measured and predicted cost of guests: a correct host profile causes no alert, the guests that are built
reveal a wrong one, and one of another host is ignored."""

import json
import os
import signal
import subprocess

from driver import Daemon, run, until

MIB = 1024
XEN = "4.17.7"
PROCESSOR = "GenuineIntel-6-55-4"
GUEST_KIB = 512 * MIB
PAGE_KIB = 4

SCENARIO = f"""says "A host with room, whose Xen is known to the page."
host total=16GiB xen=256MiB slack=64MiB xen-version={XEN} processor={PROCESSOR}
guest dom0 dom0 type=pv tot=2GiB min=2GiB max=2GiB
duration 24h
"""


def overhead_kib():
    """What such a Xen spends on such a guest beside its own pages, as the command has it."""
    guest = {"name": "vm", "type": "pvh", "config": {"memory_kib": GUEST_KIB, "vcpus": 1}}
    done = subprocess.run([os.environ["BALLAST"], "explain", "--json", "--profile", f"xen-{XEN}", "-"],
                          input=json.dumps(guest), capture_output=True, text=True, check=True)
    segments = json.loads(done.stdout)["segments"]
    return segments["shadow"] + segments["iommu"] + segments["extra_external"]


def profile(off_pages=0, xen=XEN, processor=PROCESSOR):
    none = {"base": 0, "vcpu": 0}
    arena = {"base": 10, "vcpu_permyriad": 17000}
    return {"v": 1, "calibration": "rack-7", "base": f"xen-{XEN}", "xen_version": xen,
            "processor": processor, "guests": 60,
            "corrections": {"pv": none, "pvh": {"base": off_pages, "vcpu": 0}, "hvm": none,
                            "nested_vcpu": 0},
            "arena": {"pv": arena, "pvh": arena, "hvm": arena}}


class Calibrated(Daemon):
    """With a host profile, which can be written anew."""

    def __init__(self, content):
        super().__init__(SCENARIO, speed=10)
        self.profile_path = self.config.with_name("host-profile.json")
        self.profile_path.write_text(json.dumps(content))
        self.config.write_text(f"[ballastd]\nhost-profile = {self.profile_path}\n")

    def calibrate(self, content):
        self.profile_path.write_text(json.dumps(content))
        self.process.send_signal(signal.SIGHUP)


def alert(client, name):
    return next((a["message"] for a in client.call("status")["alerts"] if a["name"] == name), None)


def metrics(daemon):
    """{sample: value}"""
    done = subprocess.run([os.environ["BALLAST"], "metrics", "--run-dir", daemon.run],
                          capture_output=True, text=True, check=True)
    return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines() if not line.startswith("#"))


def errors_bytes(daemon):
    return [int(value) for sample, value in metrics(daemon).items()
            if sample.startswith("ballast_prediction_error_bytes{")]


def test_unknown_xen():
    """A release that no profile is of: the nearest one predicts, and the alert says so."""
    with Daemon(SCENARIO.replace(f"xen-version={XEN}", "xen-version=4.99.1"), speed=10) as daemon, daemon.client() as client:
        until(lambda: alert(client, "unknown-xen"))
        said = alert(client, "unknown-xen")
        nearest = client.call("status")["prediction"]["profile"]
        assert nearest.startswith("xen-4.") and nearest in said and "4.99.1" in said, said


def build(client, number, off_pages=0):
    """One guest, once it is there and was compared, on a host that takes so much more; its cost."""
    before = client.call("status")["prediction"]["guests"]
    over = overhead_kib() + off_pages * PAGE_KIB
    domid = client.call("sim-start", name=f"vm{number}", need_kib=GUEST_KIB + over,
                        overhead_kib=over, vcpus=1)["domid"]
    until(lambda: client.call("status")["prediction"]["guests"] > before)
    assert client.call("status")["prediction"]["guests"] == before + 1
    return client.call("domains", domain=domid)["domains"][0]["cost"]


def check_quiet(client, name):
    for number in range(3):
        cost = build(client, number)
        assert cost["verdict"] == "within" and cost["difference_kib"] == 0, cost
    prediction = client.call("status")["prediction"]
    assert (prediction["profile"], prediction["guests"], prediction["outside"],
            prediction["worst_kib"]) == (name, 3, 0, 0), prediction
    assert client.call("status")["alerts"] == []


def test_what_is_shipped():
    with Daemon(SCENARIO, speed=10) as daemon, daemon.client() as client:
        check_quiet(client, f"xen-{XEN}")
        told = client.call("host-profile")
        assert told == {"profile": f"xen-{XEN}", "file": None, "refused": None, "calibration": None}, told
        assert errors_bytes(daemon) == [0, 0, 0]
        samples = metrics(daemon)
        assert samples['ballast_prediction_total{verdict="within"}'] == "3"
        assert samples[f'ballast_prediction_profile_info{{profile="xen-{XEN}",file=""}}'] == "1"
        # It is in the history, as a sentence and with both figures.
        events = [e for e in client.call("events", domain="vm1")["events"] if e["what"] == "built"]
        assert len(events) == 1 and events[0]["reason"] == "within", events
        assert events[0]["from_kib"] == events[0]["to_kib"] > GUEST_KIB
        assert events[0]["message"] == "cost the host 515 MiB, as predicted", events


def test_right_profile():
    with Calibrated(profile()) as daemon, daemon.client() as client:
        check_quiet(client, "rack-7")
        told = client.call("host-profile")
        assert told["file"] == str(daemon.profile_path) and told["refused"] is None
        assert told["calibration"] == profile(), told
        status = client.call("status")["prediction"]
        assert (status["file"], status["refused"]) == (told["file"], None)


def check_wrong(said_pages, right_pages, verdict):
    """A term that is wrong by 64 pages, and then what is right there."""
    off_kib = (right_pages - said_pages) * PAGE_KIB
    with Calibrated(profile(said_pages)) as daemon, daemon.client() as client:
        for number in range(3):
            cost = build(client, number, right_pages)
            assert cost["verdict"] == verdict and cost["difference_kib"] == off_kib, cost
        prediction = client.call("status")["prediction"]
        assert (prediction["guests"], prediction["outside"], prediction["worst_kib"]) == (3, 3, off_kib)
        message = alert(client, "prediction")
        assert "rack-7" in message and "calibrate" in message and "vm2" in message, message
        assert errors_bytes(daemon) == 3 * [off_kib * 1024]
        samples = metrics(daemon)
        assert samples[f'ballast_prediction_total{{verdict="{verdict}"}}'] == "3"
        assert samples['ballast_prediction_total{verdict="within"}'] == "0"
        assert samples['ballast_alert{name="prediction"}'] == "1"
        assert samples["ballast_prediction_profile_info"
                       f'{{profile="rack-7",file="{daemon.profile_path}"}}'] == "1"
        event = [e for e in client.call("events", domain="vm1")["events"] if e["what"] == "built"][0]
        more = {"below": "less", "above": "more"}[verdict]
        assert event["reason"] == verdict and event["message"].endswith(
            f", 256 KiB {more} than predicted: {verdict} its bound"), event
        assert event["to_kib"] - event["from_kib"] == off_kib
        # What is right ends it, once three guests in a row have shown that it is.
        daemon.calibrate(profile(right_pages))
        until(lambda: client.call("host-profile")["calibration"] == profile(right_pages))
        for number in range(3, 6):
            assert alert(client, "prediction")
            assert build(client, number, right_pages)["verdict"] == "within"
        assert not alert(client, "prediction")


def test_wrong_profiles_are_found_out():
    check_wrong(64, 0, "below")
    check_wrong(0, 64, "above")


class Commands:
    """The commands, beside that daemon; a guest's file."""

    def __init__(self, daemon):
        self.env = {**os.environ, "BALLAST_RUN_DIR": str(daemon.run),
                    "PATH": f"{os.path.dirname(os.environ['BALLAST'])}:{os.environ['PATH']}"}
        self.guest = daemon.config.with_name("web.cfg")
        self.guest.write_text(f'name = "web"\ntype = "pvh"\nmemory = {GUEST_KIB // MIB}\nvcpus = 1\n'
                              'kernel = "/boot/vmlinuz"\n')

    def run(self, *arguments):
        done = subprocess.run([os.environ["BALLAST"], *map(str, arguments)], capture_output=True,
                              text=True, env=self.env)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout, done.stderr

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json")[0])


def test_commands_count_by_it():
    with Calibrated(profile(64)) as daemon, daemon.client() as client:
        commands = Commands(daemon)
        shipped = commands.json("explain", "--profile", f"xen-{XEN}", commands.guest)["need"]
        need_kib = shipped + 64 * PAGE_KIB
        dry = commands.json("run", "--dry-run", commands.guest)
        assert (dry["profile"], dry["need_kib"]) == ("rack-7", need_kib), dry
        assert str(daemon.profile_path) in dry["profile_why"], dry
        assert commands.json("reserve", commands.guest)["granted_kib"] == need_kib
        grant = next(s for s in commands.json("plan", "--start", commands.guest)["steps"]
                     if s["step"] == "grant")
        assert (grant["profile"], grant["need_kib"]) == ("rack-7", need_kib), grant
        explained = commands.json("explain", "--profile", "host", commands.guest)
        assert (explained["profile"], explained["need"]) == ("rack-7", need_kib)
        lines = commands.run("status")[0].splitlines()
        assert f"costs     predicted by rack-7 of {daemon.profile_path}; 0 guests compared" in lines
        # --profile comes first.
        dry = commands.json("run", "--dry-run", "--profile", f"xen-{XEN}", commands.guest)
        assert (dry["need_kib"], dry["profile_why"]) == (shipped, "chosen by --profile")
        # What the commands build is what the host's Xen takes, whatever is believed of it.
        commands.run("run", commands.guest, "--", os.environ["BALLAST"], "sim-create", commands.guest)
        message = until(lambda: alert(client, "prediction"))
        assert "web" in message and "rack-7" in message, message
        assert "; 1 guests compared, 1 OUTSIDE its bound\n" in commands.run("status")[0]


def test_commands_refuse_another_host():
    with Calibrated(profile(64, xen="4.17.6")) as daemon, daemon.client() as client:
        commands = Commands(daemon)
        until(lambda: alert(client, "host-profile"))
        said, loud = commands.run("run", "--dry-run", "--json", commands.guest)
        assert json.loads(said)["profile"] == f"xen-{XEN}"
        assert "rack-7" in loud and "4.17.6" in loud and "is ignored" in loud, loud
        # It can be asked for, and then says what it is.
        said, loud = commands.run("run", "--dry-run", "--json", "--profile", daemon.profile_path,
                                  commands.guest)
        assert json.loads(said)["profile"] == "rack-7"
        assert json.loads(said)["profile_why"] == ("chosen by --profile, although it was made on "
                                                   f"Xen 4.17.6, and this is {XEN}"), said
    with Daemon(SCENARIO) as daemon:
        commands = Commands(daemon)
        done = subprocess.run([os.environ["BALLAST"], "explain", "--profile", "host", commands.guest],
                              capture_output=True, text=True, env=commands.env)
        assert done.returncode == 2 and "none of its own" in done.stderr, done.stderr


def test_another_host():
    for xen, processor, word in (("4.17.6", PROCESSOR, "4.17.6"), (XEN, "GenuineIntel-6-55-7", "55-7")):
        # A term that is badly wrong: were it gone by, that would show.
        with Calibrated(profile(500, xen, processor)) as daemon, daemon.client() as client:
            message = until(lambda: alert(client, "host-profile"))
            assert word in message and "rack-7" in message and str(daemon.profile_path) in message
            assert build(client, 0)["verdict"] == "within"
            prediction = client.call("status")["prediction"]
            assert prediction["profile"] == f"xen-{XEN}" and prediction["file"] is None, prediction
            assert prediction["refused"] == message
            assert client.call("host-profile")["calibration"] is None
            daemon.calibrate(profile())
            until(lambda: client.call("status")["prediction"]["profile"] == "rack-7")
            until(lambda: not alert(client, "host-profile"))
            daemon.config.write_text("[ballastd]\nhost-profile = none\n")
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: client.call("status")["prediction"]["profile"] == f"xen-{XEN}")
            assert client.call("host-profile")["refused"] is None


run([value for name, value in list(globals().items()) if name.startswith("test_")])
