#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon's files: directories that others can change are refused, no link makes it change the owner or
the mode of another file, and it only reads finite files."""

import os
import pathlib
import signal
import stat
import subprocess
import sys

from driver import Daemon, run, until

if os.geteuid() != 0:
    print("needs root, to give directories to other users")
    sys.exit(77)

NOBODY = 65534


def refused_to_start(daemon, *words):
    daemon.start(wait=False)
    status = daemon.process.wait(600)
    assert status == 3, (status, daemon.log())
    for word in words:
        assert word in daemon.log(), (word, daemon.log())
    daemon.log_path.unlink()


def comes_up(daemon):
    daemon.start()
    assert daemon.stop() == 0
    daemon.log_path.unlink()


def test_directories_that_others_can_change():
    daemon = Daemon()
    base = daemon.run.parent
    for path in (daemon.run, daemon.state):
        path.mkdir(0o755, exist_ok=True)
        os.chown(path, NOBODY, -1)
        refused_to_start(daemon, str(path), f"belongs to user {NOBODY}", "let it belong to root")
        os.chown(path, 0, -1)
        for mode, group in ((0o777, 0), (0o1777, 0), (0o775, NOBODY)):
            os.chown(path, 0, group)
            path.chmod(mode)
            refused_to_start(daemon, str(path), "others may write to it", "chmod it to 0755")
        path.chmod(0o755)
        os.chown(path, 0, 0)
        comes_up(daemon)
        moved = base / "moved"
        path.rename(moved)
        path.symlink_to(moved)
        refused_to_start(daemon, str(path), "name the directory itself")
        path.unlink()
        path.write_text("no directory")
        refused_to_start(daemon, str(path), "it is not a directory")
        path.unlink()
        moved.rename(path)
        comes_up(daemon)


def test_directories_above():
    """Who may write there can put another directory in the place of ours."""
    daemon = Daemon()
    base = daemon.run.parent
    above = base / "above"
    above.mkdir()
    for option in ("--run-dir", "--state-dir"):
        at = daemon.arguments.index(option) + 1
        before = daemon.arguments[at]
        daemon.arguments[at] = above / "own"
        above.chmod(0o777)
        refused_to_start(daemon, str(above), "above it")
        assert not (above / "own").exists(), "nothing was made there"
        above.chmod(0o755)
        os.chown(above, NOBODY, -1)
        refused_to_start(daemon, str(above), "above it", f"belongs to user {NOBODY}")
        os.chown(above, 0, -1)
        # A directory for everybody, in which nobody can move what is not theirs.
        above.chmod(0o1777)
        (above / "link").symlink_to(base)
        os.chown(above / "link", NOBODY, -1, follow_symlinks=False)
        daemon.arguments[at] = above / "link" / "run2"
        refused_to_start(daemon, str(above / "link"), "above it", f"belongs to user {NOBODY}")
        os.chown(above / "link", 0, -1, follow_symlinks=False)
        daemon.run, run_before = (above / "own" if option == "--run-dir" else daemon.run), daemon.run
        daemon.arguments[at] = above / "own"
        comes_up(daemon)
        daemon.run = run_before
        daemon.arguments[at] = before
        subprocess.run(["rm", "-r", above], check=True)
        above.mkdir()


def test_no_link_changes_another_file():
    """Whatever stands where the sockets and files go when the daemon starts, or comes there later."""
    with Daemon() as daemon:
        pass
    daemon = Daemon(config="[ballastd]\ngroup = daemon\n")
    daemon.run.mkdir()
    other = daemon.run.parent / "other"
    other.write_text("not the daemon's")
    other.chmod(0o604)
    for name in ("control.sock", "status.sock", "ballastd.pid"):
        (daemon.run / name).symlink_to(other)
    with daemon:
        for name in ("control.sock", "status.sock"):
            assert stat.S_ISSOCK((daemon.run / name).lstat().st_mode)
        (daemon.run / "control.sock").unlink()
        (daemon.run / "control.sock").symlink_to(other)
        daemon.config.write_text("[ballastd]\ngroup = none-such-group\n")
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "control.sock" in daemon.log().split("read again")[0] and "read again" in daemon.log())
        assert stat.S_IMODE(other.stat().st_mode) == 0o604 and other.stat().st_gid == 0
        assert other.read_text() == "not the daemon's"


def test_a_configuration_that_is_no_file():
    """Neither at the start nor at a reload does a FIFO, a device or a socket stop the loop."""
    daemon = Daemon()
    daemon.config.unlink()
    os.mkfifo(daemon.config)
    daemon.start(wait=False)
    try:
        status = daemon.process.wait(600)
    finally:
        daemon.process.kill()
    assert status == 2 and "it is not a regular file" in daemon.log(), daemon.log()
    daemon.config.unlink()
    daemon.config.write_text("")
    with daemon, daemon.client() as client:
        profile = daemon.run.parent / "profile"
        os.mkfifo(profile)
        for make in (lambda: os.mkfifo(daemon.config), lambda: daemon.config.symlink_to("/dev/zero"),
                     lambda: daemon.config.write_text(f"[ballastd]\nhost-profile = {profile}\n"),
                     lambda: daemon.config.symlink_to(daemon.run / "control.sock")):
            daemon.config.unlink()
            make()
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: [a for a in client.call("status")["alerts"] if a["name"] == "configuration"])
            daemon.config.unlink()
            daemon.config.write_text("")
            daemon.process.send_signal(signal.SIGHUP)
            until(lambda: client.call("status")["alerts"] == [])


run([value for name, value in list(globals().items()) if name.startswith("test_")])
