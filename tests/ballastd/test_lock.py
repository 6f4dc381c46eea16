#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lock between the daemon and commands that change the host themselves."""

import fcntl
import os
import socket
import stat
import subprocess

from driver import Daemon, run, until


def take(daemon, what="ballast"):
    """The lock as a command takes it."""
    daemon.run.mkdir(exist_ok=True)
    lock = os.open(daemon.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()} {what}\n".encode(), 0)
    return lock


def is_free(daemon):
    with open(daemon.run / "lock", "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def refused(daemon, status, *words):
    done = subprocess.run(daemon.arguments, capture_output=True, text=True, timeout=600)
    assert done.returncode == status, done
    for word in words:
        assert word in done.stderr, (word, done.stderr)


def test_daemon_waits_for_command():
    with Daemon(scenario=None) as daemon:
        daemon.kill()
        lock = take(daemon, "ballast free")
        daemon.start(wait=False)
        said = f"waiting for process {os.getpid()} (ballast free)"
        until(lambda: said in daemon.log())
        # Its sockets of before are there still, and nobody answers at them.
        try:
            daemon.client(status=True)
            raise AssertionError("it did not wait")
        except ConnectionRefusedError:
            pass
        os.close(lock)
        daemon.wait()


def test_daemon_waits_for_as_long_as_a_command_takes():
    """`ballast free --timeout` may take hours: the daemon goes on to wait, and asks systemd for more time in time."""
    if os.environ.get("SANITIZE", "none") != "none":
        return  # the sanitizers want to be loaded first, before the clock
    with Daemon(scenario=None) as daemon:
        daemon.kill()
        path, ahead = f"{daemon.directory.name}/notify", daemon.run.parent / "ahead"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(600)
            lock = take(daemon, "ballast free")
            daemon.env.update(NOTIFY_SOCKET=path, LD_PRELOAD=os.environ["CLOCK_SHIM"], CLOCK_AHEAD=str(ahead))
            daemon.start(wait=False)
            for seconds in (0, 75, 75 + 151, 3600):
                ahead.write_text(f"{seconds}\n")
                heard = dict(line.split("=", 1) for line in listener.recv(4096).decode().splitlines())
                assert heard["STATUS"] == f"waiting for process {os.getpid()} (ballast free)", heard
                assert int(heard["EXTEND_TIMEOUT_USEC"]) >= 150 * 10 ** 6, heard
            assert daemon.log().count("waiting for process") == 1, daemon.log()
            os.close(lock)
            daemon.wait()


def test_daemon_holds_it():
    with Daemon(scenario=None) as daemon:
        assert not is_free(daemon)
        lock = daemon.run / "lock"
        assert lock.read_text() == f"{daemon.process.pid} ballastd\n"
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        refused(daemon, 1, f"ballastd {daemon.process.pid} is running already")
        daemon.kill()
        assert is_free(daemon)
        daemon.start()
        assert not is_free(daemon)


def test_what_others_can_reach_is_refused():
    with Daemon(scenario=None) as daemon:
        daemon.kill()
        lock, other = daemon.run / "lock", daemon.run / "other"
        # One that everybody could open, everybody could take.
        lock.chmod(0o644)
        daemon.start()
        assert stat.S_IMODE(lock.stat().st_mode) == 0o600
        daemon.kill()
        lock.unlink()
        other.write_text("precious\n")
        other.chmod(0o644)
        lock.symlink_to(other)
        refused(daemon, 3, str(lock))
        assert other.read_text() == "precious\n" and stat.S_IMODE(other.stat().st_mode) == 0o644
        lock.unlink()
        os.mkfifo(lock)
        refused(daemon, 3, str(lock))
        lock.unlink()
        daemon.run.chmod(0o777)
        refused(daemon, 3, str(daemon.run), "others may write", "chmod")
        daemon.run.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(daemon.run, 65534, -1)
            refused(daemon, 3, str(daemon.run), "belongs to user 65534")
            os.chown(daemon.run, 0, -1)
        daemon.start()


if __name__ == "__main__":
    run([test_daemon_waits_for_command, test_daemon_waits_for_as_long_as_a_command_takes, test_daemon_holds_it,
         test_what_others_can_reach_is_refused])
