#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ballast-xl before an xl that builds guests on the simulated host, and notes how it was called."""

import json
import os
import pathlib
import re
import shutil
import struct
import subprocess

from driver import run, until
from test_libvirt_hook import BALLAST, MIB, ROOM, SLOW, SOURCE, UUID, Hooked, reservations

MAGIC = b"Xen saved domain, xl format\n \0 \r"
XL = """#!/usr/bin/env python3
import os, subprocess, sys
args = sys.argv[1:]
here = os.path.dirname(sys.argv[0])
with open(here + "/calls", "a") as calls:
    print(repr(args), file=calls)
files = [arg for arg in args[1:] if "=" not in arg and not arg.startswith("-")]
if args and args[0] in ("create", "cr") and files and not {"-n", "--dryrun", "-h"} & set(args):
    with open(here + "/whole.cfg", "w") as whole:
        whole.write(open(files[0]).read() + "\\n" + "\\n".join(arg for arg in args if "=" in arg and arg[0] != "-") + "\\n")
    os.execv("BALLAST", ["ballast", "--run-dir", "RUN", "sim-create", here + "/whole.cfg"])
if args and args[0] == "migrate-receive" and len(args) == 1 + (args[-1] == "-e"):
    # As xl's, as far as a sender sees it; what comes of the guest's memory is its own business.
    def said(text):
        os.write(1, text)
    def heard(count):
        data = b""
        while len(data) < count:
            part = os.read(0, count - len(data))
            if not part:
                sys.exit(9)
            data += part
        return data
    said(b"xl migration receiver ready, send binary domain data.\\n")
    length = int.from_bytes(heard(52)[48:], "little")
    with open(here + "/stream", "wb") as out:
        out.write(heard(length))
        count = int.from_bytes(heard(8), "little")
        out.write(heard(count))
    subprocess.run(["BALLAST", "--run-dir", "RUN", "sim-create", here + "/saved.cfg"], stdout=2, check=True)
    said(b"domain received, ready to unpause\\0")
    if heard(4) == b"GO!!":
        said(b"report" + bytes(1 << 20))
    sys.exit(5)
if args and args[0] == "restore":
    os.execv("BALLAST", ["ballast", "--run-dir", "RUN", "sim-create", here + "/saved.cfg"])
print("xl did", *args)
sys.exit(7)
"""
NOTES_ONLY = XL[:XL.index("files =")] + XL[XL.index('print("xl did"'):]


class Host(Hooked):
    def __init__(self, scenario=ROOM, **options):
        super().__init__(scenario, **options)
        self.base = self.run.parent
        self.bin, self.shim = self.base / "bin", self.base / "shim"
        for path in (self.bin, self.shim):
            path.mkdir()
        self.program(self.bin / "xl", XL.replace("BALLAST", str(BALLAST)).replace("RUN", str(self.run)))
        text = (SOURCE / "dist/ballast-xl.in").read_text().replace("@bindir@", str(BALLAST.parent))
        self.wrapper = self.program(self.base / "ballast-xl",
                                    text.replace("xl --", f"xl --config {self.conf} --run-dir {self.run} --"))
        (self.shim / "xl").symlink_to(self.wrapper)
        self.conf.write_text("[xl]\nwait = 24h\n")
        self.calls = self.bin / "calls"

    def program(self, path, text):
        path.write_text(text)
        path.chmod(0o755)
        return path

    def guest(self, name, mib, more=""):
        path = self.base / f"{name}.cfg"
        path.write_text(f'name = "{name}"\ntype = "pvh"\nkernel = "/k"\nmemory = {mib}\n{more}')
        return path

    def saved(self, mib, name="saved", config=None, **words):
        """A file as `xl save` writes it."""
        if config is None:
            config = json.dumps({"c_info": {"type": "pvh", "name": name, "uuid": UUID},
                                 "b_info": {"max_memkb": mib * MIB, "target_memkb": mib * MIB,
                                            "type.pvh": {}}}).encode() + b"\0"
        head = {"order": 0x01020304, "mandatory": 3, "optional": 0, "length": 4 + len(config), "size": len(config), **words}
        path = self.base / "file.save"
        with open(path, "wb") as out:
            out.write(MAGIC + struct.pack("=5I", *head.values()) + config)
            out.truncate(64 << 20)  # the memory
        return path

    def begin_xl(self, *args, program=None, path=None):
        return subprocess.Popen([program or self.wrapper, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, stdin=subprocess.DEVNULL, cwd=self.base,
                                env={**os.environ, "PATH": path or f"{self.bin}:{os.environ['PATH']}"})

    def xl(self, *args, status=0, **options):
        """(what was called, stdout, stderr)"""
        self.calls.unlink(missing_ok=True)
        process = self.begin_xl(*args, **options)
        out, err = process.communicate(timeout=120)
        assert process.returncode == status, f"{args}: {process.returncode}: {out}{err}"
        called = [eval(line) for line in self.calls.read_text().splitlines()] if self.calls.exists() else []
        return called, out, err

    def exact(self, *args, **options):
        """xl was called once, with these words."""
        called, out, err = self.xl(*args, **options)
        assert called == [list(map(str, args))], called
        return out, err


def need_of(path):
    return json.loads(subprocess.run([BALLAST, "explain", "--json", path], capture_output=True, check=True).stdout)["need"]


def newest(client):
    return reservations(client)[-1]


def test_create():
    with Host() as host, host.client() as client:
        path = host.guest("new", 2048)
        out, err = host.exact("create", path)
        assert "is built and has" in out and "its reservation is bound" in err, err
        freed = dict(re.findall(r"domain \d+ (\w+) freed (\d+) KiB", err))
        assert set(freed) == {"web", "db"} and sum(map(int, freed.values())) >= 1024 * MIB, err
        got = newest(client)
        assert (got["name"], got["granted_kib"]) == ("new", need_of(path)), got
        until(lambda: newest(client)["state"] == "used")
        # A second of that name, xl does not create.
        assert host.xl("create", path, status=1)[0] == []
        client.call("sim-destroy", domain="new")


def test_create_as_xl_reads_its_words():
    with Host() as host, host.client() as client:
        path = host.guest("new", 64)
        for number, args in enumerate((["create", "-q", path, "memory=128"], ["create", "memory=128", path],
                                       ["create", "--quiet", "--defconfig", path, "memory=128"],
                                       ["create", f"--defconfig={path}", "memory=64", "memory=128", "-p"],
                                       ["-v", "cr", "-pf", path, "memory=128"], ["create", "--", path, "memory=128"])):
            name = f"new{number}"
            called, _, err = host.xl(*args, f"name='{name}'", status=7 if number in (3, 4) else 0)
            assert called == [[*map(str, args), f"name='{name}'"]], called
            whole = host.guest(name, 128)
            assert (newest(client)["name"], newest(client)["min_kib"]) == (name, need_of(whole)), (args, newest(client), err)


def test_all_else_is_xl_itself():
    with Host() as host, host.client() as client:
        host.program(host.bin / "xl", NOTES_ONLY)
        path, other = host.guest("new", 64), host.guest("other", 64)
        for args in ([], ["list", "-l"], ["create"], ["create", "-n", path], ["create", "-qn", path], ["create", "--dryrun", path],
                     ["create", path, "-n"], ["-N", "create", path], ["-vN", "create", path], ["create", "-h"], ["create", "--help", path],
                     ["create", "-Z", path], ["create", path, other], ["create", "memory=64"], ["create", "-f"],
                     ["c", path], ["console", "new"], ["config-update", "new", path], ["restore-it", path], ["migrate", "new", "host"],
                     ["res"], ["mem-set", "0", "1g"], ["--help"], ["-h"], ["", path], ["destroy", "--", "-x"], ["save", "new", "a b"]):
            out, err = host.exact(*args, status=7)
            assert (err, out) == ("", " ".join(["xl did", *map(str, args)]) + "\n"), (args, out, err)
        assert reservations(client) == []


def test_what_is_reserved_is_not_claimed_against_xl():
    """libxl claims, and restore takes, unclaimed memory: a claim of ours would stand before it until its domain is seen."""
    with Host(config="[ballastd]\nclaims = parked\n") as host, host.client() as client:
        host.program(host.bin / "xl", f"#!/bin/sh\n{BALLAST} --run-dir {host.run} host --json >$0.host\n"
                                      f"{BALLAST} --run-dir {host.run} reservations --json >$0.reserved\nexit 7\n")
        for args in (["create", host.guest("new", 1500)], ["restore", host.saved(1500)]):
            host.xl(*args, status=7)
            reserved = json.loads((host.bin / "xl.reserved").read_text())
            assert (reserved["state"], json.loads((host.bin / "xl.host").read_text())["reserved_claim_kib"]) == ("granted", 0), args
        kept = client.call("reserve", min_kib=64 * MIB, name="kept", wait=True)
        assert client.call("host")["reserved_claim_kib"] == kept["granted_kib"] == 64 * MIB


def test_what_cannot_be_is_refused_at_once():
    with Host() as host, host.client() as client:
        called, _, err = host.xl("create", host.guest("giant", 7000), status=1)
        assert called == [] and "is not started" in err and "old has" in err, err
        assert reservations(client, open=True) == []


def test_a_wait_ends_or_is_killed():
    with Host(SLOW) as host, host.client() as client:
        host.conf.write_text("[xl]\nwait = 1s\n")
        called, _, err = host.xl("create", host.guest("new", 2048), status=1)
        assert called == [] and "once other domains free" in err, err
        assert "new: waiting for other domains to free memory, for at most 1 s\n" in err, err
        host.conf.write_text("[xl]\nwait = 24h\n")
        process = host.begin_xl("create", host.guest("new", 2048))
        until(lambda: newest(client)["state"] == "reclaiming")
        process.kill()
        process.communicate(timeout=120)
        until(lambda: newest(client)["state"] == "released")


def test_while_nothing_can_be_decided():
    with Host() as host:
        path = host.guest("new", 64)
        broken = host.guest("broken", "many")
        _, err = host.exact("create", broken, status=2)
        assert f"{broken}:4: " in err and "starts without a reservation" in err, err
        host.stop()
        _, err = host.exact("create", path, status=3)
        assert "new starts without a reservation, as 'undecided' in hook.conf says" in err, err
        host.conf.write_text("[xl]\nundecided = refuse\n")
        called, _, err = host.xl("create", path, status=1)
        assert called == [] and "new is not started" in err, err
        host.start()


def test_a_daemon_that_cannot_decide():
    """As if it did not run, though it answers: its ledger cannot be read."""
    with Host() as host:
        path = host.guest("new", 64)
        host.stop()
        (host.state / "ledger.db").write_bytes(bytes(8192))
        host.start()
        _, err = host.exact("create", path, status=3)  # the simulated host builds nothing then; a real one does
        assert "new starts without a reservation, as 'undecided' in hook.conf says" in err, err
        host.conf.write_text("[xl]\nundecided = refuse\n")
        called, _, err = host.xl("create", host.guest("other", 64), status=1)
        assert called == [] and "other is not started, as 'undecided' in hook.conf says" in err, err


def test_a_signal_while_the_daemon_is_gone_starts_nothing():
    with Host(SLOW) as host:
        process = host.begin_xl("create", host.guest("new", 2048))
        with host.client() as client:
            until(lambda: [each["state"] for each in reservations(client, open=True)] == ["reclaiming"])
        host.stop()
        while "waiting for it to start again" not in process.stderr.readline():
            assert process.poll() is None
        process.terminate()
        process.communicate(timeout=120)
        assert process.returncode == 143 and not host.calls.exists(), process.returncode
        host.start()


def test_restore():
    with Host() as host, host.client() as client:
        (host.bin / "saved.cfg").write_text(host.guest("saved", 1500).read_text())
        path = host.saved(1500)
        _, err = host.exact("restore", "-p", path)
        got = newest(client)
        assert (got["label"], got["granted_kib"]) == ("saved", need_of(path)), got
        assert "its reservation is bound" in err and need_of(path) == need_of(host.base / "saved.cfg"), err
        client.call("sim-destroy", domain="saved")
        # A configuration that is named goes before.
        host.exact("restore", host.guest("saved", 1600), path)
        assert newest(client)["min_kib"] == need_of(host.base / "saved.cfg") > got["granted_kib"]
        client.call("sim-destroy", domain="saved")
        shutil.copy(host.guest("saved", 64), host.bin / "saved.cfg")
        for words, fault in (({"order": 0x04030201}, "was saved on a machine of another byte order"),
                             ({"length": 0}, "holds no configuration"), ({"size": 0}, "holds no configuration"),
                             ({"length": 1 << 31, "size": 1 << 30}, "its configuration of 1073741824 bytes is too long"),
                             ({"size": 1 << 20}, "its configuration of 1048576 bytes is too long")):
            path = host.saved(64, **words)
            _, err = host.exact("restore", path)
            assert f"{path}: {fault}" in err and "starts without a reservation" in err, err
            client.call("sim-destroy", domain="saved")
        # One that is cut off, and one of an old xl, whose configuration is text.
        path = host.saved(64)
        os.truncate(path, 60)
        assert f"{path}: ends within its configuration" in host.exact("restore", path)[1]
        client.call("sim-destroy", domain="saved")
        path = host.saved(64, mandatory=2, config=host.guest("saved", 1500).read_bytes())
        host.exact("restore", path)
        assert newest(client)["granted_kib"] == got["granted_kib"]


GREETING = b"xl migration receiver ready, send binary domain data.\n"


class Sender:
    """What `xl migrate` sends and hears, with a wrapper at the other end."""

    def __init__(self, host, *args):
        self.process = subprocess.Popen([host.wrapper, "migrate-receive", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**os.environ, "PATH": f"{host.bin}:{os.environ['PATH']}"})

    def hear(self, count):
        return self.process.stdout.read(count)

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end(self, status):
        out, err = self.process.communicate(timeout=120)
        assert self.process.returncode == status, f"{self.process.returncode}: {out[:200]} {err}"
        return out, err.decode()


def test_a_guest_that_migrates_here():
    memory = os.urandom(5 << 20)
    with Host() as host, host.client() as client:
        shutil.copy(host.guest("saved--incoming", 1500), host.bin / "saved.cfg")
        head = host.saved(1500).read_bytes()[:1 << 12].rstrip(b"\0") + b"\0"
        for args in ((), ("-e",)):
            sender = Sender(host, *args)
            assert sender.hear(len(GREETING)) == GREETING
            sender.send(head[:60])
            sender.send(head[60:] + struct.pack("<Q", len(memory)) + memory)
            assert sender.hear(34) == b"domain received, ready to unpause\0"
            got = newest(client)
            assert (got["label"], got["uuid"] is not None, got["granted_kib"]) == ("saved--incoming", True, need_of(host.saved(1500))), got
            sender.send(b"GO!!")
            out, err = sender.end(5)
            assert out == b"report" + bytes(1 << 20), out[:100]
            assert (host.bin / "stream").read_bytes() == head[52:] + memory
            assert "its reservation is bound" in err, err
            client.call("sim-destroy", domain="saved--incoming")


def test_a_migration_that_cannot_be_is_refused_before_xl():
    with Host() as host, host.client() as client:
        for mib, words, status, text in ((7000, {}, 1, "is not started"), (64, {"order": 1}, 2, "another byte order")):
            host.calls.unlink(missing_ok=True)
            sender = Sender(host)
            assert sender.hear(len(GREETING)) == GREETING
            sender.send(host.saved(mib, **words).read_bytes()[:1 << 12].rstrip(b"\0") + b"\0")
            out, err = sender.end(status)
            assert out == b"" and text in err and not host.calls.exists(), (out, err)
        # A sender that goes away.
        sender = Sender(host)
        assert "the migration ended before it began" in sender.end(2)[1]
        # What is no plain stream, xl has from its beginning.
        sender = Sender(host, "-r")
        assert sender.end(7)[0] == b"xl did migrate-receive -r\n"
        assert reservations(client, open=True) == []


def test_a_migration_while_nothing_can_be_decided():
    """xl gets what was read."""
    with Host() as host:
        host.stop()
        sender = Sender(host)
        assert sender.hear(len(GREETING)) == GREETING
        head = host.saved(64).read_bytes()[:1 << 12].rstrip(b"\0") + b"\0"
        sender.send(head + struct.pack("<Q", 4) + b"abcd")
        _, err = sender.end(1)  # it cannot build: there is no daemon
        assert (host.bin / "stream").read_bytes() == head[52:] + b"abcd"
        assert "starts without a reservation" in err, err
        host.start()


def test_in_the_place_of_xl():
    with Host() as host, host.client() as client:
        path = f"{host.shim}:{host.bin}:{os.environ['PATH']}"
        called, _, err = host.xl("create", host.guest("new", 64), program="xl", path=path)
        assert len(called) == 1 and "its reservation is bound" in err, (called, err)
        assert host.xl("list", program=host.shim / "xl", path=path, status=7)[0] == [["list"]]
        (host.base / "etc/xl").mkdir(parents=True)
        assert host.xl("list", path=f"{host.base / 'etc'}:{path}", status=7)[0] == [["list"]]
        (host.shim / "xl").unlink()
        called, _, err = host.xl("list", path=f"{host.shim}:{os.environ['PATH']}", status=127)
        assert called == [] and "xl: no such program in PATH" in err, err
        # A copy by another name cannot be told from xl, and does not run for ever.
        shutil.copy(host.wrapper, host.shim / "xl")
        called, _, err = host.xl("list", path=path, status=126)
        assert called == [] and "xl: it starts itself" in err, err


if __name__ == "__main__":
    run([test for name, test in sorted(globals().items()) if name.startswith("test_")])
