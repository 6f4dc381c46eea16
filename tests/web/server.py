# SPDX-License-Identifier: LGPL-2.1-or-later
"""A ballast-web of one's own, and plain sockets to speak with it."""

import json
import mmap
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "ballastd"))
from driver import Daemon, until  # noqa: E402,F401

PROGRAM = os.environ["BALLAST_WEB"]


class Answer:
    """Status, headers (a list: names may be there twice) and body of what came until it ended."""

    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        match = re.match(r"HTTP/1\.[01] (\d{3})", lines[0])
        self.status = int(match[1]) if match else None
        self.headers = [(n.lower(), v.strip()) for n, _, v in (line.partition(":") for line in lines[1:])]

    def header(self, name):
        values = [v for n, v in self.headers if n == name.lower()]
        assert len(values) <= 1, f"{name} is there {len(values)} times"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)


class Clock:
    """The clock of a ballast-web: it runs until it is told to stand, and then goes when it is told to."""

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile(prefix="ballast-web.", suffix=".clock")
        self.file.write(bytes(4096))
        self.file.flush()
        os.chmod(self.file.name, 0o666)
        self.map = mmap.mmap(self.file.fileno(), 4096)
        self.at_nsec = 0

    def go(self, seconds=0):
        """From where it stands, which at first is now."""
        self.at_nsec = (self.at_nsec or time.monotonic_ns()) + int(seconds * 1e9)
        self.map[0:8] = struct.pack("Q", self.at_nsec)

    def waits(self):
        """How often the program has begun to wait."""
        return struct.unpack("Q", self.map[8:16])[0]

    def wait_msec(self):
        """For how long it waited then; -1: until something comes."""
        return struct.unpack("q", self.map[16:24])[0]

    def close(self):
        self.map.close()
        self.file.close()


class Web:
    def __init__(self, run_dir, listen="127.0.0.1:0"):
        self.log = tempfile.NamedTemporaryFile(prefix="ballast-web.", suffix=".log")
        self.clock = Clock()
        # What the address sanitizer keeps of freed memory is not what is measured here.
        env = {**os.environ, "LD_PRELOAD": os.environ["CLOCK_SHIM"], "CLOCK_PLAN": self.clock.file.name,
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:verify_asan_link_order=0"}
        self.process = subprocess.Popen(
            [PROGRAM, "--run-dir", str(run_dir), "--listen", listen], stderr=self.log, env=env)
        self.address = None
        until(self.ready)

    def said(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def ready(self):
        match = re.search(r"ready: http://\[?([0-9a-f.:]+?)\]?:(\d+)/", self.said())
        if match:
            self.address = (match[1], int(match[2]))
            return True
        assert self.process.poll() is None, f"it ended: {self.said()}"
        return False

    def connect(self, timeout=600):
        return socket.create_connection(self.address, timeout=timeout)

    def raw(self, data, timeout=600):
        """What comes back to these bytes until the server closes; b"" where it just does."""
        with self.connect(timeout) as connection:
            came = b""
            try:
                connection.sendall(data)
                while True:
                    more = connection.recv(65536)
                    if not more:
                        break
                    came += more
            except (ConnectionResetError, BrokenPipeError):
                pass
            return came

    def ask(self, path, method="GET", host=None, **headers):
        host = f"{self.address[0]}:{self.address[1]}" if host is None else host
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return Answer(self.raw("\r\n".join(lines + ["", ""]).encode("latin-1")))

    def follow(self, **headers):
        return Events(self, headers)

    def rss_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(600)
            assert kind or status == 0, f"it ended with {status}: {self.said()[-3000:]}"
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if kind:
                print(self.said()[-3000:])
            self.log.close()
            self.clock.close()


LISTS = {"domains": "domid", "reservations": "id", "events": "number"}


def changed(state, change):
    """The state that a change makes of the one before it, by the words of ballast-web(8)."""
    assert change["since"] == state["seq"], (change["since"], state["seq"])
    assert change.keys() <= {"seq", "since", "set", *LISTS}, change.keys()
    after = {**state, **change["set"], "seq": change["seq"]}
    for name, key in LISTS.items():
        if name not in change:
            continue
        items = {item[key]: item for item in state[name]}
        order = change[name].get("order", list(items))
        items.update({item[key]: item for item in change[name].get("new", [])})
        items.update({item[key]: {**items[item[key]], **item} for item in change[name].get("changed", [])})
        after[name] = [items[each] for each in order]
    return after


class Events:
    """The event stream, chunked as it is. A change is put into the state before it, and given as a state."""

    def __init__(self, web, headers):
        self.state = None
        self.change = None  # the last one, as it came
        self.wholes = self.changes = 0
        self.socket = web.connect(600)
        lines = [f"GET /api/stream HTTP/1.1", f"Host: localhost:{web.address[1]}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall("\r\n".join(lines + ["", ""]).encode())
        self.buffer = b""
        self.text = b""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.answer = Answer(head + b"\r\n\r\n")
        self.chunked = self.answer.header("transfer-encoding") == "chunked"

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data

    def chunk(self):
        while b"\r\n" not in self.buffer:
            self.more()
        length, _, rest = self.buffer.partition(b"\r\n")
        length = int(length, 16)
        if length == 0:
            raise EOFError
        while len(self.buffer) < len(self.buffer) - len(rest) + length + 2:
            self.more()
            rest = self.buffer.partition(b"\r\n")[2]
            if len(rest) >= length + 2:
                break
        self.text += rest[:length]
        self.buffer = rest[length + 2:]

    def next(self):
        """(event, id, data), or (None, None, None) for a comment."""
        while b"\n\n" not in self.text:
            if self.chunked:
                self.chunk()
            else:
                if not self.buffer:
                    self.more()
                self.text, self.buffer = self.text + self.buffer, b""
        message, _, self.text = self.text.partition(b"\n\n")
        fields = dict(line.split(": ", 1) for line in message.decode().split("\n") if ": " in line)
        if "data" not in fields:
            return None, None, None
        event, number, data = fields["event"], int(fields["id"]), json.loads(fields["data"])
        self.wholes += event == "state"
        self.changes += event == "change"
        if event == "change":
            self.change = data
            event, data = "state", changed(self.state, data)
        if event == "state":
            assert data["seq"] == number
            self.state = data
        return event, number, data

    def until(self, event):
        while True:
            got = self.next()
            if got[0] == event:
                return got

    def close(self):
        self.socket.close()
