# SPDX-License-Identifier: LGPL-2.1-or-later
"""A separate ballastd in a temporary directory, and its clients."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time

# The parent of the tests may ignore signals (nohup, a background job), and children inherit that.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

PROGRAM = os.environ["BALLASTD"]

SCENARIO = """says "Sixteen guests that can give, and little that is free."
host total=36GiB xen=256MiB slack=64MiB
guest dom0 dom0 tot=2GiB min=1536MiB max=2GiB uses=1GiB
guest vm*16 tot=2GiB min=512MiB max=3GiB uses=700MiB overhead=8MiB reclaim-rate=400MiB/s grow-rate=400MiB/s
duration 24h
"""

QUIET = """says "Fifty guests with nothing to do."
host total=128GiB xen=1GiB slack=64MiB
guest dom0 dom0 tot=4GiB min=4GiB max=4GiB
guest vm*50 tot=2GiB min=1GiB max=2GiB uses=1GiB overhead=8MiB
duration 24h
"""


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")


def size_text(kib):
    """A size as people read it: the largest unit of which there is one, to a tenth below 100 of it."""
    unit = 0
    while kib >= 1024 ** (unit + 1) and unit < 3:
        unit += 1
    whole, rest = divmod(kib, 1024 ** unit)
    # The tenth is that of the next smaller unit, rounded.
    tenths = (rest // 1024 ** (unit - 1) * 10 + 512) // 1024 if unit else 0
    whole, tenths = whole + tenths // 10, tenths % 10
    part = f".{tenths}" if tenths and whole < 100 else ""
    return f"{whole}{part} {('KiB', 'MiB', 'GiB', 'TiB')[unit]}"


def sentence(said):
    """The sentence that `said` makes of its pattern. Every hole has its figure beside it."""
    def figure(hole):
        value = said[hole[1]]
        assert value is not None, (hole[0], said)
        return size_text(value) if hole[1].endswith("_kib") else str(value)
    return re.sub(r"\{(\w+)\}", figure, said["pattern"])


class Client:
    def __init__(self, daemon, status=False, hello=True):
        self.socket = socket.socket(socket.AF_UNIX)
        # With a time limit it would fail at once where so many wait to be accepted.
        self.socket.connect(str(daemon.run / ("status.sock" if status else "control.sock")))
        self.socket.settimeout(600)
        self.buffer = b""
        self.told = []
        self.id = 0
        if hello:
            self.call("hello", version=1, client="test")

    def send(self, data):
        self.socket.sendall(data)

    def message(self):
        while b"\n" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def ask(self, method, **params):
        self.id += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self.id, "method": method,
                              "params": params}).encode() + b"\n")
        return self.id

    def answer(self, wanted):
        while True:
            message = self.message()
            if "method" in message:
                self.told.append(message)
            elif message["id"] is None:
                # Not of a call: why the connection is about to be closed.
                raise Refused(message["error"])
            elif message["id"] == wanted:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]

    def call(self, method, **params):
        try:
            self.ask(method, **params)
        except BrokenPipeError:
            pass  # why it was closed is still to be read
        return self.answer(self.id)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Daemon:
    """Ends with its `with`; a law that was broken meanwhile is an error of the test."""

    def __init__(self, scenario=SCENARIO, speed=1, config="", options=(), env=None, checks=True):
        self.directory = tempfile.TemporaryDirectory(prefix="ballastd.")
        base = pathlib.Path(self.directory.name)
        os.chmod(base, 0o755)
        self.run, self.state = base / "run", base / "state"
        self.config = base / "ballastd.conf"
        self.config.write_text(config)
        self.log_path = base / "log"
        host = "sim"
        if scenario is not None:
            (base / "host.scn").write_text(scenario)
            host = f"sim:{base / 'host.scn'}"
        self.arguments = [PROGRAM, "--host", host, "--run-dir", self.run, "--state-dir", self.state,
                          "--config", self.config, "--speed", str(speed), *options]
        if checks:
            self.arguments.append("--check-laws")
        self.env = {**os.environ, **(env or {})}
        if "TICK_SHIM" in os.environ:
            # To try a test with ticks at other moments than usual: docs/reliability.md, "Ticks at odd moments".
            self.env["LD_PRELOAD"] = f"{os.environ['TICK_SHIM']}:{self.env.get('LD_PRELOAD', '')}"
        self.process = None

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.arguments, stderr=log, env=self.env)
        if wait:
            self.wait()
        return self

    def wait(self):
        for _ in range(12000):
            try:
                with Client(self, status=True):
                    return
            except (OSError, EOFError):
                time.sleep(0.01)
            if self.process.poll() is not None:
                break
        raise AssertionError(f"ballastd did not come up: {self.log()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """The exit status; 0 when it ended cleanly and no law was broken."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(600)

    def reload(self, config):
        """Until it goes by that configuration."""
        count = self.log().count("read again")
        self.config.write_text(config)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.log().count("read again") > count)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def client(self, **options):
        return Client(self, **options)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            status = self.stop()
            assert kind or status == 0, f"ballastd ended with {status}: {self.log()[-4000:]}"
            if kind:
                print(self.log()[-4000:])
        finally:
            if self.process.poll() is None:
                self.kill()
            self.directory.cleanup()


def until(what, seconds=600):
    """Waits for what() to be true, which it is soon; its value. `seconds` only ends a test that fails."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def ticks_pass(client, count):
    """So many ticks of the daemon: what nothing comes of by then does not come of it, at any load."""
    end = client.call("status")["ticks"] + count
    until(lambda: client.call("status")["ticks"] >= end)


def refused(code, function, *args, **params):
    try:
        answer = function(*args, **params)
    except Refused as refusal:
        assert refusal.code == code, f"{refusal} instead of {code}"
        return refusal
    raise AssertionError(f"{args} {params} was answered: {answer}")


def run(tests):
    """Each test of a module, or those named on the command line."""
    import sys
    for test in tests:
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        begin = time.monotonic()
        test()
        print(f"{test.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
